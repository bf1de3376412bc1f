#include "cli/serve_call.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "cli/command.h"
#include "cli/serve_link.h"
#include "cli/serve_request.h"
#include "cli/terminal.h"
#include "flow/issue/host.h"
#include "flow/orders/orders.h"
#include "flow/verbs/in_memory.h"

struct call {
	struct cw_serve_request request;
	struct cw_serve_link link;
	struct cw_asker asker;
	struct json_object *result;
	struct cw_ca_memory *ca_memory;
};

static void
leave_for_nomem(void)
{
	_exit(CW_CALL_NOMEM);
}

static void
log_line(void *context, enum cw_log_level level, const char *line)
{
	cw_link_message(context, cw_log_level_name(level), line);
}

static const struct cw_asker *
find_asker(void *output, const struct cw_settings *settings)
{
	struct call *call = output;

	if (!call->request.interactive || call->link.lone ||
	    cw_settings_flag(settings, "noninteractive_mode"))
		return cw_terminal_asker(settings);
	return &call->asker;
}

static void
show_progress(void *output, const char *what, size_t done, size_t total)
{
	struct call *call = output;
	struct json_object *note = cw_json_new_object();

	cw_json_set_string(note, "event", "progress");
	cw_json_set_string(note, "what", what);
	cw_json_set_int(note, "done", (int64_t)done);
	cw_json_set_int(note, "total", (int64_t)total);
	cw_link_note(&call->link, note);
}

static void
add_item(void *output, const char *list, struct json_object *item)
{
	struct call *call = output;

	cw_json_add_item(call->result, list, json_object_get(item));
}

static void
use_loop(void *output, struct cw_loop *loop)
{
	struct call *call = output;

	cw_link_use_loop(&call->link, loop);
}

static void
execute(struct call *call, struct cw_invocation *invocation, struct cw_registry *registry,
	struct cw_error *error)
{
	struct cw_serve_challenges *challenges = cw_serve_challenges_new(&call->link);
	const struct cw_front front = {
		.asker = find_asker,
		.progress = show_progress,
		.item = add_item,
		.use_loop = use_loop,
		.host = cw_serve_challenges_host(challenges),
		.request = call->request.json,
		.ca_memory = call->ca_memory,
		.in_memory = call->request.in_memory,
		.output = call,
	};

	if (call->request.order != NULL)
		invocation->verb = cw_order_request_by_name(call->request.order);
	else if (call->request.in_memory)
		invocation->verb = &cw_verb_in_memory;
	cw_execute(invocation, registry, &front, call->result, error);
	cw_serve_challenges_free(challenges);
}

static void
run(struct call *call, struct cw_error *error)
{
	const struct cw_strv *arguments = &call->request.arguments;
	struct cw_registry *registry = cw_registry_new();
	struct cw_invocation invocation = {0};
	int status;

	cw_registry_add_host(registry);
	if (call->request.in_memory)
		cw_registry_keep_nothing(registry);
	cw_judge_environment();
	status = cw_parse((int)arguments->count, (const char *const *)arguments->items, registry,
			  &invocation, error);
	if (status == CW_OK) {
		cw_log_set_terminal(log_line, &call->link, cw_terminal_level(invocation.settings));
		execute(call, &invocation, registry, error);
	}
	cw_invocation_clear(&invocation);
	cw_registry_free(registry);
}

static void
add_end(struct call *call, const struct cw_error *error)
{
	const struct cw_serve_request *request = &call->request;

	cw_json_set_string(call->result, request->order != NULL ? "request" : "verb",
			   request->order != NULL ? request->order : request->verb);
	cw_json_set_bool(call->result, "ok", error->status == CW_OK);
	cw_json_set(call->result, "error", error->status < 0 ? cw_json_error(error) : NULL);
	cw_json_set_int(call->result, "exit_status", cw_exit_status(error));
}

int
cw_serve_call(struct cw_channel *channel, struct cw_ca_memory *ca_memory, char *request, bool lone)
{
	struct call call = {
		.link = {.channel = channel, .lone = lone},
		.result = cw_json_new_object(),
		.ca_memory = ca_memory,
	};
	cw_auto_error struct cw_error error = {0};
	cw_autosecret char *answer = NULL;
	bool sent;

	cw_set_nomem_handler(leave_for_nomem);
	cw_log_set_terminal(log_line, &call.link, CW_LOG_INFO);
	call.asker = cw_link_asker(&call.link);
	if (cw_serve_request_read(request, &call.request, &error) == CW_OK) {
		channel->send_limit = (int)call.request.timeout;
		call.link.timeout = call.request.timeout;
		if (cw_serve_request_set_environment(&call.request, &error) == CW_OK)
			run(&call, &error);
	}
	explicit_bzero(request, strlen(request));
	free(request);
	cw_log_set_terminal(NULL, NULL, CW_LOG_ERROR);
	add_end(&call, &error);
	answer = cw_json_secret_text(call.result);
	sent = !call.link.broken && cw_link_answer(&call.link, error.status == CW_OK, answer);
	cw_json_wipe(&call.result);
	cw_serve_request_clear(&call.request);
	return sent ? EXIT_SUCCESS : EXIT_FAILURE;
}
