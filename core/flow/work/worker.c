#include "flow/work/worker.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "flow/issue/obtain.h"
#include "flow/work/channel.h"
#include "flow/work/network.h"
#include "plugin/instance.h"
#include "store/undo.h"

/* Milliseconds. */
#define BEAT_INTERVAL 1000
#define PORT_INTERVAL 100         /* between attempts to get a port that another run holds */
#define PORT_WAIT (5 * 60 * 1000) /* until such a port is given up */

struct worker {
	struct cw_context *context;
	struct cw_batch *batch;
	struct cw_loop *loop;
	struct cw_network network;
	struct cw_pulse *pulse;
	struct cw_timer *beat;
	struct cw_channel *channel;
};

static void
beat(void *context)
{
	struct worker *worker = context;

	atomic_store(&worker->pulse->beat, cw_now_ms());
	worker->beat = cw_loop_timer(worker->loop, BEAT_INTERVAL, beat, worker);
}

static void
in_call(void *context, const char *plugin, const char *call)
{
	struct worker *worker = context;

	atomic_store(&worker->pulse->in_call, 0);
	if (call == NULL)
		return;
	snprintf(worker->pulse->call, sizeof(worker->pulse->call), "%s of the plugin \"%s\"", call,
		 plugin);
	atomic_store(&worker->pulse->beat, cw_now_ms());
	atomic_store(&worker->pulse->in_call, 1);
}

static void
channel_readable(void *context, int descriptor, short events)
{
	bool *readable = context;

	(void)descriptor;
	(void)events;
	*readable = true;
}

/* Turns the loop until the coordinator has answered, so that what the CA or the user looks at
 * meanwhile is served. */
static int
serve_until_answer(struct worker *worker, struct cw_error *error)
{
	int descriptor = cw_channel_descriptor(worker->channel);
	bool readable = false;
	int status = CW_OK;

	cw_loop_watch(worker->loop, descriptor, POLLIN, channel_readable, &readable);
	while (status == CW_OK && !readable)
		status = cw_loop_turn(worker->loop, -1, error);
	cw_loop_watch(worker->loop, descriptor, 0, NULL, NULL);
	return status;
}

/* Sends a request and waits for its answer. The user may take all day over one, so the watchdog
 * looks away meanwhile. */
static int
ask_coordinator(struct worker *worker, struct json_object *request, struct json_object **answer,
		int *descriptor, struct cw_error *error)
{
	int was_in_call = atomic_exchange(&worker->pulse->in_call, 0);
	struct json_object *failure;
	int status = cw_channel_send(worker->channel, request, -1, error);

	*answer = NULL;
	/* Within a plugin's function its own watches must not be called. */
	if (status == CW_OK && !was_in_call)
		status = serve_until_answer(worker, error);
	if (status == CW_OK)
		status = cw_channel_wait(worker->channel, answer, descriptor, error);
	if (status == CW_OK && *answer == NULL)
		status = cw_fail(error, CW_E_CANCELLED, "the coordinating process is gone");
	atomic_store(&worker->pulse->beat, cw_now_ms());
	atomic_store(&worker->pulse->in_call, was_in_call);
	if (status < 0)
		return status;
	failure = cw_json_object(*answer, "error");
	if (failure == NULL)
		return CW_OK;
	if (error != NULL) {
		cw_json_to_error(failure, error);
		return error->status;
	}
	return CW_E_CANCELLED;
}

static struct json_object *
about_socket(const char *type, const char *address, unsigned port)
{
	struct json_object *request = cw_json_new_object();

	cw_json_set_string(request, "type", type);
	cw_json_set_string(request, "address", address);
	cw_json_set_int(request, "port", (int64_t)port);
	return request;
}

/* One attempt; *BY_RUN: another run holds the port. */
static int
try_socket(struct worker *worker, const char *address, unsigned port, int *descriptor, bool *by_run,
	   struct cw_error *error)
{
	cw_auto_json struct json_object *request = about_socket("listen", address, port);
	cw_auto_json struct json_object *answer = NULL;
	int status = ask_coordinator(worker, request, &answer, descriptor, error);

	*by_run = answer != NULL && cw_json_bool(answer, "by_run", false);
	if (status == CW_OK && *descriptor < 0)
		return cw_fail(error, CW_E_IO, "no descriptor is left for a listening socket");
	return status;
}

/* Runs wait for each other here, so that the coordinator, which may have to give up a port that
 * the other run waits for, goes on. */
static int
request_socket(void *context, const char *address, unsigned port, int *descriptor,
	       struct cw_error *error)
{
	int64_t end = cw_now_ms() + PORT_WAIT;
	bool told = false;

	for (;;) {
		cw_auto_error struct cw_error failure = {0};
		bool by_run;
		int status = try_socket(context, address, port, descriptor, &by_run, &failure);

		if (status == CW_OK)
			return CW_OK;
		if (cw_interrupted())
			return cw_fail(error, CW_E_CANCELLED, "interrupted");
		if (!by_run || cw_now_ms() >= end)
			return cw_error_move(error, &failure);
		if (!told)
			cw_log_info("%s; waiting until that run of certwright gives it up",
				    failure.message);
		told = true;
		poll(NULL, 0, PORT_INTERVAL);
	}
}

/* Waits for the answer: then the plugin has the last descriptor of the socket. */
static void
give_socket_back(void *context, const char *address, unsigned port)
{
	cw_auto_json struct json_object *request = about_socket("unlisten", address, port);
	cw_auto_json struct json_object *answer = NULL;

	ask_coordinator(context, request, &answer, NULL, NULL);
}

static struct json_object *
question(const char *kind, const char *text)
{
	struct json_object *request = cw_json_new_object();

	cw_json_set_string(request, "type", "ask");
	cw_json_set_string(request, "kind", kind);
	cw_json_set_string(request, "text", text);
	return request;
}

static int
ask_notify(void *context, const char *text, bool wait, struct cw_error *error)
{
	cw_auto_json struct json_object *request = question("notify", text);
	cw_auto_json struct json_object *answer = NULL;

	cw_json_set_bool(request, "wait", wait);
	return ask_coordinator(context, request, &answer, NULL, error);
}

static int
ask_yes_no(void *context, const char *text, bool *value, struct cw_error *error)
{
	cw_auto_json struct json_object *request = question("yes_no", text);
	cw_auto_json struct json_object *answer = NULL;
	int status;

	cw_json_set_bool(request, "default", *value);
	status = ask_coordinator(context, request, &answer, NULL, error);
	if (status == CW_OK)
		*value = cw_json_bool(answer, "answer", false);
	return status;
}

static int
ask_text(void *context, const char *text, bool secret, char **value, struct cw_error *error)
{
	cw_auto_json struct json_object *request = question("text", text);
	cw_auto_json struct json_object *answer = NULL;
	const char *given;
	int status;

	cw_json_set_bool(request, "secret", secret);
	status = ask_coordinator(context, request, &answer, NULL, error);
	if (status < 0)
		return status;
	given = cw_json_string(answer, "text");
	*value = cw_strdup(given != NULL ? given : "");
	return CW_OK;
}

static int
ask_choice(void *context, const char *text, const char *const *items, size_t count, size_t *choice,
	   struct cw_error *error)
{
	cw_auto_json struct json_object *request = question("choice", text);
	cw_auto_json struct json_object *answer = NULL;
	struct json_object *list = cw_json_new_array();
	int64_t given;
	int status;

	for (size_t i = 0; i < count; i++)
		cw_json_append(list, json_object_new_string(items[i]));
	cw_json_set(request, "items", list);
	status = ask_coordinator(context, request, &answer, NULL, error);
	if (status < 0)
		return status;
	given = cw_json_int(answer, "choice", -1);
	if (given < 0 || (uint64_t)given >= count)
		return cw_fail(error, CW_E_PROTOCOL, "an answer between processes is out of range");
	*choice = (size_t)given;
	return CW_OK;
}

static int
shared_pool(void *context, struct cw_http **http, struct cw_error *error)
{
	struct worker *worker = context;
	int status = CW_OK;

	if (worker->network.http == NULL)
		status = cw_network_open(&worker->network, worker->loop,
					 worker->batch->requests[0]->settings, error);
	*http = worker->network.http;
	return status;
}

static size_t
index_of(const struct cw_batch *batch, const struct cw_request *request)
{
	size_t index = 0;

	while (batch->requests[index] != request)
		index++;
	return index;
}

static void
report(void *context, struct cw_request *request)
{
	struct worker *worker = context;
	cw_auto_json struct json_object *message = cw_json_new_object();
	cw_auto_error struct cw_error error = {0};
	bool failed = request->error.status != CW_OK;
	const char *action = failed             ? "failed"
			     : request->dry_run ? "simulated"
			     : request->renewal ? "renewed"
						: "issued";

	cw_json_set_string(message, "type", "result");
	cw_json_set_int(message, "index", (int64_t)index_of(worker->batch, request));
	cw_json_set_bool(message, "saved", request->saved);
	cw_json_set_bool(message, "ca_silent", request->ca_silent);
	/* Once: the coordinator puts it into the result. */
	cw_json_set(message, "error", failed ? cw_json_error(&request->error) : NULL);
	if (request->result == NULL)
		request->result = cw_describe_request(request, action, NULL);
	cw_json_set(message, "result", json_object_get(request->result));
	if (cw_channel_send(worker->channel, message, -1, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_error("%s", line);
	}
}

int
cw_worker_main(struct cw_context *context, struct cw_run *run, struct cw_batch *batch,
	       struct cw_channel *channel, struct cw_pulse *pulse)
{
	struct worker worker = {
		.context = context,
		.batch = batch,
		.loop = cw_loop_new(),
		.pulse = pulse,
		.channel = channel,
	};
	struct cw_asker asker = {
		.interactive = context->asker->interactive,
		.notify = ask_notify,
		.yes_no = ask_yes_no,
		.text = ask_text,
		.choice = ask_choice,
		.context = &worker,
	};
	struct cw_services services = {
		.loop = worker.loop,
		.directories = &context->directories,
		.asker = &asker,
		.undo = cw_undo_open(context->directories.work),
		.shared_folder = run->shared_folder,
		.lock_timeout = cw_settings_int(context->settings, "lock_timeout", 0) * 1000,
		.http = shared_pool,
		.listen = request_socket,
		.unlisten = give_socket_back,
		.in_call = in_call,
		.context = &worker,
	};

	cw_work work = batch->work != NULL ? batch->work : cw_obtain_batch;

	beat(&worker);
	work(context, &services, batch, report, &worker);
	cw_loop_cancel(worker.loop, worker.beat);
	cw_network_close(&worker.network);
	cw_undo_close(services.undo);
	cw_loop_free(worker.loop);
	return EXIT_SUCCESS;
}
