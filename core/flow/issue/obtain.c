#include "flow/issue/obtain.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/issue/authentication.h"
#include "flow/issue/order_item.h"
#include "flow/issue/save.h"

/* With --allow-subset-of-names an order is made anew without the names that failed, this often. */
#define ATTEMPTS_MAX 3

/* What is under way, and so what the next call back is about. */
enum step {
	STEP_BEGIN, /* plugins and the CA's directory, side by side */
	STEP_OPEN,
	STEP_FORGET, /* a rehearsal's authorizations that are valid already */
	STEP_CHOOSE,
	STEP_PERFORM,
	STEP_VALIDATE,
	STEP_CLEAN_UP,
	STEP_FINALIZE,
	STEP_DOWNLOAD,
	STEP_OVER
};

struct issuance {
	struct cw_job *job;
	struct cw_context *context;
	const struct cw_settings *settings; /* of the first request: what a batch shares */
	struct cw_ca *ca;
	struct cw_authentication *authentication;
	struct cw_order_item *items;
	size_t count;

	enum step step;
	size_t waiting;          /* for as many call backs */
	unsigned attempt;        /* from 1 on */
	bool forgotten;          /* authorizations, in this attempt */
	bool reopened;           /* the network process died once */
	bool interrupted;        /* by a signal */
	struct cw_error failure; /* of the whole batch; told when it has been cleaned up */
	struct cw_ca_call *call; /* where one is under way */
	struct errand *errands;  /* where several are */
	size_t errand_count;
	bool reopening; /* the network process died, and the orders are continued after this step */
	bool published; /* challenges are in place, or were chosen to be */
	bool again;     /* these are removed, and others are chosen */
	struct cw_acme_order **orders; /* those of the step under way */
	const struct cw_request **requests;
	size_t order_count;
};

/* One of several requests of a step: a download, a deactivation. */
struct errand {
	struct issuance *issuance;
	struct cw_order_item *item;
	struct cw_ca_call *call;
	char *name; /* that it is about; NULL: the whole certificate */
};

static void open_orders(struct issuance *issuance);
static void choose(struct issuance *issuance);
static void clean_up(struct issuance *issuance);

/* Reports the end of a certificate. ERROR NULL: it succeeded. */
static void
finish(struct issuance *issuance, struct cw_order_item *item, struct cw_error *error)
{
	struct cw_request *request = item->request;

	if (item->over)
		return;
	item->over = true;
	if (error != NULL) {
		cw_error_move(&request->error, error);
		/* It may have been another one's fault. */
		request->lost = issuance->authentication != NULL && issuance->count > 1 &&
				cw_authentication_died(issuance->authentication);
	}
	cw_job_report(issuance->job, request);
}

static void
end_all(struct issuance *issuance)
{
	for (size_t i = 0; i < issuance->count; i++) {
		cw_auto_error struct cw_error copy = {0};

		cw_error_copy(&copy, &issuance->failure);
		finish(issuance, &issuance->items[i], &copy);
	}
	issuance->step = STEP_OVER;
	cw_job_over(issuance->job);
}

/* Whether an order that failed so may be gone on with by the next run: the network, a signal or
 * this machine cut it off. Of every other the record goes, and with it the key. */
static bool
was_cut_off(const struct cw_acme_order *order)
{
	static const int statuses[] = {CW_E_NETWORK, CW_E_TIMEOUT, CW_E_CANCELLED, CW_E_IO,
				       CW_E_NOMEM};

	for (size_t i = 0; i < CW_COUNT(statuses); i++)
		if (order->error.status == statuses[i])
			return order->state != CW_ACME_INVALID;
	return false;
}

/* Ends the certificates whose order failed, unless they shall be tried again with fewer names. */
static void
end_failed(struct issuance *issuance)
{
	for (size_t i = 0; i < issuance->count; i++) {
		struct cw_order_item *item = &issuance->items[i];
		const struct cw_acme_order *order = item->order;

		if (item->over || order == NULL || order->error.status == CW_OK)
			continue;
		if (!was_cut_off(order))
			cw_order_item_drop_record(item);
		if (issuance->attempt < ATTEMPTS_MAX &&
		    cw_order_item_reduce_names(item, &item->order->error)) {
			/* Nobody will ask for all those names again. */
			cw_order_item_drop_record(item);
			cw_order_item_clear(item, issuance->ca);
		} else {
			finish(issuance, item, &item->order->error);
		}
	}
}

static void
gather_errors(struct issuance *issuance)
{
	for (size_t i = 0; i < issuance->count; i++)
		cw_order_item_gather_errors(&issuance->items[i]);
}

/* The orders that are under way and well, as those of the next step; false: there is none. */
static bool
gather_orders(struct issuance *issuance)
{
	issuance->order_count = 0;
	for (size_t i = 0; i < issuance->count; i++) {
		struct cw_order_item *item = &issuance->items[i];

		if (!cw_order_item_is_well(item))
			continue;
		issuance->requests[issuance->order_count] = item->request;
		issuance->orders[issuance->order_count++] = item->order;
	}
	return issuance->order_count > 0;
}

/* The batch as a whole failed. What was published is removed first. */
static void
fail(struct issuance *issuance, const struct cw_error *error)
{
	if (issuance->failure.status == CW_OK)
		cw_error_copy(&issuance->failure, error);
	if (issuance->published)
		clean_up(issuance);
	else
		end_all(issuance);
}

/* Whether what failed with ERROR may do better with another network process. */
static bool
can_reopen(const struct issuance *issuance, const struct cw_error *error)
{
	return error->status == CW_E_IO && !issuance->reopened && !issuance->interrupted;
}

/*
 * When the network process has died, all that is not over is begun again with the next one, once:
 * the records of the orders lead to them. Challenges stay in place meanwhile, as the CA may be
 * looking at them.
 */
static void
reopen(struct issuance *issuance)
{
	issuance->reopening = false;
	issuance->reopened = true;
	cw_log_warning("continuing with a new network process");
	for (size_t i = 0; i < issuance->count; i++)
		if (!issuance->items[i].over)
			cw_order_item_clear(&issuance->items[i], issuance->ca);
	open_orders(issuance);
}

static void
fail_or_reopen(struct issuance *issuance, const struct cw_error *error)
{
	if (can_reopen(issuance, error))
		reopen(issuance);
	else
		fail(issuance, error);
}

static void
cancel_all(struct issuance *issuance)
{
	cw_auto_error struct cw_error error = {0};

	cw_fail(&error, CW_E_CANCELLED, "interrupted by a signal");
	fail(issuance, &error);
}

/* Whether the step that has just ended is the last, because of a signal. */
static bool
stopped(struct issuance *issuance)
{
	if (!issuance->interrupted)
		return false;
	cancel_all(issuance);
	return true;
}

static void
save(struct issuance *issuance, struct cw_order_item *item)
{
	cw_auto_error struct cw_error failure = {0};
	int status = cw_request_save(issuance->context, item->request, item->key,
				     item->order->certificate_url, &item->chains, &failure);

	/* What cannot be used now will not be usable later; what could not be written may be. */
	if (status == CW_OK || status == CW_E_PROTOCOL)
		cw_order_item_drop_record(item);
	finish(issuance, item, status < 0 ? &failure : NULL);
}

/* All certificates that can be had in this attempt are saved; those with fewer names follow. */
static void
end_attempt(struct issuance *issuance)
{
	bool left = false;

	for (size_t i = 0; i < issuance->count; i++)
		left |= !issuance->items[i].over;
	if (!left) {
		issuance->step = STEP_OVER;
		cw_job_over(issuance->job);
		return;
	}
	issuance->attempt++;
	issuance->forgotten = false;
	open_orders(issuance);
}

static void
downloaded(void *context, struct cw_error *error)
{
	struct errand *errand = context;
	struct issuance *issuance = errand->issuance;

	errand->call = NULL;
	if (error == NULL)
		save(issuance, errand->item);
	else if (can_reopen(issuance, error))
		issuance->reopening = true;
	else
		finish(issuance, errand->item, error);
	if (--issuance->waiting > 0 || stopped(issuance))
		return;
	if (issuance->reopening)
		reopen(issuance);
	else
		end_attempt(issuance);
}

static void
forget_errands(struct issuance *issuance)
{
	for (size_t i = 0; i < issuance->errand_count; i++) {
		cw_ca_cancel(issuance->errands[i].call);
		free(issuance->errands[i].name);
	}
	free(cw_take(&issuance->errands));
	issuance->errand_count = 0;
}

/* Room for COUNT requests of one step. */
static void
prepare_errands(struct issuance *issuance, size_t count)
{
	forget_errands(issuance);
	issuance->errands = cw_calloc(count + 1, sizeof(*issuance->errands));
	issuance->waiting = 0;
}

static struct errand *
add_errand(struct issuance *issuance, struct cw_order_item *item)
{
	struct errand *errand = &issuance->errands[issuance->errand_count++];

	errand->issuance = issuance;
	errand->item = item;
	issuance->waiting++;
	return errand;
}

static void
download_all(struct issuance *issuance)
{
	issuance->step = STEP_DOWNLOAD;
	prepare_errands(issuance, issuance->count);
	for (size_t i = 0; i < issuance->count; i++) {
		struct cw_order_item *item = &issuance->items[i];
		const char *preferred = cw_settings_get(item->request->settings, "preferred_chain");
		struct errand *errand;

		if (!cw_order_item_is_well(item))
			continue;
		errand = add_errand(issuance, item);
		errand->call = cw_ca_order_download(issuance->ca, item->order, preferred != NULL,
						    &item->chains, downloaded, errand);
	}
	if (issuance->waiting == 0)
		end_attempt(issuance);
}

static void
finalized(void *context, struct cw_error *error)
{
	struct issuance *issuance = context;

	issuance->call = NULL;
	if (error != NULL) {
		fail_or_reopen(issuance, error);
		return;
	}
	if (stopped(issuance))
		return;
	end_failed(issuance);
	download_all(issuance);
}

static int64_t
time_limit(const struct issuance *issuance)
{
	return cw_settings_int(issuance->settings, "issuance_timeout", 90) * 1000;
}

static void
finalize(struct issuance *issuance)
{
	cw_autofree const struct cw_buf **csrs = cw_calloc(issuance->count, sizeof(*csrs));
	size_t count = 0;

	issuance->step = STEP_FINALIZE;
	for (size_t i = 0; i < issuance->count; i++) {
		struct cw_order_item *item = &issuance->items[i];

		if (cw_order_item_is_well(item))
			cw_order_item_make_csr(item, &item->order->error);
	}
	gather_orders(issuance);
	for (size_t i = 0; i < issuance->count; i++)
		if (cw_order_item_is_well(&issuance->items[i]))
			csrs[count++] = &issuance->items[i].csr;
	if (count == 0) {
		end_failed(issuance);
		end_attempt(issuance);
		return;
	}
	issuance->call =
		cw_ca_orders_finalize(issuance->ca, issuance->orders, csrs, issuance->order_count,
				      time_limit(issuance), finalized, issuance);
}

static void
cleaned_up(void *context, const struct cw_error *error)
{
	struct issuance *issuance = context;

	(void)error;
	issuance->published = false;
	if (issuance->failure.status != CW_OK) {
		end_all(issuance);
		return;
	}
	if (stopped(issuance))
		return;
	if (issuance->again) {
		issuance->again = false;
		choose(issuance);
		return;
	}
	gather_errors(issuance);
	end_failed(issuance);
	finalize(issuance);
}

static void
clean_up(struct issuance *issuance)
{
	issuance->step = STEP_CLEAN_UP;
	cw_authentication_cleanup(issuance->authentication, cleaned_up, issuance);
}

static void
validated(void *context, struct cw_error *error)
{
	struct issuance *issuance = context;

	issuance->call = NULL;
	if (error != NULL)
		fail_or_reopen(issuance, error);
	else
		clean_up(issuance);
}

static void
validate(struct issuance *issuance)
{
	issuance->step = STEP_VALIDATE;
	issuance->call =
		cw_ca_orders_validate(issuance->ca, issuance->orders, issuance->order_count,
				      time_limit(issuance), validated, issuance);
}

static void
performed(void *context, const struct cw_error *error)
{
	struct issuance *issuance = context;
	cw_auto_error struct cw_error failure = {0};

	(void)error;
	gather_errors(issuance);
	if (stopped(issuance))
		return;
	if (gather_orders(issuance) &&
	    cw_authentication_show(issuance->authentication, issuance->settings,
				   issuance->context->asker, &failure) < 0) {
		fail(issuance, &failure);
		return;
	}
	if (issuance->order_count == 0)
		clean_up(issuance);
	else
		validate(issuance);
}

static void
chosen(void *context, const struct cw_error *error)
{
	struct issuance *issuance = context;

	(void)error;
	/* One name without a way makes the rest of its order useless. */
	gather_errors(issuance);
	if (stopped(issuance))
		return;
	issuance->step = STEP_PERFORM;
	cw_authentication_perform(issuance->authentication, performed, issuance);
}

/* The orders were continued. What is in place for them stays there; else all is done again. */
static void
resume(struct issuance *issuance)
{
	if (issuance->order_count > 0 &&
	    cw_authentication_resume(issuance->authentication, issuance->requests, issuance->orders,
				     issuance->order_count)) {
		validate(issuance);
		return;
	}
	issuance->again = true;
	clean_up(issuance);
}

static void
choose(struct issuance *issuance)
{
	bool any;

	end_failed(issuance);
	any = gather_orders(issuance);
	if (issuance->published) {
		resume(issuance);
		return;
	}
	issuance->step = STEP_CHOOSE;
	if (!any) {
		end_attempt(issuance);
		return;
	}
	issuance->published = true;
	cw_authentication_choose(issuance->authentication, issuance->requests, issuance->orders,
				 issuance->order_count, chosen, issuance);
}

static void
authorization_forgotten(void *context, struct cw_error *error)
{
	struct errand *errand = context;
	struct issuance *issuance = errand->issuance;

	errand->call = NULL;
	if (error == NULL) {
		cw_log_info("deactivated the authorization of \"%s\" at the CA, so that the dry "
			    "run proves it again",
			    errand->name);
	} else {
		cw_autofree char *line = cw_error_line(error);

		cw_log_warning("the dry run proves nothing about \"%s\", which the CA has as "
			       "proved already: %s",
			       errand->name, line);
	}
	if (--issuance->waiting == 0 && !stopped(issuance))
		open_orders(issuance);
}

/* Starts to deactivate the valid authorizations of a rehearsal's order; whether there are any. */
static bool
forget_valid(struct issuance *issuance, struct cw_order_item *item)
{
	bool any = false;

	for (size_t i = 0; i < item->order->authorization_count; i++) {
		const struct cw_acme_authorization *authorization = item->order->authorizations[i];
		struct errand *errand;

		if (authorization->state != CW_ACME_VALID)
			continue;
		errand = add_errand(issuance, item);
		errand->name = cw_strdup(authorization->identifier.value);
		errand->call = cw_ca_authorization_deactivate(issuance->ca, authorization->url,
							      authorization_forgotten, errand);
		any = true;
	}
	return any;
}

static size_t
count_authorizations(const struct issuance *issuance)
{
	size_t count = 0;

	for (size_t i = 0; i < issuance->count; i++)
		if (issuance->items[i].order != NULL)
			count += issuance->items[i].order->authorization_count;
	return count;
}

/*
 * A rehearsal that finds its names authorized already would prove nothing: such authorizations are
 * deactivated, as Certbot does, and the order is made anew. True when there was one.
 */
static bool
forget_authorizations(struct issuance *issuance)
{
	if (issuance->forgotten)
		return false;
	issuance->forgotten = true;
	issuance->step = STEP_FORGET;
	prepare_errands(issuance, count_authorizations(issuance));
	for (size_t i = 0; i < issuance->count; i++) {
		struct cw_order_item *item = &issuance->items[i];

		if (item->request->dry_run && cw_order_item_is_well(item) &&
		    forget_valid(issuance, item))
			cw_order_item_clear(item, issuance->ca);
	}
	return issuance->waiting > 0;
}

static void
orders_opened(void *context, struct cw_error *error)
{
	struct issuance *issuance = context;

	issuance->call = NULL;
	if (error != NULL) {
		fail_or_reopen(issuance, error);
		return;
	}
	if (stopped(issuance))
		return;
	for (size_t i = 0; i < issuance->count; i++)
		if (cw_order_item_is_well(&issuance->items[i]) &&
		    issuance->items[i].order->continued)
			cw_log_info("continuing an order for %s that was interrupted",
				    issuance->items[i].request->name);
	if (!forget_authorizations(issuance))
		choose(issuance);
}

/* Opens the orders that there are none of yet. */
static void
open_orders(struct issuance *issuance)
{
	issuance->step = STEP_OPEN;
	issuance->order_count = 0;
	for (size_t i = 0; i < issuance->count; i++) {
		struct cw_order_item *item = &issuance->items[i];
		cw_auto_error struct cw_error failure = {0};

		if (item->over || item->order != NULL)
			continue;
		if (cw_order_item_prepare(item, issuance->ca, &failure) < 0)
			finish(issuance, item, &failure);
		else
			issuance->orders[issuance->order_count++] = item->order;
	}
	if (issuance->order_count == 0)
		choose(issuance);
	else
		issuance->call = cw_ca_orders_open(issuance->ca, issuance->orders,
						   issuance->order_count, orders_opened, issuance);
}

/* Both the plugins and the directory are there, or not. */
static void
begun(struct issuance *issuance)
{
	if (--issuance->waiting > 0)
		return;
	if (issuance->failure.status != CW_OK)
		end_all(issuance);
	else if (!stopped(issuance))
		open_orders(issuance);
}

static void
plugins_opened(void *context, const struct cw_error *error)
{
	struct issuance *issuance = context;

	/* The plugin's word comes before the network's. */
	if (error != NULL)
		cw_error_copy(&issuance->failure, error);
	begun(issuance);
}

static void
directory_known(void *context, struct cw_error *error)
{
	struct issuance *issuance = context;

	issuance->call = NULL;
	if (error != NULL && can_reopen(issuance, error)) {
		issuance->reopened = true;
		issuance->call = cw_ca_open(issuance->ca, directory_known, issuance);
		return;
	}
	if (error != NULL && issuance->failure.status == CW_OK)
		cw_error_move(&issuance->failure, error);
	begun(issuance);
}

static void *
begin(struct cw_job *job)
{
	struct issuance *issuance = cw_alloc(sizeof(*issuance));
	const struct cw_batch *batch = cw_job_batch(job);
	const struct cw_account *account = batch->requests[0]->account;

	issuance->job = job;
	issuance->context = cw_job_context(job);
	issuance->settings = batch->requests[0]->settings;
	issuance->count = batch->count;
	issuance->attempt = 1;
	issuance->items = cw_calloc(batch->count, sizeof(*issuance->items));
	issuance->orders = cw_calloc(batch->count, sizeof(*issuance->orders));
	issuance->requests = cw_calloc(batch->count, sizeof(*issuance->requests));
	for (size_t i = 0; i < batch->count; i++) {
		issuance->items[i].context = issuance->context;
		issuance->items[i].request = batch->requests[i];
	}
	issuance->ca = cw_context_ca(issuance->context, account->server, account);
	issuance->authentication = cw_authentication_new(job);
	issuance->step = STEP_BEGIN;
	issuance->waiting = 2;
	cw_authentication_open(issuance->authentication, plugins_opened, issuance);
	issuance->call = cw_ca_open(issuance->ca, directory_known, issuance);
	return issuance;
}

static void
interrupt(void *state)
{
	struct issuance *issuance = state;

	if (issuance->step == STEP_OVER)
		return;
	issuance->interrupted = true;
	switch (issuance->step) {
	case STEP_BEGIN:
		/* A plugin that waits for a lock is ended with the job. */
		cancel_all(issuance);
		break;
	case STEP_OPEN:
	case STEP_VALIDATE:
	case STEP_FINALIZE:
		cw_ca_cancel(cw_take(&issuance->call));
		cancel_all(issuance);
		break;
	default:
		/* Its end is awaited: a plugin's, or one that takes but a moment. */
		cw_authentication_interrupt(issuance->authentication);
	}
}

static void
end(void *state)
{
	struct issuance *issuance = state;
	bool dropped = false;

	cw_ca_cancel(issuance->call);
	forget_errands(issuance);
	for (size_t i = 0; i < issuance->count; i++) {
		dropped |= issuance->items[i].dropped_record;
		cw_order_item_clear(&issuance->items[i], issuance->ca);
	}
	/* Once for all of the batch. */
	if (dropped)
		cw_pending_sync(issuance->context->directories.work);
	cw_authentication_free(issuance->authentication);
	cw_error_clear(&issuance->failure);
	free(issuance->items);
	free(issuance->orders);
	free(issuance->requests);
	free(issuance);
}

const struct cw_work cw_obtain_work = {.begin = begin, .interrupt = interrupt, .end = end};
