/* Makes --help, and the man page from the option table and the verbs. */
#ifndef CW_CLI_HELP_H
#define CW_CLI_HELP_H

#include <stdio.h>
#include "base/error.h"
#include "base/option.h"
#include "plugin/registry.h"

/* Writes the help on TOPIC to OUT: a verb, a topic of options, a plugin or "all" (NULL: the
 * overview). CW_E_USAGE if the topic is unknown; the hint suggests the nearest one. */
int cw_help_write(FILE *out, const char *topic, struct cw_option_set *options,
		  struct cw_registry *registry, struct cw_error *error);
/* The man page certwright(8) in man(7) macros. */
void cw_manual_write(FILE *out, const struct cw_option_set *options, struct cw_registry *registry);

#endif
