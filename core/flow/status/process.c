/* The status process: begins, gives up its rights, and answers what the module hands over. */
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/peer.h"
#include "base/permissions.h"
#include "base/role.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "flow/status/answer.h"
#include "flow/status/server.h"
#include "flow/status/wire.h"

/* Milliseconds for which a document is not asked for again. */
#define FRESH 1000

struct status_process {
	struct cw_loop *loop;
	struct cw_peer *peer;
	bool over;
	const struct cw_status_module *module;
	struct cw_status_host host;
	struct cw_status_http *http; /* NULL: it has not begun */
	struct cw_timer *timer;      /* of the module */
	struct cw_strv own_names;
	struct json_object *document; /* NULL: there is none yet */
	int64_t fetched;              /* when; 0: never */
	bool is_asking;
};

static void
module_log(void *context, const char *line)
{
	(void)context;
	cw_log_debug("%s", line);
}

static void run_module(struct status_process *process);

static void
on_time(void *context)
{
	struct status_process *process = context;

	process->timer = NULL;
	run_module(process);
}

static void
on_ready(void *context, int descriptor, short events)
{
	(void)descriptor;
	(void)events;
	run_module(context);
}

static void
run_module(struct status_process *process)
{
	int64_t again = process->module->run(process->http);

	cw_loop_cancel(process->loop, cw_take(&process->timer));
	if (again >= 0)
		process->timer = cw_loop_timer(process->loop, again, on_time, process);
}

static void
take_document(struct status_process *process, struct cw_message *answer)
{
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_error struct cw_error error = {0};

	cw_message_get_bytes(answer, CW_STATUS_DOCUMENT_MAX, &text);
	json_object_put(cw_take(&process->document));
	if (cw_message_finish(answer, "the agent", &error) < 0 || text.length == 0)
		return;
	if (cw_json_parse(cw_buf_text(&text), text.length, "the status document",
			  &process->document, &error) < 0)
		cw_log_error("%s", error.message);
}

static void
answered(void *context, struct cw_message **answer, const struct cw_error *error)
{
	struct status_process *process = context;

	(void)error;
	process->is_asking = false;
	/* Without its owner this process ends. */
	if (*answer == NULL)
		return;
	take_document(process, *answer);
	process->fetched = cw_now_ms();
	process->module->resume(process->http);
	run_module(process);
}

static bool
is_fresh(const struct status_process *process)
{
	return process->fetched != 0 && cw_now_ms() - process->fetched < FRESH;
}

static bool
answer_request(void *context, const struct cw_status_request *request,
	       struct cw_status_response *response)
{
	struct status_process *process = context;

	if (cw_status_needs_document(request, &process->own_names) && !is_fresh(process)) {
		if (!process->is_asking)
			cw_peer_ask(process->peer, cw_message_new(CW_STATUS_DOCUMENT), answered,
				    process);
		process->is_asking = true;
		return false;
	}
	cw_status_answer(request, &process->own_names, process->document, response);
	return true;
}

static int
load_module(struct status_process *process, const char *path, struct cw_error *error)
{
	void *library = NULL;
	int status = cw_permissions_check("the module", path, error);

	if (status < 0)
		return status;
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	process->module = library != NULL ? dlsym(library, CW_STATUS_MODULE_SYMBOL) : NULL;
	if (process->module == NULL) {
		const char *reason = dlerror();

		return cw_fail(error, CW_E_UNSUPPORTED, "cannot load the status server: %s",
			       reason != NULL ? reason : path);
	}
	if (process->module->version != CW_STATUS_MODULE_VERSION)
		return cw_fail(error, CW_E_UNSUPPORTED,
			       "the status server \"%s\" is of another version of certwright",
			       path);
	return CW_OK;
}

static int
start_module(struct status_process *process, const char *path, int listener, struct cw_error *error)
{
	int status = load_module(process, path, error);

	if (status < 0)
		return status;
	process->host = (struct cw_status_host){.context = process,
						.listener = listener,
						.answer = answer_request,
						.log = module_log};
	process->http = process->module->start(&process->host);
	if (process->http == NULL)
		return cw_fail(error, CW_E_UNSUPPORTED, "the HTTP library cannot start");
	return CW_OK;
}

/* Everything that has to be read from files is read before the sandbox stands. */
static int
begin(struct status_process *process, struct cw_message *request, struct cw_strv *missing,
      struct cw_error *error)
{
	cw_autofree char *path = cw_message_need_text(request, CW_MESSAGE_LINE);
	cw_autofree char *user = cw_message_get_text(request, CW_MESSAGE_NAME);
	bool require = cw_message_get_bool(request);
	struct cw_sandbox sandbox = {.user = user};
	cw_autoclose int listener = request->descriptor;
	int status;

	request->descriptor = -1;
	cw_message_get_list(request, CW_MESSAGE_ITEMS, CW_MESSAGE_NAME, &process->own_names);
	status = cw_message_finish(request, "the agent", error);
	if (status == CW_OK && listener < 0)
		status = cw_fail(error, CW_E_PROTOCOL, "there is no socket to listen on");
	if (status == CW_OK)
		status = start_module(process, path, listener, error);
	if (status < 0)
		return status;
	listener = -1;
	status = cw_sandbox_enter(&sandbox, missing, error);
	if (status == CW_OK && require && missing->count > 0)
		status = cw_fail(error, CW_E_UNSUPPORTED,
				 "--require-sandbox: the status process cannot give up its "
				 "rights: %s",
				 missing->items[0]);
	if (status < 0)
		return status;
	cw_loop_watch(process->loop, process->module->descriptor(process->http), POLLIN, on_ready,
		      process);
	run_module(process);
	return CW_OK;
}

static void
received(void *context, struct cw_message *message)
{
	struct status_process *process = context;
	struct cw_message *answer = cw_message_new(CW_STATUS_ANSWER);
	cw_auto_strv struct cw_strv missing = {0};
	cw_auto_error struct cw_error error = {0};

	if (message->type != CW_STATUS_BEGIN || process->http != NULL)
		cw_fail(&error, CW_E_PROTOCOL, "the status process does not know this message");
	else if (begin(process, message, &missing, &error) < 0)
		process->over = true;
	cw_message_put_error(answer, &error);
	cw_message_put_list(answer, &missing);
	cw_peer_answer(process->peer, message, answer);
	cw_message_free(message);
}

static void
gone(void *context, const struct cw_error *reason)
{
	struct status_process *process = context;

	(void)reason;
	process->over = true;
}

int
cw_status_main(int socket)
{
	struct status_process process = {.loop = cw_loop_new()};
	const struct cw_peer_handler handler = {
		.received = received, .gone = gone, .context = &process};

	process.peer = cw_peer_new(process.loop, socket, "the agent", &handler);
	cw_role_serve(process.loop, process.peer, CW_STATUS_LOG, &process.over);
	cw_loop_cancel(process.loop, process.timer);
	if (process.http != NULL) {
		cw_loop_watch(process.loop, process.module->descriptor(process.http), 0, NULL,
			      NULL);
		process.module->stop(process.http);
	}
	json_object_put(process.document);
	cw_strv_clear(&process.own_names);
	cw_peer_free(process.peer);
	cw_loop_free(process.loop);
	return EXIT_SUCCESS;
}
