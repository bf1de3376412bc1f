#include "base/clock.h"
#include "base/text.h"
#include "http/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How a failure reads: BEFORE, the host and port, AFTER, and what libcurl says where WITH_DETAIL.
 */
struct failure {
	CURLcode code;
	int status;
	const char *before, *after;
	bool with_detail;
	const char *hint;
};

#define HINT_PROXY "check the proxy in the variables https_proxy, http_proxy and all_proxy"
#define HINT_BROKEN "try again; if this does not help, check firewalls and proxies on the way"
#define HINT_NO_HTTP "check that the URL and its port belong to a web server"

static const struct failure failures[] = {
	{CURLE_COULDNT_RESOLVE_HOST, CW_E_NETWORK, "cannot resolve the name of ", "", false,
	 "check the name, and check that this machine's name servers answer"},
	{CURLE_COULDNT_RESOLVE_PROXY, CW_E_NETWORK, "cannot resolve the name of the proxy for ", "",
	 false, HINT_PROXY},
#if LIBCURL_VERSION_NUM >= 0x074900
	{CURLE_PROXY, CW_E_NETWORK, "the proxy does not connect to ", "", true, HINT_PROXY},
#endif
	{CURLE_SSL_CONNECT_ERROR, CW_E_NETWORK, "no TLS connection to ", "", true,
	 "check that this port serves HTTPS, with TLS 1.2 or later"},
	{CURLE_GOT_NOTHING, CW_E_NETWORK, "", " closed the connection without an answer", false,
	 HINT_BROKEN},
	{CURLE_RECV_ERROR, CW_E_NETWORK, "the connection to ", " broke", true, HINT_BROKEN},
	{CURLE_SEND_ERROR, CW_E_NETWORK, "the connection to ", " broke", true, HINT_BROKEN},
	{CURLE_PARTIAL_FILE, CW_E_NETWORK, "", " closed the connection in the middle of its answer",
	 false, HINT_BROKEN},
	{CURLE_HTTP2, CW_E_NETWORK, "the HTTP/2 connection to ", " broke", true, HINT_BROKEN},
	{CURLE_HTTP2_STREAM, CW_E_NETWORK, "", " did not complete its answer", true, HINT_BROKEN},
	{CURLE_WEIRD_SERVER_REPLY, CW_E_PROTOCOL, "", " does not answer in HTTP", true,
	 HINT_NO_HTTP},
	{CURLE_BAD_CONTENT_ENCODING, CW_E_PROTOCOL, "", " does not answer in HTTP", true, NULL},
	{CURLE_URL_MALFORMAT, CW_E_INVALID, "the URL of ", " is malformed", true, NULL},
};

/* CURLE_TOO_LARGE of libcurl 8.6 and later, whatever version this is built with. */
#define TOO_LARGE 100

static long
get_long(const struct cw_http_exchange *exchange, CURLINFO info)
{
	long value = 0;

	cw_curl.easy_getinfo(exchange->easy, info, &value);
	return value;
}

static bool
reached(const struct cw_http_exchange *exchange, CURLINFO info)
{
	curl_off_t microseconds = 0;

	cw_curl.easy_getinfo(exchange->easy, info, &microseconds);
	return microseconds > 0;
}

/* What libcurl says, without the part that it says before the reason of every refused certificate.
 */
static const char *
detail_of(const struct cw_http_exchange *exchange, CURLcode result)
{
	static const char *const openings[] = {"SSL certificate problem: ", "SSL: "};
	const char *detail = exchange->detail;

	if (*detail == '\0')
		return cw_curl.easy_strerror(result);
	for (size_t i = 0; i < CW_COUNT(openings); i++) {
		if (cw_starts_with(detail, openings[i]))
			return detail + strlen(openings[i]);
	}
	return detail;
}

/* libcurl names whom it tried to connect to: where that is not the server it is the proxy. */
static char *
proxy_tried(const struct cw_http_exchange *exchange, const struct cw_endpoint *endpoint)
{
	char host[256];
	unsigned port;

	if (sscanf(exchange->detail, "Failed to connect to %255s port %u", host, &port) != 2)
		return NULL;
	if (port == endpoint->port && cw_equal_nocase(host, endpoint->host))
		return NULL;
	return cw_format("the proxy \"%s\" (port %u) on the way to ", host, port);
}

static int
fail_connect(const struct cw_http_exchange *exchange, const struct cw_endpoint *endpoint,
	     const char *peer, struct cw_error *error)
{
	cw_autofree char *proxy = proxy_tried(exchange, endpoint);
	long number = get_long(exchange, CURLINFO_OS_ERRNO);

	cw_fail(error, CW_E_NETWORK, "cannot connect to %s%s: %s", proxy == NULL ? "" : proxy, peer,
		number > 0 ? strerror((int)number) : detail_of(exchange, CURLE_COULDNT_CONNECT));
	if (proxy != NULL)
		cw_hint(error, HINT_PROXY);
	else if (number == ECONNREFUSED)
		cw_hint(error, "check that the server is running and listens on port %u",
			endpoint->port);
	else
		cw_hint(error,
			"check the network, and check that no firewall blocks the connection");
	return CW_E_NETWORK;
}

static int
fail_timeout(const struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
	     const struct cw_endpoint *endpoint, const char *peer, struct cw_error *error)
{
	bool connected = reached(exchange, endpoint->secure ? CURLINFO_APPCONNECT_TIME_T
							    : CURLINFO_CONNECT_TIME_T);

	if (connected)
		cw_fail(error, CW_E_TIMEOUT, "%s did not answer within %u seconds", peer,
			settings->time_limit);
	else if (reached(exchange, CURLINFO_NAMELOOKUP_TIME_T))
		cw_fail(error, CW_E_TIMEOUT, "no connection to %s within %u seconds", peer,
			settings->connect_limit);
	else
		cw_fail(error, CW_E_TIMEOUT, "cannot resolve the name of %s within %u seconds",
			peer, settings->connect_limit);
	cw_hint(error, connected
			       ? "try again later"
			       : "check the network: name servers, routes, firewalls and proxies");
	return CW_E_TIMEOUT;
}

static void
hint_trust_variable(const struct cw_trust *trust, const char *more, struct cw_error *error)
{
	if (trust->unreadable != 0)
		cw_hint(error, "correct %s: \"%s\" cannot be read: %s%s", trust->variable,
			trust->file != NULL ? trust->file : trust->folder,
			strerror(trust->unreadable), more);
	else
		cw_hint(error, "add its CA to the certificates in %s%s", trust->variable, more);
}

static int
fail_certificate(const struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
		 const char *peer, struct cw_error *error)
{
	enum { NOT_YET_VALID = 9, HAS_EXPIRED = 10 }; /* openssl-verification-options(1) */
	static const char no_verify[] = "; --no-verify-ssl turns this check off";
	long reason = get_long(exchange, CURLINFO_SSL_VERIFYRESULT);
	const char *detail = detail_of(exchange, CURLE_PEER_FAILED_VERIFICATION);

	cw_fail(error, CW_E_NETWORK, "the certificate of %s is not trusted: %s", peer, detail);
	if (reason == NOT_YET_VALID || reason == HAS_EXPIRED) {
		cw_autofree char *now = cw_format_utc(cw_time());

		cw_hint(error,
			"check this machine's clock, which says %s; if it is right, the server "
			"must renew its certificate",
			now);
	} else if (exchange->own_trust) {
		cw_hint(error, "check the host in the URL, and the CA certificates that the plugin "
			       "was given for it");
	} else if (strstr(detail, "subject name") != NULL) {
		cw_hint(error, "check the host in the URL%s", exchange->own_tls ? "" : no_verify);
	} else if (settings->trust.variable != NULL) {
		hint_trust_variable(&settings->trust, exchange->own_tls ? "" : no_verify, error);
	} else {
		cw_hint(error,
			"if the CA is your own, set SSL_CERT_FILE to the file with its "
			"certificate%s",
			exchange->own_tls ? "" : no_verify);
	}
	return CW_E_NETWORK;
}

static int
fail_trust_store(const struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
		 const char *peer, struct cw_error *error)
{
	const struct cw_trust *trust = &settings->trust;

	cw_fail(error, CW_E_INVALID,
		"cannot read the trusted certificates, which are needed for %s: %s", peer,
		detail_of(exchange, CURLE_SSL_CACERT_BADFILE));
	if (trust->variable != NULL)
		cw_hint(error,
			"check %s: it should name a file of certificates in PEM, or a folder made "
			"with \"openssl rehash\"",
			trust->variable);
	else
		cw_hint(error, "install the CA certificates of your system (ca-certificates)");
	return CW_E_INVALID;
}

/* Broken off from here, on purpose. */
static int
fail_refused(const struct cw_http_exchange *exchange, const char *peer, CURLcode result,
	     struct cw_error *error)
{
	if (exchange->headers_too_long)
		return cw_fail(error, CW_E_PROTOCOL, "the headers in the answer of %s are too long",
			       peer);
	if (exchange->body_too_long || result == CURLE_FILESIZE_EXCEEDED)
		return cw_fail(error, CW_E_PROTOCOL, "the answer of %s is longer than %zu bytes",
			       peer, exchange->limit);
	return cw_fail(error, CW_E_PROTOCOL, "cannot read the answer of %s: %s", peer,
		       detail_of(exchange, result));
}

/*
 * A header line that is longer than libcurl reads also is "out of memory" to older ones. Where
 * memory is left the answer is to blame, which concerns this exchange alone.
 */
static int
fail_too_large(const char *peer, struct cw_error *error)
{
	enum { PLENTY = 1024 * 1024 };
	void *probe = malloc(PLENTY);

	if (probe == NULL)
		cw_nomem();
	free(probe);
	return cw_fail(error, CW_E_PROTOCOL, "the headers in the answer of %s are too long", peer);
}

static int
fail_by_table(const struct cw_http_exchange *exchange, CURLcode result, const char *peer,
	      struct cw_error *error)
{
	const char *detail = detail_of(exchange, result);

	for (size_t i = 0; i < CW_COUNT(failures); i++) {
		const struct failure *failure = &failures[i];

		if (failure->code != result)
			continue;
		cw_fail(error, failure->status, "%s%s%s%s%s", failure->before, peer, failure->after,
			failure->with_detail ? ": " : "", failure->with_detail ? detail : "");
		if (failure->hint != NULL)
			cw_hint(error, "%s", failure->hint);
		return failure->status;
	}
	return cw_fail(error, CW_E_NETWORK, "the request to %s failed: %s", peer, detail);
}

char *
cw_exchange_server(const char *url, struct cw_endpoint *endpoint)
{
	if (!cw_url_endpoint(url, endpoint))
		return cw_strdup("the server");
	return cw_format("\"%s\" (port %u)", endpoint->host, endpoint->port);
}

/* What this machine lacks, as an errno; 0: it was not that. libcurl does not tell. */
static int
find_shortage(const struct cw_http_exchange *exchange, CURLcode result)
{
	int number = exchange->socket_errno;

	/* The resolver needs descriptors of its own. */
	if (number == 0 && result == CURLE_COULDNT_RESOLVE_HOST) {
		int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		number = probe < 0 ? errno : 0;
		if (probe >= 0)
			close(probe);
	}
	return number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS
		       ? number
		       : 0;
}

int
cw_exchange_failure(const struct cw_http_exchange *exchange,
		    const struct cw_http_settings *settings, CURLcode result,
		    struct cw_error *error)
{
	cw_auto_endpoint struct cw_endpoint endpoint = {0};
	cw_autofree char *peer = cw_exchange_server(exchange->url, &endpoint);
	int shortage = find_shortage(exchange, result);

	if (shortage != 0)
		return cw_fail_errno(error, shortage, "cannot create a socket for %s", peer);
	switch (result) {
	case CURLE_OUT_OF_MEMORY:
	case TOO_LARGE: return fail_too_large(peer, error);
	case CURLE_COULDNT_CONNECT: return fail_connect(exchange, &endpoint, peer, error);
	case CURLE_OPERATION_TIMEDOUT:
		return fail_timeout(exchange, settings, &endpoint, peer, error);
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail_certificate(exchange, settings, peer, error);
	case CURLE_SSL_CACERT_BADFILE: return fail_trust_store(exchange, settings, peer, error);
	case CURLE_WRITE_ERROR:
	case CURLE_FILESIZE_EXCEEDED: return fail_refused(exchange, peer, result, error);
	case CURLE_UNSUPPORTED_PROTOCOL:
		cw_fail(error, CW_E_PROTOCOL, "%s does not answer in HTTP: %s", peer,
			detail_of(exchange, result));
		cw_hint(error, HINT_NO_HTTP);
		return CW_E_PROTOCOL;
	default: return fail_by_table(exchange, result, peer, error);
	}
}
