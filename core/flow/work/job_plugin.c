/* The plugin processes of jobs, and what the coordinator does for them. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "flow/work/jobs_internal.h"
#include "flow/work/relay.h"

/* Milliseconds. */
#define PORT_INTERVAL 100         /* between attempts to get a port that another run holds */
#define PORT_WAIT (5 * 60 * 1000) /* until such a port is given up */

struct cw_job_plugin {
	struct cw_job *job;
	struct cw_settings *settings;
	struct cw_plugin_handlers handlers;
	struct cw_plugin_opening opening;
	struct cw_module *module;
	struct cw_plugin_process *process; /* NULL: there is none */
	cw_job_plugin_done done;
	void *context;
	struct cw_timer *soon;
	struct cw_error failure;
	struct cw_relay *relays;
	struct port_wait *ports;
	struct cw_job_plugin *next;
};

/* A listening socket that a plugin asked for. */
struct port_wait {
	struct cw_job_plugin *plugin;
	struct cw_plugin_request *request;
	char *address;
	unsigned port;
	int64_t end; /* cw_now_ms() clock: no attempt after this */
	bool told;
	struct cw_timer *timer;
	struct port_wait *next;
};

struct cw_plugin_process *
cw_job_plugin_process(const struct cw_job_plugin *plugin)
{
	return plugin->process;
}

const struct cw_module *
cw_job_plugin_module(const struct cw_job_plugin *plugin)
{
	return plugin->module;
}

static int
ask_user(const struct cw_asker *asker, const struct cw_plugin_question *question,
	 struct cw_plugin_reply *reply, struct cw_error *error)
{
	switch (question->kind) {
	case CW_QUESTION_NOTIFY:
		return asker->notify(asker->context, question->text, question->flag, error);
	case CW_QUESTION_YES_NO:
		reply->yes = question->flag;
		return asker->yes_no(asker->context, question->text, &reply->yes, error);
	case CW_QUESTION_TEXT:
		return asker->text(asker->context, question->text, question->flag, &reply->text,
				   error);
	default:
		return asker->choice(asker->context, question->text,
				     (const char *const *)cw_strv_items(&question->items),
				     question->items.count, &reply->choice, error);
	}
}

static void
on_ask(void *context, const struct cw_plugin_question *question, struct cw_plugin_request *request)
{
	const struct cw_job_plugin *plugin = context;
	struct cw_plugin_reply reply = {0};
	cw_auto_error struct cw_error error = {0};
	int status = ask_user(plugin->job->jobs->context->asker, question, &reply, &error);

	cw_plugin_answer_question(request, &reply, status < 0 ? &error : NULL);
	cw_free_secret(reply.text);
}

static void
forget_port(struct port_wait *wait)
{
	struct port_wait **at = &wait->plugin->ports;

	while (*at != wait)
		at = &(*at)->next;
	*at = wait->next;
	cw_loop_cancel(wait->plugin->job->jobs->context->loop, wait->timer);
	free(wait->address);
	free(wait);
}

static void try_port(void *context);

/* One attempt. Runs wait for each other's ports; a foreign program's is an error at once. */
static void
try_port(void *context)
{
	struct port_wait *wait = context;
	struct cw_job_plugin *plugin = wait->plugin;
	cw_auto_error struct cw_error error = {0};
	int descriptor = -1;
	bool by_run = false;
	int status = cw_listeners_take(&plugin->job->jobs->listeners, plugin, wait->address,
				       wait->port, &descriptor, &by_run, &error);

	wait->timer = NULL;
	if (status < 0 && by_run && !plugin->job->jobs->stopping && cw_now_ms() < wait->end) {
		if (!wait->told)
			cw_log_info("%s; waiting until that run of certwright gives it up",
				    error.message);
		wait->told = true;
		wait->timer = cw_loop_timer(plugin->job->jobs->context->loop, PORT_INTERVAL,
					    try_port, wait);
		return;
	}
	cw_plugin_answer_listen(wait->request, descriptor, status < 0 ? &error : NULL);
	forget_port(wait);
}

static void
on_listen(void *context, const char *address, unsigned port, struct cw_plugin_request *request)
{
	struct cw_job_plugin *plugin = context;
	struct port_wait *wait = cw_alloc(sizeof(*wait));

	wait->plugin = plugin;
	wait->request = request;
	wait->address = cw_strdup(address);
	wait->port = port;
	wait->end = cw_now_ms() + PORT_WAIT;
	wait->next = plugin->ports;
	plugin->ports = wait;
	try_port(wait);
}

static void
on_unlisten(void *context, const char *address, unsigned port, struct cw_plugin_request *request)
{
	struct cw_job_plugin *plugin = context;

	cw_listeners_give_back(&plugin->job->jobs->listeners, plugin, address, port);
	cw_plugin_answer(request, NULL);
}

static void
on_network(void *context, enum cw_plugin_message service, struct cw_message *message,
	   struct cw_plugin_request *request)
{
	struct cw_job_plugin *plugin = context;

	cw_relay(&plugin->relays, cw_context_network(plugin->job->jobs->context), service, message,
		 request);
}

/* In the settings of every request of the batch: they are renewed alike. */
static int
on_set_option(void *context, const char *name, const char *key, const char *value,
	      struct cw_error *error)
{
	const struct cw_job_plugin *plugin = context;
	const struct cw_batch *batch = plugin->job->batch;
	int status = CW_OK;

	for (size_t i = 0; i < batch->count && status == CW_OK; i++)
		status = cw_module_set_option(plugin->module, batch->requests[i]->settings, name,
					      key, value, error);
	return status;
}

static bool
on_concerns(void *context, const char *name)
{
	const struct cw_job_plugin *plugin = context;
	const struct cw_batch *batch = plugin->job->batch;

	for (size_t i = 0; i < batch->count; i++) {
		const struct cw_request *request = batch->requests[i];

		if (cw_equal(request->name, name) ||
		    (request->installation != NULL &&
		     cw_equal(request->installation->lineage, name)))
			return true;
	}
	return false;
}

static void
fill_opening(struct cw_job_plugin *plugin)
{
	const struct cw_context *context = plugin->job->jobs->context;
	const struct cw_settings *settings = context->settings;
	const char *user = cw_settings_get(settings, "network_user");

	plugin->handlers = (struct cw_plugin_handlers){
		.ask = on_ask,
		.listen = on_listen,
		.unlisten = on_unlisten,
		.network = on_network,
		.set_option = on_set_option,
		.concerns = on_concerns,
		.context = plugin,
	};
	plugin->opening = (struct cw_plugin_opening){
		.handlers = &plugin->handlers,
		.settings = plugin->settings,
		.directories = &context->directories,
		.store = plugin->job->jobs->store,
		.interactive = context->asker->interactive,
		.time_limit = cw_settings_int(settings, "plugin_timeout", 300) * 1000,
		.lock_timeout = cw_settings_int(settings, "lock_timeout", 0) * 1000,
		.user = user != NULL ? user : cw_sandbox_default_user(),
		.require_sandbox = cw_settings_flag(settings, "require_sandbox"),
	};
}

static void
finish(struct cw_job_plugin *plugin, const struct cw_error *error)
{
	cw_job_plugin_done done = plugin->done;
	void *context = plugin->context;
	cw_auto_error struct cw_error copy = {0};

	if (error->status == CW_OK) {
		done(context, plugin, error);
		return;
	}
	cw_error_copy(&copy, error);
	cw_job_plugin_free(plugin);
	done(context, NULL, &copy);
}

static void
opened(void *context, const struct cw_error *error)
{
	finish(context, error);
}

static void
not_started(void *context)
{
	struct cw_job_plugin *plugin = context;
	cw_auto_error struct cw_error error = {0};

	plugin->soon = NULL;
	cw_error_move(&error, &plugin->failure);
	finish(plugin, &error);
}

/* Also in the settings of every request of the batch, to be saved for renewals. */
static int
complete_options(struct cw_job_plugin *plugin)
{
	const struct cw_batch *batch = plugin->job->batch;
	struct cw_error *error = &plugin->failure;
	int status = cw_module_take_environment(plugin->module, plugin->settings, error);

	for (size_t i = 0; batch != NULL && i < batch->count && status == CW_OK; i++)
		status = cw_module_take_environment(plugin->module, batch->requests[i]->settings,
						    error);
	return status == CW_OK ? cw_module_check_required(plugin->module, plugin->settings, error)
			       : status;
}

void
cw_job_open_plugin(struct cw_job *job, const char *name, struct cw_settings *settings,
		   cw_job_plugin_done done, void *done_context)
{
	struct cw_context *context = job->jobs->context;
	struct cw_job_plugin *plugin = cw_alloc(sizeof(*plugin));
	int status;

	plugin->job = job;
	plugin->settings = settings;
	plugin->done = done;
	plugin->context = done_context;
	plugin->next = job->plugins;
	job->plugins = plugin;
	fill_opening(plugin);
	status = cw_registry_open(context->registry, name, &plugin->module, &plugin->failure);
	if (status == CW_OK)
		status = cw_module_add_options(plugin->module, context->options, &plugin->failure);
	if (status == CW_OK)
		status = complete_options(plugin);
	if (status == CW_OK)
		status = cw_plugin_process_take(plugin->module, context->loop, &plugin->process,
						&plugin->failure);
	if (status == CW_OK)
		cw_plugin_process_open(plugin->process, &plugin->opening, opened, plugin);
	else
		plugin->soon = cw_loop_timer(context->loop, 0, not_started, plugin);
}

/* What the plugin waits for while it is ended. */
static void
answer_open_requests(struct cw_job_plugin *plugin)
{
	cw_auto_error struct cw_error error = {0};

	cw_fail(&error, CW_E_CANCELLED, "the plugin's work is over");
	cw_relays_end(&plugin->relays, &error);
	while (plugin->ports != NULL) {
		cw_plugin_answer_listen(plugin->ports->request, -1, &error);
		forget_port(plugin->ports);
	}
}

void
cw_job_plugin_free(struct cw_job_plugin *plugin)
{
	struct cw_job_plugin **at;

	if (plugin == NULL)
		return;
	at = &plugin->job->plugins;
	while (*at != plugin)
		at = &(*at)->next;
	*at = plugin->next;
	answer_open_requests(plugin);
	if (plugin->process != NULL && cw_plugin_process_left_work(plugin->process))
		plugin->job->jobs->left_work = true;
	cw_plugin_process_free(plugin->process);
	cw_listeners_forget(&plugin->job->jobs->listeners, plugin);
	cw_loop_cancel(plugin->job->jobs->context->loop, plugin->soon);
	cw_error_clear(&plugin->failure);
	free(plugin);
}
