#include "cli/given.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/options.h"
#include "flow/names.h"

void
cw_given_add(struct cw_given_list *given, const struct cw_option *option, enum cw_source source,
	     const char *value)
{
	given->items = cw_realloc(given->items, given->count + 1, sizeof(*given->items));
	given->items[given->count++] = (struct cw_given){
		.option = option,
		.source = source,
		.value = (option->flags & CW_OPT_SECRET) == 0 ? cw_strdup(value) : NULL,
	};
}

void
cw_given_clear(struct cw_given_list *given)
{
	for (size_t i = 0; i < given->count; i++)
		free(given->items[i].value);
	free(given->items);
	*given = (struct cw_given_list){0};
}

/* ---- maps by position ---- */

/* The names in TEXT, the value of -d or --ip-address, as the certificate will have them. What is no
 * name is left to those who make the request, and complain. */
static void
add_names(struct cw_strv *keys, const struct cw_option *option, const char *text)
{
	cw_auto_strv struct cw_strv parts = {0};
	bool addresses = strcmp(option->internal, "ip_addresses") == 0;

	if (addresses)
		cw_strv_add(&parts, text);
	else
		cw_strv_split(&parts, text, ',');
	for (size_t i = 0; i < parts.count; i++) {
		cw_auto_names struct cw_names names = {0};
		int status = addresses ? cw_names_add_ip_address(&names, parts.items[i], NULL)
				       : cw_names_add_dns_name(&names, parts.items[i], NULL);

		if (status == CW_OK)
			cw_names_all(&names, keys);
	}
}

static bool
gives_names(const struct cw_option *option)
{
	return strcmp(option->internal, "domains") == 0 ||
	       strcmp(option->internal, "ip_addresses") == 0;
}

/* Whether the value counts: one of a lower source than the winning one does not. */
static bool
in_force(const struct cw_given *item, const struct cw_settings *settings)
{
	return item->source == cw_settings_source(settings, item->option->internal);
}

/* Gives the map's keys the form of names in a certificate, and their paths that of the option which
 * fills the map; adds the names to those asked for. */
static int
settle_map(struct cw_settings *settings, const struct cw_option *option, struct cw_error *error)
{
	const char *map = option->fills_map;
	enum cw_source source = cw_settings_source(settings, map);
	enum cw_source names_source = cw_settings_source(settings, "domains");
	bool paths = option->kind == CW_OPTION_PATH_LIST;
	cw_auto_strv struct cw_strv keys = {0}, values = {0};
	int status = CW_OK;

	if (source <= CW_SOURCE_DEFAULT)
		return CW_OK;
	cw_strv_copy(&keys, cw_settings_map_keys(settings, map));
	cw_strv_copy(&values, cw_settings_map_values(settings, map));
	cw_settings_reset(settings, map);
	for (size_t i = 0; i < keys.count && status == CW_OK; i++) {
		cw_autofree char *path = paths ? cw_path_absolute(values.items[i]) : NULL;
		const char *value = paths ? path : values.items[i];
		cw_auto_names struct cw_names names = {0};
		cw_auto_strv struct cw_strv all = {0};
		bool address = cw_names_add_ip_address(&names, keys.items[i], NULL) == CW_OK;

		if (!address)
			status = cw_names_add_dns_name(&names, keys.items[i], error);
		cw_names_all(&names, &all);
		if (status == CW_OK)
			status = cw_settings_set_map(settings, map, source, all.items[0], value,
						     error);
		/* What the command line asks for is not made more by a configuration file. */
		if (status == CW_OK && source >= names_source &&
		    !cw_strv_contains(
			    cw_settings_list(settings, address ? "ip_addresses" : "domains"),
			    all.items[0]))
			status = cw_settings_set(settings, address ? "ip_addresses" : "domains",
						 names_source > CW_SOURCE_DEFAULT ? names_source
										  : source,
						 all.items[0], error);
	}
	if (status != CW_OK)
		cw_context(error, "the value of \"%s\" cannot be used",
			   cw_option_by_internal(cw_settings_options(settings), map)->names[0]);
	return status;
}

static int
put_names(struct cw_settings *settings, const struct cw_option *option, struct cw_strv *names,
	  const char *value, struct cw_error *error)
{
	const char *map = option->fills_map;
	enum cw_source source = cw_settings_source(settings, map);
	enum cw_source own = cw_settings_source(settings, option->internal);
	cw_autofree char *path =
		option->kind == CW_OPTION_PATH_LIST ? cw_path_absolute(value) : cw_strdup(value);
	int status = CW_OK;

	for (size_t i = 0; i < names->count && status == CW_OK; i++) {
		if (cw_settings_map_get(settings, map, names->items[i]) == NULL)
			status = cw_settings_set_map(settings, map, source > own ? source : own,
						     names->items[i], path, error);
	}
	cw_strv_clear(names);
	return status;
}

/* Goes through what was given: names collect until the next value of OPTION comes, and get the one
 * before it. */
static int
fill_map(const struct cw_given_list *given, struct cw_settings *settings,
	 const struct cw_option *option, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	const char *value = NULL;
	int status = settle_map(settings, option, error);

	for (size_t i = 0; i < given->count && status == CW_OK; i++) {
		const struct cw_given *item = &given->items[i];

		if (!in_force(item, settings))
			continue;
		if (gives_names(item->option))
			add_names(&names, item->option, item->value);
		if (item->option != option)
			continue;
		if (value != NULL)
			status = put_names(settings, option, &names, value, error);
		value = item->value;
	}
	if (status == CW_OK && value != NULL)
		status = put_names(settings, option, &names, value, error);
	return status;
}

int
cw_given_fill_maps(const struct cw_given_list *given, struct cw_settings *settings,
		   struct cw_error *error)
{
	const struct cw_option_set *options = cw_settings_options(settings);
	int status = CW_OK;

	for (size_t i = 0; i < cw_option_set_count(options) && status == CW_OK; i++) {
		const struct cw_option *option = cw_option_set_at(options, i);

		if (option->fills_map != NULL &&
		    cw_option_by_internal(options, option->fills_map) != NULL)
			status = fill_map(given, settings, option, error);
	}
	return status;
}

/* ---- warnings ---- */

static bool
is_first(const struct cw_given_list *given, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (given->items[i].option == given->items[index].option)
			return false;
	return true;
}

void
cw_given_warn(const struct cw_given_list *given)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct cw_option *option = given->items[i].option;
		const char *shown = given->items[i].source == CW_SOURCE_COMMAND ? "--" : "";
		const char *name = option->names[0];

		if ((option->flags & (CW_OPT_INERT | CW_OPT_IGNORED)) == 0 || !is_first(given, i))
			continue;
		if ((option->flags & CW_OPT_IGNORED) != 0)
			cw_log_warning("the option \"%s%s\" does nothing and can be left out",
				       shown, name);
		else if ((option->flags & CW_OPT_PLUGIN) == 0)
			cw_log_warning("the option \"%s%s\" has no effect", shown, name);
		else
			cw_log_warning("the option \"%s%s\" has no effect: the plugin \"%s\" is "
				       "not installed",
				       shown, name, option->topics);
	}
}
