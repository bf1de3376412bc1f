/* The table of the core's options. Plugins add theirs from their modules. */
#ifndef CW_CLI_OPTIONS_H
#define CW_CLI_OPTIONS_H

#include "base/option.h"
#include "plugin/registry.h"

/* A new set with the options of the core; release with cw_option_set_free(). */
struct cw_option_set *cw_core_options(void);

/* The flags that cw_add_plugin_options() made. The set points to them: release them after the set.
 * */
struct cw_plugin_flags;

/*
 * Adds the plugin options that are known without opening a plugin: the options of Certbot's plugins
 * that have no module in REGISTRY (a module describes its own options), and for each other module a
 * flag --NAME that selects it. Not those of its plugins for DNS services. REGISTRY NULL: no
 * modules, and all options. Never fails: a module with the name of an existing option can only be
 * selected with -a and -i.
 */
struct cw_plugin_flags *cw_add_plugin_options(struct cw_option_set *set,
					      struct cw_registry *registry);
/* Adds the same for Certbot's own authenticators (cw_registry_add_certbots()), and the options of
 * those for DNS services that are not installed. May be called again. */
void cw_add_certbots_options(struct cw_plugin_flags *plugin_flags, struct cw_option_set *set,
			     struct cw_registry *registry);
void cw_plugin_flags_free(struct cw_plugin_flags *plugin_flags); /* NULL is allowed */

/* Whether PLUGIN is one of Certbot's authenticators for DNS services that certwright does not have.
 * */
bool cw_is_cloud_dns(const char *plugin);
/* The Certbot plugin that an option name belongs to: "webroot" for "webroot-path". NULL: none. */
const char *cw_known_plugin_of(const char *option_name);

/* The groups of options in --help and in the manual, in order. The groups of the verbs
 * (cli/verbs.h) and then of the plugins follow. */
struct cw_topic {
	const char *name; /* "" for those that are used with most verbs */
	const char *title;
	const char *summary; /* NULL: the title says it */
};

extern const struct cw_topic cw_topics[]; /* ended by a NULL name */
/* Whether OPTION belongs to TOPIC (one of cw_topics, a verb, or a plugin). In the table, a common
 * option with more topics has a blank before them. */
bool cw_option_has_topic(const struct cw_option *option, const char *topic);

#endif
