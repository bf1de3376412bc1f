/*
 * HTTP over libcurl. Many requests share one pool of connections, with HTTP/2 if the server
 * supports it. libcurl is loaded when the first client is made, so that verbs that need no network
 * do not pay for it.
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
	/* Read the whole trust store now, so that no file has to be opened later. */
	bool preload_trust;
};

/*
 * Makes a client. Proxies come from http_proxy, https_proxy, all_proxy and no_proxy. The trust
 * store is the first of these that is set: SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE (a file
 * or a folder), CURL_CA_BUNDLE. If none is set, it is the system's trust store.
 */
int cw_http_new(struct cw_loop *loop, const struct cw_http_options *options, struct cw_http **http,
		struct cw_error *error);
/* Frees the client and cancels its exchanges. Their callbacks are not called. NULL is allowed. */
void cw_http_free(struct cw_http *http);

/* TLS settings of one request, which replace those of the client. All texts are PEM. */
struct cw_http_tls {
	bool no_verify; /* accept any certificate from the server */
	const char *
		ca_certificates; /* trusted instead of the trust store; NULL: use the trust store */
	const char *client_certificate; /* including its chain; NULL: none */
	const char *client_key;         /* without a passphrase; NULL: none */
};

enum { CW_HTTP_REDIRECTIONS_MAX = 10 };

struct cw_http_message {
	const char *method;         /* "GET", "HEAD", "POST" */
	const char *url;            /* https, or http if the caller allows it */
	const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
	const char *body;           /* NULL: none; copied */
	size_t body_length;
	/* Limit of the answer's body in bytes; 0: 1 MiB. A longer body is CW_E_PROTOCOL. */
	size_t limit;
	/*
	 * How many redirections to follow, at most CW_HTTP_REDIRECTIONS_MAX; 0: none. These are
	 * CW_E_PROTOCOL: one redirection too many, one from https to http, and one to another
	 * origin if the request has a body. Another origin gets neither the headers nor the client
	 * certificate.
	 */
	unsigned redirections;
	const struct cw_http_tls *tls; /* NULL: use the client's options */
	bool quiet;                    /* one of very many requests: logged only if it fails */
};

struct cw_http_answer {
	int status; /* 100 to 599 */
	struct cw_buf body;
	/* the headers of the last answer, in order: "name: value", with the name in lower case */
	struct cw_strv headers;
};

/* Returns the value of the first header with this name (in lower case), or NULL. */
const char *cw_http_header(const struct cw_http_answer *answer, const char *name);
/* Adds all "Link" targets with rel=RELATION (RFC 8288) to TARGETS, resolved against BASE. */
void cw_http_links(const struct cw_http_answer *answer, const char *base, const char *relation,
		   struct cw_strv *targets);
/* Resolves REFERENCE against BASE. Returns NULL if the result is not an http or https URL. Release
 * with free(). */
char *cw_http_resolve(const char *base, const char *reference);

/*
 * Called when an exchange ends. If there is no answer, ANSWER is NULL and ERROR is set
 * (CW_E_NETWORK, CW_E_TIMEOUT or CW_E_PROTOCOL). The error's message names the host. Its hint says
 * what to check: name resolution, the certificate and the trust store, or the proxy. Both are valid
 * only during the call. The callee may take the buffer of the body.
 */
typedef void (*cw_http_callback)(void *context, struct cw_http_answer *answer,
				 const struct cw_error *error);
/* Starts an exchange. CALLBACK is called from the loop, never directly. Returns NULL and fills
 * ERROR if the exchange cannot be started (for example, a bad URL). */
struct cw_http_exchange *cw_http_start(struct cw_http *http, const struct cw_http_message *message,
				       cw_http_callback callback, void *context,
				       struct cw_error *error);
/* Cancels an exchange. Its callback is not called. NULL is allowed. */
void cw_http_cancel(struct cw_http_exchange *exchange);
/* Runs one exchange, and turns the loop until it ends. The caller must clear ANSWER. */
int cw_http_run(struct cw_http *http, const struct cw_http_message *message,
		struct cw_http_answer *answer, struct cw_error *error);
void cw_http_answer_clear(struct cw_http_answer *answer);

#endif
