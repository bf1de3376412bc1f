/* Which plugin is meant by --NAME, -a, -i and --configurator. */
#ifndef CW_CLI_SELECT_H
#define CW_CLI_SELECT_H

#include "base/error.h"
#include "base/option.h"
#include "cli/verbs.h"
#include "plugin/registry.h"

/*
 * Turns the flags --NAME into the settings "authenticator", "installer" and "configurator", from
 * the same source: where a certificate is only obtained, into the first; where it is installed too,
 * into what the plugin can be. The command line wins over configuration files. CW_E_USAGE when two
 * plugins are asked for at once, unless each has names of its own ("authenticator_map"),
 * CW_E_NOT_FOUND for one of Certbot's that has no module here. Verbs that use no plugins are left
 * alone.
 */
int cw_select_plugins(const struct cw_verb *verb, struct cw_settings *settings,
		      struct cw_registry *registry, struct cw_error *error);

/* The name of the plugin that OPTION, if it is a flag --NAME, selects to authenticate; NULL: none.
 */
const char *cw_selected_authenticator(const struct cw_option *option, struct cw_registry *registry);

#endif
