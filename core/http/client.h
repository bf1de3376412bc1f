/*
 * HTTP over libcurl: many requests in flight over one pool of connections, HTTP/2 where the server
 * has it. libcurl is mapped when the first client is made, so that verbs without network do not pay
 * for it.
 */
#ifndef CW_HTTP_CLIENT_H
#define CW_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/strv.h"

struct cw_http;          /* a pool of connections on one loop */
struct cw_http_exchange; /* a request in flight */

struct cw_http_options {
	const char *user_agent;
	bool verify;            /* check the servers' certificates */
	unsigned time_limit;    /* seconds for one whole exchange; 0: 30 */
	unsigned connect_limit; /* seconds; 0: 10 */
	/* Read the whole trust store now, so that no file is opened later. */
	bool preload_trust;
};

/*
 * Proxies: http_proxy, https_proxy, all_proxy, no_proxy. Trust: the system's store, or
 * SSL_CERT_FILE, SSL_CERT_DIR, or REQUESTS_CA_BUNDLE (a file or a folder) or CURL_CA_BUNDLE,
 * whichever is set, in this order.
 */
int cw_http_new(struct cw_loop *loop, const struct cw_http_options *options, struct cw_http **http,
		struct cw_error *error);
/* Ends the exchanges in flight without calling back; NULL is allowed. */
void cw_http_free(struct cw_http *http);

/* How one request trusts the server and shows itself to it, instead of what the client's options
 * say. PEM texts. */
struct cw_http_tls {
	bool no_verify;                 /* accept any certificate of the server */
	const char *ca_certificates;    /* to trust instead of the trust store; NULL: that */
	const char *client_certificate; /* with its chain; NULL: none */
	const char *client_key;         /* without a passphrase; NULL: none */
};

enum { CW_HTTP_REDIRECTIONS_MAX = 10 };

struct cw_http_message {
	const char *method;         /* "GET", "HEAD", "POST" */
	const char *url;            /* https; http where the caller wants that */
	const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
	const char *body;           /* NULL: none; copied */
	size_t body_length;
	size_t limit; /* bytes of the answer's body; 0: 1 MiB; more is CW_E_PROTOCOL */
	/*
	 * How many redirections to follow, at most CW_HTTP_REDIRECTIONS_MAX; 0: none. A further one
	 * is CW_E_PROTOCOL, and so is one from https to http, and one of a request with a body to
	 * another origin. Another origin gets neither the headers nor the client certificate.
	 */
	unsigned redirections;
	const struct cw_http_tls *tls; /* NULL: what the client's options say */
	bool quiet;                    /* one of very many: logged only when it fails */
};

struct cw_http_answer {
	int status; /* 100 to 599 */
	struct cw_buf body;
	struct cw_strv
		headers; /* "name: value", the names in lower case, in order, of the last answer */
};

/* The first header with this lower-case name, or NULL. */
const char *cw_http_header(const struct cw_http_answer *answer, const char *name);
/* All "Link" targets with rel=RELATION (RFC 8288), made absolute against BASE. */
void cw_http_links(const struct cw_http_answer *answer, const char *base, const char *relation,
		   struct cw_strv *targets);
/* REFERENCE resolved against BASE; NULL if that is not an http(s) URL; release with free(). */
char *cw_http_resolve(const char *base, const char *reference);

/*
 * The end of an exchange: ANSWER, or NULL with ERROR when none came (CW_E_NETWORK, CW_E_TIMEOUT,
 * CW_E_PROTOCOL; the message names the host, and the hint what to check: name resolution, the
 * certificate and its trust store, the proxy). Both are valid during the call only; the callback
 * may take the body's buffer.
 */
typedef void (*cw_http_callback)(void *context, struct cw_http_answer *answer,
				 const struct cw_error *error);
/* Starts an exchange; CALLBACK is called from the loop, never from within this call. NULL with
 * ERROR when it cannot be started (a bad URL). */
struct cw_http_exchange *cw_http_start(struct cw_http *http, const struct cw_http_message *message,
				       cw_http_callback callback, void *context,
				       struct cw_error *error);
/* Ends an exchange without a call back; NULL is allowed. */
void cw_http_cancel(struct cw_http_exchange *exchange);
/* One exchange, turning the loop meanwhile. ANSWER is the caller's, to be cleared. */
int cw_http_run(struct cw_http *http, const struct cw_http_message *message,
		struct cw_http_answer *answer, struct cw_error *error);
void cw_http_answer_clear(struct cw_http_answer *answer);

#endif
