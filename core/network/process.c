/* The process: how it begins, and which request goes where. */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/role.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "dns/question.h"
#include "network/internal.h"
#include "network/network.h"

static void
refuse(struct cw_network_process *process, const struct cw_message *request,
       const struct cw_error *error)
{
	struct cw_message *answer = cw_message_new(CW_NETWORK_ANSWER);

	cw_message_put_error(answer, error);
	cw_peer_answer(process->peer, request, answer);
}

/* Everything that has to be read from files is read before the sandbox stands. */
static void
begin(struct cw_network_process *process, struct cw_message *request)
{
	cw_autofree char *agent = cw_message_need_text(request, CW_MESSAGE_LINE);
	struct cw_http_options options = {.user_agent = agent, .preload_trust = true};
	struct cw_sandbox sandbox = {.readable = cw_sandbox_resolver_files, .network = true};
	cw_auto_strv struct cw_strv missing = {0};
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *user = NULL;
	struct cw_message *answer;
	bool require;
	int status;

	options.verify = cw_message_get_bool(request);
	user = cw_message_get_text(request, CW_MESSAGE_NAME);
	sandbox.user = user;
	require = cw_message_get_bool(request);
	status = cw_message_finish(request, "the coordinator", &error);
	if (status == CW_OK)
		status = cw_http_new(process->loop, &options, &process->http, &error);
	/* Where it is not there, the requests that need it say so. */
	cw_dns_library(NULL);
	if (status == CW_OK)
		status = cw_sandbox_enter(&sandbox, &missing, &error);
	if (status == CW_OK && require && missing.count > 0)
		status =
			cw_fail(&error, CW_E_UNSUPPORTED,
				"--require-sandbox: the network process cannot give up its rights: "
				"%s",
				missing.items[0]);
	if (status < 0) {
		refuse(process, request, &error);
		process->over = true;
		return;
	}
	answer = cw_serving_answer();
	cw_message_put_list(answer, &missing);
	cw_peer_answer(process->peer, request, answer);
}

static void
cancel(struct cw_network_process *process, struct cw_message *request)
{
	uint32_t number = cw_wire_get_number(request);
	struct cw_serving *job = process->jobs;

	while (job != NULL && job->number != number)
		job = job->next;
	if (job != NULL)
		cw_serving_end(job);
}

static const struct {
	unsigned type;
	cw_network_handler handler;
} handlers[] = {
	{CW_NETWORK_CA_OPEN, cw_serve_ca_open},
	{CW_NETWORK_CA_CLOSE, cw_serve_ca_close},
	{CW_NETWORK_ACCOUNT_NEW, cw_serve_account_new},
	{CW_NETWORK_ACCOUNT_GET, cw_serve_account_get},
	{CW_NETWORK_ACCOUNT_UPDATE, cw_serve_account_update},
	{CW_NETWORK_ACCOUNT_DEACTIVATE, cw_serve_account_deactivate},
	{CW_NETWORK_ACCOUNT_CHANGE_KEY, cw_serve_account_change_key},
	{CW_NETWORK_ACCOUNT_USE, cw_serve_account_use},
	{CW_NETWORK_ORDERS_OPEN, cw_serve_orders_open},
	{CW_NETWORK_ORDERS_VALIDATE, cw_serve_orders_validate},
	{CW_NETWORK_ORDERS_FINALIZE, cw_serve_orders_finalize},
	{CW_NETWORK_ORDERS_FORGET, cw_serve_orders_forget},
	{CW_NETWORK_ORDER_DOWNLOAD, cw_serve_order_download},
	{CW_NETWORK_AUTHORIZATION_DEACTIVATE, cw_serve_authorization_deactivate},
	{CW_NETWORK_REVOKE, cw_serve_revoke},
	{CW_NETWORK_RENEWAL_INFO, cw_serve_renewal_info},
	{CW_NETWORK_POST, cw_serve_post},
	{CW_NETWORK_OCSP, cw_serve_ocsp},
	{CW_NETWORK_HTTP, cw_serve_http},
	{CW_NETWORK_LOCATE, cw_serve_locate},
	{CW_NETWORK_WAIT_TXT, cw_serve_wait_txt},
	{CW_NETWORK_LOOKUP, cw_serve_lookup},
	{CW_NETWORK_DNS_EXCHANGE, cw_serve_dns_exchange},
	{CW_NETWORK_CANCEL, cancel},
};

static void
dispatch(struct cw_network_process *process, struct cw_message *request)
{
	cw_auto_error struct cw_error error = {0};

	for (size_t i = 0; i < CW_COUNT(handlers) && process->http != NULL; i++) {
		if (handlers[i].type != request->type)
			continue;
		handlers[i].handler(process, request);
		return;
	}
	cw_fail(&error, CW_E_PROTOCOL, "the network process does not know messages of type %u%s",
		request->type, process->http == NULL ? " before it has begun" : "");
	refuse(process, request, &error);
}

static void
received(void *context, struct cw_message *message)
{
	struct cw_network_process *process = context;

	if (message->type == CW_NETWORK_BEGIN && process->http == NULL)
		begin(process, message);
	else
		dispatch(process, message);
	cw_message_free(message);
}

static void
gone(void *context, const struct cw_error *reason)
{
	struct cw_network_process *process = context;

	(void)reason;
	process->over = true;
}

int
cw_network_main(int socket)
{
	struct cw_network_process process = {.loop = cw_loop_new()};
	const struct cw_peer_handler handler = {
		.received = received, .gone = gone, .context = &process};

	process.peer = cw_peer_new(process.loop, socket, "the coordinator", &handler);
	cw_role_serve(process.loop, process.peer, CW_NETWORK_LOG, &process.over);
	while (process.jobs != NULL)
		cw_serving_end(process.jobs);
	cw_served_free_all(&process);
	cw_http_free(process.http);
	cw_peer_free(process.peer);
	cw_loop_free(process.loop);
	return EXIT_SUCCESS;
}
