/* What the files of acme/ share: the client itself. Private to acme/. */
#ifndef CW_ACME_INTERNAL_H
#define CW_ACME_INTERNAL_H

#include "acme/client.h"
#include "acme/transport.h"

/* The pause that the server asked for (limit.c). */
struct cw_acme_limit {
	struct cw_timer *timer; /* NULL: there is none */
	int64_t until;          /* cw_now_ms() clock */
	int64_t pause;          /* the last one whose length was ours; 0: none since all was well */
	struct cw_error error;  /* what the server said */
};

struct cw_acme {
	struct cw_loop *loop;
	struct cw_http *http;
	struct cw_acme_signer signer; /* without sign: none */
	char *directory_url;
	struct json_object *directory;
	char *directory_text;
	struct json_object *stale_directory; /* kept for those who borrowed strings; NULL: none */
	bool directory_given;                /* it is the earlier run's, and no other was tried */
	bool directory_fetched;
	struct cw_acme_call *directory_call; /* for another in the place of the one given */
	char *account_url;                   /* NULL: none in use */
	int64_t time_limit;
	bool *silent; /* see struct cw_acme_options */
	struct cw_acme_operation *operations;
	/* Of the calls (call.h). */
	struct cw_strv nonces;
	struct cw_acme_nonce_fetch *nonce_fetches;
	size_t nonce_fetch_count;
	int64_t nonce_fetch_after; /* cw_now_ms() clock; the server wants no more of them before */
	struct cw_acme_call *first_call; /* in the order in which they were started */
	struct cw_acme_call *last_call;
	size_t in_flight;
	bool closing; /* nothing more is to be begun */
	struct cw_acme_limit limit;
};

/*
 * Whether URL is one that a request may go to: absolute, https (http only where the directory is
 * http), without blanks or control characters, at most 2048 bytes.
 */
bool cw_acme_url_ok(const struct cw_acme *acme, const char *url);
/* Makes BODY, which is taken over, with its TEXT, the client's directory. CW_E_PROTOCOL when it
 * cannot be used; then all is as before. */
int cw_acme_directory_take(struct cw_acme *acme, struct json_object *body, const char *text,
			   struct cw_error *error);
/* The request for it. */
struct cw_acme_request cw_acme_directory_request(const struct cw_acme *acme);

/* An operation: the first member of a struct of its own. */
struct cw_acme_operation {
	struct cw_acme *acme;
	struct cw_acme_operation *previous, *next; /* among the client's */
	struct cw_acme_call *call; /* of one that asks one thing at a time; NULL: none in flight */
	size_t left; /* things done side by side that are not done yet, and 1 while they are begun
		      */
	void (*complete)(struct cw_acme_operation *operation); /* once all is done; NULL: nothing */
	/* Cancels what is in flight, and frees what the operation has; NULL: nothing. */
	void (*release)(struct cw_acme_operation *operation);
	cw_acme_done done;
	void *context;
	struct cw_timer *timer; /* of the end */
	struct cw_error error;
};

/* SIZE bytes, zeroed, that begin with an operation. */
void *cw_acme_operation_new(struct cw_acme *acme, size_t size, cw_acme_done done, void *context);
/* Ends OPERATION when the loop turns next: with ERROR, which is moved, or NULL. Nothing may be in
 * flight. */
void cw_acme_operation_end(struct cw_acme_operation *operation, struct cw_error *error);
/* One of the things LEFT is done, or all were begun; ends OPERATION after the last. */
void cw_acme_operation_one_done(struct cw_acme_operation *operation);

/* Adds a hint to CW_E_PROTOCOL, unless it has one: it is the CA's fault. */
void cw_acme_hint_nonsense(struct cw_error *error);

/* CW_E_INVALID when no account is in use. */
int cw_acme_need_account(const struct cw_acme *acme, struct cw_error *error);

#endif
