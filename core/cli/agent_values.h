/* Values of options, from the agent's command line, a variable or a line of agent.ini, before they
 * are arguments of a command. For cli/agent_*.c. */
#ifndef CW_CLI_AGENT_VALUES_H
#define CW_CLI_AGENT_VALUES_H

#include "base/error.h"
#include "base/option.h"
#include "base/strv.h"
#include "cli/lookup.h"

struct cw_agent_value {
	const struct cw_option *option;
	char *value; /* of a flag: NULL */
};

/* In order; a list option has several. A zeroed struct is empty. */
struct cw_agent_values {
	struct cw_agent_value *items;
	size_t count;
};

#define cw_auto_agent_values cw_auto(cw_agent_values_clear)
/* Wipes them. */
void cw_agent_values_clear(struct cw_agent_values *values);

/* Finds the option KEY ("email"), which may not be abbreviated. */
int cw_agent_find_option(struct cw_lookup *lookup, const char *key, const struct cw_option **option,
			 struct cw_error *error);
/* Adds a value. "false" for a flag adds nothing, as in cli.ini. CW_E_INVALID if a flag has another
 * value. */
int cw_agent_values_add(struct cw_agent_values *values, const struct cw_option *option,
			const char *text, struct cw_error *error);
/* Adds what the command line has set in SETTINGS. */
void cw_agent_values_add_given(struct cw_agent_values *values, const struct cw_settings *settings);
/* Adds those of LOWER whose options VALUES do not have. */
void cw_agent_values_fill(struct cw_agent_values *values, const struct cw_agent_values *lower);

/* The last value for the option with this internal name; NULL: none. A flag's is "". */
const char *cw_agent_value(const struct cw_agent_values *values, const char *internal);
/* All of them. */
void cw_agent_value_list(const struct cw_agent_values *values, const char *internal,
			 struct cw_strv *list);
void cw_agent_values_remove(struct cw_agent_values *values, const char *internal);
/* Adds them as arguments: only the options with the internal names in ONLY (NULL: all). */
void cw_agent_values_write(const struct cw_agent_values *values, const char *const *only,
			   struct cw_strv *arguments);

#endif
