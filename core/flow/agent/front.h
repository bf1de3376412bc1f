/*
 * What the agent needs of cli/, which it may not include. configure() and run() are called in a
 * forked child only, because they load libraries and read secrets.
 */
#ifndef CW_FLOW_AGENT_FRONT_H
#define CW_FLOW_AGENT_FRONT_H

#include <stdbool.h>
#include "base/error.h"
#include "base/json.h"
#include "base/option.h"
#include "base/strv.h"

struct cw_verb;

struct cw_agent_front {
	/*
	 * Reads agent.ini and the environment. OWN: the settings of the agent's command line.
	 * CONFIG gets the members that flow/agent/config.h describes. CW_E_INVALID names the file
	 * and the line, or the variable.
	 */
	int (*configure)(const struct cw_settings *own, struct json_object *config,
			 struct cw_error *error);
	/*
	 * Runs the command ARGUMENTS (without the program's name). VERB: does this instead of what
	 * the verb does; NULL: nothing else. REQUEST is for VERB (cw_context.request). RESULT gets
	 * the members of the --json object but "verb", "ok" and "error", and "servers": the HTTP
	 * requests to CAs, as {DIRECTORY: {"requests", "failures"}}.
	 */
	int (*run)(const struct cw_strv *arguments, const struct cw_verb *verb,
		   struct json_object *request, struct json_object *result, struct cw_error *error);
	/* From now on log lines go to the standard error output, from the level that SETTINGS say.
	 * CONFIG, of configure(), says in which format; NULL: it is not read yet. */
	void (*log)(const struct cw_settings *settings, struct json_object *config);
	/* Takes the variables that are options out of the environment, for configure(): they may
	 * have secrets, which no program that is started later may see. */
	void (*take_environment)(void);
};

#endif
