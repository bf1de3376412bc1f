/* The command line and the configuration files, as Certbot reads them. */
#ifndef CW_CLI_PARSE_H
#define CW_CLI_PARSE_H

#include <stdbool.h>
#include "base/error.h"
#include "base/option.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "plugin/registry.h"

struct cw_invocation {
	const struct cw_verb *verb; /* the default one when none was named; NULL: an unknown one */
	struct cw_option_set *options;
	struct cw_plugin_flags *plugin_flags; /* what OPTIONS needs beside the table */
	struct cw_settings *settings;
	bool help;        /* -h, --help, or the verb help */
	char *help_topic; /* a verb, topic or plugin; NULL: the overview */
	bool version;
};

/*
 * Reads ARGV (ARGV[0] is the program's name), then the configuration files, fills the maps of
 * plugins that go by position (-w against -d), and settles which plugin --NAME, -a and -i select.
 * Options may stand anywhere, be joined with '=', and be abbreviated while unambiguous (judged as
 * if all plugins' options were known). A verb may stand anywhere among them. Errors are CW_E_USAGE
 * for the command line (an unknown option or verb with the nearest known one in the hint) and
 * CW_E_INVALID with file and line for a configuration file. Secrets among the values are made known
 * to the log. With --help and --version the configuration files are not read.
 *
 * On an error INVOCATION is filled as far as that goes: what stands behind the mistake is read,
 * too, so that --json and --quiet are known. The registry must outlive the invocation.
 */
int cw_parse(int argc, const char *const *argv, struct cw_registry *registry,
	     struct cw_invocation *invocation, struct cw_error *error);
void cw_invocation_clear(struct cw_invocation *invocation);

#endif
