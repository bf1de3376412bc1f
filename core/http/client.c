#include "http/client.h"

#include "base/log.h"
#include "base/text.h"
#include "http/exchange.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	TIME_LIMIT = 30,
	CONNECT_LIMIT = 10,
	CONNECTIONS_PER_HOST = 8, /* to servers without HTTP/2 */
	STREAMS_PER_CONNECTION = 250,
};

struct cw_http {
	struct cw_loop *loop;
	CURLM *multi;
	struct cw_timer *timer; /* libcurl's; NULL: not set */
	struct cw_http_settings settings;
	struct cw_http_exchange *first;
	unsigned depth; /* of calls that may call back */
	bool closing;   /* freed meanwhile */
};

static void
unlink_exchange(struct cw_http_exchange *exchange)
{
	if (exchange->previous != NULL)
		exchange->previous->next = exchange->next;
	else
		exchange->http->first = exchange->next;
	if (exchange->next != NULL)
		exchange->next->previous = exchange->previous;
	exchange->previous = exchange->next = NULL;
}

static void
link_exchange(struct cw_http *http, struct cw_http_exchange *exchange)
{
	exchange->http = http;
	exchange->next = http->first;
	if (http->first != NULL)
		http->first->previous = exchange;
	http->first = exchange;
}

/* Everything but the exchanges, which are gone. */
static void
destroy(struct cw_http *http)
{
	cw_curl.multi_cleanup(http->multi);
	cw_loop_cancel(http->loop, http->timer);
	cw_trust_clear(&http->settings.trust);
	free(http->settings.user_agent);
	free(http);
}

/* What is logged of an exchange: never a header or a body, which hold secrets. */
static void
log_end(const struct cw_http_exchange *exchange, const char *result)
{
	cw_autofree char *url = cw_url_printable(exchange->url);
	curl_off_t total = 0, connected = 0;

	cw_curl.easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME_T, &total);
	cw_curl.easy_getinfo(exchange->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	cw_log_debug("%s %s: %s, %zu bytes sent, %zu received, %lld ms (%lld ms to connect)",
		     exchange->method, url, result, exchange->body_length,
		     exchange->answer.body.length, (long long)total / 1000,
		     (long long)connected / 1000);
}

static void
log_answer(const struct cw_http_exchange *exchange)
{
	cw_autofree char *text = cw_format("status %d", exchange->answer.status);

	if (!exchange->quiet || exchange->answer.status / 100 != 2)
		log_end(exchange, text);
}

/* With the answer, or with ERROR if that or RESULT says that there is none. */
static void
call_back(struct cw_http_exchange *exchange, CURLcode result, struct cw_error *error)
{
	if (result != CURLE_OK)
		cw_exchange_failure(exchange, &exchange->http->settings, result, error);
	if (error->status == CW_OK) {
		exchange->callback(exchange->context, &exchange->answer, NULL);
		return;
	}
	if (result != CURLE_OK)
		log_end(exchange, error->message);
	exchange->callback(exchange->context, NULL, error);
}

/* Whether the exchange was begun again with the system's whole trust store. Nothing had been sent:
 * the handshake came first. */
static bool
try_wider_trust(struct cw_http *http, struct cw_http_exchange *exchange, CURLcode result)
{
	if (result != CURLE_PEER_FAILED_VERIFICATION || !exchange->only_folder)
		return false;
	/* Another exchange may have widened it already. */
	cw_trust_widen(&http->settings.trust);
	return cw_exchange_arm(exchange, &http->settings, NULL) == CW_OK &&
	       cw_curl.multi_add_handle(http->multi, exchange->easy) == CURLM_OK;
}

/* Takes note of the answer. Whether the exchange goes on, to another URL. */
static bool
redirect(struct cw_http *http, struct cw_http_exchange *exchange, struct cw_error *error)
{
	long status = 0;

	cw_curl.easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	exchange->answer.status = (int)status;
	log_answer(exchange);
	return cw_exchange_redirect(exchange, &http->settings, error) &&
	       cw_curl.multi_add_handle(http->multi, exchange->easy) == CURLM_OK;
}

static void
finish(struct cw_http *http, CURL *easy, CURLcode result)
{
	struct cw_http_exchange *exchange = NULL;
	cw_auto_error struct cw_error error = {0};

	cw_curl.easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
	cw_curl.multi_remove_handle(http->multi, easy);
	if (try_wider_trust(http, exchange, result))
		return;
	if (result == CURLE_OK && redirect(http, exchange, &error))
		return;
	unlink_exchange(exchange);
	exchange->finished = true;
	call_back(exchange, result, &error);
	cw_exchange_free(exchange);
}

/* Lets libcurl act on DESCRIPTOR and calls back for what is done. HTTP may be gone afterwards. */
static void
act(struct cw_http *http, curl_socket_t descriptor, int ready)
{
	const CURLMsg *message;
	int left;

	http->depth++;
	cw_curl.multi_socket_action(http->multi, descriptor, ready, &left);
	while (!http->closing && (message = cw_curl.multi_info_read(http->multi, &left)) != NULL) {
		if (message->msg == CURLMSG_DONE)
			finish(http, message->easy_handle, message->data.result);
	}
	http->depth--;
	if (http->closing && http->depth == 0)
		destroy(http);
}

static void
on_ready(void *context, int descriptor, short events)
{
	int ready = 0;

	if (events & (POLLIN | POLLHUP))
		ready |= CURL_CSELECT_IN;
	if (events & POLLOUT)
		ready |= CURL_CSELECT_OUT;
	if (events & (POLLERR | POLLNVAL))
		ready |= CURL_CSELECT_ERR;
	act(context, descriptor, ready);
}

static void
on_timer(void *context)
{
	struct cw_http *http = context;

	http->timer = NULL;
	act(http, CURL_SOCKET_TIMEOUT, 0);
}

static int
watch_socket(CURL *easy, curl_socket_t descriptor, int what, void *context, void *assigned)
{
	struct cw_http *http = context;
	short events = 0;

	(void)easy;
	(void)assigned;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= POLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= POLLOUT;
	cw_loop_watch(http->loop, descriptor, events, on_ready, http);
	return 0;
}

static int
set_timer(CURLM *multi, long milliseconds, void *context)
{
	struct cw_http *http = context;

	(void)multi;
	cw_loop_cancel(http->loop, http->timer);
	http->timer =
		milliseconds < 0 ? NULL : cw_loop_timer(http->loop, milliseconds, on_timer, http);
	return 0;
}

int
cw_http_new(struct cw_loop *loop, const struct cw_http_options *options, struct cw_http **http,
	    struct cw_error *error)
{
	struct cw_http *made;
	int status;

	*http = NULL;
	status = cw_curl_load(error);
	if (status != CW_OK)
		return status;
	made = cw_alloc(sizeof(*made));
	made->loop = loop;
	made->settings.user_agent = cw_strdup(options->user_agent);
	made->settings.verify = options->verify;
	made->settings.time_limit = options->time_limit == 0 ? TIME_LIMIT : options->time_limit;
	made->settings.connect_limit =
		options->connect_limit == 0 ? CONNECT_LIMIT : options->connect_limit;
	/* Also without verification: a request may ask for it. */
	cw_trust_choose(&made->settings.trust);
	if (options->preload_trust)
		status = cw_trust_preload(&made->settings.trust, error);
	if (status != CW_OK) {
		cw_trust_clear(&made->settings.trust);
		free(made->settings.user_agent);
		free(made);
		return status;
	}
	made->multi = cw_curl.multi_init();
	if (made->multi == NULL)
		cw_nomem();
	cw_curl.multi_setopt(made->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	cw_curl.multi_setopt(made->multi, CURLMOPT_SOCKETDATA, made);
	cw_curl.multi_setopt(made->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	cw_curl.multi_setopt(made->multi, CURLMOPT_TIMERDATA, made);
	cw_curl.multi_setopt(made->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	cw_curl.multi_setopt(made->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
			     (long)CONNECTIONS_PER_HOST);
	cw_curl.multi_setopt(made->multi, CURLMOPT_MAX_CONCURRENT_STREAMS,
			     (long)STREAMS_PER_CONNECTION);
	*http = made;
	return CW_OK;
}

void
cw_http_free(struct cw_http *http)
{
	if (http == NULL || http->closing)
		return;
	while (http->first != NULL)
		cw_http_cancel(http->first);
	http->closing = true;
	/* Within a callback the caller's caller still needs it. */
	if (http->depth == 0)
		destroy(http);
}

struct cw_http_exchange *
cw_http_start(struct cw_http *http, const struct cw_http_message *message,
	      cw_http_callback callback, void *context, struct cw_error *error)
{
	struct cw_http_exchange *exchange;
	CURLMcode result;

	if (http->closing) {
		cw_fail(error, CW_E_CANCELLED, "the HTTP client is closed");
		return NULL;
	}
	if (cw_exchange_new(&http->settings, message, &exchange, error) != CW_OK)
		return NULL;
	exchange->callback = callback;
	exchange->context = context;
	/* This only sets the timer: libcurl acts when the loop turns. */
	result = cw_curl.multi_add_handle(http->multi, exchange->easy);
	if (result != CURLM_OK) {
		cw_exchange_free(exchange);
		if (result == CURLM_OUT_OF_MEMORY)
			cw_nomem();
		cw_fail(error, CW_E_UNSUPPORTED, "libcurl does not accept another request");
		return NULL;
	}
	link_exchange(http, exchange);
	return exchange;
}

void
cw_http_cancel(struct cw_http_exchange *exchange)
{
	/* One that is calling back ends by itself. */
	if (exchange == NULL || exchange->finished)
		return;
	cw_curl.multi_remove_handle(exchange->http->multi, exchange->easy);
	unlink_exchange(exchange);
	cw_exchange_free(exchange);
}

/* What cw_http_run() waits for. */
struct run {
	struct cw_http_answer *answer;
	struct cw_error *error;
	int status;
	bool done;
};

static void
end_run(void *context, struct cw_http_answer *answer, const struct cw_error *error)
{
	struct run *run = context;

	run->done = true;
	if (answer == NULL) {
		run->status = error->status;
		if (run->error != NULL)
			cw_error_copy(run->error, error);
		return;
	}
	*run->answer = *answer;
	*answer = (struct cw_http_answer){0};
}

int
cw_http_run(struct cw_http *http, const struct cw_http_message *message,
	    struct cw_http_answer *answer, struct cw_error *error)
{
	struct run run = {.answer = answer, .error = error};
	cw_auto_error struct cw_error refusal = {0};
	struct cw_http_exchange *exchange;
	int status;

	*answer = (struct cw_http_answer){0};
	exchange = cw_http_start(http, message, end_run, &run, &refusal);
	if (exchange == NULL)
		return cw_error_move(error, &refusal);
	status = cw_loop_until(http->loop, &run.done, error);
	if (run.done)
		return run.status;
	cw_http_cancel(exchange);
	return status;
}
