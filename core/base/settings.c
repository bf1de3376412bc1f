#include "base/mem.h"
#include "base/option_set.h"
#include "base/setting_value.h"

#include <stdlib.h>
#include <string.h>

struct cw_settings {
	const struct cw_option_set *set;
	struct cw_value **values; /* by slot; NULL: the default */
	size_t capacity;
};

static const struct cw_strv empty_list;

struct cw_settings *
cw_settings_new(const struct cw_option_set *set)
{
	struct cw_settings *settings = cw_alloc(sizeof(*settings));

	settings->set = set;
	return settings;
}

struct cw_settings *
cw_settings_copy(const struct cw_settings *settings)
{
	struct cw_settings *copy = cw_settings_new(settings->set);

	copy->values = cw_calloc(settings->capacity, sizeof(*copy->values));
	copy->capacity = settings->capacity;
	for (size_t i = 0; i < settings->capacity; i++) {
		if (settings->values[i] != NULL && !settings->values[i]->made)
			copy->values[i] = cw_value_copy(settings->values[i]);
	}
	return copy;
}

void
cw_settings_free(struct cw_settings *settings)
{
	if (settings == NULL)
		return;
	for (size_t i = 0; i < settings->capacity; i++)
		cw_value_free(settings->values[i]);
	free(settings->values);
	free(settings);
}

void
cw_settings_cleanup(struct cw_settings **settings)
{
	cw_settings_free(*settings);
	*settings = NULL;
}

/* The set can have grown since the settings were made. */
static void
reserve_slot(struct cw_settings *settings, size_t slot)
{
	size_t capacity = settings->capacity == 0 ? 64 : settings->capacity;

	if (slot < settings->capacity)
		return;
	while (capacity <= slot)
		capacity *= 2;
	settings->values = cw_realloc(settings->values, capacity, sizeof(*settings->values));
	memset(settings->values + settings->capacity, 0,
	       (capacity - settings->capacity) * sizeof(*settings->values));
	settings->capacity = capacity;
}

static struct cw_value *
value_at(const struct cw_settings *settings, size_t slot)
{
	return slot < settings->capacity ? settings->values[slot] : NULL;
}

/* Puts MORE in its place, taking it over. */
static void
store(struct cw_settings *settings, size_t slot, const struct cw_option *option,
      struct cw_value *more)
{
	struct cw_value *present;

	reserve_slot(settings, slot);
	present = settings->values[slot];
	if (present != NULL && !present->made && more->source < present->source) {
		cw_value_free(more);
	} else if (present != NULL && !present->made && more->source == present->source) {
		cw_value_merge(option, present, more);
		cw_value_free(more);
	} else {
		cw_value_free(present);
		settings->values[slot] = more;
	}
}

static int
fail_unknown(const char *internal, struct cw_error *error)
{
	return cw_fail(error, CW_E_NOT_FOUND, "there is no option \"%s\"", internal);
}

/* Makes *VALUE of TEXT, and finds the *SLOT of its option. */
static int
make_value(const struct cw_settings *settings, const char *internal, enum cw_source source,
	   const char *text, size_t *slot, struct cw_value **value, struct cw_error *error)
{
	const struct cw_option *option;
	int status;

	*slot = cw_option_slot(settings->set, internal);
	option = cw_option_at_slot(settings->set, *slot);
	if (option == NULL)
		return fail_unknown(internal, error);
	if (text == NULL)
		return cw_fail(error, CW_E_INVALID, "the option \"%s\" needs a value", internal);
	*value = cw_value_new(option, source);
	status = cw_value_convert(option, source, text, *value, error);
	if (status != CW_OK)
		cw_value_free(cw_take(value));
	return status;
}

int
cw_settings_set(struct cw_settings *settings, const char *internal, enum cw_source source,
		const char *value, struct cw_error *error)
{
	struct cw_value *more = NULL;
	size_t slot;
	int status = make_value(settings, internal, source, value, &slot, &more, error);

	if (status == CW_OK)
		store(settings, slot, cw_option_at_slot(settings->set, slot), more);
	return status;
}

int
cw_settings_try(const struct cw_settings *settings, const char *internal, enum cw_source source,
		const char *value, struct cw_error *error)
{
	struct cw_value *more = NULL;
	size_t slot;
	int status = make_value(settings, internal, source, value, &slot, &more, error);

	cw_value_free(more);
	return status;
}

int
cw_settings_try_map(const struct cw_settings *settings, const char *internal, enum cw_source source,
		    const char *value, struct cw_error *error)
{
	const struct cw_option *option = cw_option_by_internal(settings->set, internal);

	if (option == NULL)
		return fail_unknown(internal, error);
	if (option->kind != CW_OPTION_MAP)
		return cw_fail(error, CW_E_INVALID, "the option \"%s\" takes no keys", internal);
	return cw_value_check(option, source, value, &value, error);
}

int
cw_settings_set_map(struct cw_settings *settings, const char *internal, enum cw_source source,
		    const char *key, const char *value, struct cw_error *error)
{
	size_t slot = cw_option_slot(settings->set, internal);
	const struct cw_option *option = cw_option_at_slot(settings->set, slot);
	struct cw_value *more;
	int status = cw_settings_try_map(settings, internal, source, value, error);

	if (status == CW_OK)
		status = cw_value_check(option, source, value, &value, error);
	if (status != CW_OK)
		return status;
	more = cw_value_new(option, source);
	cw_value_put(more, key, value);
	store(settings, slot, option, more);
	return CW_OK;
}

void
cw_settings_reset(struct cw_settings *settings, const char *internal)
{
	size_t slot = cw_option_slot(settings->set, internal);

	if (slot >= settings->capacity)
		return;
	cw_value_free(settings->values[slot]);
	settings->values[slot] = NULL;
}

/* The value of a list or map, made from the default where it was not set; NULL: there is none. */
static const struct cw_value *
listed_value(const struct cw_settings *settings, const char *internal)
{
	size_t slot = cw_option_slot(settings->set, internal);
	const struct cw_option *option = cw_option_at_slot(settings->set, slot);
	struct cw_value *value = value_at(settings, slot);

	if (value != NULL || option == NULL || option->default_value == NULL ||
	    (!cw_option_is_list(option) && option->kind != CW_OPTION_MAP))
		return value;
	value = cw_value_new(option, CW_SOURCE_DEFAULT);
	value->made = true;
	if (cw_value_convert(option, CW_SOURCE_DEFAULT, option->default_value, value, NULL) !=
	    CW_OK) {
		cw_value_free(value);
		return NULL;
	}
	/* Only a memory of what was asked: the settings are the same as before. */
	reserve_slot((struct cw_settings *)settings, slot);
	settings->values[slot] = value;
	return value;
}

const char *
cw_settings_get(const struct cw_settings *settings, const char *internal)
{
	size_t slot = cw_option_slot(settings->set, internal);
	const struct cw_option *option = cw_option_at_slot(settings->set, slot);
	const struct cw_value *value = value_at(settings, slot);
	bool flag;

	if (option == NULL || option->kind == CW_OPTION_MAP)
		return NULL;
	if (cw_option_is_list(option)) {
		value = listed_value(settings, internal);
		return value != NULL && value->items.count > 0 ? value->items.items[0] : NULL;
	}
	if (value != NULL)
		return value->text;
	if (option->default_value != NULL && option->kind == CW_OPTION_FLAG &&
	    cw_value_flag(option->default_value, &flag))
		return flag ? "1" : "0";
	return option->default_value;
}

bool
cw_settings_flag(const struct cw_settings *settings, const char *internal)
{
	const char *text = cw_settings_get(settings, internal);
	int64_t number;
	bool flag;

	if (text == NULL)
		return false;
	if (cw_value_flag(text, &flag))
		return flag;
	return cw_value_integer(text, &number) && number != 0;
}

int64_t
cw_settings_int(const struct cw_settings *settings, const char *internal, int64_t otherwise)
{
	const char *text = cw_settings_get(settings, internal);
	int64_t number;

	return text != NULL && cw_value_integer(text, &number) ? number : otherwise;
}

const struct cw_strv *
cw_settings_list(const struct cw_settings *settings, const char *internal)
{
	const struct cw_option *option = cw_option_by_internal(settings->set, internal);
	const struct cw_value *value = listed_value(settings, internal);

	return value != NULL && cw_option_is_list(option) ? &value->items : &empty_list;
}

const struct cw_strv *
cw_settings_map_keys(const struct cw_settings *settings, const char *internal)
{
	const struct cw_option *option = cw_option_by_internal(settings->set, internal);
	const struct cw_value *value = listed_value(settings, internal);

	return value != NULL && option->kind == CW_OPTION_MAP ? &value->items : &empty_list;
}

const struct cw_strv *
cw_settings_map_values(const struct cw_settings *settings, const char *internal)
{
	const struct cw_value *value = listed_value(settings, internal);

	/* Empty for all other kinds. */
	return value != NULL ? &value->values : &empty_list;
}

const char *
cw_settings_map_get(const struct cw_settings *settings, const char *internal, const char *key)
{
	const struct cw_strv *keys = cw_settings_map_keys(settings, internal);

	for (size_t i = 0; i < keys->count; i++) {
		if (strcmp(keys->items[i], key) == 0)
			return cw_settings_map_values(settings, internal)->items[i];
	}
	return NULL;
}

enum cw_source
cw_settings_source(const struct cw_settings *settings, const char *internal)
{
	size_t slot = cw_option_slot(settings->set, internal);
	const struct cw_option *option = cw_option_at_slot(settings->set, slot);
	const struct cw_value *value = value_at(settings, slot);

	if (value != NULL)
		return value->source;
	return option != NULL && option->default_value != NULL ? CW_SOURCE_DEFAULT : CW_SOURCE_NONE;
}

bool
cw_settings_given(const struct cw_settings *settings, const char *internal)
{
	return cw_settings_source(settings, internal) > CW_SOURCE_DEFAULT;
}

const struct cw_option_set *
cw_settings_options(const struct cw_settings *settings)
{
	return settings->set;
}
