#include "cli/agent_values.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/setting_value.h"
#include "base/text.h"

enum { COUNT_MAX = 10 };

void
cw_agent_values_clear(struct cw_agent_values *values)
{
	for (size_t i = 0; i < values->count; i++)
		cw_free_secret(values->items[i].value);
	free(values->items);
	*values = (struct cw_agent_values){0};
}

static void
append(struct cw_agent_values *values, const struct cw_option *option, const char *text)
{
	if (text != NULL && (option->flags & CW_OPT_SECRET) != 0)
		cw_log_secret(text);
	values->items = cw_realloc(values->items, values->count + 1, sizeof(*values->items));
	values->items[values->count++] =
		(struct cw_agent_value){.option = option, .value = cw_strdup(text)};
}

int
cw_agent_find_option(struct cw_lookup *lookup, const char *key, const struct cw_option **option,
		     struct cw_error *error)
{
	int status = cw_lookup_name(lookup, key, "", option, error);

	if (status < 0)
		return CW_E_INVALID;
	for (const char *const *name = (*option)->names; *name != NULL; name++)
		if (strcmp(*name, key) == 0)
			return CW_OK;
	cw_fail(error, CW_E_INVALID, "there is no option \"%s\"", key);
	cw_hint(error, "did you mean \"%s\"?", (*option)->names[0]);
	return CW_E_INVALID;
}

int
cw_agent_values_add(struct cw_agent_values *values, const struct cw_option *option,
		    const char *text, struct cw_error *error)
{
	uint64_t count = 1;
	bool flag = false;

	if (option->kind != CW_OPTION_FLAG) {
		append(values, option, text);
		return CW_OK;
	}
	if ((option->flags & CW_OPT_COUNT) != 0 && cw_parse_uint(text, COUNT_MAX, &count)) {
		flag = true;
	} else if (!cw_value_flag(text, &flag)) {
		cw_fail(error, CW_E_INVALID, "the value \"%s\" of \"%s\" is neither true nor false",
			text, option->names[0]);
		cw_hint(error, "write true or false");
		return CW_E_INVALID;
	}
	for (; flag && count > 0; count--)
		append(values, option, NULL);
	return CW_OK;
}

static void
add_given_flag(struct cw_agent_values *values, const struct cw_settings *settings,
	       const struct cw_option *option)
{
	bool negative = (option->flags & CW_OPT_NEGATIVE) != 0;
	int64_t count = 1;

	if ((option->flags & CW_OPT_COUNT) != 0)
		count = cw_settings_int(settings, option->internal, 0);
	else if (cw_settings_flag(settings, option->internal) == negative)
		count = 0;
	for (; count > 0; count--)
		append(values, option, NULL);
}

void
cw_agent_values_add_given(struct cw_agent_values *values, const struct cw_settings *settings)
{
	const struct cw_option_set *set = cw_settings_options(settings);

	for (size_t i = 0; i < cw_option_set_count(set); i++) {
		const struct cw_option *option = cw_option_set_at(set, i);
		const struct cw_strv *list = cw_settings_list(settings, option->internal);
		const char *value = cw_settings_get(settings, option->internal);

		if (cw_settings_source(settings, option->internal) != CW_SOURCE_COMMAND)
			continue;
		if (option->kind == CW_OPTION_FLAG)
			add_given_flag(values, settings, option);
		else if (option->kind == CW_OPTION_LIST || option->kind == CW_OPTION_PATH_LIST)
			for (size_t j = 0; j < list->count; j++)
				append(values, option, list->items[j]);
		else if (option->kind != CW_OPTION_MAP && value != NULL)
			append(values, option, value);
	}
}

static bool
has(const struct cw_agent_values *values, const char *internal, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(values->items[i].option->internal, internal) == 0)
			return true;
	return false;
}

void
cw_agent_values_fill(struct cw_agent_values *values, const struct cw_agent_values *lower)
{
	size_t own = values->count;

	for (size_t i = 0; i < lower->count; i++) {
		const struct cw_agent_value *item = &lower->items[i];

		if (!has(values, item->option->internal, own))
			append(values, item->option, item->value);
	}
}

const char *
cw_agent_value(const struct cw_agent_values *values, const char *internal)
{
	for (size_t i = values->count; i-- > 0;)
		if (strcmp(values->items[i].option->internal, internal) == 0)
			return values->items[i].value != NULL ? values->items[i].value : "";
	return NULL;
}

void
cw_agent_value_list(const struct cw_agent_values *values, const char *internal,
		    struct cw_strv *list)
{
	for (size_t i = 0; i < values->count; i++)
		if (strcmp(values->items[i].option->internal, internal) == 0)
			cw_strv_add(list, values->items[i].value);
}

void
cw_agent_values_remove(struct cw_agent_values *values, const char *internal)
{
	size_t kept = 0;

	for (size_t i = 0; i < values->count; i++) {
		if (strcmp(values->items[i].option->internal, internal) == 0)
			cw_free_secret(values->items[i].value);
		else
			values->items[kept++] = values->items[i];
	}
	values->count = kept;
}

static bool
is_among(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

void
cw_agent_values_write(const struct cw_agent_values *values, const char *const *only,
		      struct cw_strv *arguments)
{
	for (size_t i = 0; i < values->count; i++) {
		const struct cw_agent_value *item = &values->items[i];

		if (only != NULL && !is_among(only, item->option->internal))
			continue;
		if (item->value == NULL)
			cw_strv_addf(arguments, "--%s", item->option->names[0]);
		else
			cw_strv_addf(arguments, "--%s=%s", item->option->names[0], item->value);
	}
}
