#include "acme/validate.h"
#include <stdlib.h>
#include "acme/parse.h"
#include "base/mem.h"
#include "base/text.h"

enum { NAMES_SHOWN = 5 };

struct validate {
	struct cw_acme_round round;
	struct cw_acme_order **orders;
	size_t order_count;
	struct cw_acme_validation *validations;
	size_t count;
	struct cw_acme_watch *watches;
	size_t watch_count;
};

static bool
wants_validation(const struct cw_acme_authorization *authorization)
{
	return authorization->state == CW_ACME_PENDING && authorization->chosen != NULL &&
	       authorization->error.status == CW_OK;
}

static size_t
count_pending(const struct cw_acme_order *order)
{
	size_t sum = 0;

	for (size_t i = 0; i < order->authorization_count; i++)
		sum += wants_validation(order->authorizations[i]);
	return sum;
}

static void
start_validation(struct cw_acme_validation *validation)
{
	if (validation->authorization->chosen->state == CW_ACME_PENDING)
		cw_acme_validation_answer(validation);
	else if (validation->watch != NULL)
		cw_acme_watch_answered(validation->watch);
	else
		cw_acme_validation_poll(validation);
}

/* Starts the validations of ORDER. */
static void
start_order(struct validate *validate, struct cw_acme_order *order)
{
	struct cw_acme_validation *first = &validate->validations[validate->count];
	size_t pending = count_pending(order);
	struct cw_acme_watch *watch = NULL;

	if (pending > 1) {
		watch = &validate->watches[validate->watch_count++];
		watch->order = order;
		watch->validations = first;
		watch->count = watch->unanswered = pending;
		cw_acme_polled_add(&validate->round, &watch->polled, cw_acme_watch_time_out, watch);
	}
	for (size_t i = 0; i < order->authorization_count; i++) {
		struct cw_acme_validation *validation = &validate->validations[validate->count];

		if (!wants_validation(order->authorizations[i]))
			continue;
		validation->watch = watch;
		validation->order = order;
		validation->authorization = order->authorizations[i];
		cw_acme_polled_add(&validate->round, &validation->polled,
				   cw_acme_validation_time_out, validation);
		validate->count++;
	}
	for (size_t i = 0; i < pending; i++)
		start_validation(&first[i]);
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

static void
complete(struct cw_acme_operation *operation)
{
	struct validate *validate = (struct validate *)operation;

	for (size_t i = 0; i < validate->order_count; i++) {
		if (validate->orders[i]->error.status == CW_OK)
			sum_up(validate->orders[i]);
	}
}

static void
release(struct cw_acme_operation *operation)
{
	struct validate *validate = (struct validate *)operation;

	cw_acme_round_stop(&validate->round);
	for (size_t i = 0; i < validate->count; i++) {
		cw_json_clear(&validate->validations[i].problem);
		cw_error_clear(&validate->validations[i].refusal);
	}
	free(validate->validations);
	free(validate->watches);
	free(validate->orders);
}

struct cw_acme_operation *
cw_acme_orders_validate_start(struct cw_acme *acme, struct cw_acme_order *const *orders,
			      size_t count, int64_t deadline, cw_acme_done done, void *context)
{
	struct validate *validate = cw_acme_operation_new(acme, sizeof(*validate), done, context);
	struct cw_acme_operation *operation = &validate->round.operation;
	cw_auto_error struct cw_error error = {0};
	size_t pending = 0;

	operation->release = release;
	if (cw_acme_need_account(acme, &error) != CW_OK) {
		cw_acme_operation_end(operation, &error);
		return operation;
	}
	operation->complete = complete;
	validate->round.deadline = deadline;
	validate->orders = cw_calloc(count + 1, sizeof(struct cw_acme_order *));
	for (size_t i = 0; i < count; i++) {
		if (orders[i]->error.status == CW_OK)
			validate->orders[validate->order_count++] = orders[i];
	}
	for (size_t i = 0; i < validate->order_count; i++)
		pending += count_pending(validate->orders[i]);
	validate->validations = cw_calloc(pending + 1, sizeof(struct cw_acme_validation));
	validate->watches = cw_calloc(validate->order_count + 1, sizeof(struct cw_acme_watch));
	for (size_t i = 0; i < validate->order_count; i++)
		start_order(validate, validate->orders[i]);
	cw_acme_round_begun(&validate->round);
	return operation;
}
