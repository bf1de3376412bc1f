#include "plugin/services_remote.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "dns/exchange.h"
#include "plugin/wire.h"

enum {
	TIME_LIMIT = 30,
	DNS_TIME_LIMIT = 10,
	RESPONSE_LIMIT = 1024 * 1024,
	HEADERS_MAX = 10000,
	REDIRECTIONS_MAX = 10
};

static const char coordinator[] = "the coordinating process";

/* Sends REQUEST for the current call. */
static int
ask(const struct cw_host *host, struct cw_message *request, bool turn, struct cw_message **answer)
{
	const struct cw_services *services = cw_host_instance(host)->services;

	return services->ask(services->context, request, turn, answer, cw_host_error(host));
}

static int
finish(const struct cw_host *host, const struct cw_message *answer)
{
	return cw_message_finish(answer, coordinator, cw_host_error(host));
}

/* Sends REQUEST with a value that is to be kept; VALUE NULL: none any more. */
static int
put_value(const struct cw_host *host, struct cw_message *request, const void *value, size_t length)
{
	cw_auto_message struct cw_message *answer = NULL;
	int status;

	cw_message_put_bool(request, value != NULL);
	cw_message_put_bytes(request, value, value != NULL ? length : 0);
	status = ask(host, request, false, &answer);
	return status == CW_OK ? finish(host, answer) : status;
}

/* Sends REQUEST for a value. */
static int
get_value(const struct cw_host *host, struct cw_message *request, char **data, size_t *length)
{
	cw_auto_message struct cw_message *answer = NULL;
	cw_auto_buf struct cw_buf value = {0};
	int status = ask(host, request, false, &answer);

	if (status != CW_OK)
		return status;
	cw_message_get_bytes(answer, CW_PLUGIN_VALUE_MAX, &value);
	status = finish(host, answer);
	if (status != CW_OK)
		return status;
	*length = value.length;
	*data = cw_buf_take(&value);
	return CW_OK;
}

int
cw_remote_shared_put(const struct cw_host *host, const char *key, const char *value, size_t length)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_SHARED_PUT);

	cw_message_put_text(request, key);
	return put_value(host, request, value, length);
}

int
cw_remote_shared_get(const struct cw_host *host, const char *key, char **data, size_t *length)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_SHARED_GET);

	cw_message_put_text(request, key);
	return get_value(host, request, data, length);
}

int
cw_remote_state_put(const struct cw_host *host, const char *lineage, const char *key,
		    const void *value, size_t length)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_STATE_PUT);

	cw_message_put_text(request, lineage);
	cw_message_put_text(request, key);
	return put_value(host, request, value, length);
}

int
cw_remote_state_get(const struct cw_host *host, const char *lineage, const char *key, char **data,
		    size_t *length)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_STATE_GET);

	cw_message_put_text(request, lineage);
	cw_message_put_text(request, key);
	return get_value(host, request, data, length);
}

int
cw_remote_credentials(const struct cw_host *host, const char *path, bool strict, char **text)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_CREDENTIALS);
	cw_auto_message struct cw_message *answer = NULL;
	int status;

	*text = NULL;
	cw_message_put_text(request, path);
	cw_message_put_bool(request, strict);
	status = ask(host, request, false, &answer);
	if (status != CW_OK)
		return status;
	*text = cw_message_need_text(answer, CW_PLUGIN_CREDENTIALS_MAX);
	status = finish(host, answer);
	if (status != CW_OK)
		free(cw_take(text));
	return status;
}

int
cw_remote_undo_plugin(const struct cw_host *host, const char *data, unsigned *id)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_UNDO_PLUGIN);
	cw_auto_message struct cw_message *answer = NULL;
	int status;

	cw_message_put_text(request, data);
	status = ask(host, request, false, &answer);
	if (status != CW_OK)
		return status;
	*id = (unsigned)cw_message_get_int(answer, 1, UINT32_MAX);
	return finish(host, answer);
}

int
cw_remote_undo_done(const struct cw_host *host, unsigned id)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_UNDO_DONE);
	cw_auto_message struct cw_message *answer = NULL;
	int status;

	cw_message_put_int(request, id);
	status = ask(host, request, false, &answer);
	return status == CW_OK ? finish(host, answer) : status;
}

static char *
content_type(const struct cw_strv *headers)
{
	static const char name[] = "content-type: ";

	for (size_t i = 0; i < headers->count; i++)
		if (cw_starts_with(headers->items[i], name))
			return cw_strdup(headers->items[i] + sizeof(name) - 1);
	return NULL;
}

/* As one block: the pointers, and behind them the texts. */
static char **
joined_headers(const struct cw_strv *headers)
{
	size_t length = (headers->count + 1) * sizeof(char *);
	char **block, *at;

	for (size_t i = 0; i < headers->count; i++)
		length += strlen(headers->items[i]) + 1;
	block = cw_alloc(length);
	at = (char *)(block + headers->count + 1);
	for (size_t i = 0; i < headers->count; i++) {
		size_t bytes = strlen(headers->items[i]) + 1;

		block[i] = memcpy(at, headers->items[i], bytes);
		at += bytes;
	}
	return block;
}

/* What ABI 1.1 added to a request. */
static void
put_since_1_1(struct cw_message *message, const struct cw_http_request *request)
{
	bool there = CW_HAS(request, struct cw_http_request, client_key);
	unsigned redirections = there ? request->redirections : REDIRECTIONS_MAX;

	if (redirections > REDIRECTIONS_MAX)
		redirections = REDIRECTIONS_MAX;
	cw_message_put_int(message, redirections);
	cw_message_put_bool(message, there && request->no_verify);
	cw_message_put_text(message, there ? request->ca_certificates : NULL);
	cw_message_put_text(message, there ? request->client_certificate : NULL);
	cw_message_put_text(message, there ? request->client_key : NULL);
}

static struct cw_message *
http_message(const struct cw_http_request *request, const struct cw_strv *headers, size_t limit)
{
	struct cw_message *message = cw_message_new(CW_PLUGIN_HTTP);
	unsigned seconds = request->time_limit != 0 ? request->time_limit : TIME_LIMIT;
	const char *method = request->method;

	if (method == NULL)
		method = request->body != NULL ? "POST" : "GET";
	cw_message_put_text(message, method);
	cw_message_put_text(message, request->url);
	cw_message_put_list(message, headers);
	cw_message_put_bool(message, request->body != NULL);
	cw_message_put_bytes(message, request->body, request->body_length);
	cw_message_put_int(message, (int64_t)seconds * 1000);
	cw_message_put_int(message, (int64_t)limit);
	put_since_1_1(message, request);
	return message;
}

int
cw_remote_http(const struct cw_host *host, const struct cw_http_request *request,
	       const struct cw_strv *headers, struct cw_http_response *response)
{
	size_t limit = request->response_limit != 0 ? request->response_limit : RESPONSE_LIMIT;
	cw_auto_message struct cw_message *answer = NULL;
	cw_auto_strv struct cw_strv answered = {0};
	cw_auto_buf struct cw_buf body = {0};
	int status;

	if (limit > CW_MESSAGE_BODY)
		limit = CW_MESSAGE_BODY;
	status = ask(host, http_message(request, headers, limit), true, &answer);
	if (status != CW_OK)
		return status;
	response->http_status = (int)cw_message_get_int(answer, 100, 599);
	cw_message_get_list(answer, HEADERS_MAX, CW_MESSAGE_LINE, &answered);
	cw_message_get_bytes(answer, limit, &body);
	status = finish(host, answer);
	if (status != CW_OK)
		return status;
	response->content_type = content_type(&answered);
	response->body_length = body.length;
	response->body = cw_buf_take(&body);
	if (CW_HAS(response, struct cw_http_response, headers))
		response->headers = joined_headers(&answered);
	return CW_OK;
}

static int
get_status(struct cw_message *answer)
{
	return (int)cw_message_get_int(answer, CW_E_COMMAND, CW_OK);
}

static int
missing_record(const struct cw_txt_record *record, struct cw_error *error)
{
	if (record->reason != NULL)
		cw_fail(error, record->result, "%s", record->reason);
	else
		cw_fail(error, record->result, "the TXT record \"%s\" did not appear in time",
			record->name);
	cw_hint(error, "give the servers more time, or look whether the record was made in the "
		       "zone that they serve");
	return record->result;
}

int
cw_remote_wait_txt(const struct cw_host *host, struct cw_txt_record *const *records, size_t count,
		   unsigned seconds)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_WAIT_TXT);
	cw_auto_message struct cw_message *answer = NULL;
	cw_auto_strv struct cw_strv names = {0}, values = {0};
	int status;

	for (size_t i = 0; i < count; i++) {
		cw_strv_add(&names, records[i]->name);
		cw_strv_add(&values, records[i]->value);
	}
	cw_message_put_text(request, cw_service_setting(host, "dns-resolver"));
	cw_message_put_int(request, seconds);
	cw_message_put_list(request, &names);
	cw_message_put_list(request, &values);
	status = ask(host, request, true, &answer);
	for (size_t i = 0; i < count; i++) {
		records[i]->result = status == CW_OK ? get_status(answer) : status;
		records[i]->reason =
			answer != NULL ? cw_message_get_text(answer, CW_MESSAGE_LINE) : NULL;
	}
	if (status == CW_OK)
		status = finish(host, answer);
	for (size_t i = 0; i < count && status == CW_OK; i++)
		if (records[i]->result != CW_OK)
			status = missing_record(records[i], cw_host_error(host));
	return status;
}

static int
missing_place(const struct cw_dns_place *place, const char *reason, struct cw_error *error)
{
	cw_fail(error, place->result, "cannot find the DNS zone of \"%s\": %s", place->name,
		reason != NULL ? reason : "interrupted");
	cw_hint(error, "check that the resolver can be reached; --dns-resolver names another");
	return place->result;
}

int
cw_remote_locate(const struct cw_host *host, struct cw_dns_place *const *places, size_t count)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_LOCATE);
	cw_auto_message struct cw_message *answer = NULL;
	cw_auto_strv struct cw_strv names = {0}, reasons = {0};
	int status;

	for (size_t i = 0; i < count; i++)
		cw_strv_add(&names, places[i]->name);
	cw_message_put_text(request, cw_service_setting(host, "dns-resolver"));
	cw_message_put_list(request, &names);
	status = ask(host, request, true, &answer);
	for (size_t i = 0; i < count; i++) {
		places[i]->result = status == CW_OK ? get_status(answer) : status;
		if (answer == NULL)
			continue;
		places[i]->target = cw_message_get_text(answer, CW_MESSAGE_NAME);
		places[i]->zone = cw_message_get_text(answer, CW_MESSAGE_NAME);
		cw_strv_take(&reasons, cw_message_get_text(answer, CW_MESSAGE_LINE));
	}
	if (status == CW_OK)
		status = finish(host, answer);
	for (size_t i = 0; i < count && status == CW_OK; i++)
		if (places[i]->result != CW_OK)
			status = missing_place(places[i], reasons.items[i], cw_host_error(host));
	return status;
}

static int
unanswered(const struct cw_host *host, struct cw_dns_query *query, int status)
{
	struct cw_error *error = cw_host_error(host);

	if (error == NULL || error->message == NULL)
		return status;
	query->reason = cw_strdup(error->message);
	return cw_context(error, "the name server \"%s\" gave no answer", query->server);
}

int
cw_remote_dns_exchange(const struct cw_host *host, struct cw_dns_query *query)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_DNS_EXCHANGE);
	unsigned seconds = query->time_limit != 0 ? query->time_limit : DNS_TIME_LIMIT;
	cw_auto_message struct cw_message *answer = NULL;
	cw_auto_buf struct cw_buf bytes = {0};
	int status;

	if (seconds > INT32_MAX / 1000)
		seconds = INT32_MAX / 1000;
	cw_message_put_text(request, query->server);
	cw_message_put_bool(request, query->tcp != 0);
	cw_message_put_bytes(request, query->message, query->message_length);
	cw_message_put_int(request, (int64_t)seconds * 1000);
	status = ask(host, request, true, &answer);
	if (status != CW_OK)
		return unanswered(host, query, status);
	cw_message_get_bytes(answer, CW_DNS_MESSAGE_MAX, &bytes);
	status = finish(host, answer);
	if (status != CW_OK)
		return status;
	query->answer_length = bytes.length;
	query->answer = cw_buf_take(&bytes);
	return CW_OK;
}
