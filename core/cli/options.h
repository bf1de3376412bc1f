/* The one table of the core's options (DESIGN section 5); plugins add theirs from their modules. */
#ifndef CW_CLI_OPTIONS_H
#define CW_CLI_OPTIONS_H

#include "base/option.h"
#include "plugin/registry.h"

/* A new set with the options of the core; release with cw_option_set_free(). */
struct cw_option_set *cw_core_options(void);

/* What cw_stand_in_options() made, which the set points to: release it after the set. */
struct cw_stand_ins;

/*
 * Adds what the core knows of plugins without opening one: the options of Certbot's plugins that
 * REGISTRY has no module for (a module describes its own), and a flag --NAME for each module of
 * another name, which selects it. REGISTRY NULL: no modules. Never fails: a module whose name is an
 * option's already is selected by -a and -i alone.
 */
struct cw_stand_ins *cw_stand_in_options(struct cw_option_set *set, struct cw_registry *registry);
void cw_stand_ins_free(struct cw_stand_ins *stand_ins); /* NULL is allowed */

/* Whether PLUGIN is one of Certbot's authenticators for a DNS service that has no module of ours.
 */
bool cw_is_cloud_dns(const char *plugin);
/* The plugin of Certbot's whose options begin an option name with "PLUGIN-": "webroot" for
 * "webroot-path"; NULL: none. */
const char *cw_known_plugin_of(const char *option_name);

/* The groups that --help and the manual show options in, and the order of them; the verbs' groups
 * come next (cli/verbs.h), and then the plugins'. */
struct cw_topic {
	const char *name; /* "" for those that are used with most verbs */
	const char *title;
	const char *summary; /* NULL: the title says it */
};

extern const struct cw_topic cw_topics[]; /* ended by a NULL name */
/* Whether OPTION belongs to TOPIC (one of cw_topics, a verb, or a plugin). The table marks the
 * common options that have other topics too by a blank in front of those. */
bool cw_option_has_topic(const struct cw_option *option, const char *topic);

#endif
