#include "flow/due/revocation.h"
#include <stdlib.h>
#include <string.h>
#include "acme/wire.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/ocsp.h"
#include "crypto/x509.h"
#include "flow/work/network_process.h"

#define RESPONSE_MAX (64 * 1024)
#define AT_ONCE 16                  /* questions in flight */
#define CERTIFICATE_MAX (64 * 1024) /* bytes of a file */

struct inquiry;

/* One question in flight. */
struct question {
	struct inquiry *inquiry;
	struct cw_revocation *revocation; /* NULL: the slot is free */
	struct cw_network_call *call;
	char *url;
};

struct inquiry {
	struct cw_context *context;
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
	free(cw_take(&question->url));
	question->revocation = NULL;
	question->call = NULL;
}

static void
not_learned(const struct cw_revocation *revocation, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_log_debug("cannot find out whether \"%s\" is revoked: %s", revocation->certificate,
		     line);
}

static void fill_slots(struct inquiry *inquiry);

static void
on_answer(void *context, struct cw_message *answer, const struct cw_error *error)
{
	struct question *question = context;
	struct inquiry *inquiry = question->inquiry;
	cw_auto_error struct cw_error failure = {0};

	if (answer != NULL) {
		struct cw_revocation *revocation = question->revocation;
		int64_t state = cw_message_get_int(answer, CW_OCSP_GOOD, CW_OCSP_UNKNOWN);

		cw_message_get_bytes(answer, RESPONSE_MAX, &revocation->response);
		if (cw_message_finish(answer, "the network process", &failure) == CW_OK)
			revocation->revoked = state == CW_OCSP_REVOKED;
		if (failure.status < 0 || !revocation->keeps_response)
			cw_buf_clear(&revocation->response);
	} else {
		cw_error_copy(&failure, error);
		if (failure.status == CW_E_NETWORK || failure.status == CW_E_TIMEOUT)
			cw_strv_add_unique(inquiry->silent, question->url);
	}
	if (failure.status < 0)
		not_learned(question->revocation, &failure);
	free_slot(question);
	inquiry->in_flight--;
	fill_slots(inquiry);
}

/* The certificate goes to the network process with its issuer, the first of its chain. */
static int
start(struct question *question, struct cw_error *error)
{
	cw_auto_buf struct cw_buf certificate = {0}, chain = {0};
	struct cw_message *message;
	int status = cw_file_read(question->revocation->certificate, CERTIFICATE_MAX, &certificate,
				  error);

	if (status == CW_OK)
		status = cw_file_read(question->revocation->chain, CERTIFICATE_MAX, &chain, error);
	if (status < 0)
		return status;
	message = cw_message_new(CW_NETWORK_OCSP);
	cw_message_put_text(message, question->url);
	cw_message_put_text(message, cw_buf_text(&certificate));
	cw_message_put_text(message, cw_buf_text(&chain));
	question->call = cw_network_ask(cw_context_network(question->inquiry->context), message,
					on_answer, question);
	return CW_OK;
}

/* Starts to ask about REVOCATION; false when there is nothing to ask, or nobody. */
static bool
ask(struct question *question, struct cw_revocation *revocation)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_auto_error struct cw_error error = {0};

	question->revocation = revocation;
	revocation->revoked = false;
	if (cw_certificate_load(revocation->certificate, &certificate, &error) == CW_OK)
		question->url = cw_certificate_ocsp_url(certificate);
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
cw_revocations_ask(struct cw_context *context, struct cw_revocation *revocations, size_t count,
		   struct cw_strv *silent, struct cw_error *error)
{
	struct inquiry inquiry = {
		.context = context, .revocations = revocations, .count = count, .silent = silent};
	int status;

	for (size_t i = 0; i < AT_ONCE; i++)
		inquiry.questions[i].inquiry = &inquiry;
	fill_slots(&inquiry);
	status = cw_loop_until(context->loop, &inquiry.done, error);
	for (size_t i = 0; i < AT_ONCE; i++) {
		cw_network_cancel(inquiry.questions[i].call);
		free_slot(&inquiry.questions[i]);
	}
	return status;
}
