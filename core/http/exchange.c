#include "http/exchange.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	BODY_LIMIT = 1024 * 1024,
	HEADER_BYTES_MAX = 64 * 1024,
	HEADERS_MAX = 256,
	RECEIVE_BUFFER = 4 * 1024, /* the answers of ACME are short, and there are many at once */
};

/* ACME and what plugins ask of it are short texts: no protocol but these, no encodings. */
#if LIBCURL_VERSION_NUM >= 0x075500
#define OPT_PROTOCOLS CURLOPT_PROTOCOLS_STR
#define ANY_HTTP "http,https"
#else
#define OPT_PROTOCOLS CURLOPT_PROTOCOLS
#define ANY_HTTP (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)
#endif

static void
forget_answer(struct cw_http_exchange *exchange)
{
	cw_http_answer_clear(&exchange->answer);
	exchange->header_bytes = 0;
	exchange->body_too_long = exchange->headers_too_long = false;
	exchange->detail[0] = '\0';
	exchange->socket_errno = 0;
}

static size_t
on_body(char *data, size_t size, size_t count, void *context)
{
	struct cw_http_exchange *exchange = context;
	size_t length = size * count; /* SIZE is always 1 */

	if (length > exchange->limit - exchange->answer.body.length) {
		exchange->body_too_long = true;
		return length + 1;
	}
	cw_buf_add(&exchange->answer.body, data, length);
	return length;
}

/* "Name: value" with the name in lower case and no blanks around the value. */
static void
add_header(struct cw_strv *headers, const char *line, const char *colon)
{
	cw_autofree char *name = cw_lower(cw_memdup(line, (size_t)(colon - line)));
	cw_autofree char *value = cw_strdup(colon + 1);

	cw_strv_addf(headers, "%s: %s", cw_trim(name), cw_trim(value));
}

/* A line that begins with a blank goes on with the header before it (RFC 9112 section 5.2). */
static void
continue_header(struct cw_strv *headers, char *line)
{
	char **last = &headers->items[headers->count - 1];
	char *joined = cw_format("%s %s", *last, cw_trim(line));

	free(*last);
	*last = joined;
}

static size_t
on_header(char *data, size_t size, size_t count, void *context)
{
	struct cw_http_exchange *exchange = context;
	struct cw_strv *headers = &exchange->answer.headers;
	size_t length = size * count;
	cw_autofree char *line = cw_memdup(data, length);
	const char *colon = strchr(line, ':');

	/* Every interim answer is followed by another. */
	if (cw_starts_with(line, "HTTP/"))
		forget_answer(exchange);
	exchange->header_bytes += length;
	if (exchange->header_bytes > HEADER_BYTES_MAX || headers->count >= HEADERS_MAX) {
		exchange->headers_too_long = true;
		return length + 1;
	}
	if ((line[0] == ' ' || line[0] == '\t') && headers->count > 0)
		continue_header(headers, line);
	else if (colon != NULL && colon != line && !cw_starts_with(line, "HTTP/"))
		add_header(headers, line, colon);
	return length;
}

/* Without this the sockets would be open in every hook. */
static curl_socket_t
open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct cw_http_exchange *exchange = context;
	int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void)purpose;
	if (made < 0)
		exchange->socket_errno = errno;
	return made;
}

static void
append_header(struct cw_http_exchange *exchange, const char *header)
{
	struct curl_slist *longer = cw_curl.slist_append(exchange->headers, header);

	if (longer == NULL)
		cw_nomem();
	exchange->headers = longer;
}

static bool
has_header(const struct cw_http_message *message, const char *prefix)
{
	for (const char *const *at = message->headers; at != NULL && *at != NULL; at++) {
		cw_autofree char *lower = cw_lower(cw_strdup(*at));

		if (cw_starts_with(lower, prefix))
			return true;
	}
	return false;
}

/* Those of every request. */
static void
append_own_headers(struct cw_http_exchange *exchange, bool has_encoding)
{
	/* Not to send the header would accept every encoding (RFC 9110 section 12.5.3). */
	if (!has_encoding)
		append_header(exchange, "Accept-Encoding: identity");
	/* libcurl would wait a second for "100 Continue". */
	append_header(exchange, "Expect:");
}

static int
set_headers(struct cw_http_exchange *exchange, const struct cw_http_message *message,
	    struct cw_error *error)
{
	for (const char *const *at = message->headers; at != NULL && *at != NULL; at++) {
		const char *colon = strchr(*at, ':');

		if (strpbrk(*at, "\r\n") != NULL || colon == NULL || colon == *at)
			return cw_fail(error, CW_E_INVALID,
				       "a header for \"%s\" does not have the form \"Name: value\"",
				       exchange->url);
		append_header(exchange, *at);
	}
	append_own_headers(exchange, has_header(message, "accept-encoding:"));
	/* libcurl would call every body a form. */
	if (message->body != NULL && !has_header(message, "content-type:"))
		append_header(exchange, "Content-Type:");
	return CW_OK;
}

/* The first failure of a row of calls stays. */
#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (result == CURLE_OK)                                                            \
			result = cw_curl.easy_setopt(exchange->easy, option, value);               \
	} while (0)

static CURLcode
set_request(struct cw_http_exchange *exchange)
{
	CURLcode result = CURLE_OK;

	SET(CURLOPT_URL, exchange->url);
	SET(CURLOPT_HTTPHEADER, exchange->headers);
	SET(CURLOPT_HTTPGET, 1L);
	SET(CURLOPT_CUSTOMREQUEST, NULL);
	if (cw_equal(exchange->method, "HEAD"))
		SET(CURLOPT_NOBODY, 1L);
	else if (exchange->body != NULL || cw_equal(exchange->method, "POST"))
		SET(CURLOPT_POST, 1L);
	if (exchange->body != NULL || cw_equal(exchange->method, "POST")) {
		SET(CURLOPT_POSTFIELDS, exchange->body == NULL ? "" : exchange->body);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_length);
	}
	if (!cw_equal(exchange->method, "GET") && !cw_equal(exchange->method, "HEAD") &&
	    !cw_equal(exchange->method, "POST"))
		SET(CURLOPT_CUSTOMREQUEST, exchange->method);
	SET(OPT_PROTOCOLS, ANY_HTTP);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)exchange->limit);
	return result;
}

static CURLcode
set_transfer(struct cw_http_exchange *exchange, const struct cw_http_settings *settings)
{
	CURLcode result = CURLE_OK;

	SET(CURLOPT_PRIVATE, exchange);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, exchange);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, exchange);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, exchange);
	SET(CURLOPT_ERRORBUFFER, exchange->detail);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
	/* A request waits to learn whether a connection that is being made can carry it as well. */
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_PIPEWAIT, 1L);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)settings->time_limit * 1000);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_limit * 1000);
	SET(CURLOPT_USERAGENT, settings->user_agent);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, settings->verify ? 1L : 0L);
	SET(CURLOPT_SSL_VERIFYHOST, settings->verify ? 2L : 0L);
	SET(CURLOPT_PROXY_SSL_VERIFYPEER, settings->verify ? 1L : 0L);
	SET(CURLOPT_PROXY_SSL_VERIFYHOST, settings->verify ? 2L : 0L);
	return result;
}

/* A blob of libcurl's own, as it keeps none of what it is given. */
static CURLcode
set_pem(struct cw_http_exchange *exchange, CURLoption option, const char *pem)
{
	struct curl_blob blob = {.len = 0, .flags = CURL_BLOB_COPY};
	cw_autosecret char *copy = cw_strdup(pem);

	if (pem == NULL)
		return CURLE_OK;
	blob.data = copy;
	blob.len = strlen(copy);
	return cw_curl.easy_setopt(exchange->easy, option, &blob);
}

/* A connection that has shown a client certificate is not for others. */
static CURLcode
set_own_connection(struct cw_http_exchange *exchange, bool own)
{
	CURLcode result = CURLE_OK;

	SET(CURLOPT_FRESH_CONNECT, own ? 1L : 0L);
	SET(CURLOPT_FORBID_REUSE, own ? 1L : 0L);
	return result;
}

static CURLcode
set_tls(struct cw_http_exchange *exchange, const struct cw_http_tls *tls)
{
	CURLcode result = set_pem(exchange, CURLOPT_CAINFO_BLOB, tls->ca_certificates);

	exchange->own_tls = true;
	exchange->own_trust = tls->no_verify || tls->ca_certificates != NULL;
	SET(CURLOPT_SSL_VERIFYPEER, tls->no_verify ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, tls->no_verify ? 0L : 2L);
	if (result == CURLE_OK && tls->client_certificate != NULL)
		result = set_own_connection(exchange, true);
	if (result == CURLE_OK)
		result = set_pem(exchange, CURLOPT_SSLCERT_BLOB, tls->client_certificate);
	if (result == CURLE_OK)
		result = set_pem(exchange, CURLOPT_SSLKEY_BLOB, tls->client_key);
	return result;
}

static int
fail_setting(CURLcode result, struct cw_error *error)
{
	if (result == CURLE_OUT_OF_MEMORY)
		cw_nomem();
	cw_fail(error, CW_E_UNSUPPORTED, "libcurl refuses a setting: %s",
		cw_curl.easy_strerror(result));
	cw_hint(error, "install a newer libcurl, with OpenSSL");
	return CW_E_UNSUPPORTED;
}

static bool
is_method(const char *method)
{
	return *method != '\0' && method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static int
prepare(struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
	const struct cw_http_message *message, struct cw_error *error)
{
	cw_auto_endpoint struct cw_endpoint endpoint = {0};
	cw_autofree char *printable = cw_url_printable(message->url);
	CURLcode result;
	int status;

	if (!cw_url_endpoint(message->url, &endpoint)) {
		cw_fail(error, CW_E_INVALID, "\"%s\" is not an http or https URL", printable);
		cw_hint(error, "a URL begins with https:// and a host name");
		return CW_E_INVALID;
	}
	if (!is_method(exchange->method))
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not an HTTP method",
			       exchange->method);
	status = set_headers(exchange, message, error);
	if (status != CW_OK)
		return status;
	result = set_request(exchange);
	if (result == CURLE_OK)
		result = set_transfer(exchange, settings);
	if (result == CURLE_OK && message->tls != NULL)
		result = set_tls(exchange, message->tls);
	return result == CURLE_OK ? CW_OK : fail_setting(result, error);
}

int
cw_exchange_new(const struct cw_http_settings *settings, const struct cw_http_message *message,
		struct cw_http_exchange **exchange, struct cw_error *error)
{
	struct cw_http_exchange *made = cw_alloc(sizeof(*made));
	int status;

	*exchange = NULL;
	made->method = cw_strdup(message->method == NULL ? "GET" : message->method);
	made->url = cw_strdup(message->url);
	made->quiet = message->quiet;
	made->redirections = made->redirections_left =
		message->redirections > CW_HTTP_REDIRECTIONS_MAX ? CW_HTTP_REDIRECTIONS_MAX
								 : message->redirections;
	made->limit = message->limit == 0 ? BODY_LIMIT : message->limit;
	if (message->body != NULL) {
		made->body = cw_memdup(message->body, message->body_length);
		made->body_length = message->body_length;
	}
	made->easy = cw_curl.easy_init();
	if (made->easy == NULL)
		cw_nomem();
	status = prepare(made, settings, message, error);
	if (status == CW_OK)
		status = cw_exchange_arm(made, settings, error);
	if (status != CW_OK) {
		cw_exchange_free(made);
		return status;
	}
	*exchange = made;
	return CW_OK;
}

int
cw_exchange_arm(struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
		struct cw_error *error)
{
	CURLcode result = CURLE_OK;

	forget_answer(exchange);
	if ((settings->verify || exchange->own_tls) && !exchange->own_trust)
		result = cw_trust_apply(&settings->trust, exchange->easy);
	exchange->only_folder = !exchange->own_trust && settings->trust.bundle_left != NULL;
	return result == CURLE_OK ? CW_OK : fail_setting(result, error);
}

static void
forget_body(struct cw_http_exchange *exchange)
{
	if (exchange->body != NULL)
		cw_wipe(exchange->body, exchange->body_length);
	free(cw_take(&exchange->body));
	exchange->body_length = 0;
}

/* Takes what was for the first server alone out of the request. */
static CURLcode
forget_secrets(struct cw_http_exchange *exchange)
{
	CURLcode result = set_own_connection(exchange, false);

	cw_curl.slist_free_all(cw_take(&exchange->headers));
	append_own_headers(exchange, false);
	/* An older libcurl does not know them, and then they were not set. */
	if (exchange->own_tls) {
		SET(CURLOPT_SSLCERT_BLOB, NULL);
		SET(CURLOPT_SSLKEY_BLOB, NULL);
	}
	return result;
}

/* The time limit is for all servers together. */
static CURLcode
set_time_left(struct cw_http_exchange *exchange, const struct cw_http_settings *settings)
{
	curl_off_t microseconds = 0;
	long left = (long)settings->time_limit * 1000;

	cw_curl.easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME_T, &microseconds);
	exchange->spent += (long)(microseconds / 1000);
	left -= exchange->spent;
	return cw_curl.easy_setopt(exchange->easy, CURLOPT_TIMEOUT_MS, left > 0 ? left : 1L);
}

int
cw_exchange_turn(struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
		 char *url, bool as_get, bool same_origin, struct cw_error *error)
{
	CURLcode result = set_time_left(exchange, settings);

	free(exchange->url);
	exchange->url = url;
	if (as_get) {
		forget_body(exchange);
		free(exchange->method);
		exchange->method = cw_strdup("GET");
	}
	if (result == CURLE_OK && !same_origin)
		result = forget_secrets(exchange);
	if (result == CURLE_OK)
		result = set_request(exchange);
	return result == CURLE_OK ? cw_exchange_arm(exchange, settings, error)
				  : fail_setting(result, error);
}

void
cw_exchange_free(struct cw_http_exchange *exchange)
{
	if (exchange == NULL)
		return;
	cw_curl.easy_cleanup(exchange->easy);
	cw_curl.slist_free_all(exchange->headers);
	cw_http_answer_clear(&exchange->answer);
	forget_body(exchange);
	free(exchange->method);
	free(exchange->url);
	free(exchange);
}
