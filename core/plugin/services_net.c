/* The services of the network: HTTP, listening sockets, watched descriptors. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "plugin/instance_internal.h"
#include "plugin/services_remote.h"

#define REQUEST_SIZE CW_SIZE_1_0(struct cw_http_request, response_limit)
#define RESPONSE_SIZE CW_SIZE_1_0(struct cw_http_response, content_type)
#define HEADER_SIZE CW_SIZE_1_0(struct cw_http_header, value)

enum { HEADERS_MAX = 128 };

static bool
header_valid(const struct cw_http_header *header)
{
	return header->size >= HEADER_SIZE && header->name != NULL && header->value != NULL &&
	       header->name[0] != '\0' && strpbrk(header->name, ": \t\r\n") == NULL &&
	       strpbrk(header->value, "\r\n") == NULL;
}

/* Fills HEADERS from the request's; false when one of them is malformed. */
static bool
make_headers(const struct cw_http_request *request, struct cw_strv *headers)
{
	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
		if (i == HEADERS_MAX || !header_valid(request->headers[i]))
			return false;
		cw_strv_addf(headers, "%s: %s", request->headers[i]->name,
			     request->headers[i]->value);
	}
	return true;
}

/* What a server answers that cannot do it. */
static int
refuse(const struct cw_host *host, struct cw_http_response *response)
{
	response->http_status = 500;
	response->body = cw_strdup("");
	cw_error_clear(cw_host_error(host));
	return CW_OK;
}

int
cw_service_http(const struct cw_host *host, const struct cw_http_request *request,
		struct cw_http_response *response)
{
	cw_auto_strv struct cw_strv headers = {0};
	int status;

	if (request->size < REQUEST_SIZE || response->size < RESPONSE_SIZE)
		return cw_host_misused(host, "http", "the request or the response is cut short");
	if (request->url == NULL ||
	    (!cw_starts_with(request->url, "https://") && !cw_starts_with(request->url, "http://")))
		return cw_host_misused(host, "http", "the URL is not one of http or https");
	if (CW_HAS(request, struct cw_http_request, client_key) &&
	    (request->client_certificate == NULL) != (request->client_key == NULL))
		return cw_host_misused(host, "http",
				       "a client certificate and its key belong together");
	if (!make_headers(request, &headers))
		return cw_host_misused(host, "http", "a header is malformed");
	response->http_status = 0;
	response->body = NULL;
	response->body_length = 0;
	response->content_type = NULL;
	if (CW_HAS(response, struct cw_http_response, headers))
		response->headers = NULL;
	status = cw_host_begin(host, "http");
	if (status == CW_E_COMMAND)
		return refuse(host, response);
	return status == CW_OK ? cw_remote_http(host, request, &headers, response) : status;
}

int
cw_service_listen(const struct cw_host *host, const char *address, unsigned port, int *descriptor)
{
	struct cw_instance *instance = cw_host_instance(host);
	const struct cw_services *services = instance->services;
	bool by_run;
	int status = cw_host_begin(host, "listen");

	*descriptor = -1;
	if (status != CW_OK)
		return status;
	if (services->listen == NULL)
		return cw_listen(address, port, descriptor, &by_run, cw_host_error(host));
	status =
		services->listen(services->context, address, port, descriptor, cw_host_error(host));
	if (status == CW_OK && services->unlisten != NULL) {
		struct cw_listening *listening = cw_alloc(sizeof(*listening));

		*listening = (struct cw_listening){cw_strdup(address), port, instance->listening};
		instance->listening = listening;
	}
	return status;
}

void
cw_listening_end(struct cw_instance *instance)
{
	cw_shield_signals(+1);
	while (instance->listening != NULL) {
		struct cw_listening *listening = instance->listening;

		instance->listening = listening->next;
		instance->services->unlisten(instance->services->context, listening->address,
					     listening->port);
		free(listening->address);
		free(listening);
	}
	cw_shield_signals(-1);
}

static void
call_watch(void *context, int descriptor, short events)
{
	struct cw_watch *watch = context;
	struct cw_instance *instance = watch->instance;
	cw_watch_callback callback = watch->callback;
	void *plugin_context = watch->context;
	struct cw_call call;

	/* The callback may end this watch, so nothing of it is looked at afterwards. */
	cw_call_begin(&call, instance, "watch");
	callback(plugin_context, descriptor, events);
	cw_call_end(&call, CW_OK, NULL);
}

static void
end_watch(struct cw_instance *instance, int descriptor)
{
	for (struct cw_watch **link = &instance->watches; *link != NULL; link = &(*link)->next) {
		struct cw_watch *watch = *link;

		if (watch->descriptor != descriptor)
			continue;
		*link = watch->next;
		cw_loop_watch(instance->services->loop, descriptor, 0, NULL, NULL);
		free(watch);
		return;
	}
}

void
cw_watches_end(struct cw_instance *instance)
{
	while (instance->watches != NULL)
		end_watch(instance, instance->watches->descriptor);
}

int
cw_service_watch(const struct cw_host *host, int descriptor, short events,
		 cw_watch_callback callback, void *context)
{
	struct cw_instance *instance = cw_host_instance(host);
	struct cw_watch *watch;
	int status = cw_host_begin(host, "watch");

	if (status != CW_OK)
		return status;
	if (descriptor < 0 || (events != 0 && callback == NULL))
		return cw_host_misused(host, "watch", "there is no descriptor or no callback");
	end_watch(instance, descriptor);
	if (events == 0)
		return CW_OK;
	watch = cw_alloc(sizeof(*watch));
	*watch = (struct cw_watch){instance, descriptor, callback, context, instance->watches};
	instance->watches = watch;
	cw_loop_watch(instance->services->loop, descriptor, events, call_watch, watch);
	return CW_OK;
}
