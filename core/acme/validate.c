#include "acme/parse.h"
#include "acme/poll.h"
#include "acme/problem.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { ANSWER_AGAIN_AFTER = 1000, NAMES_SHOWN = 5 };

/* One authorization that is being validated. */
struct validation {
	struct cw_acme_polled polled;
	const struct cw_acme_order *order;
	struct cw_acme_authorization *authorization;
	struct cw_error refusal;     /* of the answer, when the CA did not take it */
	struct json_object *problem; /* of an attempt that the CA allows to be repeated */
};

static void answer(void *context);
static void poll_authorization(void *context);

/* Ends with ERROR as the authorization's. */
static void
fail(struct validation *validation, struct cw_error *error)
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
fail_validation(struct validation *validation, struct json_object *problem)
{
	cw_autofree char *name = cw_acme_authorization_name(validation->authorization);
	cw_auto_error struct cw_error error = {0};

	cw_acme_validation_problem(&error, problem, name, validation->authorization->chosen->type);
	fail(validation, &error);
}

/* The problem of the challenge that failed: ours, or whichever has one. */
static struct json_object *
problem_of(const struct validation *validation, struct json_object *body)
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
go_on(struct validation *validation, const struct cw_acme_reply *reply)
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
		cw_acme_polled_later(polled, delay, answer);
		return;
	}
	cw_acme_polled_later(polled, delay, poll_authorization);
}

static void
on_polled(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct validation *validation = context;
	struct cw_acme_authorization *authorization = validation->authorization;
	struct cw_acme_authorization *polled = NULL;
	cw_auto_error struct cw_error nonsense = {0};

	if (error != NULL) {
		fail(validation, error);
		return;
	}
	if (cw_acme_authorization_parse(validation->polled.round->batch.acme, reply->body,
					authorization->url, validation->order, &polled,
					&nonsense) != CW_OK) {
		fail(validation, &nonsense);
		return;
	}
	if (!cw_equal(polled->identifier.value, authorization->identifier.value))
		cw_fail(&nonsense, CW_E_PROTOCOL,
			"the authorization \"%s\" is now for \"%s\" rather than \"%s\"",
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
			"the CA's authorization for \"%s\" became %s while it was validated",
			authorization->identifier.value, cw_acme_state_name(authorization->state));
		fail(validation, &nonsense);
	}
}

static void
poll_authorization(void *context)
{
	struct validation *validation = context;
	cw_autofree char *what = cw_format("the query of the authorization of \"%s\"",
					   validation->authorization->identifier.value);
	struct cw_acme_request request = {.what = what, .url = validation->authorization->url};

	cw_acme_polled_ask(&validation->polled, &request, on_polled);
}

static void
on_answered(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct validation *validation = context;

	if (error != NULL && reply->status / 100 != 4) {
		fail(validation, error);
		return;
	}
	/* It may have been answered already: by another order that shares the authorization, or by
	 * an earlier attempt whose answer was lost. The authorization tells. */
	if (error != NULL)
		cw_error_move(&validation->refusal, error);
	poll_authorization(validation);
}

/* RFC 8555 section 7.5.1. */
static void
answer(void *context)
{
	struct validation *validation = context;
	cw_autofree char *what = cw_format("the answer to the challenge for \"%s\"",
					   validation->authorization->identifier.value);
	struct cw_acme_request request = {.what = what,
					  .url = validation->authorization->chosen->url,
					  .payload = "{}",
					  .expect = CW_ACME_EXPECT_ANY};

	cw_acme_polled_ask(&validation->polled, &request, on_answered);
}

static void
time_out(void *context)
{
	struct validation *validation = context;
	cw_autofree char *name = cw_acme_authorization_name(validation->authorization);
	cw_auto_error struct cw_error error = {0};

	if (validation->problem != NULL) {
		fail_validation(validation, validation->problem);
		return;
	}
	cw_fail(&error, CW_E_TIMEOUT, "the CA did not validate \"%s\" (%s) in time", name,
		validation->authorization->chosen->type);
	cw_hint(&error,
		"the authorization \"%s\" was pending still; try again, or allow more time "
		"with --issuance-timeout",
		validation->authorization->url);
	fail(validation, &error);
}

static bool
wants_validation(const struct cw_acme_authorization *authorization)
{
	return authorization->state == CW_ACME_PENDING && authorization->chosen != NULL &&
	       authorization->error.status == CW_OK;
}

static size_t
count_pending(struct cw_acme_order *const *orders, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < orders[i]->authorization_count; j++)
			sum += wants_validation(orders[i]->authorizations[j]);
	}
	return sum;
}

/* Starts the validations of ORDER in the places from NEXT on; the place behind them. */
static struct validation *
start_order(struct cw_acme_round *round, const struct cw_acme_order *order, struct validation *next)
{
	for (size_t i = 0; i < order->authorization_count; i++) {
		if (!wants_validation(order->authorizations[i]))
			continue;
		next->order = order;
		next->authorization = order->authorizations[i];
		cw_acme_polled_add(round, &next->polled, next);
		if (next->authorization->chosen->state == CW_ACME_PENDING)
			answer(next);
		else
			poll_authorization(next);
		next++;
	}
	return next;
}

/* Makes the order's error from those of its authorizations. */
static void
sum_up(struct cw_acme_order *order)
{
	struct cw_buf names = {0};
	const struct cw_acme_authorization *first = NULL;
	size_t failed = 0;

	for (size_t i = 0; i < order->authorization_count; i++) {
		const struct cw_acme_authorization *authorization = order->authorizations[i];

		if (authorization->error.status == CW_OK)
			continue;
		if (first == NULL)
			first = authorization;
		if (failed < NAMES_SHOWN)
			cw_buf_addf(&names, "%s\"%s\"", failed == 0 ? "" : ", ",
				    authorization->error.identifier);
		failed++;
	}
	if (failed == 1)
		cw_error_copy(&order->error, &first->error);
	else if (failed > 1)
		cw_fail(&order->error, first->error.status, "%zu of %zu names failed: %s%s", failed,
			order->identifier_count, cw_buf_text(&names),
			failed > NAMES_SHOWN ? " ..." : "");
	for (size_t i = 0; i < order->authorization_count && failed > 0; i++) {
		cw_auto_error struct cw_error part = {0};

		cw_error_copy(&part, &order->authorizations[i]->error);
		if (part.status != CW_OK)
			cw_error_add_part(&order->error, &part);
	}
	cw_buf_clear(&names);
}

int
cw_acme_orders_validate(struct cw_acme *acme, struct cw_acme_order *const *orders, size_t count,
			int64_t deadline, struct cw_error *error)
{
	struct cw_acme_round round = {
		.batch = {.acme = acme}, .deadline = deadline, .time_out = time_out};
	struct validation *validations, *end;
	int status = cw_acme_need_account(acme, error);

	if (status != CW_OK)
		return status;
	validations = cw_calloc(count_pending(orders, count) + 1, sizeof(*validations));
	end = validations;
	for (size_t i = 0; i < count; i++) {
		if (orders[i]->error.status == CW_OK)
			end = start_order(&round, orders[i], end);
	}
	status = cw_acme_round_run(&round, error);
	for (struct validation *validation = validations; validation != end; validation++) {
		cw_json_clear(&validation->problem);
		cw_error_clear(&validation->refusal);
	}
	free(validations);
	for (size_t i = 0; i < count && status == CW_OK; i++) {
		if (orders[i]->error.status == CW_OK)
			sum_up(orders[i]);
	}
	return status;
}
