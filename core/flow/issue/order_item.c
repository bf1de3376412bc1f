#include "flow/issue/order_item.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "crypto/csr.h"
#include "flow/ask/choose_plugin.h"
#include "flow/issue/profile.h"
#include "flow/issue/save.h"

void
cw_order_item_clear(struct cw_order_item *item, struct cw_ca *ca)
{
	if (item->order != NULL)
		cw_ca_order_forget(ca, item->order);
	cw_acme_order_free(cw_take(&item->order));
	cw_pending_free(cw_take(&item->pending));
	cw_key_free(cw_take(&item->key));
	cw_buf_clear(&item->csr);
	cw_strv_clear(&item->identifiers);
	cw_strv_clear(&item->chains);
	free(cw_take(&item->plan));
}

bool
cw_order_item_is_well(const struct cw_order_item *item)
{
	return !item->over && item->order != NULL && item->order->error.status == CW_OK;
}

void
cw_order_item_gather_errors(struct cw_order_item *item)
{
	struct cw_acme_order *order = item->order;
	cw_auto_error struct cw_error whole = {0};
	struct cw_error *only = NULL;
	size_t failed = 0;

	if (item->over || order == NULL)
		return;
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

void
cw_order_item_drop_record(struct cw_order_item *item)
{
	if (item->pending == NULL)
		return;
	cw_pending_remove(item->pending, NULL);
	item->dropped_record = true;
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

bool
cw_order_item_reduce_names(struct cw_order_item *item, const struct cw_error *error)
{
	struct cw_request *request = item->request;
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
	return cw_choose_for_names(item->context, request, NULL) == CW_OK;
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
bind_order(struct cw_order_item *item, struct cw_error *error)
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
find_pending(struct cw_order_item *item, struct cw_error *error)
{
	const char *work = item->context->directories.work;
	int status = cw_pending_find(work, &item->binding, &item->pending, error);

	if (status < 0 || item->pending == NULL)
		return status;
	if (item->key == NULL && item->request->csr == NULL &&
	    (item->pending->key_pem == NULL ||
	     cw_key_from_pem(item->pending->key_pem, strlen(item->pending->key_pem),
			     "the key of an unfinished order", &item->key, NULL) < 0)) {
		cw_order_item_drop_record(item);
		return CW_OK;
	}
	item->order->url = cw_strdup(item->pending->order_url);
	return CW_OK;
}

/* The server has made an order: its key, and the record that lets another run go on with it. */
static int
record_order(void *context, struct cw_acme_order *order, struct cw_error *error)
{
	struct cw_order_item *item = context;
	cw_autosecret char *pem = NULL;

	if (item->pending != NULL) {
		/* Of an order that could not be continued. */
		cw_order_item_drop_record(item);
		if (strncmp(item->plan, "same:", 5) != 0)
			cw_key_free(cw_take(&item->key));
	}
	if (item->key == NULL && item->request->csr == NULL) {
		int status = cw_request_key_make(item->request, &item->key, error);

		if (status < 0)
			return status;
	}
	if (item->request->dry_run || item->request->in_memory)
		return CW_OK;
	if (item->key != NULL)
		pem = cw_key_to_pem(item->key);
	return cw_pending_save(item->context->directories.work, &item->binding, order->url, pem,
			       &item->pending, error);
}

int
cw_order_item_prepare(struct cw_order_item *item, const struct cw_ca *ca, struct cw_error *error)
{
	cw_auto_error struct cw_error refusal = {0};
	const char *profile =
		cw_profile_choose(item->request->settings, cw_ca_directory(ca), &refusal);
	int status;

	if (refusal.status < 0)
		return cw_error_move(error, &refusal);
	item->order = cw_acme_order_new();
	item->order->profile = cw_strdup(profile);
	item->order->replaces = cw_strdup(item->request->replaces);
	item->order->created = record_order;
	item->order->created_context = item;
	status = bind_order(item, error);
	if (status == CW_OK && !item->request->dry_run && !item->request->in_memory)
		status = find_pending(item, error);
	return status;
}

int
cw_order_item_make_csr(struct cw_order_item *item, struct cw_error *error)
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
