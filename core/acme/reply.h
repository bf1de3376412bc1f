/* Turns an HTTP answer into a reply and judges it. Private to acme/. */
#ifndef CW_ACME_REPLY_H
#define CW_ACME_REPLY_H

#include "acme/transport.h"
#include "http/client.h"

enum { CW_ACME_BODY_MAX = 4 * 1024 * 1024 };

/* Clears what an earlier attempt of the same call left. */
void cw_acme_reply_reset(struct cw_acme_reply *reply);
/* Fills REPLY, which must be empty, from ANSWER. May take the body of ANSWER. */
void cw_acme_reply_read(struct cw_http_answer *answer, const char *url,
			const struct cw_acme_request *request, struct cw_acme_reply *reply);
/* Returns CW_OK if the reply is what the request expects. Otherwise fills ERROR, with a hint, and
 * returns its status. */
int cw_acme_reply_judge(const struct cw_acme_reply *reply, const struct cw_acme_request *request,
			struct cw_error *error);
/* Whether the status is 429 or a 5xx that may go away. */
bool cw_acme_reply_retryable(const struct cw_acme_reply *reply);
bool cw_acme_problem_is_bad_nonce(const struct cw_acme_reply *reply);
/* If the reply says when to try again, adds that to ERROR as the hint. */
void cw_acme_reply_hint(const struct cw_acme_reply *reply, struct cw_error *error);
/* Whether TEXT is 1 to MAX characters of base64url. */
bool cw_acme_base64url_ok(const char *text, size_t max);

#endif
