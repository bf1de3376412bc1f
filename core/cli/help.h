/* --help, man pages and completions, all made from the option table and the verbs. */
#ifndef CW_CLI_HELP_H
#define CW_CLI_HELP_H

#include <stdio.h>
#include "base/error.h"
#include "base/option.h"
#include "plugin/registry.h"

/* Writes the help on TOPIC (a verb, a topic of the options, a plugin, "all"; NULL: the overview) to
 * OUT. CW_E_USAGE for an unknown topic, with the nearest in the hint. */
int cw_help_write(FILE *out, const char *topic, struct cw_option_set *options,
		  struct cw_registry *registry, struct cw_error *error);
/* The man page certwright(8) in man(7) macros. */
void cw_manual_write(FILE *out, const struct cw_option_set *options, struct cw_registry *registry);
/* Completions for bash. */
void cw_completion_write(FILE *out, const struct cw_option_set *options,
			 struct cw_registry *registry);

#endif
