/* The library's host, while a request runs: it gets notes, is asked, and replies. */
#ifndef CW_CLI_SERVE_LINK_H
#define CW_CLI_SERVE_LINK_H

#include <stdbool.h>
#include "base/ask.h"
#include "base/json.h"
#include "base/loop.h"
#include "library/channel.h"

struct cw_serve_link {
	struct cw_channel *channel; /* borrowed */
	bool lone;                  /* nobody takes events */
	int64_t timeout;            /* milliseconds for a reply */
	struct cw_loop *loop;       /* NULL: the command does not run */
	bool broken;                /* nothing can be sent any more */
	unsigned last_id;
	struct cw_serve_question *questions;
};

/* Sends NOTE, which it takes. */
void cw_link_note(struct cw_serve_link *link, struct json_object *note);
/* Sends TEXT as a message of the command. */
void cw_link_message(struct cw_serve_link *link, const char *level, const char *text);

/* REPLY NULL: there is none, and ERROR says why. Both are valid only during the call. */
typedef void (*cw_link_replied)(void *context, struct json_object *reply,
				const struct cw_error *error);
/* Sends QUESTION, which it takes, with an "id", which it returns. WHAT names it in errors: "the
 * challenge for ...". REPLIED is called once, from the loop. */
unsigned cw_link_ask(struct cw_serve_link *link, struct json_object *question, const char *what,
		     cw_link_replied replied, void *context);
/* Does not wait for the reply any more: REPLIED is not called. */
void cw_link_forget(struct cw_serve_link *link, unsigned id);
/* Ends all waits with ERROR. */
void cw_link_fail_all(struct cw_serve_link *link, const struct cw_error *error);
/* LOOP is turned while the command runs; NULL: it is over. */
void cw_link_use_loop(struct cw_serve_link *link, struct cw_loop *loop);
/* Sends the answer to the request. False: it cannot be sent. */
bool cw_link_answer(struct cw_serve_link *link, bool ok, const char *text);

/* serve_asker.c: asks the host. Valid as long as LINK. */
struct cw_asker cw_link_asker(struct cw_serve_link *link);

/* serve_challenges.c: has the host publish challenges. */
struct cw_host_authenticator;
struct cw_serve_challenges;
struct cw_serve_challenges *cw_serve_challenges_new(struct cw_serve_link *link);
void cw_serve_challenges_free(struct cw_serve_challenges *challenges);
const struct cw_host_authenticator *
cw_serve_challenges_host(const struct cw_serve_challenges *challenges);

#endif
