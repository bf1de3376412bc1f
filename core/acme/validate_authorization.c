#include <stdlib.h>
#include "acme/parse.h"
#include "acme/problem.h"
#include "acme/validate.h"
#include "base/mem.h"
#include "base/text.h"

enum { ANSWER_AGAIN_AFTER = 1000 };

/* Ends with ERROR as the authorization's. */
static void
fail(struct cw_acme_validation *validation, struct cw_error *error)
{
	cw_autofree char *name = cw_acme_authorization_name(validation->authorization);

	cw_acme_hint_nonsense(error);
	cw_error_move(&validation->authorization->error, error);
	if (validation->authorization->error.identifier == NULL)
		cw_error_set_identifier(&validation->authorization->error, name);
	cw_acme_polled_settle(&validation->polled);
}

/* Ends with what the CA says about the challenge; PROBLEM may be NULL. */
static void
fail_validation(struct cw_acme_validation *validation, struct json_object *problem)
{
	cw_autofree char *name = cw_acme_authorization_name(validation->authorization);
	cw_auto_error struct cw_error error = {0};

	cw_acme_validation_problem(&error, problem, name, validation->authorization->chosen->type);
	if (validation->authorization->hint != NULL) {
		free(cw_take(&error.hint));
		cw_hint(&error, "%s", validation->authorization->hint);
	}
	fail(validation, &error);
}

/* The problem of the challenge that failed: ours, or whichever has one. */
static struct json_object *
problem_of(const struct cw_acme_validation *validation, struct json_object *body)
{
	struct json_object *array = cw_json_array(body, "challenges");
	struct json_object *problem = cw_json_object(
		cw_acme_challenge_object(body, validation->authorization->chosen->url), "error");
	size_t count = array == NULL ? 0 : json_object_array_length(array);

	for (size_t i = 0; i < count && problem == NULL; i++)
		problem = cw_json_object(json_object_array_get_idx(array, i), "error");
	return problem;
}

/* The authorization is pending still: what does its challenge say? */
static void
go_on(struct cw_acme_validation *validation, const struct cw_acme_reply *reply)
{
	struct json_object *challenge =
		cw_acme_challenge_object(reply->body, validation->authorization->chosen->url);
	struct json_object *problem = cw_json_object(challenge, "error");
	const char *state = cw_json_string(challenge, "status");
	struct cw_acme_polled *polled = &validation->polled;
	int64_t delay = cw_acme_poll_delay(&polled->interval, reply, polled->round->deadline);
	bool waits_for_answer = cw_equal(state, "pending");

	if (cw_equal(state, "invalid")) {
		fail_validation(validation, problem);
		return;
	}
	if (waits_for_answer && validation->refusal.status != CW_OK) {
		fail(validation, &validation->refusal);
		return;
	}
	/* RFC 8555 section 8.2: after a failure that is not final the client asks again. */
	if (waits_for_answer && problem != NULL) {
		cw_json_clear(&validation->problem);
		validation->problem = json_object_get(problem);
		if (delay < ANSWER_AGAIN_AFTER)
			delay = ANSWER_AGAIN_AFTER;
		cw_acme_polled_later(polled, delay, cw_acme_validation_answer);
		return;
	}
	cw_acme_polled_later(polled, delay, cw_acme_validation_poll);
}

static void
on_polled(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_validation *validation = context;
	struct cw_acme_authorization *authorization = validation->authorization;
	struct cw_acme_authorization *polled = NULL;
	cw_auto_error struct cw_error nonsense = {0};

	if (error != NULL) {
		fail(validation, error);
		return;
	}
	if (cw_acme_authorization_parse(validation->polled.round->operation.acme, reply->body,
					authorization->url, validation->order, &polled,
					&nonsense) != CW_OK) {
		fail(validation, &nonsense);
		return;
	}
	if (!cw_equal(polled->identifier.value, authorization->identifier.value))
		cw_fail(&nonsense, CW_E_PROTOCOL,
			"the authorization \"%s\" is now for \"%s\" instead of \"%s\"",
			authorization->url, polled->identifier.value,
			authorization->identifier.value);
	else
		authorization->state = polled->state;
	cw_acme_authorization_free(polled);
	if (nonsense.status != CW_OK) {
		fail(validation, &nonsense);
	} else if (authorization->state == CW_ACME_PENDING) {
		go_on(validation, reply);
	} else if (authorization->state == CW_ACME_VALID) {
		authorization->chosen->state = CW_ACME_VALID;
		cw_acme_polled_settle(&validation->polled);
	} else if (authorization->state == CW_ACME_INVALID) {
		authorization->chosen->state = CW_ACME_INVALID;
		fail_validation(validation, problem_of(validation, reply->body));
	} else {
		cw_fail(&nonsense, CW_E_ACME,
			"the CA's authorization for \"%s\" became %s during validation",
			authorization->identifier.value, cw_acme_state_name(authorization->state));
		fail(validation, &nonsense);
	}
}

void
cw_acme_validation_poll(void *context)
{
	struct cw_acme_validation *validation = context;
	cw_autofree char *what = cw_format("the request for the authorization of \"%s\"",
					   validation->authorization->identifier.value);
	struct cw_acme_request request = {.what = what, .url = validation->authorization->url};

	cw_acme_polled_ask(&validation->polled, &request, on_polled);
}

static void
on_answered(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_validation *validation = context;
	struct cw_acme_watch *watch = validation->watch;

	if (error == NULL && watch != NULL) {
		cw_acme_watch_answered(watch);
		return;
	}
	validation->watch = NULL;
	if (watch != NULL)
		cw_acme_watch_answered(watch);
	if (error != NULL && reply->status / 100 != 4) {
		fail(validation, error);
		return;
	}
	/* It may have been answered already: by another order that shares the authorization, or by
	 * an earlier attempt whose answer was lost. The authorization tells. */
	if (error != NULL)
		cw_error_move(&validation->refusal, error);
	cw_acme_validation_poll(validation);
}

/* RFC 8555 section 7.5.1. */
void
cw_acme_validation_answer(void *context)
{
	struct cw_acme_validation *validation = context;
	cw_autofree char *what = cw_format("the response to the challenge for \"%s\"",
					   validation->authorization->identifier.value);
	struct cw_acme_request request = {.what = what,
					  .url = validation->authorization->chosen->url,
					  .payload = "{}",
					  .expect = CW_ACME_EXPECT_ANY};

	cw_acme_polled_ask(&validation->polled, &request, on_answered);
}

void
cw_acme_validation_time_out(void *context)
{
	struct cw_acme_validation *validation = context;
	cw_autofree char *name = cw_acme_authorization_name(validation->authorization);
	cw_auto_error struct cw_error error = {0};

	if (validation->problem != NULL) {
		fail_validation(validation, validation->problem);
		return;
	}
	cw_fail(&error, CW_E_TIMEOUT, "the CA did not validate \"%s\" (%s) in time", name,
		validation->authorization->chosen->type);
	cw_hint(&error,
		"the authorization \"%s\" is still pending; try again, or allow more time with "
		"--issuance-timeout",
		validation->authorization->url);
	fail(validation, &error);
}
