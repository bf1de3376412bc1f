#include "flow/issue/obtain.h"
#include <stdlib.h>
#include <string.h>
#include "acme/wait.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/csr.h"
#include "flow/ask/choose_plugin.h"
#include "flow/issue/authentication.h"
#include "flow/issue/profile.h"
#include "flow/issue/save.h"
#include "flow/work/network.h"
#include "store/pending.h"

/* With --allow-subset-of-names an order is made anew without the names that failed, this often. */
#define ATTEMPTS_MAX 3

/* One request on its way. */
struct item {
	struct batch *batch;
	struct cw_request *request;
	struct cw_acme_order *order;
	struct cw_pending *pending;
	struct cw_key *key;
	struct cw_buf csr;
	struct cw_pending_binding binding; /* what the order is bound to, over the two below */
	struct cw_strv identifiers;
	char *plan; /* how its key is to be made */
	bool over;  /* saved or failed, and reported */
};

struct batch {
	struct cw_context *context;
	const struct cw_services *services;
	struct item *items;
	size_t count;
	struct cw_acme *acme;
	bool ca_silent;
	struct cw_authentication *authentication;
	cw_report report;
	void *report_context;
};

static void
clear_order(struct item *item)
{
	cw_acme_order_free(cw_take(&item->order));
	cw_pending_free(cw_take(&item->pending));
	cw_key_free(cw_take(&item->key));
	cw_buf_clear(&item->csr);
	cw_strv_clear(&item->identifiers);
	free(cw_take(&item->plan));
}

/* Reports the end of a request. ERROR NULL: it succeeded. */
static void
finish(struct batch *batch, struct item *item, struct cw_error *error)
{
	struct cw_request *request = item->request;

	if (item->over)
		return;
	item->over = true;
	request->ca_silent = error != NULL && batch->ca_silent;
	if (error != NULL)
		cw_error_move(&request->error, error);
	batch->report(batch->report_context, request);
}

static void
fail_all(struct batch *batch, const struct cw_error *error)
{
	for (size_t i = 0; i < batch->count; i++) {
		cw_auto_error struct cw_error copy = {0};

		cw_error_copy(&copy, error);
		finish(batch, &batch->items[i], &copy);
	}
}

/* The failures of single names as the failure of their order. */
static void
gather_errors(struct cw_acme_order *order)
{
	cw_auto_error struct cw_error whole = {0};
	struct cw_error *only = NULL;
	size_t failed = 0;

	for (size_t i = 0; i < order->authorization_count; i++) {
		if (order->authorizations[i]->error.status == CW_OK)
			continue;
		only = &order->authorizations[i]->error;
		failed++;
	}
	if (failed == 0 || order->error.status != CW_OK)
		return;
	if (order->authorization_count == 1) {
		cw_error_move(&order->error, only);
		return;
	}
	cw_fail(&whole, only->status, "%zu of %zu names could not be validated", failed,
		order->authorization_count);
	for (size_t i = 0; i < order->authorization_count; i++)
		if (order->authorizations[i]->error.status != CW_OK)
			cw_error_add_part(&whole, &order->authorizations[i]->error);
	cw_error_move(&order->error, &whole);
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

static void
drop_pending(struct item *item)
{
	if (item->pending == NULL)
		return;
	cw_pending_remove(item->pending, NULL);
	cw_pending_free(cw_take(&item->pending));
}

static void
names_that_failed(const struct cw_error *error, struct cw_strv *failed)
{
	if (error->identifier != NULL)
		cw_strv_add_unique(failed, error->identifier);
	for (size_t i = 0; i < error->part_count; i++)
		names_that_failed(error->parts[i], failed);
	if (error->cause != NULL)
		names_that_failed(error->cause, failed);
}

static void
log_detail(void *context, const char *line)
{
	(void)context;
	cw_log_warning("%s", line);
}

static void
leave_out_one(struct cw_request *request, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_log_warning("going on without \"%s\": %s",
		       error->identifier != NULL ? error->identifier : request->name, line);
	cw_error_details(error, 2, log_detail, NULL);
	cw_json_append(request->left_out, cw_json_error(error));
}

/* Says which names are left out and why, also in the result. */
static void
leave_out(struct cw_request *request, const struct cw_error *error)
{
	if (request->left_out == NULL)
		request->left_out = cw_json_new_array();
	for (size_t i = 0; i < error->part_count; i++)
		leave_out_one(request, error->parts[i]);
	if (error->part_count == 0)
		leave_out_one(request, error);
}

static void
keep_others(struct cw_strv *names, const struct cw_strv *failed)
{
	for (size_t i = names->count; i-- > 0;) {
		const char *name = names->items[i];

		if (cw_strv_contains(failed, name) ||
		    (strncmp(name, "*.", 2) == 0 && cw_strv_contains(failed, name + 2)))
			cw_strv_remove(names, i);
	}
}

/* --allow-subset-of-names: takes the failed names out of the request; true when some remain. */
static bool
reduce_names(struct cw_context *context, struct cw_request *request, const struct cw_error *error)
{
	cw_auto_strv struct cw_strv failed = {0};
	cw_auto_names struct cw_names rest = {0};
	size_t before = cw_names_count(&request->names);

	if (!cw_settings_flag(request->settings, "allow_subset_of_names"))
		return false;
	names_that_failed(error, &failed);
	cw_names_copy(&rest, &request->names);
	keep_others(&rest.dns, &failed);
	keep_others(&rest.ip, &failed);
	if (cw_names_count(&rest) == 0 || cw_names_count(&rest) == before)
		return false;
	leave_out(request, error);
	cw_names_copy(&request->names, &rest);
	/* What the others were validated by is not for renewals of these. */
	return cw_choose_for_names(context, request, NULL) == CW_OK;
}

/* Ends the items whose order failed, unless they shall be tried again with fewer names. */
static void
end_failed(struct batch *batch, unsigned attempt)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[i];

		if (item->over || item->order == NULL || item->order->error.status == CW_OK)
			continue;
		if (!was_cut_off(item->order))
			drop_pending(item);
		if (attempt < ATTEMPTS_MAX &&
		    reduce_names(batch->context, item->request, &item->order->error)) {
			/* Nobody will ask for all those names again. */
			drop_pending(item);
			clear_order(item);
			continue;
		}
		finish(batch, item, &item->order->error);
	}
}

static void
add_identifiers(struct cw_acme_order *order, struct cw_strv *bound, const struct cw_strv *names,
		const char *type)
{
	for (size_t i = 0; i < names->count; i++) {
		cw_acme_order_add_identifier(order, type, names->items[i]);
		cw_strv_addf(bound, "%s:%s", type, names->items[i]);
	}
}

/* What the item's order is bound to, as it stands in the order. */
static int
bind_order(struct item *item, struct cw_error *error)
{
	const struct cw_request *request = item->request;
	struct cw_acme_order *order = item->order;
	int status;

	add_identifiers(order, &item->identifiers, &request->names.dns, "dns");
	add_identifiers(order, &item->identifiers, &request->names.ip, "ip");
	status = cw_request_key_plan(request, &item->plan, &item->key, error);
	item->binding = (struct cw_pending_binding){
		.server = request->account->server,
		.account = request->account->id,
		.identifiers = &item->identifiers,
		.profile = order->profile,
		.replaces = request->replaces,
		.lineage = request->name,
		.key = item->plan,
	};
	return status;
}

/* The order that an earlier run left, if it left one and its key can be read. */
static int
find_pending(struct item *item, struct cw_error *error)
{
	const char *work = item->batch->context->directories.work;
	int status = cw_pending_find(work, &item->binding, &item->pending, error);

	if (status < 0 || item->pending == NULL)
		return status;
	if (item->key == NULL && item->request->csr == NULL &&
	    (item->pending->key_pem == NULL ||
	     cw_key_from_pem(item->pending->key_pem, strlen(item->pending->key_pem),
			     "the key of an unfinished order", &item->key, NULL) < 0)) {
		drop_pending(item);
		return CW_OK;
	}
	item->order->url = cw_strdup(item->pending->order_url);
	return CW_OK;
}

/* The server has made an order: its key, and the record that lets another run go on with it. */
static int
record_order(void *context, struct cw_acme_order *order, struct cw_error *error)
{
	struct item *item = context;
	cw_autosecret char *pem = NULL;

	if (item->pending != NULL) {
		/* Of an order that could not be continued. */
		drop_pending(item);
		if (strncmp(item->plan, "same:", 5) != 0)
			cw_key_free(cw_take(&item->key));
	}
	if (item->key == NULL && item->request->csr == NULL) {
		int status = cw_request_key_make(item->request, &item->key, error);

		if (status < 0)
			return status;
	}
	if (item->request->dry_run)
		return CW_OK;
	if (item->key != NULL)
		pem = cw_key_to_pem(item->key);
	return cw_pending_save(item->batch->context->directories.work, &item->binding, order->url,
			       pem, &item->pending, error);
}

static int
prepare_order(struct item *item, struct cw_error *error)
{
	cw_auto_error struct cw_error refusal = {0};
	const char *profile =
		cw_profile_choose(item->request->settings, item->batch->acme, &refusal);
	int status;

	if (refusal.status < 0)
		return cw_error_move(error, &refusal);
	item->order = cw_acme_order_new();
	item->order->profile = cw_strdup(profile);
	item->order->replaces = cw_strdup(item->request->replaces);
	item->order->created = record_order;
	item->order->created_context = item;
	status = bind_order(item, error);
	if (status == CW_OK && !item->request->dry_run)
		status = find_pending(item, error);
	return status;
}

static int
make_csr(struct item *item, struct cw_error *error)
{
	struct cw_csr_spec spec = {
		.dns_names = &item->request->names.dns,
		.ip_addresses = &item->request->names.ip,
		.must_staple = cw_settings_flag(item->request->settings, "must_staple"),
	};

	if (item->request->csr != NULL) {
		const struct cw_buf *given = &item->request->csr->der;

		cw_buf_clear(&item->csr);
		cw_buf_add(&item->csr, given->data, given->length);
		return CW_OK;
	}
	return cw_csr_make(item->key, &spec, &item->csr, error);
}

/* The orders of the items that are still under way; the array is the caller's to free. */
static size_t
orders_under_way(struct batch *batch, struct cw_acme_order ***orders)
{
	size_t count = 0;

	*orders = cw_calloc(batch->count, sizeof(**orders));
	for (size_t i = 0; i < batch->count; i++)
		if (!batch->items[i].over && batch->items[i].order != NULL &&
		    batch->items[i].order->error.status == CW_OK)
			(*orders)[count++] = batch->items[i].order;
	return count;
}

static int
open_orders(struct batch *batch, struct cw_error *error)
{
	cw_autofree struct cw_acme_order **orders = NULL;
	size_t count;
	int status;

	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[i];
		cw_auto_error struct cw_error failure = {0};

		if (!item->over && item->order == NULL && prepare_order(item, &failure) < 0)
			finish(batch, item, &failure);
	}
	count = orders_under_way(batch, &orders);
	if (count == 0)
		return CW_OK;
	status = cw_acme_orders_open(batch->acme, orders, count, error);
	for (size_t i = 0; i < batch->count && status == CW_OK; i++)
		if (!batch->items[i].over && batch->items[i].order->continued)
			cw_log_info("continuing an order for %s that was interrupted",
				    batch->items[i].request->name);
	return status;
}

static bool
forget_authorization(struct batch *batch, const struct cw_acme_authorization *authorization)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *line = NULL;

	if (cw_acme_authorization_deactivate(batch->acme, authorization->url, &error) == CW_OK) {
		cw_log_info("deactivated the authorization of \"%s\" at the CA (%s), so that the "
			    "dry run proves it again",
			    authorization->identifier.value, authorization->url);
		return true;
	}
	line = cw_error_line(&error);
	cw_log_warning("the dry run proves nothing about \"%s\", which the CA has as proved "
		       "already: %s",
		       authorization->identifier.value, line);
	return false;
}

/*
 * A rehearsal that finds its names authorized already would prove nothing: such authorizations are
 * deactivated, as Certbot does, and the order is to be made anew. True when there was one.
 */
static bool
forget_authorizations(struct batch *batch)
{
	bool any = false;

	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[i];
		bool found = false;

		if (item->over || !item->request->dry_run || item->order == NULL ||
		    item->order->error.status != CW_OK)
			continue;
		for (size_t j = 0; j < item->order->authorization_count; j++) {
			const struct cw_acme_authorization *authorization =
				item->order->authorizations[j];

			found |= authorization->state == CW_ACME_VALID &&
				 forget_authorization(batch, authorization);
		}
		if (found)
			clear_order(item);
		any |= found;
	}
	return any;
}

static void
gather_all_errors(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (!batch->items[i].over && batch->items[i].order != NULL)
			gather_errors(batch->items[i].order);
}

/* Publishes the challenges and has the CA look at them; cleans up in any case. */
static int
validate_orders(struct batch *batch, struct cw_error *error)
{
	cw_autofree struct cw_acme_order **orders = NULL;
	const struct cw_settings *settings = batch->items[0].request->settings;
	int64_t limit = cw_settings_int(settings, "issuance_timeout", 90);
	size_t count;
	int status = CW_OK;

	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[i];

		if (!item->over && item->order != NULL && item->order->error.status == CW_OK)
			cw_authentication_choose(batch->authentication, item->request, item->order);
	}
	/* One name without a way makes the rest of its order useless. */
	gather_all_errors(batch);
	cw_authentication_perform(batch->authentication);
	gather_all_errors(batch);
	count = orders_under_way(batch, &orders);
	if (count > 0)
		status = cw_authentication_show(batch->authentication, settings,
						batch->services->asker, error);
	if (count > 0 && status == CW_OK)
		status = cw_acme_orders_validate(batch->acme, orders, count,
						 cw_now_ms() + limit * 1000, error);
	cw_authentication_cleanup(batch->authentication);
	gather_all_errors(batch);
	return status;
}

static int
finalize_orders(struct batch *batch, struct cw_error *error)
{
	const struct cw_settings *settings = batch->items[0].request->settings;
	int64_t limit = cw_settings_int(settings, "issuance_timeout", 90);
	cw_autofree struct cw_acme_order **orders = cw_calloc(batch->count, sizeof(*orders));
	cw_autofree const struct cw_buf **csrs = cw_calloc(batch->count, sizeof(*csrs));
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[i];

		if (item->over || item->order == NULL || item->order->error.status != CW_OK ||
		    make_csr(item, &item->order->error) < 0)
			continue;
		orders[count] = item->order;
		csrs[count++] = &item->csr;
	}
	if (count == 0)
		return CW_OK;
	return cw_acme_orders_finalize(batch->acme, orders, csrs, count, cw_now_ms() + limit * 1000,
				       error);
}

static int
save_certificate(struct batch *batch, struct item *item, struct cw_error *error)
{
	struct cw_request *request = item->request;
	bool alternates = cw_settings_get(request->settings, "preferred_chain") != NULL;
	cw_auto_strv struct cw_strv chains = {0};
	int status;

	status = cw_acme_order_download(batch->acme, item->order, alternates, &chains, error);
	if (status == CW_OK)
		status = cw_request_save(batch->context, request, item->key, &chains, error);
	/* What cannot be used now will not be usable later; what could not be written may be. */
	if (status == CW_OK || status == CW_E_PROTOCOL)
		drop_pending(item);
	return status;
}

static void
save_certificates(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[i];
		cw_auto_error struct cw_error error = {0};

		if (item->over || item->order == NULL || item->order->error.status != CW_OK)
			continue;
		if (save_certificate(batch, item, &error) < 0)
			finish(batch, item, &error);
		else
			finish(batch, item, NULL);
	}
}

static int
attempt_all(struct batch *batch, unsigned attempt, struct cw_error *error)
{
	int status = open_orders(batch, error);

	if (status == CW_OK && forget_authorizations(batch))
		status = open_orders(batch, error);
	if (status < 0)
		return status;
	end_failed(batch, attempt);
	status = validate_orders(batch, error);
	if (status < 0)
		return status;
	end_failed(batch, attempt);
	status = finalize_orders(batch, error);
	if (status < 0)
		return status;
	end_failed(batch, attempt);
	save_certificates(batch);
	return CW_OK;
}

static bool
all_over(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (!batch->items[i].over)
			return false;
	return true;
}

static int
run_batch(struct batch *batch, const struct cw_batch *requests, struct cw_error *error)
{
	const struct cw_account *account = batch->items[0].request->account;
	struct cw_signer *signer = cw_signer_from_key(account->key);
	struct cw_acme_options options = {.directory_url = account->server,
					  .silent = &batch->ca_silent};
	struct cw_http *http = NULL;
	int status;

	status = batch->services->http(batch->services->context, &http, error);
	if (status == CW_OK)
		status = cw_authentication_open(batch->context, batch->services, requests,
						&batch->authentication, error);
	if (status == CW_OK)
		status = cw_acme_new(batch->services->loop, http, &options, signer, &batch->acme,
				     error);
	if (status == CW_OK) {
		cw_acme_account_use(batch->acme, account->uri);
		for (unsigned attempt = 1; status == CW_OK && !all_over(batch); attempt++)
			status = attempt_all(batch, attempt, error);
	}
	cw_authentication_close(batch->authentication);
	cw_acme_free(batch->acme);
	cw_signer_free(signer);
	return status;
}

void
cw_obtain_batch(struct cw_context *context, const struct cw_services *services,
		struct cw_batch *requests, cw_report report, void *report_context)
{
	cw_auto_error struct cw_error error = {0};
	struct batch batch = {
		.context = context,
		.services = services,
		.items = cw_calloc(requests->count, sizeof(struct item)),
		.count = requests->count,
		.report = report,
		.report_context = report_context,
	};

	for (size_t i = 0; i < batch.count; i++) {
		batch.items[i].batch = &batch;
		batch.items[i].request = requests->requests[i];
	}
	if (run_batch(&batch, requests, &error) < 0)
		fail_all(&batch, &error);
	for (size_t i = 0; i < batch.count; i++)
		clear_order(&batch.items[i]);
	free(batch.items);
}
