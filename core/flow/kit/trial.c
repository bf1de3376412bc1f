#include "flow/kit/trial.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/sandbox.h"
#include "flow/work/undo_plugin.h"
#include "store/checkpoint.h"
#include "store/undo.h"

/* Milliseconds until a process that was killed has to be gone. */
#define GONE_LIMIT 5000

static void
refuse_question(void *context, const struct cw_plugin_question *question,
		struct cw_plugin_request *request)
{
	cw_auto_error struct cw_error error = {0};

	(void)context;
	cw_fail(&error, CW_E_USAGE, "there is nobody to ask: %s", question->text);
	cw_plugin_answer_question(request, NULL, &error);
}

/* The port is another one than the plugin wants, so that no server is in the way. */
static void
listen_locally(void *context, const char *address, unsigned port, struct cw_plugin_request *request)
{
	bool six = strchr(address, ':') != NULL, by_run;
	cw_auto_error struct cw_error error = {0};
	cw_autoclose int descriptor = -1;

	(void)context;
	(void)port;
	cw_listen(six ? "::1" : "127.0.0.1", 0, &descriptor, &by_run, &error);
	cw_plugin_answer_listen(request, descriptor, error.status != CW_OK ? &error : NULL);
}

static void
forget_socket(void *context, const char *address, unsigned port, struct cw_plugin_request *request)
{
	(void)context;
	(void)address;
	(void)port;
	cw_plugin_answer(request, NULL);
}

static void
refuse_network(void *context, enum cw_plugin_message service, struct cw_message *message,
	       struct cw_plugin_request *request)
{
	cw_auto_error struct cw_error error = {0};

	(void)context;
	(void)service;
	cw_message_free(message);
	cw_fail(&error, CW_E_NETWORK, "there is no network while a plugin is checked");
	cw_plugin_answer_network(request, NULL, &error);
}

static int
drop_option(void *context, const char *name, const char *key, const char *value,
	    struct cw_error *error)
{
	(void)context;
	(void)name;
	(void)key;
	(void)value;
	(void)error;
	return CW_OK;
}

static bool
concern_all(void *context, const char *name)
{
	(void)context;
	(void)name;
	return true;
}

static const struct cw_plugin_handlers handlers = {
	.ask = refuse_question,
	.listen = listen_locally,
	.unlisten = forget_socket,
	.network = refuse_network,
	.set_option = drop_option,
	.concerns = concern_all,
};

void
cw_trial_done(void *context, const struct cw_error *error)
{
	struct cw_trial *trial = context;

	trial->done = true;
	cw_error_copy(&trial->error, error);
}

void
cw_trial_call(struct cw_trial *trial)
{
	trial->done = false;
	cw_error_clear(&trial->error);
}

int
cw_trial_wait(struct cw_trial *trial, struct cw_error *error)
{
	int status = cw_loop_until(trial->context.loop, &trial->done, error);

	return status == CW_OK ? cw_error_move(error, &trial->error) : status;
}

int
cw_trial_open(struct cw_trial *trial, const struct cw_settings *settings, bool only_open,
	      struct cw_error *error)
{
	const struct cw_plugin_opening opening = {
		.handlers = &handlers,
		.settings = settings,
		.directories = &trial->context.directories,
		.store = trial->store,
		.only_open = only_open,
		.time_limit = trial->limit,
		.user = cw_sandbox_default_user(),
	};
	int status = cw_module_check_required(trial->module, settings, error);

	if (status == CW_OK && trial->process == NULL)
		status = cw_plugin_process_take(trial->module, trial->context.loop, &trial->process,
						error);
	if (status < 0)
		return status;
	trial->pid = cw_plugin_process_pid(trial->process);
	cw_trial_call(trial);
	cw_plugin_process_open(trial->process, &opening, cw_trial_done, trial);
	return cw_trial_wait(trial, error);
}

int
cw_trial_close(struct cw_trial *trial, struct cw_error *error)
{
	cw_trial_call(trial);
	cw_plugin_process_close(trial->process, cw_trial_done, trial);
	return cw_trial_wait(trial, error);
}

int
cw_trial_perform(struct cw_trial *trial, struct cw_challenge_slot *const *slots, size_t count,
		 struct cw_error *error)
{
	cw_trial_call(trial);
	cw_plugin_process_perform(trial->process, slots, count, cw_trial_done, trial);
	return cw_trial_wait(trial, error);
}

int
cw_trial_cleanup(struct cw_trial *trial, struct cw_error *error)
{
	cw_trial_call(trial);
	cw_plugin_process_cleanup(trial->process, cw_trial_done, trial);
	return cw_trial_wait(trial, error);
}

static void
kill_process(void *context)
{
	struct cw_trial *trial = context;

	trial->killer = NULL;
	if (cw_trial_is_alive(trial))
		kill(trial->pid, SIGKILL);
}

int
cw_trial_kill(struct cw_trial *trial, int64_t delay, struct cw_error *error)
{
	struct cw_loop *loop = trial->context.loop;
	struct cw_undo_plugins plugins = cw_undo_by_plugins(&trial->context);
	const struct cw_directories *directories = &trial->context.directories;
	bool reverted;
	int status;

	trial->killer = cw_loop_timer(loop, delay, kill_process, trial);
	/* What the call says is no matter. */
	status = cw_loop_until(loop, &trial->done, error);
	cw_error_clear(&trial->error);
	while (status == CW_OK && cw_trial_is_alive(trial))
		status = cw_loop_turn(loop, GONE_LIMIT, error);
	/* It may have ended by itself; the next process is not to be killed in its place. */
	cw_loop_cancel(loop, cw_take(&trial->killer));
	cw_trial_end(trial);
	if (status == CW_OK) {
		cw_checkpoints_use_plugins(&plugins);
		status = cw_checkpoints_recover(directories->work, directories->config, &reverted,
						error);
	}
	if (status == CW_OK)
		cw_undo_replay(directories->work, trial->pid, &plugins);
	return status;
}

bool
cw_trial_is_alive(const struct cw_trial *trial)
{
	return trial->process != NULL && cw_plugin_process_is_alive(trial->process);
}

void
cw_trial_end(struct cw_trial *trial)
{
	cw_plugin_process_free(cw_take(&trial->process));
}
