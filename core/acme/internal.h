/* The client itself, for the files of acme/ only. */
#ifndef CW_ACME_INTERNAL_H
#define CW_ACME_INTERNAL_H

#include "acme/client.h"
#include "acme/transport.h"

/* The pause that the server asked for (limit.c). */
struct cw_acme_limit {
	struct cw_timer *timer; /* NULL: no pause */
	int64_t until;          /* cw_now_ms() clock */
	/* the last pause whose length we chose; 0: none since the last normal answer */
	int64_t pause;
	struct cw_error error; /* what the server said */
};

struct cw_acme {
	struct cw_loop *loop;
	struct cw_http *http;
	struct cw_acme_signer signer; /* if sign is NULL: no signer */
	char *directory_url;
	struct json_object *directory;
	char *directory_text;
	/* kept because callers borrow its strings; NULL: none */
	struct json_object *stale_directory;
	bool directory_given; /* it is from an earlier run and was not fetched again yet */
	bool directory_fetched;
	/* fetches a directory to replace the one from the earlier run */
	struct cw_acme_call *directory_call;
	char *account_url; /* NULL: none in use */
	int64_t time_limit;
	bool *silent; /* see struct cw_acme_options */
	struct cw_acme_count count;
	struct cw_acme_operation *operations;
	/* For the calls (call.h). */
	struct cw_strv nonces;
	struct cw_acme_nonce_fetch *nonce_fetches;
	size_t nonce_fetch_count;
	/* cw_now_ms() clock; before this time the server wants no more requests for nonces */
	int64_t nonce_fetch_after;
	struct cw_acme_call *first_call; /* in the order in which they were started */
	struct cw_acme_call *last_call;
	size_t in_flight;
	bool closing; /* start nothing more */
	struct cw_acme_limit limit;
};

/*
 * Whether a request may be sent to URL: absolute, https (http only if the directory is http), no
 * blanks or control characters, at most 2048 bytes.
 */
bool cw_acme_url_ok(const struct cw_acme *acme, const char *url);
/* Makes BODY, with its JSON text TEXT, the client's directory. Takes ownership of BODY.
 * CW_E_PROTOCOL if it cannot be used; the client is then unchanged. */
int cw_acme_directory_take(struct cw_acme *acme, struct json_object *body, const char *text,
			   struct cw_error *error);
/* Returns the request for the directory. */
struct cw_acme_request cw_acme_directory_request(const struct cw_acme *acme);

/* An operation. Each kind of operation has a struct that begins with this one. */
struct cw_acme_operation {
	struct cw_acme *acme;
	struct cw_acme_operation *previous, *next; /* in the client's list */
	/* The call in flight, for operations that make one call at a time. NULL: none. */
	struct cw_acme_call *call;
	/* The number of parallel parts that are not done, plus 1 while they are being started. */
	size_t left;
	void (*complete)(struct cw_acme_operation
				 *operation); /* called when all parts are done; may be NULL */
	/* Cancels what is in flight and frees what the operation owns. May be NULL. */
	void (*release)(struct cw_acme_operation *operation);
	cw_acme_done done;
	void *context;
	struct cw_timer *timer; /* calls done from the loop */
	struct cw_error error;
};

/* Allocates SIZE zeroed bytes that begin with an operation. */
void *cw_acme_operation_new(struct cw_acme *acme, size_t size, cw_acme_done done, void *context);
/* Ends OPERATION on the next turn of the loop, with ERROR (moved) or NULL. Nothing may be in
 * flight. */
void cw_acme_operation_end(struct cw_acme_operation *operation, struct cw_error *error);
/* Call this when one part is done, and once when all parts were started. Ends OPERATION after the
 * last call. */
void cw_acme_operation_one_done(struct cw_acme_operation *operation);

/* Adds a hint to a CW_E_PROTOCOL error that has none: the CA is at fault. */
void cw_acme_hint_nonsense(struct cw_error *error);

/* Returns CW_E_INVALID if no account is in use. */
int cw_acme_need_account(const struct cw_acme *acme, struct cw_error *error);

#endif
