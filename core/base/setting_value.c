#include "base/setting_value.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool
cw_option_is_list(const struct cw_option *option)
{
	return option->kind == CW_OPTION_LIST || option->kind == CW_OPTION_PATH_LIST;
}

struct cw_value *
cw_value_new(const struct cw_option *option, enum cw_source source)
{
	struct cw_value *value = cw_alloc(sizeof(*value));

	value->source = source;
	value->secret = (option->flags & CW_OPT_SECRET) != 0;
	return value;
}

static void
wipe_items(struct cw_strv *strv)
{
	for (size_t i = 0; i < strv->count; i++)
		cw_wipe(strv->items[i], strlen(strv->items[i]));
}

void
cw_value_free(struct cw_value *value)
{
	if (value == NULL)
		return;
	if (value->secret) {
		wipe_items(&value->items);
		wipe_items(&value->values);
		cw_free_secret(value->text);
	} else {
		free(value->text);
	}
	cw_strv_clear(&value->items);
	cw_strv_clear(&value->values);
	free(value);
}

struct cw_value *
cw_value_copy(const struct cw_value *value)
{
	struct cw_value *copy = cw_alloc(sizeof(*copy));

	copy->source = value->source;
	copy->secret = value->secret;
	copy->text = cw_strdup(value->text);
	cw_strv_copy(&copy->items, &value->items);
	cw_strv_copy(&copy->values, &value->values);
	return copy;
}

bool
cw_value_flag(const char *text, bool *flag)
{
	/* As Python's ConfigObj takes them. */
	static const char *const words[][2] = {
		{"0", "1"}, {"false", "true"}, {"no", "yes"}, {"off", "on"}};

	for (size_t i = 0; i < CW_COUNT(words); i++) {
		for (size_t j = 0; j < 2; j++) {
			if (cw_equal_nocase(text, words[i][j])) {
				*flag = j == 1;
				return true;
			}
		}
	}
	return false;
}

bool
cw_value_integer(const char *text, int64_t *number)
{
	const char *digits = *text == '-' || *text == '+' ? text + 1 : text;
	char *end;
	intmax_t parsed;

	/* strtoimax() itself would skip blanks before the number. */
	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	parsed = strtoimax(text, &end, 10);
	if (errno != 0 || *end != '\0' || parsed < INT64_MIN || parsed > INT64_MAX)
		return false;
	*number = parsed;
	return true;
}

/* The option as it is called where the value came from: "--key-type", "key-type", "key_type". */
static char *
shown_name(const struct cw_option *option, enum cw_source source)
{
	const char *name = option->names != NULL ? option->names[0] : NULL;

	if (source == CW_SOURCE_COMMAND && name != NULL)
		return cw_format("--%s", name);
	if (source == CW_SOURCE_INI && name != NULL)
		return cw_strdup(name);
	return cw_strdup(option->internal);
}

static int
bad_value_status(enum cw_source source)
{
	return source == CW_SOURCE_COMMAND ? CW_E_USAGE : CW_E_INVALID;
}

/* NEEDS says what it must be; a secret's value is not repeated. */
static int
fail_value(const struct cw_option *option, enum cw_source source, const char *value,
	   const char *needs, struct cw_error *error)
{
	int status = bad_value_status(source);
	cw_autofree char *name = shown_name(option, source);

	if ((option->flags & CW_OPT_SECRET) != 0)
		return cw_fail(error, status, "the value of \"%s\" is not %s", name, needs);
	return cw_fail(error, status, "the value \"%s\" of \"%s\" is not %s", value, name, needs);
}

int
cw_value_check(const struct cw_option *option, enum cw_source source, const char *text,
	       const char **spelling, struct cw_error *error)
{
	cw_auto_strv struct cw_strv all = {0};
	cw_autofree char *joined = NULL;
	const char *nearest;
	int status;

	*spelling = text;
	if (option->choices == NULL)
		return CW_OK;
	for (const char *const *choice = option->choices; *choice != NULL; choice++) {
		if (cw_equal_nocase(*choice, text)) {
			*spelling = *choice;
			return CW_OK;
		}
		cw_strv_add(&all, *choice);
	}
	joined = cw_strv_join(&all, ", ");
	nearest = cw_nearest(text, option->choices);
	status = fail_value(option, source, text, "one of its choices", error);
	if (nearest != NULL)
		cw_hint(error, "did you mean \"%s\"? It can be: %s", nearest, joined);
	else
		cw_hint(error, "it can be: %s", joined);
	return status;
}

/* A path on the command line is one of the folder we were started in; it is kept, and saved, as an
 * absolute one. */
static char *
absolute_path(enum cw_source source, const char *value)
{
	return source == CW_SOURCE_COMMAND && *value != '\0' ? cw_path_absolute(value)
							     : cw_strdup(value);
}

/* VALUE as it is kept: checked, and in the one spelling of its kind. */
static int
convert_scalar(const struct cw_option *option, enum cw_source source, const char *value,
	       char **kept, struct cw_error *error)
{
	bool flag;
	int64_t number;
	int status = cw_value_check(option, source, value, &value, error);

	if (status != CW_OK)
		return status;
	switch (option->kind) {
	case CW_OPTION_FLAG:
		if (cw_value_flag(value, &flag))
			*kept = cw_strdup(flag ? "1" : "0");
		else if ((option->flags & CW_OPT_COUNT) != 0 && cw_value_integer(value, &number) &&
			 number >= 0)
			*kept = cw_format("%" PRId64, number);
		else
			return fail_value(option, source, value, "true or false", error);
		break;
	case CW_OPTION_INTEGER:
		if (!cw_value_integer(value, &number))
			return fail_value(option, source, value, "a whole number", error);
		*kept = cw_format("%" PRId64, number);
		break;
	case CW_OPTION_PATH: *kept = absolute_path(source, value); break;
	default: *kept = cw_strdup(value); break;
	}
	return CW_OK;
}

static int
convert_list(const struct cw_option *option, enum cw_source source, const char *text,
	     struct cw_strv *items, struct cw_error *error)
{
	cw_auto_strv struct cw_strv given = {0};

	if (option->kind == CW_OPTION_PATH_LIST)
		cw_strv_take(&given, absolute_path(source, text));
	else if ((option->flags & CW_OPT_COMMAS) != 0)
		cw_strv_split(&given, text, ',');
	else
		cw_strv_add(&given, text);
	for (size_t i = 0; i < given.count; i++) {
		const char *spelling;
		int status = cw_value_check(option, source, given.items[i], &spelling, error);

		if (status != CW_OK)
			return status;
		cw_strv_add(items, spelling);
	}
	return CW_OK;
}

void
cw_value_put(struct cw_value *value, const char *key, const char *text)
{
	for (size_t i = 0; i < value->items.count; i++) {
		if (strcmp(value->items.items[i], key) != 0)
			continue;
		if (value->secret)
			cw_wipe(value->values.items[i], strlen(value->values.items[i]));
		free(value->values.items[i]);
		value->values.items[i] = cw_strdup(text);
		return;
	}
	cw_strv_add(&value->items, key);
	cw_strv_add(&value->values, text);
}

/* One member; its key can be several joined by commas, as Certbot's --webroot-map has them. */
static int
convert_member(const struct cw_option *option, enum cw_source source, const char *keys,
	       struct json_object *member, struct cw_value *value, struct cw_error *error)
{
	cw_auto_strv struct cw_strv split = {0};
	const char *text;
	int status;

	cw_strv_split(&split, keys, ',');
	if (split.count == 0 || !json_object_is_type(member, json_type_string))
		return fail_value(option, source, keys, "a name with a text as its value", error);
	text = json_object_get_string(member);
	if (strlen(text) != (size_t)json_object_get_string_len(member))
		return fail_value(option, source, text, "without NUL characters", error);
	status = cw_value_check(option, source, text, &text, error);
	for (size_t i = 0; status == CW_OK && i < split.count; i++)
		cw_value_put(value, split.items[i], text);
	return status;
}

static int
convert_map(const struct cw_option *option, enum cw_source source, const char *text,
	    struct cw_value *value, struct cw_error *error)
{
	static const char hint[] =
		"give a JSON object of texts, as {\"example.com\": \"/var/www\"}";
	cw_autofree char *name = shown_name(option, source);
	cw_auto_json struct json_object *object = NULL;
	int status = cw_json_parse(text, strlen(text), name, &object, error);

	if (status != CW_OK) {
		status = bad_value_status(source);
		if (error != NULL)
			error->status = status;
	}
	if (status == CW_OK && !json_object_is_type(object, json_type_object))
		status = fail_value(option, source, text, "a JSON object", error);
	if (status == CW_OK) {
		json_object_object_foreach(object, key, member)
		{
			status = convert_member(option, source, key, member, value, error);
			if (status != CW_OK)
				break;
		}
	}
	if (status != CW_OK)
		cw_hint(error, "%s", hint);
	return status;
}

int
cw_value_convert(const struct cw_option *option, enum cw_source source, const char *text,
		 struct cw_value *value, struct cw_error *error)
{
	if (cw_option_is_list(option))
		return convert_list(option, source, text, &value->items, error);
	if (option->kind == CW_OPTION_MAP)
		return convert_map(option, source, text, value, error);
	return convert_scalar(option, source, text, &value->text, error);
}

void
cw_value_merge(const struct cw_option *option, struct cw_value *value, struct cw_value *more)
{
	int64_t present, added;

	if (cw_option_is_list(option))
		cw_strv_add_all(&value->items, &more->items);
	if (option->kind == CW_OPTION_MAP) {
		for (size_t i = 0; i < more->items.count; i++)
			cw_value_put(value, more->items.items[i], more->values.items[i]);
	}
	if (more->text == NULL)
		return;
	if ((option->flags & CW_OPT_COUNT) != 0 && cw_value_integer(value->text, &present) &&
	    cw_value_integer(more->text, &added) && added <= INT64_MAX - present) {
		free(more->text);
		more->text = cw_format("%" PRId64, present + added);
	}
	if (value->secret)
		cw_free_secret(value->text);
	else
		free(value->text);
	value->text = cw_take(&more->text);
}
