#include "flow/ask/choose_lineage.h"
#include "base/text.h"
#include "flow/ask/choose_names.h"
#include "store/lineage.h"

static int
check_known(const struct cw_strv *known, const char *name, struct cw_error *error)
{
	const char *nearest;

	if (cw_strv_contains(known, name))
		return CW_OK;
	nearest = cw_nearest(name, (const char *const *)cw_strv_items(known));
	cw_fail(error, CW_E_NOT_FOUND, "there is no certificate \"%s\"", name);
	if (nearest != NULL)
		cw_hint(error, "did you mean \"%s\"?", nearest);
	cw_hint(error, "see: certwright certificates");
	return CW_E_NOT_FOUND;
}

/* Whether there is something to choose from, and somebody to choose. */
static int
check_choice(const struct cw_context *context, const struct cw_strv *known, struct cw_error *error)
{
	if (known->count == 0)
		return cw_fail(error, CW_E_NOT_FOUND, "there are no certificates in \"%s\"",
			       context->directories.config);
	if (context->asker->interactive)
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "no certificate was given");
	cw_hint(error, "give --cert-name; see: certwright certificates");
	return CW_E_USAGE;
}

int
cw_choose_lineage(struct cw_context *context, char **name, struct cw_error *error)
{
	const char *given = cw_settings_get(context->settings, "certname");
	cw_auto_strv struct cw_strv known = {0};
	size_t choice = 0;
	int status = cw_lineage_list(context->directories.config, &known, error);

	cw_strv_items(&known);
	if (status == CW_OK && given != NULL)
		*name = cw_strdup(given);
	if (status < 0 || given != NULL)
		return status < 0 ? status : check_known(&known, given, error);
	status = check_choice(context, &known, error);
	if (status == CW_OK)
		status = context->asker->choice(context->asker->context, context->verb->which,
						(const char *const *)known.items, known.count,
						&choice, error);
	if (status == CW_OK)
		*name = cw_strdup(known.items[choice]);
	return status;
}

/* A name can have a comma in it, too. */
static void
split_names(const char *given, const struct cw_strv *known, struct cw_strv *names)
{
	cw_auto_strv struct cw_strv parts = {0};

	if (cw_strv_contains(known, given))
		cw_strv_add(&parts, given);
	else
		cw_strv_split(&parts, given, ',');
	for (size_t i = 0; i < parts.count; i++)
		cw_strv_add_unique(names, cw_trim(parts.items[i]));
}

int
cw_choose_lineages(struct cw_context *context, struct cw_strv *names, struct cw_error *error)
{
	const char *given = cw_settings_get(context->settings, "certname");
	cw_auto_strv struct cw_strv known = {0};
	int status = cw_lineage_list(context->directories.config, &known, error);

	cw_strv_items(&known);
	if (status < 0)
		return status;
	if (given != NULL) {
		split_names(given, &known, names);
		for (size_t i = 0; i < names->count && status == CW_OK; i++)
			status = check_known(&known, names->items[i], error);
		return status;
	}
	status = check_choice(context, &known, error);
	return status < 0 ? status
			  : cw_choose_among_names(context, context->verb->which, &known, false,
						  names, error);
}

int
cw_confirm(struct cw_context *context, const char *question, const char *refused,
	   struct cw_error *error)
{
	const struct cw_asker *asker = context->asker;
	bool answer = false;
	int status;

	if (!asker->interactive)
		return CW_OK;
	status = asker->yes_no(asker->context, question, &answer, error);
	if (status == CW_OK && !answer)
		status = cw_fail(error, CW_E_CANCELLED, "%s", refused);
	return status;
}
