/* One request and its answer, as libcurl sees them; for http/ only. */
#ifndef CW_HTTP_EXCHANGE_H
#define CW_HTTP_EXCHANGE_H

#include "http/client.h"
#include "http/curl_api.h"
#include "http/trust.h"
#include "http/url.h"

/* What all exchanges of a client have in common. */
struct cw_http_settings {
	char *user_agent; /* NULL: none */
	bool verify;
	unsigned time_limit, connect_limit; /* seconds */
	struct cw_trust trust;
};

struct cw_http_exchange {
	struct cw_http *http;
	struct cw_http_exchange *previous, *next; /* among the client's */
	CURL *easy;
	struct curl_slist *headers;
	char *method, *url;
	char *body; /* NULL: none */
	size_t body_length;
	unsigned redirections; /* that it may follow in all, and that are left */
	unsigned redirections_left;
	long spent;       /* milliseconds before the last redirection */
	bool own_tls;     /* struct cw_http_tls was given, ... */
	bool own_trust;   /* ... which says whom to trust */
	bool only_folder; /* the trust store that it was begun with was the folder alone */
	bool finished;    /* its callback is being called */
	bool quiet;       /* see struct cw_http_message */
	cw_http_callback callback;
	void *context;
	/* Of the answer, as far as it came. */
	struct cw_http_answer answer;
	size_t limit;
	size_t header_bytes;
	bool body_too_long, headers_too_long; /* why it was broken off from here */
	int socket_errno;                     /* why no socket could be made; 0: it could */
	char detail[CURL_ERROR_SIZE];
};

/* Prepares an exchange; it belongs to no client yet. */
int cw_exchange_new(const struct cw_http_settings *settings, const struct cw_http_message *message,
		    struct cw_http_exchange **exchange, struct cw_error *error);
/*
 * Makes an exchange that was answered with a redirection ready to be sent to where that leads:
 * true. False, without an error: this answer is the last. With an error: it leads to where this
 * request must not go.
 */
bool cw_exchange_redirect(struct cw_http_exchange *exchange,
			  const struct cw_http_settings *settings, struct cw_error *error);
/* Frees one that is in no multi handle. */
void cw_exchange_free(struct cw_http_exchange *exchange);
/* Points one that was answered at URL, which it takes; AS_GET without its body, and without its
 * headers and client certificate unless SAME_ORIGIN. */
int cw_exchange_turn(struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
		     char *url, bool as_get, bool same_origin, struct cw_error *error);
/* Sets the trust store of SETTINGS and forgets what came of an answer, to begin (again). */
int cw_exchange_arm(struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
		    struct cw_error *error);
/* The host and port of URL in words, for messages; release with free(). */
char *cw_exchange_server(const char *url, struct cw_endpoint *endpoint);
/* Fills ERROR from what libcurl says about a failed exchange; returns the status. */
int cw_exchange_failure(const struct cw_http_exchange *exchange,
			const struct cw_http_settings *settings, CURLcode result,
			struct cw_error *error);

#endif
