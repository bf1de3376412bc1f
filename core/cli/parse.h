/* Reads the command line and the configuration files as Certbot does. */
#ifndef CW_CLI_PARSE_H
#define CW_CLI_PARSE_H

#include <stdbool.h>
#include "base/error.h"
#include "base/option.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "plugin/registry.h"

struct cw_invocation {
	const struct cw_verb *verb; /* the default verb if none was given; NULL: unknown verb */
	struct cw_option_set *options;
	struct cw_plugin_flags *plugin_flags; /* OPTIONS points to these */
	struct cw_settings *settings;
	struct cw_strv words; /* of a verb that takes one, or reads them itself (own_options) */
	bool help;            /* -h, --help, or the verb help */
	char *help_topic;     /* a verb, topic or plugin; NULL: the overview */
	bool version;
};

/*
 * Reads ARGV (ARGV[0] is the program's name), then the configuration files, fills the plugins' maps
 * that depend on position (-w before -d), and decides which plugins --NAME, -a and -i select.
 * Options can be given in any place, joined with '=', and abbreviated if the abbreviation is
 * unambiguous (as if the options of all plugins were known). The verb can be given anywhere among
 * them. Errors are CW_E_USAGE for the command line (the hint suggests the nearest option or verb)
 * and CW_E_INVALID with file and line for a configuration file. Secret values are kept out of the
 * log. With --help and --version, no configuration files are read.
 *
 * After an error, INVOCATION is filled as far as possible: the rest of the command line is read
 * too, so that --json and --quiet are known. The registry must outlive the invocation.
 */
int cw_parse(int argc, const char *const *argv, struct cw_registry *registry,
	     struct cw_invocation *invocation, struct cw_error *error);
/* Whether an option takes ARGUMENT, which follows it, as its value: not if it is an option, but if
 * it is a negative number. */
bool cw_is_option_value(const char *argument);
void cw_invocation_clear(struct cw_invocation *invocation);

#endif
