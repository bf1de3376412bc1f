#include "flow/ask/choose_names.h"
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "flow/install/install.h"

/* Numbers from 1 on with commas or blanks between them, as names of ALL. */
static bool
read_numbers(const char *answer, const struct cw_strv *all, bool blank_is_all,
	     struct cw_strv *chosen)
{
	cw_autofree char *blanks = cw_replace_char(cw_strdup(answer), ',', ' ');
	cw_auto_strv struct cw_strv words = {0};

	cw_strv_clear(chosen);
	cw_strv_split(&words, blanks, ' ');
	if (words.count == 0 && !blank_is_all)
		return false;
	if (words.count == 0)
		cw_strv_copy(chosen, all);
	for (size_t i = 0; i < words.count; i++) {
		uint64_t number;

		if (!cw_parse_uint(words.items[i], all->count, &number) || number == 0)
			return false;
		cw_strv_add_unique(chosen, all->items[number - 1]);
	}
	return true;
}

int
cw_choose_among_names(struct cw_context *context, const char *question, const struct cw_strv *all,
		      bool blank_is_all, struct cw_strv *chosen, struct cw_error *error)
{
	const struct cw_asker *asker = context->asker;
	cw_auto_buf struct cw_buf text = {0};
	int status;

	cw_buf_addf(&text, "%s", question);
	for (size_t i = 0; i < all->count; i++)
		cw_buf_addf(&text, "\n%zu: %s", i + 1, all->items[i]);
	status = asker->notify(asker->context, text.data, false, error);
	while (status == CW_OK) {
		cw_autofree char *answer = NULL;

		status = asker->text(
			asker->context,
			blank_is_all ? "Numbers, separated by commas or spaces (Enter for all, c "
				       "to cancel)"
				     : "Numbers, separated by commas or spaces (c to cancel)",
			false, &answer, error);
		if (status < 0)
			break;
		if (cw_equal_nocase(answer, "c"))
			return cw_fail(error, CW_E_CANCELLED, "cancelled");
		if (read_numbers(answer, all, blank_is_all, chosen))
			break;
		status = asker->notify(asker->context, "Please enter numbers from the list.", false,
				       error);
	}
	return status;
}

static int
take_names(const struct cw_strv *list, struct cw_names *names, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < list->count && status == CW_OK; i++)
		status = cw_names_add_dns_name(names, list->items[i], error);
	return status;
}

static int
ask_for_names(struct cw_context *context, struct cw_names *names, struct cw_error *error)
{
	const struct cw_asker *asker = context->asker;

	for (;;) {
		cw_autofree char *answer = NULL;
		cw_autofree char *blanks = NULL;
		cw_auto_strv struct cw_strv words = {0};
		cw_auto_error struct cw_error refusal = {0};
		cw_autofree char *line = NULL;
		int status = asker->text(asker->context,
					 "Domain names for the certificate, separated by commas or "
					 "spaces (c to cancel)",
					 false, &answer, error);

		if (status < 0)
			return status;
		if (cw_equal_nocase(answer, "c"))
			return cw_fail(error, CW_E_CANCELLED, "cancelled");
		blanks = cw_replace_char(cw_strdup(answer), ',', ' ');
		cw_strv_split(&words, blanks, ' ');
		cw_names_clear(names);
		if (words.count > 0 && take_names(&words, names, &refusal) == CW_OK)
			return CW_OK;
		line = words.count > 0 ? cw_error_line(&refusal) : cw_strdup("no names were given");
		status = asker->notify(asker->context, line, false, error);
		if (status < 0)
			return status;
	}
}

int
cw_choose_names(struct cw_context *context, const char *installer, struct cw_names *names,
		struct cw_error *error)
{
	cw_auto_names struct cw_names found = {0};
	cw_auto_strv struct cw_strv all = {0};
	cw_auto_strv struct cw_strv chosen = {0};
	int status = CW_OK;

	if (!context->asker->interactive) {
		cw_fail(error, CW_E_USAGE, "no names were given");
		cw_hint(error, "give domain names with -d or addresses with --ip-address");
		return CW_E_USAGE;
	}
	if (installer != NULL)
		status = cw_installer_names(context, installer, &found, error);
	if (status < 0)
		return status;
	cw_names_all(&found, &all);
	if (all.count == 0)
		return ask_for_names(context, names, error);
	status = cw_choose_among_names(context, "Which names do you want in the certificate?", &all,
				       true, &chosen, error);
	return status < 0 ? status : take_names(&chosen, names, error);
}
