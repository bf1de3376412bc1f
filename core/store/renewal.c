#include "store/renewal.h"

#include "base/mem.h"
#include "base/plugin_name.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char params[] = "renewalparams";
static const char own[] = "certwright";
static const char further[] = "further_installers";

/* Saved always, whatever their flags. */
static const char *const always[] = {"account", "server", "key_type"};

/* What Certbot takes for pref_challs; with another it refuses the lineage. */
static const char *const known_challenges[] = {"http-01", "dns-01", "http", "dns"};

static bool
is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* The internal name of a key in the file, and the other way round. */
static const char *
internal_name(const char *key)
{
	return strcmp(key, "renew_hook") == 0 ? "deploy_hook" : key;
}

static const char *
key_name(const char *internal)
{
	return strcmp(internal, "deploy_hook") == 0 ? "renew_hook" : internal;
}

static bool
is_list(const struct cw_option *option)
{
	return option->kind == CW_OPTION_LIST || option->kind == CW_OPTION_PATH_LIST;
}

/* Whether an option can be in [renewalparams] at all. */
static bool
belongs_in_params(const struct cw_option *option)
{
	return (option->flags & (CW_OPT_RENEWAL | CW_OPT_PLUGIN)) != 0 ||
	       is_one_of(option->internal, always, CW_COUNT(always));
}

struct reading {
	const struct cw_configobj *config;
	const char *what;
	const struct cw_settings *present;
	struct cw_settings *settings; /* the same; NULL: the values are but tried */
	struct cw_strv *unknown;
	struct cw_error *error;
};

static int
set(const struct reading *reading, const struct cw_option *option, const char *section,
    const char *key, const char *value)
{
	int status = reading->settings != NULL
			     ? cw_settings_set(reading->settings, option->internal,
					       CW_SOURCE_RENEWAL, value, reading->error)
			     : cw_settings_try(reading->present, option->internal,
					       CW_SOURCE_RENEWAL, value, reading->error);
	bool secret = (option->flags & CW_OPT_SECRET) != 0;

	if (status == CW_OK)
		return CW_OK;
	cw_context(reading->error, "%s, \"%s = %s\" in [%s]", reading->what, key,
		   secret ? "..." : value, section);
	cw_hint(reading->error, "correct this line, or renew with the option on the command line");
	return status;
}

static int
read_key(const struct reading *reading, const struct cw_option *option, const char *section,
	 const struct cw_configobj_entry *entry)
{
	int status = CW_OK;

	/* What the user gives instead counts, whatever the file says. */
	if (cw_settings_source(reading->present, option->internal) > CW_SOURCE_RENEWAL)
		return CW_OK;
	/* Python's spelling of no value. */
	if (entry->list == NULL && strcmp(entry->text, "None") == 0)
		return CW_OK;
	if (!is_list(option) || entry->list == NULL)
		return set(reading, option, section, entry->key, entry->text);
	for (size_t i = 0; i < entry->list->count && status == CW_OK; i++)
		status = set(reading, option, section, entry->key, entry->list->items[i]);
	return status;
}

static void
add_unknown(const struct reading *reading, const char *key)
{
	if (reading->unknown != NULL)
		cw_strv_add_unique(reading->unknown, key);
}

/* Plugins of Certbot may have options with capital letters, which are small letters here. */
static const struct cw_option *
option_of_key(const struct cw_option_set *options, const char *key)
{
	const struct cw_option *option = cw_option_by_internal(options, internal_name(key));
	cw_autofree char *lower = cw_lower(cw_strdup(key));

	if (option != NULL || strcmp(lower, key) == 0)
		return option;
	option = cw_option_by_internal(options, lower);
	return option != NULL && (option->flags & CW_OPT_PLUGIN) != 0 ? option : NULL;
}

static int
read_keys(const struct reading *reading, const char *section)
{
	const struct cw_option_set *options = cw_settings_options(reading->present);
	bool ours = strcmp(section, own) == 0;
	bool both = !ours && cw_configobj_has_section(reading->config, own);
	struct cw_configobj_entry entry;
	int status = CW_OK;

	for (size_t at = 0;
	     status == CW_OK && cw_configobj_next(reading->config, section, &at, &entry);) {
		const struct cw_option *option = option_of_key(options, entry.key);

		if (both && cw_configobj_get(reading->config, own, entry.key) != NULL)
			continue;
		if (option == NULL || option->kind == CW_OPTION_MAP ||
		    (!ours && !belongs_in_params(option)))
			add_unknown(reading, entry.key);
		else
			status = read_key(reading, option, section, &entry);
	}
	return status;
}

static int
read_map(const struct reading *reading, const char *section, const char *name)
{
	const struct cw_option *option =
		cw_option_by_internal(cw_settings_options(reading->present), name);
	cw_autofree char *path = cw_format("%s/%s", section, name);
	struct cw_configobj_entry entry;
	int status = CW_OK;

	if (option == NULL || option->kind != CW_OPTION_MAP) {
		add_unknown(reading, name);
		return CW_OK;
	}
	for (size_t at = 0;
	     status == CW_OK && cw_configobj_next(reading->config, path, &at, &entry);) {
		status = reading->settings != NULL
				 ? cw_settings_set_map(reading->settings, name, CW_SOURCE_RENEWAL,
						       entry.key, entry.text, reading->error)
				 : cw_settings_try_map(reading->present, name, CW_SOURCE_RENEWAL,
						       entry.text, reading->error);
		if (status != CW_OK)
			cw_context(reading->error, "%s, \"%s = %s\" in [[%s]]", reading->what,
				   entry.key, entry.text, name);
	}
	return status;
}

static int
read_section(const struct reading *reading, const char *section)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = read_keys(reading, section);

	cw_configobj_sections(reading->config, section, &names);
	for (size_t i = 0; i < names.count && status == CW_OK; i++)
		status = read_map(reading, section, names.items[i]);
	return status;
}

static int
read_all(const struct reading *reading)
{
	int status = read_section(reading, params);

	return status == CW_OK ? read_section(reading, own) : status;
}

int
cw_renewal_read(const struct cw_configobj *config, const char *what, struct cw_settings *settings,
		struct cw_strv *unknown, struct cw_error *error)
{
	const struct reading reading = {config, what, settings, settings, unknown, error};

	return read_all(&reading);
}

int
cw_renewal_check(const struct cw_configobj *config, const char *what,
		 const struct cw_settings *settings, struct cw_error *error)
{
	const struct reading reading = {config, what, settings, NULL, NULL, error};

	return read_all(&reading);
}

struct writing {
	struct cw_configobj *config;
	const struct cw_settings *settings;
	struct cw_strv others;                       /* plugins that Certbot is not told of */
	struct cw_strv params, own;                  /* the keys that stay */
	struct cw_strv param_sections, own_sections; /* likewise */
};

/* Whether INTERNAL is an option of the plugin NAME ("dns-exec", "dist:name"). */
static bool
is_of_plugin(const char *internal, const char *name)
{
	cw_autofree char *prefix = NULL;

	if (name == NULL || *name == '\0')
		return false;
	prefix = cw_format("%s_", cw_plugin_name(name));
	cw_replace_char(prefix, '-', '_');
	return cw_starts_with(internal, prefix);
}

static bool
is_certbots_challenge(const char *type)
{
	return is_one_of(type, known_challenges, CW_COUNT(known_challenges));
}

static void
write_text(struct writing *writing, const char *section, const char *key, const char *value)
{
	cw_configobj_set(writing->config, section, key, value);
	cw_strv_add_unique(section == own ? &writing->own : &writing->params, key);
}

static void
write_list(struct writing *writing, const char *section, const char *key,
	   const struct cw_strv *values)
{
	cw_configobj_set_list(writing->config, section, key, values);
	cw_strv_add_unique(section == own ? &writing->own : &writing->params, key);
}

/* Certbot gets those that it understands; when these are not all, ours gets the whole list. */
static void
write_challenges(struct writing *writing, const char *key, const struct cw_strv *types)
{
	cw_auto_strv struct cw_strv certbots = {0};

	for (size_t i = 0; i < types->count; i++) {
		if (is_certbots_challenge(types->items[i]))
			cw_strv_add(&certbots, types->items[i]);
	}
	if (certbots.count > 0)
		write_list(writing, params, key, &certbots);
	if (certbots.count < types->count)
		write_list(writing, own, key, types);
}

/* A map that changed is rewritten: names that are not in it any more are removed. */
static void
write_map(struct writing *writing, const char *section, const char *internal)
{
	const struct cw_strv *keys = cw_settings_map_keys(writing->settings, internal);
	const struct cw_strv *values = cw_settings_map_values(writing->settings, internal);
	cw_autofree char *path = cw_format("%s/%s", section, internal);
	cw_auto_strv struct cw_strv before = {0};

	if (keys->count == 0)
		return;
	cw_configobj_keys(writing->config, path, &before);
	for (size_t i = 0; i < before.count; i++) {
		if (!cw_strv_contains(keys, before.items[i]))
			cw_configobj_remove(writing->config, path, before.items[i]);
	}
	for (size_t i = 0; i < keys->count; i++)
		cw_configobj_set(writing->config, path, keys->items[i], values->items[i]);
	cw_strv_add_unique(section == own ? &writing->own_sections : &writing->param_sections,
			   internal);
}

/* The key of an option: as the file has it, or as a new file gets it. Release with free(). */
static char *
key_in_file(const struct writing *writing, const char *section, const struct cw_option *option)
{
	struct cw_configobj_entry entry;

	for (size_t at = 0; (option->flags & CW_OPT_PLUGIN) != 0 &&
			    cw_configobj_next(writing->config, section, &at, &entry);)
		if (cw_equal_nocase(entry.key, option->internal))
			return cw_strdup(entry.key);
	return cw_strdup(key_name(option->internal));
}

static void
write_option(struct writing *writing, const char *section, const struct cw_option *option)
{
	const struct cw_settings *settings = writing->settings;
	const char *internal = option->internal;
	cw_autofree char *key = key_in_file(writing, section, option);
	const struct cw_strv *list = cw_settings_list(settings, internal);
	const char *value = cw_settings_get(settings, internal);

	if (option->kind == CW_OPTION_MAP)
		write_map(writing, section, internal);
	else if (strcmp(internal, "pref_challs") == 0 && is_list(option))
		write_challenges(writing, key, list);
	else if (is_list(option) && list->count > 0)
		write_list(writing, section, key, list);
	else if (option->kind == CW_OPTION_FLAG && (option->flags & CW_OPT_COUNT) == 0)
		write_text(writing, section, key,
			   cw_settings_flag(settings, internal) ? "True" : "False");
	else if (value != NULL && !is_list(option))
		write_text(writing, section, key, value);
}

void
cw_renewal_further_installers(const struct cw_configobj *config, struct cw_strv *installers)
{
	cw_configobj_get_list(config, own, further, installers);
}

void
cw_renewal_add_installer(struct cw_configobj *config, const char *installer)
{
	const char *first = cw_configobj_get(config, params, "installer");
	cw_auto_strv struct cw_strv others = {0};

	if (first == NULL || strcmp(first, "None") == 0 || strcmp(first, "null") == 0) {
		cw_configobj_set(config, params, "installer", installer);
	} else if (strcmp(cw_plugin_name(first), installer) != 0) {
		cw_renewal_further_installers(config, &others);
		cw_strv_add_unique(&others, installer);
		cw_configobj_set_list(config, own, further, &others);
	}
}

void
cw_renewal_forget_further_installers(struct cw_configobj *config)
{
	cw_configobj_remove(config, own, further);
}

/* Another installer than before takes the place of all. */
static void
forget_replaced(struct cw_configobj *config, const char *installer)
{
	const char *before = cw_configobj_get(config, params, "installer");

	if (before == NULL || installer == NULL ||
	    strcmp(cw_plugin_name(before), cw_plugin_name(installer)) != 0)
		cw_renewal_forget_further_installers(config);
}

/* The plugins of single names, and the further installers. */
static void
find_others(struct writing *writing)
{
	const struct cw_strv *mapped =
		cw_settings_map_values(writing->settings, "authenticator_map");

	cw_strv_copy(&writing->others, mapped);
	cw_renewal_further_installers(writing->config, &writing->others);
}

/* The section of an option of a plugin. Those of the other plugins mean nothing to Certbot, which
 * would take them out of its own section. */
static const char *
section_for_plugin(const struct writing *writing, const char *internal, const char *authenticator,
		   const char *installer)
{
	if (is_of_plugin(internal, authenticator) || is_of_plugin(internal, installer))
		return params;
	for (size_t i = 0; i < writing->others.count; i++)
		if (is_of_plugin(internal, writing->others.items[i]))
			return own;
	return NULL;
}

/* The section that an option is saved in, NULL: it is not. */
static const char *
section_for(const struct writing *writing, const struct cw_option *option,
	    const char *authenticator, const char *installer)
{
	const struct cw_settings *settings = writing->settings;
	unsigned flags = option->flags;

	if (!cw_settings_given(settings, option->internal) ||
	    (flags & (CW_OPT_INERT | CW_OPT_IGNORED)) == CW_OPT_IGNORED)
		return NULL;
	/* One that somebody has written there stays. */
	if ((flags & CW_OPT_SECRET) != 0 &&
	    cw_settings_source(settings, option->internal) != CW_SOURCE_RENEWAL)
		return NULL;
	if ((flags & CW_OPT_PLUGIN) != 0)
		return section_for_plugin(writing, option->internal, authenticator, installer);
	if ((flags & CW_OPT_OWN) != 0)
		return own;
	return (flags & CW_OPT_RENEWAL) != 0 ? params : NULL;
}

/* Whether what [certwright] has under NAME is ours to remove: what no option has may be a newer
 * version's. */
static bool
may_remove(const struct writing *writing, const char *section, const char *name)
{
	return section == params || cw_option_by_internal(cw_settings_options(writing->settings),
							  internal_name(name)) != NULL;
}

static void
remove_others(struct writing *writing, const char *section, const struct cw_strv *keys,
	      const struct cw_strv *sections)
{
	cw_auto_strv struct cw_strv present = {0};
	cw_auto_strv struct cw_strv nested = {0};

	cw_configobj_keys(writing->config, section, &present);
	for (size_t i = 0; i < present.count; i++) {
		if (!cw_strv_contains(keys, present.items[i]) &&
		    may_remove(writing, section, present.items[i]))
			cw_configobj_remove(writing->config, section, present.items[i]);
	}
	cw_configobj_sections(writing->config, section, &nested);
	for (size_t i = 0; i < nested.count; i++) {
		cw_autofree char *path = cw_format("%s/%s", section, nested.items[i]);

		if (!cw_strv_contains(sections, nested.items[i]) &&
		    may_remove(writing, section, nested.items[i]))
			cw_configobj_remove_section(writing->config, path);
	}
}

static void
remove_if_empty(struct cw_configobj *config, const char *section)
{
	cw_auto_strv struct cw_strv inside = {0};

	cw_configobj_keys(config, section, &inside);
	cw_configobj_sections(config, section, &inside);
	if (inside.count == 0)
		cw_configobj_remove_section(config, section);
}

static void
write_always(struct writing *writing, const char *account, const char *authenticator,
	     const char *installer)
{
	const struct {
		const char *key, *value;
	} texts[] = {
		{"account", account},
		{"authenticator", authenticator},
		{"installer", installer},
		{"server", cw_settings_get(writing->settings, "server")},
		{"key_type", cw_settings_get(writing->settings, "key_type")},
	};

	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		if (texts[i].value != NULL && *texts[i].value != '\0')
			write_text(writing, params, texts[i].key, texts[i].value);
	}
}

static bool
is_written_always(const char *internal)
{
	return is_one_of(internal, always, CW_COUNT(always)) ||
	       strcmp(internal, "authenticator") == 0 || strcmp(internal, "installer") == 0;
}

static void
clear(struct writing *writing)
{
	cw_strv_clear(&writing->others);
	cw_strv_clear(&writing->params);
	cw_strv_clear(&writing->own);
	cw_strv_clear(&writing->param_sections);
	cw_strv_clear(&writing->own_sections);
}

void
cw_renewal_write(struct cw_configobj *config, const struct cw_settings *settings,
		 const char *account, const char *authenticator, const char *installer)
{
	const struct cw_option_set *options = cw_settings_options(settings);
	struct writing writing = {.config = config, .settings = settings};

	if (!cw_configobj_has_section(config, params)) {
		cw_configobj_add_comment(config, "", "");
		cw_configobj_add_comment(config, "", "# What renewals use");
	}
	forget_replaced(config, installer);
	write_always(&writing, account, authenticator, installer);
	find_others(&writing);
	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);
		const char *section = section_for(&writing, option, authenticator, installer);

		if (section != NULL && !is_written_always(option->internal))
			write_option(&writing, section, option);
	}
	remove_others(&writing, params, &writing.params, &writing.param_sections);
	remove_others(&writing, own, &writing.own, &writing.own_sections);
	remove_if_empty(config, own);
	clear(&writing);
}

/* Where the file has the options of PLUGIN: they are its installer's or authenticator's, or not. */
static const char *
section_of(const struct cw_configobj *config, const char *plugin)
{
	static const char *const keys[] = {"installer", "authenticator"};

	for (size_t i = 0; i < CW_COUNT(keys); i++) {
		const char *name = cw_configobj_get(config, params, keys[i]);

		if (name != NULL && strcmp(cw_plugin_name(name), plugin) == 0)
			return params;
	}
	return own;
}

void
cw_renewal_write_plugin(struct cw_configobj *config, const struct cw_settings *settings,
			const char *plugin)
{
	const struct cw_option_set *options = cw_settings_options(settings);
	struct writing writing = {.config = config, .settings = settings};

	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);

		if (is_of_plugin(option->internal, plugin) &&
		    section_for(&writing, option, NULL, plugin) == params)
			write_option(&writing, section_of(config, plugin), option);
	}
	clear(&writing);
}
