#include "cli/lookup.h"
#include <string.h>
#include "base/log.h"
#include "base/plugin_name.h"
#include "base/text.h"

/* How many candidates an ambiguous abbreviation is answered with. */
enum { CANDIDATES_MAX = 256, CANDIDATES_SHOWN = 8 };

void
cw_lookup_add_plugin_options(struct cw_lookup *lookup)
{
	if (lookup->plugin_flags == NULL)
		lookup->plugin_flags = cw_add_plugin_options(lookup->set, lookup->registry);
}

/* Takes a module's options into the set, once. */
static void
add_module(struct cw_lookup *lookup, const char *name)
{
	cw_auto_error struct cw_error error = {0};
	struct cw_module *module;

	if (cw_registry_open(lookup->registry, name, &module, &error) == CW_OK &&
	    cw_module_add_options(module, lookup->set, &error) == CW_OK)
		return;
	cw_autofree char *line = cw_error_line(&error);
	cw_log_debug("%s", line);
}

void
cw_lookup_add_modules(struct cw_lookup *lookup, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < cw_registry_count(lookup->registry); i++) {
		const char *module = cw_registry_at(lookup->registry, i)->name;
		cw_autofree char *prefix = cw_format("%s-", module);

		if (cw_starts_with(name, prefix) || strncmp(prefix, name, length) == 0)
			add_module(lookup, module);
	}
}

/* The same for those of Certbot's that are written in Python. Few commands need them, so they come
 * last. */
static void
add_certbots_for(struct cw_lookup *lookup, const char *name)
{
	cw_add_certbots_options(lookup->plugin_flags, lookup->set, lookup->registry);
	cw_lookup_add_modules(lookup, name);
}

static void
add_all_modules(struct cw_lookup *lookup)
{
	for (size_t i = 0; i < cw_registry_count(lookup->registry); i++)
		add_module(lookup, cw_registry_at(lookup->registry, i)->name);
}

/* The name of OPTION that begins with PREFIX. */
static const char *
matching_name(const struct cw_option *option, const char *prefix)
{
	for (const char *const *name = option->names; *name != NULL; name++)
		if (cw_starts_with(*name, prefix))
			return *name;
	return option->names[0];
}

static int
fail_ambiguous(const char *name, const char *shown, const struct cw_option **found, size_t count,
	       struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *list = NULL;

	for (size_t i = 0; i < count && i < CANDIDATES_SHOWN; i++)
		cw_strv_addf(&names, "%s%s", shown, matching_name(found[i], name));
	list = cw_strv_join(&names, ", ");
	cw_fail(error, CW_E_USAGE, "the abbreviation \"%s%s\" is ambiguous", shown, name);
	cw_hint(error, "it could be: %s%s", list, count > CANDIDATES_SHOWN ? ", ..." : "");
	return CW_E_USAGE;
}

static void
hint_nearest(struct cw_lookup *lookup, const char *name, const char *shown, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	const char *nearest;

	for (size_t i = 0; i < cw_option_set_count(lookup->set); i++) {
		const struct cw_option *option = cw_option_set_at(lookup->set, i);

		if ((option->flags & (CW_OPT_HIDDEN | CW_OPT_IGNORED)) != 0)
			continue;
		for (const char *const *known = option->names; *known != NULL; known++)
			cw_strv_add(&names, *known);
	}
	nearest = cw_nearest(name, (const char *const *)cw_strv_items(&names));
	if (nearest != NULL)
		cw_hint(error, "did you mean \"%s%s\"?", shown, nearest);
	else
		cw_hint(error, "see: certwright --help all");
}

/* PLUGIN where the option NAME begins with it and a '-', and it is longer than BEST. */
static const char *
better_prefix(const char *best, const char *plugin, const char *name)
{
	size_t length = strlen(plugin);

	if (length == 0 || strncmp(name, plugin, length) != 0 || name[length] != '-')
		return best;
	return best == NULL || length > strlen(best) ? plugin : best;
}

/* The plugin that would have the option NAME: a module that may be refused, one that the command
 * names, one of Certbot's; NULL: none is known. */
static const char *
plugin_of(const struct cw_lookup *lookup, const char *name)
{
	const struct cw_strv *refused = cw_registry_refused_modules(lookup->registry);
	const char *best = NULL;

	for (size_t i = 0; i < cw_registry_count(lookup->registry); i++)
		best = better_prefix(best, cw_registry_at(lookup->registry, i)->name, name);
	for (size_t i = 0; i < refused->count; i++)
		best = better_prefix(best, refused->items[i], name);
	for (size_t i = 0; lookup->named != NULL && i < lookup->named->count; i++)
		best = better_prefix(best, cw_plugin_name(lookup->named->items[i]), name);
	return best != NULL ? best : cw_known_plugin_of(name);
}

static int
fail_not_loaded(const char *plugin, const char *name, const char *shown,
		const struct cw_error *refused, struct cw_error *error)
{
	/* What the context says is said here. */
	cw_autofree char *line = cw_error_line(refused->cause != NULL ? refused->cause : refused);
	const char *hint = cw_error_hint(refused);

	cw_fail(error, CW_E_USAGE, "the plugin \"%s\" of the option \"%s%s\" was not loaded: %s",
		plugin, shown, name, line);
	if (hint != NULL)
		cw_hint(error, "%s", hint);
	return CW_E_USAGE;
}

static int
fail_unknown(struct cw_lookup *lookup, const char *name, const char *shown, struct cw_error *error)
{
	const char *plugin = plugin_of(lookup, name);
	struct cw_module *module;
	cw_auto_error struct cw_error refused = {0};

	if (plugin != NULL &&
	    cw_registry_open(lookup->registry, plugin, &module, &refused) != CW_OK)
		return fail_not_loaded(plugin, name, shown, &refused, error);
	cw_fail(error, CW_E_USAGE, "there is no option \"%s%s\"", shown, name);
	add_all_modules(lookup);
	hint_nearest(lookup, name, shown, error);
	return CW_E_USAGE;
}

/* How many options NAME abbreviates; only one when all are the same one. */
static size_t
abbreviated(struct cw_lookup *lookup, const char *name, const struct cw_option **found)
{
	return cw_option_by_prefix(lookup->set, name, found, CANDIDATES_MAX);
}

int
cw_lookup_name(struct cw_lookup *lookup, const char *name, const char *shown,
	       const struct cw_option **option, struct cw_error *error)
{
	const struct cw_option *found[CANDIDATES_MAX];
	size_t count;

	name = cw_plugin_option_name(name);
	*option = cw_option_by_name(lookup->set, name);
	if (*option != NULL)
		return CW_OK;
	cw_lookup_add_plugin_options(lookup);
	*option = cw_option_by_name(lookup->set, name);
	if (*option != NULL)
		return CW_OK;
	if (*name == '\0')
		return fail_unknown(lookup, name, shown, error);
	count = abbreviated(lookup, name, found);
	if (count < 2) {
		cw_lookup_add_modules(lookup, name);
		*option = cw_option_by_name(lookup->set, name);
		if (*option != NULL)
			return CW_OK;
		count = abbreviated(lookup, name, found);
	}
	if (count == 0) {
		add_certbots_for(lookup, name);
		*option = cw_option_by_name(lookup->set, name);
		if (*option != NULL)
			return CW_OK;
		count = abbreviated(lookup, name, found);
	}
	if (count > 1)
		return fail_ambiguous(name, shown, found, count, error);
	if (count == 0)
		return fail_unknown(lookup, name, shown, error);
	*option = found[0];
	return CW_OK;
}

int
cw_lookup_short(struct cw_lookup *lookup, char name, const struct cw_option **option,
		struct cw_error *error)
{
	const char *plugin = cw_plugin_of_letter(name);

	*option = cw_option_by_short(lookup->set, name);
	if (*option == NULL && plugin != NULL) {
		add_module(lookup, plugin);
		*option = cw_option_by_short(lookup->set, name);
	}
	if (*option != NULL)
		return CW_OK;
	if (plugin != NULL) {
		struct cw_module *module;
		int status = cw_registry_open(lookup->registry, plugin, &module, error);

		if (status == CW_OK)
			cw_fail(error, CW_E_PLUGIN, "it does not have this option");
		cw_context(error, "\"-%c\" needs the plugin \"%s\"", name, plugin);
		if (error != NULL)
			error->status = CW_E_USAGE;
		return CW_E_USAGE;
	}
	cw_fail(error, CW_E_USAGE, "there is no option \"-%c\"", name);
	cw_hint(error, "see: certwright --help all");
	return CW_E_USAGE;
}
