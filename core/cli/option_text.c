#include "cli/option_text.h"
#include <string.h>
#include "base/buf.h"
#include "base/strv.h"
#include "base/text.h"

const char *
cw_option_metavar(const struct cw_option *option)
{
	if (option->metavar != NULL)
		return option->metavar;
	switch (option->kind) {
	case CW_OPTION_FLAG: return NULL;
	case CW_OPTION_INTEGER: return "NUMBER";
	case CW_OPTION_PATH:
	case CW_OPTION_PATH_LIST: return "PATH";
	case CW_OPTION_MAP: return "JSON";
	default: return "VALUE";
	}
}

char *
cw_option_heading(const struct cw_option *option)
{
	struct cw_buf text = {0};
	const char *metavar = cw_option_metavar(option);

	if (option->short_name != 0)
		cw_buf_addf(&text, "-%c", option->short_name);
	for (const char *const *name = option->names; *name != NULL; name++)
		cw_buf_addf(&text, "%s--%s", text.length > 0 ? ", " : "", *name);
	if (metavar != NULL)
		cw_buf_addf(&text, " %s", metavar);
	return cw_buf_take(&text);
}

static void
add_choices(struct cw_buf *text, const struct cw_option *option)
{
	cw_auto_strv struct cw_strv choices = {0};
	cw_autofree char *list = NULL;

	for (const char *const *choice = option->choices; *choice != NULL; choice++)
		cw_strv_add(&choices, *choice);
	list = cw_strv_join(&choices, ", ");
	cw_buf_addf(text, " One of: %s.", list);
}

char *
cw_option_description(const struct cw_option *option)
{
	struct cw_buf text = {0};
	const char *otherwise = option->default_value;
	bool shown = otherwise != NULL && *otherwise != '\0' && option->kind != CW_OPTION_FLAG &&
		     (option->flags & CW_OPT_SECRET) == 0;

	cw_buf_add_text(&text, option->help != NULL ? option->help : "");
	if (option->choices != NULL)
		add_choices(&text, option);
	if (shown && strcmp(otherwise, "0") != 0)
		cw_buf_addf(&text, " Default: %s.", otherwise);
	if ((option->flags & CW_OPT_REQUIRED) != 0)
		cw_buf_add_text(&text, " Required.");
	if (option->environment != NULL)
		cw_buf_addf(&text, " Environment variable: %s.", option->environment);
	if ((option->flags & CW_OPT_INERT) != 0)
		cw_buf_add_text(&text, (option->flags & CW_OPT_PLUGIN) != 0
					       ? " (The plugin is not installed.)"
					       : " (Has no effect.)");
	return cw_buf_take(&text);
}

char *
cw_option_first_topic(const struct cw_option *option)
{
	return cw_memdup(option->topics, strcspn(option->topics, " "));
}
