/* The agent: how it begins, what it waits for, how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/agent/command.h"
#include "flow/agent/internal.h"
#include "flow/agent/manager.h"
#include "store/lock.h"

#define FOLDER "agent"

enum { CONFIG_LIMIT = 120 };

/* In a child: reads agent.ini and the environment. */
static int
configure(void *context, struct json_object *result, struct cw_error *error)
{
	struct cw_agent *agent = context;

	return agent->front->configure(agent->context->settings, result, error);
}

struct first_reading {
	struct cw_agent *agent;
	struct cw_error error;
};

static void
first_read(void *context, struct json_object *result, const struct cw_error *error)
{
	struct first_reading *reading = context;
	struct cw_agent *agent = reading->agent;

	if (error->status < 0)
		cw_error_copy(&reading->error, error);
	else
		cw_agent_config_read(json_object_get(result), &agent->config);
	/* An error is logged as the configuration says, too. */
	if (result != NULL)
		agent->front->log(agent->context->settings, result);
	agent->loading = false;
}

static int
configure_first(void *context, struct json_object *result, struct cw_error *error)
{
	struct first_reading *reading = context;

	return configure(reading->agent, result, error);
}

/* Waits for it, as nothing can be done without. */
static int
read_config(struct cw_agent *agent, struct cw_error *error)
{
	struct first_reading reading = {.agent = agent};
	const struct cw_child_work work = {.what = "reading the configuration",
					   .limit = CONFIG_LIMIT,
					   .run = configure_first,
					   .done = first_read,
					   .context = &reading};
	int status = cw_children_start(&agent->children, &work, error);

	agent->loading = true;
	while (status == CW_OK && agent->loading && !agent->ending)
		status = cw_loop_turn(agent->loop, -1, error);
	if (status == CW_OK && agent->loading)
		status = cw_fail(error, CW_E_CANCELLED, "interrupted by a signal");
	agent->loading = false;
	return status < 0 ? status : cw_error_move(error, &reading.error);
}

/* What is watched for all certificates together. The key has a '/', as no certificate's name has.
 */
#define RENEWAL_KEY "/renewal"
#define LIVE_KEY "/live"
#define FILE_KEY "/file"

static void
watch_all(struct cw_agent *agent)
{
	cw_autofree char *renewal = cw_format("%s/renewal", agent->config.config);
	cw_autofree char *live = cw_format("%s/live", agent->config.config);
	cw_autofree char *folder = cw_path_folder(agent->config.file);

	cw_folder_make(renewal, 0700, NULL);
	cw_folder_make(live, 0700, NULL);
	cw_watches_add(agent->watches, RENEWAL_KEY, renewal);
	cw_watches_add(agent->watches, LIVE_KEY, live);
	cw_watches_add(agent->watches, FILE_KEY, folder);
}

/* Something that concerns all certificates is another one now. */
static void
watch_again(struct cw_agent *agent)
{
	watch_all(agent);
	cw_agent_find_again(agent, true);
}

/* Its lock and its socket are where they are. */
static int
check_directories(const struct cw_agent *agent, const struct cw_agent_config *config,
		  struct cw_error *error)
{
	if (strcmp(agent->config.config, config->config) == 0 &&
	    strcmp(agent->config.work, config->work) == 0)
		return CW_OK;
	cw_fail(error, CW_E_INVALID, "the directories of a running agent cannot be changed");
	cw_hint(error, "restart the agent");
	return CW_E_INVALID;
}

static int
use_config(struct cw_agent *agent, struct json_object *result, struct cw_error *error)
{
	struct cw_agent_config config;
	int status;

	cw_agent_config_read(json_object_get(result), &config);
	status = check_directories(agent, &config, error);
	if (status == CW_OK)
		status = cw_agent_serve_status(agent, &config, error);
	if (status < 0) {
		cw_agent_config_clear(&config);
		return status;
	}
	cw_agent_config_clear(&agent->config);
	agent->config = config;
	agent->outdated = agent->working;
	agent->front->log(agent->context->settings, result);
	watch_again(agent);
	return CW_OK;
}

/* Whose waiters wait for the configuration: no certificate has this name. */
#define RELOAD_WAITER ""

/* Whoever asked after the reading began is answered by the next one. */
static void
answer_reload(struct cw_agent *agent, const struct cw_error *failure)
{
	cw_auto_json struct json_object *error = NULL;

	if (agent->reload)
		return;
	if (failure->status < 0)
		error = cw_json_error(failure);
	cw_agent_answer_waiters(agent, RELOAD_WAITER, error);
}

static void
reread(void *context, struct json_object *result, const struct cw_error *error)
{
	struct cw_agent *agent = context;
	cw_auto_error struct cw_error failure = {0};

	agent->loading = false;
	if (error->status < 0)
		cw_error_copy(&failure, error);
	else if (!agent->ending)
		use_config(agent, result, &failure);
	if (failure.status < 0) {
		cw_autofree char *line = cw_error_line(&failure);

		cw_log_error("keeping the running configuration: %s", line);
	} else if (!agent->ending) {
		cw_log_info("read the configuration again: %zu certificate%s", agent->all.count,
			    agent->all.count == 1 ? "" : "s");
	}
	answer_reload(agent, &failure);
	cw_manager_tell("READY=1");
	cw_agent_turn(agent);
}

void
cw_agent_begin_reload(struct cw_agent *agent)
{
	const struct cw_child_work work = {.what = "reading the configuration",
					   .limit = CONFIG_LIMIT,
					   .run = configure,
					   .done = reread,
					   .context = agent};
	cw_auto_error struct cw_error error = {0};

	agent->reload = false;
	agent->loading = true;
	cw_manager_tell("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)cw_now_ms() * 1000);
	if (cw_children_start(&agent->children, &work, &error) < 0)
		reread(agent, NULL, &error);
}

static void
end(struct cw_agent *agent)
{
	if (agent->ending)
		return;
	cw_log_info("ending");
	cw_manager_tell("STOPPING=1");
	agent->ending = true;
	cw_children_stop(&agent->children);
}

/* Everything that is due now, also if it waits after a failure. */
static void
want_due(struct cw_agent *agent)
{
	agent->pause = agent->tell_after = 0;
	for (size_t i = 0; i < agent->all.count; i++) {
		struct cw_agent_certificate *certificate = agent->all.items[i];

		certificate->stale = true;
		if (certificate->action == CW_PLAN_RETRY)
			certificate->wanted = true;
	}
}

static void
on_signals(void *context, int descriptor, short events)
{
	struct cw_agent *agent = context;
	struct signalfd_siginfo signal;

	(void)events;
	while (read(descriptor, &signal, sizeof(signal)) == sizeof(signal)) {
		switch (signal.ssi_signo) {
		case SIGCHLD:
			cw_children_reap(&agent->children,
					 cw_status_server_pid(agent->status_server));
			break;
		case SIGHUP: agent->reload = true; break;
		case SIGUSR1: want_due(agent); break;
		default: end(agent); break;
		}
	}
	if (agent->control != NULL)
		cw_agent_turn(agent);
}

static void
on_alarm(void *context, int64_t jump)
{
	struct cw_agent *agent = context;

	for (size_t i = 0; jump != 0 && i < agent->all.count; i++)
		agent->all.items[i]->stale = true;
	cw_children_shift(&agent->children, jump);
	if (jump != 0)
		agent->pause = agent->quiet = agent->life = agent->tell_after = 0;
	cw_agent_turn(agent);
}

static void
renewal_changed(struct cw_agent *agent, const char *file)
{
	cw_autofree char *name = NULL;

	if (*file == '.' || !cw_ends_with(file, ".conf"))
		return;
	name = cw_memdup(file, strlen(file) - strlen(".conf"));
	cw_agent_find_again(agent, false);
	cw_agent_check_changed(agent, name);
}

/* A link to a volume of Kubernetes changes by what is behind this name. */
static bool
is_config_file(const struct cw_agent *agent, const char *file)
{
	return strcmp(file, cw_path_base(agent->config.file)) == 0 || strcmp(file, "..data") == 0;
}

static void
on_change(void *context, const char *key, const char *file)
{
	struct cw_agent *agent = context;

	if (strcmp(key, FILE_KEY) == 0 && (*file == '\0' || is_config_file(agent, file)))
		agent->reload = true;
	if (*key == '/' && *file == '\0') {
		watch_again(agent);
	} else if (strcmp(key, RENEWAL_KEY) == 0) {
		renewal_changed(agent, file);
	} else if (strcmp(key, LIVE_KEY) == 0) {
		cw_agent_check_changed(agent, file);
	} else if (*key != '/') {
		cw_agent_watch_provided(agent, key);
		cw_agent_check_changed(agent, key);
	}
	cw_agent_turn(agent);
}

static void
add_waiter(struct cw_agent *agent, struct cw_control_client *client, const char *name)
{
	struct cw_agent_waiter *waiter = cw_alloc(sizeof(*waiter));

	waiter->client = client;
	waiter->name = cw_strdup(name);
	waiter->next = agent->waiters;
	agent->waiters = waiter;
}

static void
on_gone(void *context, struct cw_control_client *client)
{
	struct cw_agent *agent = context;

	for (struct cw_agent_waiter **place = &agent->waiters; *place != NULL;) {
		struct cw_agent_waiter *waiter = *place;

		if (waiter->client != client) {
			place = &waiter->next;
			continue;
		}
		*place = waiter->next;
		free(waiter->name);
		free(waiter);
	}
}

static void
ask_to_renew(struct cw_agent *agent, struct cw_control_client *client, const char *name)
{
	struct cw_agent_certificate *certificate =
		name != NULL ? cw_agent_find(&agent->all, name) : NULL;
	cw_auto_error struct cw_error error = {0};

	if (certificate == NULL) {
		cw_fail(&error, CW_E_NOT_FOUND, "the agent has no certificate \"%s\"",
			name != NULL ? name : "");
		cw_hint(&error, "see: certwright agent status");
	} else if (!certificate->obtains && !certificate->stale) {
		cw_agent_cannot_renew(name, &error);
	}
	if (error.status < 0) {
		cw_control_answer(client, NULL, NULL, &error);
		return;
	}
	certificate->wanted = true;
	add_waiter(agent, client, name);
	cw_agent_turn(agent);
}

static void
on_request(void *context, struct cw_control_client *client, const char *command, const char *name)
{
	struct cw_agent *agent = context;
	cw_auto_error struct cw_error error = {0};

	if (strcmp(command, "status") == 0) {
		cw_control_answer(client, "status", cw_agent_document(agent), NULL);
	} else if (strcmp(command, "renew") == 0) {
		ask_to_renew(agent, client, name);
	} else if (strcmp(command, "reload") == 0) {
		agent->reload = true;
		add_waiter(agent, client, RELOAD_WAITER);
		cw_agent_turn(agent);
	} else {
		cw_fail(&error, CW_E_USAGE, "the agent does not know \"%s\"", command);
		cw_control_answer(client, NULL, NULL, &error);
	}
}

static int
check_names(const struct cw_agent *agent, struct cw_error *error)
{
	if (agent->all.count > 0)
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "the agent has no certificate to look after");
	cw_hint(error, "name one with CERTWRIGHT_DOMAINS, with -d, or in \"%s\"",
		agent->config.file);
	return CW_E_USAGE;
}

static int
refuse_second(const struct cw_agent *agent, struct cw_error *problem, struct cw_error *error)
{
	if (problem->status != CW_E_BUSY)
		return cw_error_move(error, problem);
	cw_fail(error, CW_E_BUSY, "another agent already looks after \"%s\"", agent->config.config);
	cw_hint(error, "see: certwright agent status; or give this one other directories");
	return CW_E_BUSY;
}

static int
open_all(struct cw_agent *agent, struct cw_lock **lock, struct cw_error *error)
{
	cw_auto_error struct cw_error problem = {0};
	int status = cw_private_folder(agent->config.work, FOLDER, true, &agent->folder, error);

	if (status < 0)
		return status;
	if (cw_lock_take(agent->folder, 0, lock, &problem) < 0)
		return refuse_second(agent, &problem, error);
	agent->watches = cw_watches_new(agent->loop, on_change, agent, error);
	if (agent->watches == NULL)
		return CW_E_IO;
	watch_all(agent);
	status = cw_agent_find_all(agent, true, error);
	if (status == CW_OK)
		status = check_names(agent, error);
	if (status < 0)
		return status;
	cw_agent_state_load(agent->folder, &agent->all, agent->messages);
	status = cw_alarm_open(&agent->alarm, agent->loop, error);
	if (status == CW_OK)
		status = cw_agent_serve_status(agent, &agent->config, error);
	return status < 0 ? status
			  : cw_control_open(agent->loop, agent->folder, on_request, on_gone, agent,
					    &agent->control, error);
}

static int
serve(struct cw_agent *agent, struct cw_error *error)
{
	int status = CW_OK;

	agent->since = cw_time();
	agent->watchdog = cw_manager_watchdog();
	agent->life = agent->watchdog != 0 ? agent->since : 0;
	cw_log_info("looking after %zu certificate%s in \"%s\"", agent->all.count,
		    agent->all.count == 1 ? "" : "s", agent->config.config);
	cw_agent_turn(agent);
	while (!agent->done && status == CW_OK)
		status = cw_loop_turn(agent->loop, -1, error);
	cw_agent_save(agent);
	return status;
}

static void
release(struct cw_agent *agent)
{
	while (agent->waiters != NULL)
		on_gone(agent, agent->waiters->client);
	cw_status_server_free(agent->status_server);
	cw_children_kill(&agent->children);
	cw_control_close(agent->control);
	cw_watches_free(agent->watches);
	cw_agent_certificates_clear(&agent->all);
	cw_agent_config_clear(&agent->config);
	for (size_t i = 0; i < agent->server_count; i++)
		free(agent->servers[i].server);
	free(agent->servers);
	free(agent->folder);
	cw_json_clear(&agent->messages);
}

/* Lines are not kept for a log file: each child has its own. */
static void
open_log(struct cw_agent *agent)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere >= 0)
		cw_log_set_file(nowhere);
	agent->front->log(agent->context->settings, NULL);
}

static int
run(struct cw_agent *agent, struct cw_error *error)
{
	struct cw_lock *lock = NULL;
	int status = cw_children_block(&agent->signals, error);

	if (status < 0)
		return status;
	cw_loop_watch(agent->loop, agent->signals, POLLIN, on_signals, agent);
	open_log(agent);
	status = read_config(agent, error);
	if (status == CW_OK)
		status = open_all(agent, &lock, error);
	if (status == CW_OK)
		status = serve(agent, error);
	release(agent);
	cw_lock_release(lock);
	/* Told to end before it had begun. */
	if (status == CW_E_CANCELLED)
		cw_error_clear(error);
	return status == CW_E_CANCELLED ? CW_OK : status;
}

int
cw_flow_agent(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct cw_agent agent = {.context = context,
				 .loop = context->loop,
				 .front = context->agent,
				 .children = {.loop = context->loop},
				 .alarm = {.ring = on_alarm}};

	agent.alarm.context = &agent;
	if (context->words->count > 0)
		return cw_agent_command(context, result, error);
	if (context->agent == NULL) {
		cw_fail(error, CW_E_UNSUPPORTED, "the agent is a command of its own");
		return CW_E_UNSUPPORTED;
	}
	context->agent->take_environment();
	cw_registry_end_processes(context->registry);
	agent.messages = cw_json_new_array();
	agent.children.kept = cw_manager_take_sockets();
	return run(&agent, error);
}
