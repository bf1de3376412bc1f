/* Decides which plugins --NAME, -a, -i and --configurator select. */
#ifndef CW_CLI_SELECT_H
#define CW_CLI_SELECT_H

#include "base/error.h"
#include "base/option.h"
#include "cli/verbs.h"
#include "plugin/registry.h"

/*
 * Turns the flags --NAME into the settings "authenticator", "installer" and "configurator", from
 * the same source. For a verb that only obtains, the plugin becomes the authenticator; for a verb
 * that also installs, it gets each role that it has. The command line overrides configuration
 * files. CW_E_USAGE if two plugins are given, unless each has its own names ("authenticator_map").
 * CW_E_NOT_FOUND for a Certbot plugin that certwright does not have. Does nothing for verbs that
 * use no plugins.
 */
int cw_select_plugins(const struct cw_verb *verb, struct cw_settings *settings,
		      struct cw_registry *registry, struct cw_error *error);

/* The plugin that OPTION selects as authenticator if it is a flag --NAME; NULL: none. */
const char *cw_selected_authenticator(const struct cw_option *option, struct cw_registry *registry);

#endif
