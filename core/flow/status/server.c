#include "flow/status/server.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/peer.h"
#include "base/role.h"
#include "base/sandbox.h"
#include "flow/status/address.h"
#include "flow/status/hosts.h"
#include "flow/status/wire.h"
#include "plugin/instance.h"

/* Milliseconds. */
#define FIRST_DELAY 1000
#define LAST_DELAY 60000
#define GOOD_TIME 60000 /* one that lived for longer is started again at once */
#define END_LIMIT 1000

#define MODULE_VARIABLE "CERTWRIGHT_STATUS_MODULE"

static const char what[] = "the status process";

struct cw_status_server {
	struct cw_loop *loop;
	struct cw_health_limits limits;
	bool require_sandbox;
	struct json_object *(*document)(void *user);
	void *user;
	int listener;
	unsigned port;
	struct cw_role_process *process;
	struct cw_peer *peer;
	struct cw_timer *again; /* starts the process */
	int64_t delay;          /* of the next start */
	int64_t started;
};

static const char *
module_path(void)
{
	const char *given = getenv(MODULE_VARIABLE);

	return given != NULL && *given == '/' ? given : CW_STATUS_MODULE;
}

/* The answer to a request for the document: its text. */
static struct cw_message *
make_document(struct cw_status_server *server)
{
	struct cw_message *answer = cw_message_new(CW_STATUS_ANSWER);
	cw_auto_json struct json_object *document = server->document(server->user);
	const char *text = "";

	if (document != NULL) {
		cw_health_judge(document, &server->limits);
		text = cw_json_text(document);
	}
	if (strlen(text) > CW_STATUS_DOCUMENT_MAX) {
		cw_log_error("the status document is too large for the status server");
		text = "";
	}
	cw_message_put_bytes(answer, text, strlen(text));
	return answer;
}

/* What the process logs. */
static void
take_log(struct cw_message *message)
{
	enum cw_log_level level =
		(enum cw_log_level)cw_message_get_int(message, CW_LOG_DEBUG, CW_LOG_ERROR);
	cw_autofree char *line = cw_message_need_text(message, CW_MESSAGE_LINE);

	if (cw_message_finish(message, what, NULL) < 0)
		return;
	if (level == CW_LOG_ERROR)
		cw_log_error("status server: %s", line);
	else
		cw_log_debug("status server: %s", line);
}

static void
received(void *context, struct cw_message *message)
{
	struct cw_status_server *server = context;

	if (message->type == CW_STATUS_LOG)
		take_log(message);
	else if (message->type == CW_STATUS_DOCUMENT)
		cw_peer_answer(server->peer, message, make_document(server));
	cw_message_free(message);
}

static void
gone(void *context, const struct cw_error *reason)
{
	struct cw_status_server *server = context;

	if (reason->status == CW_E_PROTOCOL)
		cw_log_error("%s; it is ended", reason->message);
	cw_peer_free(cw_take(&server->peer));
	if (server->process != NULL)
		cw_role_stop(server->process, reason->status == CW_E_PROTOCOL ? 0 : END_LIMIT);
}

static int start_process(struct cw_status_server *server, struct cw_error *error);
static void start_again(struct cw_status_server *server);

static void
on_again(void *context)
{
	struct cw_status_server *server = context;
	cw_auto_error struct cw_error error = {0};

	server->again = NULL;
	if (start_process(server, &error) == CW_OK)
		return;
	cw_log_error("%s", error.message);
	start_again(server);
}

/* Later and later, unless the last one lived for long. */
static void
start_again(struct cw_status_server *server)
{
	if (cw_now_ms() - server->started > GOOD_TIME)
		server->delay = FIRST_DELAY;
	server->again = cw_loop_timer(server->loop, server->delay, on_again, server);
	server->delay = server->delay * 2 < LAST_DELAY ? server->delay * 2 : LAST_DELAY;
}

static void
ended(void *context)
{
	struct cw_status_server *server = context;
	cw_auto_error struct cw_error fate = {0};

	cw_role_fate(server->process, &fate);
	cw_log_warning("%s; it is started again", fate.message);
	cw_role_free(cw_take(&server->process));
	cw_peer_free(cw_take(&server->peer));
	start_again(server);
}

static void
begun(void *context, struct cw_message **answer, const struct cw_error *gone_error)
{
	cw_auto_strv struct cw_strv missing = {0};
	cw_auto_error struct cw_error error = {0};

	(void)context;
	(void)gone_error;
	if (*answer == NULL)
		return;
	cw_message_get_error(*answer, &error);
	cw_message_get_list(*answer, CW_MESSAGE_ITEMS, CW_MESSAGE_LINE, &missing);
	if (error.status == CW_OK)
		cw_message_finish(*answer, what, &error);
	if (error.status < 0)
		cw_log_error("the status server cannot begin: %s", error.message);
	for (size_t i = 0; i < missing.count; i++)
		cw_log_debug("%s keeps rights that it does not need: %s", what, missing.items[i]);
}

static int
begin_message(const struct cw_status_server *server, struct cw_message **message,
	      struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int listener = fcntl(server->listener, F_DUPFD_CLOEXEC, 0);

	if (listener < 0)
		return cw_fail_errno(error, errno, "cannot start %s", what);
	cw_status_own_names(&names);
	*message = cw_message_new(CW_STATUS_BEGIN);
	(*message)->descriptor = listener;
	cw_message_put_text(*message, module_path());
	cw_message_put_text(*message, cw_sandbox_default_user());
	cw_message_put_bool(*message, server->require_sandbox);
	cw_message_put_list(*message, &names);
	return CW_OK;
}

static int
start_process(struct cw_status_server *server, struct cw_error *error)
{
	const struct cw_role_start role = {
		.role = "status", .what = what, .ended = ended, .context = server};
	const struct cw_peer_handler handler = {
		.received = received, .gone = gone, .context = server};
	struct cw_message *message = NULL;
	int status = begin_message(server, &message, error);

	server->started = cw_now_ms();
	if (status == CW_OK)
		status = cw_role_start(server->loop, &role, &server->process, error);
	if (status < 0) {
		cw_message_free(message);
		return status;
	}
	server->peer =
		cw_peer_new(server->loop, cw_role_take_socket(server->process), what, &handler);
	cw_peer_ask(server->peer, message, begun, server);
	return CW_OK;
}

static unsigned
port_of(int listener)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);

	if (getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		return 0;
	return address.ss_family == AF_INET6
		       ? ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port)
		       : ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
}

static int
open_listener(struct cw_status_server *server, const char *text, struct cw_error *error)
{
	cw_autofree char *address = NULL;
	cw_auto_error struct cw_error failure = {0};
	unsigned port;
	bool by_run;
	int status = cw_status_address_parse(text, &address, &port, error);

	if (status < 0)
		return status;
	status = cw_listen(address, port, &server->listener, &by_run, &failure);
	if (status < 0) {
		/* Its hint is for the challenges of a CA. */
		cw_fail(error, status, "the status server: %s", failure.message);
		cw_hint(error, "give another address with --status-address");
		return status;
	}
	server->port = port_of(server->listener);
	return CW_OK;
}

int
cw_status_server_new(struct cw_loop *loop, const struct cw_status_server_start *start,
		     struct cw_status_server **server, struct cw_error *error)
{
	struct cw_status_server *made = cw_alloc(sizeof(*made));
	int status = CW_OK;

	*server = NULL;
	*made = (struct cw_status_server){
		.loop = loop,
		.limits = start->limits != NULL ? *start->limits : cw_health_defaults,
		.require_sandbox = start->require_sandbox,
		.document = start->document,
		.user = start->user,
		.listener = -1,
		.delay = FIRST_DELAY,
	};
	if (!cw_file_exists(module_path())) {
		status = cw_fail(error, CW_E_UNSUPPORTED,
				 "this certwright has no status server: there is no \"%s\"",
				 module_path());
		cw_hint(error, "build certwright with libmicrohttpd (Debian: libmicrohttpd-dev, "
			       "Fedora: libmicrohttpd-devel)");
	}
	if (status == CW_OK)
		status = open_listener(made, start->address, error);
	if (status == CW_OK)
		status = start_process(made, error);
	if (status < 0)
		cw_status_server_free(made);
	else
		*server = made;
	return status;
}

void
cw_status_server_set_limits(struct cw_status_server *server, const struct cw_health_limits *limits)
{
	server->limits = *limits;
}

void
cw_status_server_free(struct cw_status_server *server)
{
	if (server == NULL)
		return;
	cw_loop_cancel(server->loop, server->again);
	cw_peer_free(server->peer);
	cw_role_free(server->process);
	if (server->listener >= 0)
		close(server->listener);
	free(server);
}

pid_t
cw_status_server_pid(const struct cw_status_server *server)
{
	return server != NULL && server->process != NULL ? cw_role_pid(server->process) : 0;
}

unsigned
cw_status_server_port(const struct cw_status_server *server)
{
	return server->port;
}
