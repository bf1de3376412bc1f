#include "flow/due/revocation.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "crypto/ocsp.h"

#define AT_ONCE 16           /* questions in flight */
#define ANSWER_MAX 64 * 1024 /* bytes */
#define ANSWER_LIMIT 10000   /* milliseconds: a renewal can do without the answer */

struct inquiry;

/* One question in flight. */
struct question {
	struct inquiry *inquiry;
	struct cw_revocation *revocation; /* NULL: the slot is free */
	struct cw_certificate *certificate;
	struct cw_certificate *issuer;
	struct cw_http_exchange *exchange;
	struct cw_timer *timer;
	char *url;
};

struct inquiry {
	struct cw_http *http;
	struct cw_loop *loop;
	struct cw_revocation *revocations;
	size_t count;
	size_t next; /* of the revocations, to be asked about */
	size_t in_flight;
	bool done;
	struct cw_strv *silent; /* responders that did not answer in this run */
	struct question questions[AT_ONCE];
};

static void
free_slot(struct question *question)
{
	cw_certificate_free(cw_take(&question->certificate));
	cw_certificate_free(cw_take(&question->issuer));
	free(cw_take(&question->url));
	cw_loop_cancel(question->inquiry->loop, cw_take(&question->timer));
	question->revocation = NULL;
	question->exchange = NULL;
}

static void
not_learned(const struct cw_revocation *revocation, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_log_debug("whether \"%s\" is revoked is not known: %s", revocation->certificate, line);
}

static void fill_slots(struct inquiry *inquiry);

static int
read_answer(struct question *question, const struct cw_http_answer *answer, struct cw_error *error)
{
	enum cw_ocsp_state state = CW_OCSP_UNKNOWN;
	int status;

	if (answer->status != 200)
		return cw_fail(error, CW_E_PROTOCOL, "%s answered with HTTP status %d",
			       question->url, answer->status);
	status = cw_ocsp_read(cw_buf_text(&answer->body), answer->body.length,
			      question->certificate, question->issuer, &state, error);
	question->revocation->revoked = status == CW_OK && state == CW_OCSP_REVOKED;
	return status;
}

static void
on_answer(void *context, struct cw_http_answer *answer, const struct cw_error *error)
{
	struct question *question = context;
	struct inquiry *inquiry = question->inquiry;
	cw_auto_error struct cw_error failure = {0};

	if (answer == NULL) {
		cw_strv_add_unique(inquiry->silent, question->url);
		not_learned(question->revocation, error);
	} else if (read_answer(question, answer, &failure) < 0) {
		not_learned(question->revocation, &failure);
	}
	free_slot(question);
	inquiry->in_flight--;
	fill_slots(inquiry);
}

static void
on_timer(void *context)
{
	struct question *question = context;
	cw_auto_error struct cw_error error = {0};

	question->timer = NULL;
	cw_http_cancel(cw_take(&question->exchange));
	cw_fail(&error, CW_E_TIMEOUT, "%s did not answer within %d seconds", question->url,
		ANSWER_LIMIT / 1000);
	on_answer(question, NULL, &error);
}

static int
start(struct question *question, struct cw_error *error)
{
	static const char *const headers[] = {"Content-Type: application/ocsp-request",
					      "Accept: application/ocsp-response", NULL};
	cw_auto_buf struct cw_buf request = {0};
	struct cw_http_message message = {
		.method = "POST", .headers = headers, .limit = ANSWER_MAX, .follow = true};
	int status = cw_certificate_load(question->revocation->chain, &question->issuer, error);

	if (status == CW_OK && !cw_certificate_signed_by(question->certificate, question->issuer))
		status = cw_fail(error, CW_E_INVALID, "\"%s\" does not begin with its issuer",
				 question->revocation->chain);
	if (status == CW_OK)
		status = cw_ocsp_request(question->certificate, question->issuer, &request, error);
	if (status < 0)
		return status;
	message.url = question->url;
	message.body = cw_buf_text(&request);
	message.body_length = request.length;
	question->exchange =
		cw_http_start(question->inquiry->http, &message, on_answer, question, error);
	if (question->exchange == NULL)
		return CW_E_INVALID;
	question->timer = cw_loop_timer(question->inquiry->loop, ANSWER_LIMIT, on_timer, question);
	return CW_OK;
}

/* Starts to ask about REVOCATION; false when there is nothing to ask, or nobody. */
static bool
ask(struct question *question, struct cw_revocation *revocation)
{
	cw_auto_error struct cw_error error = {0};

	question->revocation = revocation;
	revocation->revoked = false;
	if (cw_certificate_load(revocation->certificate, &question->certificate, &error) == CW_OK)
		question->url = cw_certificate_ocsp_url(question->certificate);
	if (question->url != NULL && !cw_strv_contains(question->inquiry->silent, question->url) &&
	    start(question, &error) == CW_OK)
		return true;
	if (error.status < 0)
		not_learned(revocation, &error);
	free_slot(question);
	return false;
}

static void
fill_slots(struct inquiry *inquiry)
{
	for (size_t i = 0; i < AT_ONCE && inquiry->next < inquiry->count; i++) {
		struct question *question = &inquiry->questions[i];

		while (question->revocation == NULL && inquiry->next < inquiry->count)
			if (ask(question, &inquiry->revocations[inquiry->next++]))
				inquiry->in_flight++;
	}
	inquiry->done = inquiry->in_flight == 0;
}

int
cw_revocations_ask(struct cw_http *http, struct cw_loop *loop, struct cw_revocation *revocations,
		   size_t count, struct cw_strv *silent, struct cw_error *error)
{
	struct inquiry inquiry = {.http = http,
				  .loop = loop,
				  .revocations = revocations,
				  .count = count,
				  .silent = silent};
	int status;

	for (size_t i = 0; i < AT_ONCE; i++)
		inquiry.questions[i].inquiry = &inquiry;
	fill_slots(&inquiry);
	status = cw_loop_until(loop, &inquiry.done, error);
	for (size_t i = 0; i < AT_ONCE; i++) {
		cw_http_cancel(inquiry.questions[i].exchange);
		free_slot(&inquiry.questions[i]);
	}
	return status;
}
