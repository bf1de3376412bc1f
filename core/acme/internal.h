/* What the files of acme/ share: the client itself. Private to acme/. */
#ifndef CW_ACME_INTERNAL_H
#define CW_ACME_INTERNAL_H

#include "acme/client.h"
#include "acme/transport.h"

struct cw_acme {
	struct cw_loop *loop;
	struct cw_http *http;
	const struct cw_signer *signer;
	char *directory_url;
	struct json_object *directory;
	char *account_url; /* NULL: none in use */
	int64_t time_limit;
	cw_acme_connected connected;
	void *connected_context;
	bool *silent; /* see struct cw_acme_options */
	/* Of the calls (call.h). */
	struct cw_strv nonces;
	struct cw_acme_call *first_call; /* in the order in which they were started */
	struct cw_acme_call *last_call;
	size_t in_flight;
};

/* The directory's URL for NAME, or CW_E_UNSUPPORTED with a sentence. */
int cw_acme_need_resource(const struct cw_acme *acme, const char *name, const char **url,
			  struct cw_error *error);
/*
 * Whether URL is one that a request may go to: absolute, https (http only where the directory is
 * http), without blanks or control characters, at most 2048 bytes.
 */
bool cw_acme_url_ok(const struct cw_acme *acme, const char *url);

/* Things that are done side by side: LEFT is how many are not done yet. */
struct cw_acme_batch {
	struct cw_acme *acme;
	size_t left;
	bool done;
};
void cw_acme_batch_one_done(struct cw_acme_batch *batch);
/* Turns the loop until all are done. */
int cw_acme_batch_run(struct cw_acme_batch *batch, struct cw_error *error);

/* Adds to CW_E_PROTOCOL, where there is no hint yet, whose fault it is. */
void cw_acme_hint_nonsense(struct cw_error *error);

/* CW_E_INVALID when no account is in use. */
int cw_acme_need_account(const struct cw_acme *acme, struct cw_error *error);

#endif
