#include "acme/internal.h"
#include "acme/parse.h"
#include "acme/poll.h"
#include "acme/problem.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { ANSWER_AGAIN_AFTER = 1000, NAMES_SHOWN = 5 };

/* One authorization that is being validated. */
struct validation {
	struct cw_acme_batch *batch;
	const struct cw_acme_order *order;
	struct cw_acme_authorization *authorization;
	int64_t deadline;
	int64_t interval;
	struct cw_acme_call *call;
	struct cw_timer *timer;
	struct cw_error refusal;     /* of the answer, when the CA did not take it */
	struct json_object *problem; /* of an attempt that the CA allows to be repeated */
	bool done;
};

static void answer(struct validation *validation);
static void poll_authorization(struct validation *validation);

static void
settle(struct validation *validation)
{
	validation->done = true;
	cw_acme_batch_one_done(validation->batch);
}

/* Ends with ERROR as the authorization's. */
static void
fail(struct validation *validation, struct cw_error *error)
{
	cw_autofree char *name = cw_acme_authorization_name(validation->authorization);

	cw_acme_hint_nonsense(error);
	cw_error_move(&validation->authorization->error, error);
	if (validation->authorization->error.identifier == NULL)
		cw_error_set_identifier(&validation->authorization->error, name);
	settle(validation);
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

static void
on_answer_due(void *context)
{
	struct validation *validation = context;

	validation->timer = NULL;
	answer(validation);
}

static void
on_poll_due(void *context)
{
	struct validation *validation = context;

	validation->timer = NULL;
	poll_authorization(validation);
}

/* The authorization is pending still: what does its challenge say? */
static void
go_on(struct validation *validation, const struct cw_acme_reply *reply)
{
	struct json_object *challenge =
		cw_acme_challenge_object(reply->body, validation->authorization->chosen->url);
	struct json_object *problem = cw_json_object(challenge, "error");
	const char *state = cw_json_string(challenge, "status");
	int64_t delay = cw_acme_poll_delay(&validation->interval, reply, validation->deadline);
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
		validation->timer = cw_loop_timer(validation->batch->acme->loop, delay,
						  on_answer_due, validation);
		return;
	}
	validation->timer =
		cw_loop_timer(validation->batch->acme->loop, delay, on_poll_due, validation);
}

static void
on_polled(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct validation *validation = context;
	struct cw_acme_authorization *authorization = validation->authorization;
	struct cw_acme_authorization *polled = NULL;
	cw_auto_error struct cw_error nonsense = {0};

	validation->call = NULL;
	if (error != NULL) {
		fail(validation, error);
		return;
	}
	if (cw_acme_authorization_parse(validation->batch->acme, reply->body, authorization->url,
					validation->order, &polled, &nonsense) != CW_OK) {
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
		settle(validation);
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
poll_authorization(struct validation *validation)
{
	cw_autofree char *what = cw_format("the query of the authorization of \"%s\"",
					   validation->authorization->identifier.value);
	struct cw_acme_request request = {.what = what,
					  .url = validation->authorization->url,
					  .deadline = validation->deadline};

	validation->call =
		cw_acme_call_start(validation->batch->acme, &request, on_polled, validation);
}

static void
on_answered(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct validation *validation = context;

	validation->call = NULL;
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
answer(struct validation *validation)
{
	cw_autofree char *what = cw_format("the answer to the challenge for \"%s\"",
					   validation->authorization->identifier.value);
	struct cw_acme_request request = {.what = what,
					  .url = validation->authorization->chosen->url,
					  .payload = "{}",
					  .expect = CW_ACME_EXPECT_ANY,
					  .deadline = validation->deadline};

	validation->call =
		cw_acme_call_start(validation->batch->acme, &request, on_answered, validation);
}

static void
stop(struct validation *validation)
{
	cw_acme_call_cancel(cw_take(&validation->call));
	cw_loop_cancel(validation->batch->acme->loop, cw_take(&validation->timer));
}

static void
time_out(struct validation *validation)
{
	cw_autofree char *name = cw_acme_authorization_name(validation->authorization);
	cw_auto_error struct cw_error error = {0};

	stop(validation);
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

/* ---- the whole */

struct round {
	struct cw_acme_batch batch;
	struct validation *validations;
	size_t count;
	struct cw_timer *timer;
};

static void
on_deadline(void *context)
{
	struct round *round = context;

	round->timer = NULL;
	for (size_t i = 0; i < round->count; i++) {
		if (!round->validations[i].done)
			time_out(&round->validations[i]);
	}
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

static void
start_order(struct round *round, const struct cw_acme_order *order, int64_t deadline)
{
	for (size_t i = 0; i < order->authorization_count; i++) {
		struct validation *validation = &round->validations[round->count];

		if (!wants_validation(order->authorizations[i]))
			continue;
		validation->batch = &round->batch;
		validation->order = order;
		validation->authorization = order->authorizations[i];
		validation->deadline = deadline;
		round->count++;
		round->batch.left++;
		if (validation->authorization->chosen->state == CW_ACME_PENDING)
			answer(validation);
		else
			poll_authorization(validation);
	}
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
	struct round round = {.batch = {.acme = acme}};
	int64_t limit = deadline - cw_now_ms();
	int status = cw_acme_need_account(acme, error);

	if (status != CW_OK)
		return status;
	round.validations = cw_calloc(count_pending(orders, count) + 1, sizeof(struct validation));
	for (size_t i = 0; i < count; i++) {
		if (orders[i]->error.status == CW_OK)
			start_order(&round, orders[i], deadline);
	}
	round.timer = cw_loop_timer(acme->loop, limit > 0 ? limit : 0, on_deadline, &round);
	status = cw_acme_batch_run(&round.batch, error);
	cw_loop_cancel(acme->loop, round.timer);
	for (size_t i = 0; i < round.count; i++) {
		stop(&round.validations[i]);
		cw_json_clear(&round.validations[i].problem);
		cw_error_clear(&round.validations[i].refusal);
	}
	free(round.validations);
	for (size_t i = 0; i < count && status == CW_OK; i++) {
		if (orders[i]->error.status == CW_OK)
			sum_up(orders[i]);
	}
	return status;
}
