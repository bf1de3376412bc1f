#include "flow/kit/trial.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "flow/work/lone_plugin.h"
#include "store/checkpoint.h"
#include "store/undo.h"

/* So often a call may try what fails. */
enum { ENDLESS = 100 };

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

static bool
concerns_all(void *context, const char *name)
{
	(void)context;
	(void)name;
	return true;
}

/* Nothing fails in a return, and not every service asks others. */
static bool
has_point(enum cw_trial_fault_kind kind, const char *service)
{
	if (kind == CW_TRIAL_KILL)
		return true;
	return service != NULL && (kind == CW_TRIAL_FAIL || strcmp(service, "run") == 0 ||
				   strcmp(service, "http") == 0);
}

bool
cw_trial_may_plan(const char *point, enum cw_trial_fault_kind kind, const char *call)
{
	const size_t length = strlen(call);

	if (strncmp(point, call, length) != 0 || point[length] != ' ')
		return false;
	return has_point(kind, point[length + 1] != '\0' ? point + length + 1 : NULL);
}

/* Whether the fault happens now. */
static bool
is_reached(const struct cw_trial_fault *fault, const char *service)
{
	if (fault->kind == CW_TRIAL_KILL)
		return !fault->happened && fault->points == fault->number;
	if (fault->happened)
		return strcmp(service, fault->service) == 0;
	return fault->points == fault->number;
}

static void
reach_point(void *context, const char *call, const char *service, struct cw_error *error)
{
	struct cw_trial *trial = context;
	struct cw_trial_fault *fault = &trial->fault;

	cw_strv_addf(&trial->points, "%s %s", call, service != NULL ? service : "");
	if (fault->call == NULL || strcmp(call, fault->call) != 0 ||
	    !has_point(fault->kind, service))
		return;
	fault->points++;
	if (is_reached(fault, service)) {
		if (!fault->happened) {
			fault->happened = true;
			fault->service = cw_strdup(service);
			fault->first = service == NULL || !cw_strv_contains(&fault->used, service);
		}
		fault->endless = ++fault->count > ENDLESS;
		if (fault->kind == CW_TRIAL_KILL || fault->endless)
			kill(trial->pid, SIGKILL);
		else
			cw_fail(error, fault->kind == CW_TRIAL_REFUSE ? CW_E_COMMAND : CW_E_IO,
				"the service \"%s\" is made to fail", service);
	}
	if (service != NULL)
		cw_strv_add_unique(&fault->used, service);
}

void
cw_trial_plan(struct cw_trial *trial, enum cw_trial_fault_kind kind, const char *call,
	      size_t number)
{
	free(trial->fault.service);
	cw_strv_clear(&trial->fault.used);
	trial->fault = (struct cw_trial_fault){.kind = kind, .call = call, .number = number};
}

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
		.handlers = &trial->handlers,
		.settings = settings,
		.directories = &trial->context.directories,
		.store = trial->store,
		.only_open = only_open,
		.time_limit = trial->limit,
		.user = cw_sandbox_default_user(),
	};
	int status = cw_module_check_required(trial->module, settings, error);

	trial->handlers = cw_lone_plugin_handlers;
	trial->handlers.listen = listen_locally;
	trial->handlers.concerns = concerns_all;
	trial->handlers.point = reach_point;
	trial->handlers.context = trial;
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

/* What a dead process registered: with the settings of the trial, and without a network. */
static int
undo(void *context, const char *plugin, const struct cw_strv *options, const char *data,
     struct cw_error *error)
{
	struct cw_trial *trial = context;
	int status = cw_trial_open(trial, trial->settings, true, error);

	(void)plugin;
	(void)options;
	if (status == CW_OK) {
		cw_trial_call(trial);
		cw_plugin_process_undo(trial->process, data, cw_trial_done, trial);
		status = cw_trial_wait(trial, error);
	}
	cw_trial_end(trial);
	return status;
}

/* What an installer has finished is rolled back too. */
static int
roll_back(const struct cw_directories *directories, struct cw_error *error)
{
	int status = CW_OK;
	bool more = true;

	while (more && status == CW_OK) {
		cw_auto_strv struct cw_strv makers = {0};

		status = cw_checkpoints_makers(directories->work, 1, &makers, error);
		more = makers.count > 0;
		if (status == CW_OK && more)
			status = cw_checkpoints_undo(directories->work, directories->config, 1,
						     error);
	}
	return status;
}

int
cw_trial_recover(struct cw_trial *trial, struct cw_error *error)
{
	const struct cw_undo_plugins plugins = {undo, trial};
	const struct cw_directories *directories = &trial->context.directories;
	bool reverted;
	int status;

	cw_trial_end(trial);
	cw_checkpoints_use_plugins(&plugins);
	status = cw_checkpoints_recover(directories->work, directories->config, &reverted, error);
	if (status == CW_OK)
		status = roll_back(directories, error);
	if (status == CW_OK)
		cw_undo_replay(directories->work, 0, &plugins);
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
