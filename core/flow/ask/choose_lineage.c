#include "flow/ask/choose_lineage.h"
#include "base/text.h"
#include "store/lineage.h"

int
cw_choose_lineage(struct cw_context *context, char **name, struct cw_error *error)
{
	const char *given = cw_settings_get(context->settings, "certname");
	cw_auto_strv struct cw_strv names = {0};
	size_t choice = 0;
	int status = cw_lineage_list(context->directories.config, &names, error);

	if (status < 0)
		return status;
	if (given != NULL) {
		const char *nearest;

		*name = cw_strdup(given);
		if (cw_strv_contains(&names, given))
			return CW_OK;
		nearest = cw_nearest(given, (const char *const *)cw_strv_items(&names));
		cw_fail(error, CW_E_NOT_FOUND, "there is no certificate \"%s\"", given);
		if (nearest != NULL)
			cw_hint(error, "did you mean \"%s\"?", nearest);
		cw_hint(error, "see: certwright certificates");
		return CW_E_NOT_FOUND;
	}
	if (names.count == 0)
		return cw_fail(error, CW_E_NOT_FOUND, "there are no certificates in %s",
			       context->directories.config);
	if (!context->asker->interactive) {
		cw_fail(error, CW_E_USAGE, "no certificate was named");
		cw_hint(error, "give --cert-name; see: certwright certificates");
		return CW_E_USAGE;
	}
	status = context->asker->choice(context->asker->context, context->verb->which,
					(const char *const *)names.items, names.count, &choice,
					error);
	if (status == CW_OK)
		*name = cw_strdup(names.items[choice]);
	return status;
}

int
cw_confirm(struct cw_context *context, const char *question, const char *refused,
	   struct cw_error *error)
{
	const struct cw_asker *asker = context->asker;
	bool answer = true;
	int status;

	if (!asker->interactive)
		return CW_OK;
	status = asker->yes_no(asker->context, question, &answer, error);
	if (status == CW_OK && !answer)
		status = cw_fail(error, CW_E_CANCELLED, "%s", refused);
	return status;
}
