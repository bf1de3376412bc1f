/* From an HTTP answer to a reply, and what it means. Private to acme/. */
#ifndef CW_ACME_REPLY_H
#define CW_ACME_REPLY_H

#include "acme/transport.h"
#include "http/client.h"

enum { CW_ACME_BODY_MAX = 4 * 1024 * 1024 };

/* Empties what an earlier attempt of the same call left. */
void cw_acme_reply_reset(struct cw_acme_reply *reply);
/* Fills REPLY, which is empty, from ANSWER, whose body may be taken. */
void cw_acme_reply_read(struct cw_http_answer *answer, const char *url,
			const struct cw_acme_request *request, struct cw_acme_reply *reply);
/* CW_OK when the reply is what was expected; else its error, with a hint. */
int cw_acme_reply_judge(const struct cw_acme_reply *reply, const struct cw_acme_request *request,
			struct cw_error *error);
/* 5xx that may pass, or 429. */
bool cw_acme_reply_retryable(const struct cw_acme_reply *reply);
bool cw_acme_problem_is_bad_nonce(const struct cw_acme_reply *reply);
/* Adds when to come back, where the reply says it, as the hint. */
void cw_acme_reply_hint(const struct cw_acme_reply *reply, struct cw_error *error);
/* Whether TEXT is 1 to MAX characters of base64url. */
bool cw_acme_base64url_ok(const char *text, size_t max);

#endif
