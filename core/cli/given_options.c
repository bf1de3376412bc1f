#include "cli/given_options.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "base/plugin_name.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/select.h"
#include "flow/issue/names.h"

void
cw_given_options_add(struct cw_given_options *given, const struct cw_option *option,
		     enum cw_source source, const char *value)
{
	given->items = cw_realloc(given->items, given->count + 1, sizeof(*given->items));
	given->items[given->count++] = (struct cw_given_option){
		.option = option,
		.source = source,
		.value = (option->flags & CW_OPT_SECRET) == 0 ? cw_strdup(value) : NULL,
	};
}

void
cw_given_options_clear(struct cw_given_options *given)
{
	for (size_t i = 0; i < given->count; i++)
		free(given->items[i].value);
	free(given->items);
	*given = (struct cw_given_options){0};
}

/* One option that fills a map, on its way through what was given. */
struct filling {
	const struct cw_given_options *given;
	struct cw_settings *settings;
	struct cw_registry *registry;
	const struct cw_option *option;
	enum cw_source source; /* of the values that are in force */
	bool take_names;       /* those of a map count as given with -d */
};

static bool
is_authenticator(const struct cw_option *option)
{
	return strcmp(option->internal, "authenticator") == 0;
}

/* The option's value that ITEM gives, NULL: none. --standalone gives what -a standalone does. */
static const char *
plain_value_of(const struct filling *filling, const struct cw_given_option *item)
{
	if (item->option == filling->option)
		return item->value;
	return is_authenticator(filling->option)
		       ? cw_selected_authenticator(item->option, filling->registry)
		       : NULL;
}

static const char *
value_of(const struct filling *filling, const struct cw_given_option *item)
{
	return item->source == filling->source ? plain_value_of(filling, item) : NULL;
}

/* The names in TEXT, the value of -d or --ip-address, as the certificate will have them. What is
 * not a name is reported later, when the request is made. */
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
in_force(const struct cw_given_option *item, const struct cw_settings *settings)
{
	return item->source == cw_settings_source(settings, item->option->internal);
}

/* Gives the map's keys the form of names in a certificate, and their paths that of the option which
 * fills the map; adds the names to those asked for, where any can be. */
static int
settle_map(const struct filling *filling, struct cw_error *error)
{
	struct cw_settings *settings = filling->settings;
	const struct cw_option *option = filling->option;
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
		if (status == CW_OK && filling->take_names && source >= names_source &&
		    !cw_strv_contains(
			    cw_settings_list(settings, address ? "ip_addresses" : "domains"),
			    all.items[0]))
			status = cw_settings_set(settings, address ? "ip_addresses" : "domains",
						 names_source > CW_SOURCE_DEFAULT ? names_source
										  : source,
						 all.items[0], error);
	}
	if (status != CW_OK)
		cw_context(error, "invalid value of \"%s\"",
			   cw_option_by_internal(cw_settings_options(settings), map)->names[0]);
	return status;
}

static int
put_names(const struct filling *filling, struct cw_strv *names, const char *value,
	  struct cw_error *error)
{
	const char *map = filling->option->fills_map;
	enum cw_source source = cw_settings_source(filling->settings, map);
	cw_autofree char *path = filling->option->kind == CW_OPTION_PATH_LIST
					 ? cw_path_absolute(value)
					 : cw_strdup(value);
	int status = CW_OK;

	for (size_t i = 0; i < names->count && status == CW_OK; i++) {
		if (cw_settings_map_get(filling->settings, map, names->items[i]) == NULL)
			status = cw_settings_set_map(filling->settings, map,
						     source > filling->source ? source
									      : filling->source,
						     names->items[i], path, error);
	}
	cw_strv_clear(names);
	return status;
}

/* Goes through what was given: names collect until the option's next value comes, and get the one
 * before it. */
static int
fill_map(const struct filling *filling, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	const char *value = NULL;
	int status = CW_OK;

	for (size_t i = 0; i < filling->given->count && status == CW_OK; i++) {
		const struct cw_given_option *item = &filling->given->items[i];

		if (gives_names(item->option) && in_force(item, filling->settings))
			add_names(&names, item->option, item->value);
		if (value_of(filling, item) == NULL)
			continue;
		if (value != NULL)
			status = put_names(filling, &names, value, error);
		value = value_of(filling, item);
	}
	if (status == CW_OK && value != NULL)
		status = put_names(filling, &names, value, error);
	return status;
}

/* Of -a given twice with no name between the last one counts, as of any option. A flag that no name
 * is for contradicts the others. */
static int
check_flags(const struct filling *filling, struct cw_error *error)
{
	const struct cw_strv *used =
		cw_settings_map_values(filling->settings, filling->option->fills_map);
	const char *unused = NULL;
	bool flags = false;

	for (size_t i = 0; i < filling->given->count; i++) {
		const struct cw_given_option *item = &filling->given->items[i];
		const char *value = value_of(filling, item);

		flags |= value != NULL && item->option != filling->option;
		if (value != NULL && !cw_strv_contains(used, value))
			unused = value;
	}
	if (!flags || unused == NULL)
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "two plugins are given, but \"%s\" has no names", unused);
	cw_hint(error, "give only one of them, or give each before its names, as in: --standalone "
		       "-d example.com -a dns-exec -d '*.example.com'");
	return CW_E_USAGE;
}

/* Where one plugin is for all names there is no map, and of several without names the last one
 * counts. Otherwise the first is for the names that the map lacks. */
static int
fill_authenticators(const struct filling *filling, struct cw_error *error)
{
	const char *first = NULL;
	bool several = false, names = false;
	int status;

	for (size_t i = 0; i < filling->given->count; i++) {
		const struct cw_given_option *item = &filling->given->items[i];
		const char *value = value_of(filling, item);

		names |= gives_names(item->option) && in_force(item, filling->settings);
		several |= value != NULL && first != NULL &&
			   !cw_equal(cw_plugin_name(first), cw_plugin_name(value));
		first = first != NULL ? first : value;
	}
	if (!several || !names)
		return CW_OK;
	status = fill_map(filling, error);
	if (status == CW_OK)
		status = check_flags(filling, error);
	if (status == CW_OK)
		status = cw_settings_set(filling->settings, filling->option->internal,
					 filling->source, first, error);
	return status;
}

static int
fill(struct filling *filling, struct cw_error *error)
{
	int status = settle_map(filling, error);

	/* The values of the highest source are in force. */
	for (size_t i = 0; i < filling->given->count; i++) {
		const struct cw_given_option *item = &filling->given->items[i];

		if (item->source > filling->source && plain_value_of(filling, item) != NULL)
			filling->source = item->source;
	}
	if (status < 0)
		return status;
	return is_authenticator(filling->option) ? fill_authenticators(filling, error)
						 : fill_map(filling, error);
}

int
cw_given_options_fill_maps(const struct cw_given_options *given, struct cw_settings *settings,
			   struct cw_registry *registry, bool take_names, struct cw_error *error)
{
	const struct cw_option_set *options = cw_settings_options(settings);
	int status = CW_OK;

	for (size_t i = 0; i < cw_option_set_count(options) && status == CW_OK; i++) {
		struct filling filling = {
			.given = given,
			.settings = settings,
			.registry = registry,
			.option = cw_option_set_at(options, i),
			.take_names = take_names,
		};

		if (filling.option->fills_map != NULL &&
		    cw_option_by_internal(options, filling.option->fills_map) != NULL)
			status = fill(&filling, error);
	}
	return status;
}

static bool
is_first(const struct cw_given_options *given, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (given->items[i].option == given->items[index].option)
			return false;
	return true;
}

enum { PLUGIN_SECRET = CW_OPT_PLUGIN | CW_OPT_SECRET };

void
cw_given_options_warn(const struct cw_given_options *given)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct cw_option *option = given->items[i].option;
		const char *shown = given->items[i].source == CW_SOURCE_COMMAND ? "--" : "";
		const char *name = option->names[0];

		if (!is_first(given, i))
			continue;
		if ((option->flags & PLUGIN_SECRET) == PLUGIN_SECRET &&
		    given->items[i].source == CW_SOURCE_COMMAND)
			cw_log_warning(
				"the value of \"--%s\" is a secret and is not saved: write it "
				"into cli.ini for renewals",
				name);
		if ((option->flags & (CW_OPT_INERT | CW_OPT_IGNORED)) == 0)
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
