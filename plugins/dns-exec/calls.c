#include "calls.h"
#include <stdlib.h>
#include <string.h>
#include "../common/instance.h"

/* The call for CHALLENGE: a new one, or with HOOK_CHAIN that of its certificate. */
static struct call *
call_for(const struct caller *caller, struct calls *calls, const struct cw_challenge *challenge)
{
	struct call *call = &calls->items[calls->count];

	for (size_t i = 0; caller->chain && i < calls->count; i++)
		if (strcmp(calls->items[i].challenges[0]->lineage, challenge->lineage) == 0)
			return &calls->items[i];
	memset(call, 0, sizeof(*call));
	call->challenges = calloc(caller->count, sizeof(struct cw_challenge *));
	if (call->challenges == NULL)
		return NULL;
	calls->count++;
	return call;
}

static int
share_a_record(const struct call *a, const struct call *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++) {
			const struct work *one = a->challenges[i]->plugin_data;
			const struct work *other = b->challenges[j]->plugin_data;

			if (strcmp(one->place.record, other->place.record) == 0)
				return 1;
		}
	return 0;
}

static void
set_rounds(struct calls *calls)
{
	for (size_t i = 0; i < calls->count; i++)
		for (size_t j = 0; j < i; j++)
			if (share_a_record(&calls->items[i], &calls->items[j]) &&
			    calls->items[i].round <= calls->items[j].round)
				calls->items[i].round = calls->items[j].round + 1;
}

int
calls_make(const struct caller *caller, enum action action,
	   int (*filter)(const struct cw_challenge *challenge), struct calls *calls)
{
	calls->items = calloc(caller->count + 1, sizeof(*calls->items));
	calls->count = 0;
	if (calls->items == NULL)
		return fail_no_memory(caller->host);
	for (size_t i = 0; i < caller->count; i++) {
		struct call *call;

		if (!filter(caller->challenges[i]))
			continue;
		call = call_for(caller, calls, caller->challenges[i]);
		if (call == NULL)
			return fail_no_memory(caller->host);
		call->challenges[call->count++] = caller->challenges[i];
	}
	for (size_t i = 0; i < calls->count; i++)
		if (!call_prepare(caller, &calls->items[i], action))
			return fail_no_memory(caller->host);
	set_rounds(calls);
	return CW_OK;
}

static void
describe(const struct caller *caller, const struct call *call, struct cw_command *command)
{
	memset(command, 0, sizeof(*command));
	command->size = sizeof(*command);
	command->argv = (const char *const *)call->argv;
	command->environment = (const char *const *)call->environment;
	command->time_limit = caller->time_limit;
}

/* *FOUND is the number of calls of this round. */
static int
run_round(const struct caller *caller, struct calls *calls, size_t round, size_t *found)
{
	struct cw_command *commands = calloc(calls->count + 1, sizeof(*commands));
	const struct cw_command **programs =
		calloc(calls->count + 1, sizeof(const struct cw_command *));
	struct cw_command_result **results =
		calloc(calls->count + 1, sizeof(struct cw_command_result *));
	size_t count = 0;
	int status = CW_OK;

	if (commands == NULL || programs == NULL || results == NULL)
		status = fail_no_memory(caller->host);
	for (size_t i = 0; status == CW_OK && i < calls->count; i++) {
		struct call *call = &calls->items[i];

		if (call->round != round)
			continue;
		describe(caller, call, &commands[count]);
		call->result.size = sizeof(call->result);
		programs[count] = &commands[count];
		results[count++] = &call->result;
	}
	if (count > 0)
		status = caller->host->run(caller->host, programs, results, count, caller->jobs);
	free(commands);
	free(programs);
	free(results);
	*found = count;
	return status;
}

int
calls_run(const struct caller *caller, struct calls *calls)
{
	size_t found = 1;
	int status = CW_OK;

	for (size_t round = 0; status == CW_OK && found > 0; round++)
		status = run_round(caller, calls, round, &found);
	return status;
}

void
calls_clear(const struct cw_host *host, struct calls *calls)
{
	for (size_t i = 0; i < calls->count; i++)
		call_clear(host, &calls->items[i]);
	free(calls->items);
	memset(calls, 0, sizeof(*calls));
}
