/* One request and its answer, as libcurl sees them; for http/ only. */
#ifndef CW_HTTP_EXCHANGE_H
#define CW_HTTP_EXCHANGE_H

#include "http/client.h"
#include "http/curl_api.h"
#include "http/trust.h"
#include "http/url.h"

/* The settings that all exchanges of a client share. */
struct cw_http_settings {
	char *user_agent; /* NULL: none */
	bool verify;
	unsigned time_limit, connect_limit; /* seconds */
	struct cw_trust trust;
};

struct cw_http_exchange {
	struct cw_http *http;
	struct cw_http_exchange *previous, *next; /* in the client's list */
	CURL *easy;
	struct curl_slist *headers;
	char *method, *url;
	char *body; /* NULL: none */
	size_t body_length;
	unsigned redirections; /* how many it may follow in total, and how many are left */
	unsigned redirections_left;
	long spent;     /* milliseconds before the last redirection */
	bool own_tls;   /* the message has a struct cw_http_tls */
	bool own_trust; /* that struct has CA certificates */
	/* it was started with only the folder of the trust store */
	bool only_folder;
	bool finished; /* its callback is being called */
	bool quiet;    /* see struct cw_http_message */
	cw_http_callback callback;
	void *context;
	/* The answer, as far as it has arrived. */
	struct cw_http_answer answer;
	size_t limit;
	size_t header_bytes;
	bool body_too_long, headers_too_long; /* why we cancelled it */
	int socket_errno;                     /* why no socket could be made; 0: no such error */
	char detail[CURL_ERROR_SIZE];
};

/* Prepares an exchange. It does not belong to a client yet. */
int cw_exchange_new(const struct cw_http_settings *settings, const struct cw_http_message *message,
		    struct cw_http_exchange **exchange, struct cw_error *error);
/*
 * Call this when an exchange is answered. If the answer is a redirection, prepares the exchange to
 * be sent to its target and returns true. Otherwise returns false. Without an error, this answer is
 * the last one. With an error, the request must not go to that target.
 */
bool cw_exchange_redirect(struct cw_http_exchange *exchange,
			  const struct cw_http_settings *settings, struct cw_error *error);
/* Frees an exchange that is not in a multi handle. */
void cw_exchange_free(struct cw_http_exchange *exchange);
/* Redirects an answered exchange to URL, and takes ownership of URL. With AS_GET, its body is
 * dropped. Without SAME_ORIGIN, its headers and its client certificate are dropped. */
int cw_exchange_turn(struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
		     char *url, bool as_get, bool same_origin, struct cw_error *error);
/* Prepares the exchange to be sent, or sent again: sets the trust store of SETTINGS and clears what
 * is left of an answer. */
int cw_exchange_arm(struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
		    struct cw_error *error);
/* Returns the host and port of URL in words, for messages. Release with free(). */
char *cw_exchange_server(const char *url, struct cw_endpoint *endpoint);
/* Fills ERROR from libcurl's RESULT for a failed exchange, and returns its status. */
int cw_exchange_failure(const struct cw_http_exchange *exchange,
			const struct cw_http_settings *settings, CURLcode result,
			struct cw_error *error);

#endif
