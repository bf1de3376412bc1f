/* The services that run programs and wait. */
#include <stdlib.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "plugin/instance_internal.h"

#define COMMAND_SIZE CW_SIZE_1_0(struct cw_command, directory)
#define RESULT_SIZE CW_SIZE_1_0(struct cw_command_result, error_output_length)

static bool
well_formed(const struct cw_command *const *commands, struct cw_command_result *const *results,
	    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (commands[i]->size < COMMAND_SIZE || results[i]->size < RESULT_SIZE ||
		    commands[i]->argv == NULL || commands[i]->argv[0] == NULL ||
		    (commands[i]->input == NULL && commands[i]->input_length > 0))
			return false;
	return true;
}

static void
give_result(struct cw_process *process, struct cw_command_result *result)
{
	result->status = process->status;
	result->exit_status = process->exit_status;
	result->signal = process->signal;
	result->output_length = process->output.length;
	result->output = cw_buf_take(&process->output);
	result->error_output_length = process->error_output.length;
	result->error_output = cw_buf_take(&process->error_output);
}

/* Leaves why one failed in the current call's error, for the plugin to pass on. */
static void
note_failure(const struct cw_host *host, const struct cw_process *process)
{
	struct cw_error *error = cw_host_error(host);

	if (process->status != CW_OK && error != NULL)
		cw_process_error(process, error);
}

/* What is left of programs that fail. */
static int
refuse(struct cw_command_result *const *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const size_t size = results[i]->size;

		*results[i] = (struct cw_command_result){
			.size = size,
			.status = CW_E_COMMAND,
			.exit_status = 1,
			.output = cw_strdup(""),
			.error_output = cw_strdup(""),
		};
	}
	return CW_OK;
}

int
cw_service_run(const struct cw_host *host, const struct cw_command *const *commands,
	       struct cw_command_result *const *results, size_t count, size_t jobs)
{
	cw_autofree struct cw_process *processes = NULL;
	cw_autofree struct cw_process **pointers = NULL;
	int status;

	if (!well_formed(commands, results, count))
		return cw_host_misused(host, "run",
				       "a command or result is cut short, or has no program");
	status = cw_host_may(host, "run");
	if (status == CW_E_COMMAND)
		return refuse(results, count);
	if (status != CW_OK)
		return status;
	processes = cw_calloc(count + 1, sizeof(*processes));
	pointers = cw_calloc(count + 1, sizeof(*pointers));
	for (size_t i = 0; i < count; i++) {
		processes[i] = (struct cw_process){
			.argv = commands[i]->argv,
			.environment = commands[i]->environment,
			.input = commands[i]->input,
			.input_length = commands[i]->input_length,
			.directory = commands[i]->directory,
			.time_limit = commands[i]->time_limit,
			.output_limit = commands[i]->output_limit,
			.in_session = true,
		};
		pointers[i] = &processes[i];
		cw_log_debug("%s: running \"%s\"", cw_host_instance(host)->module->name,
			     commands[i]->argv[0]);
	}
	status = cw_process_run(cw_host_instance(host)->services->loop, pointers, count,
				jobs == 0 ? 1 : jobs, cw_host_error(host));
	for (size_t i = 0; i < count; i++) {
		if (status == CW_OK) {
			note_failure(host, &processes[i]);
			give_result(&processes[i], results[i]);
		}
		cw_process_clear(&processes[i]);
	}
	return status;
}

static void
end_wait(void *context)
{
	bool *over = context;

	*over = true;
}

int
cw_service_wait(const struct cw_host *host, unsigned milliseconds)
{
	struct cw_loop *loop = cw_host_instance(host)->services->loop;
	bool over = false;
	int status = cw_host_begin(host, "wait");
	struct cw_timer *timer;

	if (status != CW_OK)
		return status;
	timer = cw_loop_timer(loop, milliseconds, end_wait, &over);
	status = cw_loop_until(loop, &over, cw_host_error(host));
	if (!over)
		cw_loop_cancel(loop, timer);
	return status;
}

void
cw_service_still_busy(const struct cw_host *host)
{
	const struct cw_services *services = cw_host_instance(host)->services;

	if (services->still_busy != NULL)
		services->still_busy(services->context);
}
