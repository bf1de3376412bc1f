/* Runs a command: from its arguments to its exit status. */
#ifndef CW_CLI_COMMAND_H
#define CW_CLI_COMMAND_H

#include "base/json.h"
#include "cli/parse.h"
#include "flow/context.h"

/* Runs the command that ARGV is, on the terminal, and returns its exit status. Catches signals;
 * ends the process if memory is out. */
int cw_command(int argc, const char *const *argv);

/* Who sees what a command says while it runs, and answers its questions: the terminal, or the host
 * of the library. */
struct cw_front {
	const struct cw_asker *(*asker)(void *output, const struct cw_settings *settings);
	/* The members of struct cw_context with these names. */
	void (*progress)(void *output, const char *what, size_t done, size_t total);
	void (*item)(void *output, const char *list, struct json_object *item);
	void (*counted)(void *output, const char *server, int64_t sent, int64_t failed);
	const struct cw_host_authenticator *host;
	struct json_object *request;
	struct cw_ca_memory *ca_memory;
	const struct cw_agent_front *agent;
	bool in_memory;
	/* Told of the loop of the command before it runs; NULL: it is over. */
	void (*use_loop)(void *output, struct cw_loop *loop);
	void *output;
};

/* Does what a command line that was understood says. RESULT gets the members of the --json object
 * but "verb", "ok" and "error". */
int cw_execute(const struct cw_invocation *invocation, struct cw_registry *registry,
	       const struct cw_front *front, struct json_object *result, struct cw_error *error);
/* Logs, or removes, the variables of the environment that say what is loaded into this process or
 * written by it. Where the program has more rights than who started it, that is not theirs to say.
 */
void cw_judge_environment(void);
int cw_exit_status(const struct cw_error *error);

#endif
