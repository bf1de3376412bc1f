/* The steps of an issuance, each for many orders of one account at once (RFC 8555 section 7.4). */
#include <stdlib.h>
#include "base/clock.h"
#include "base/mem.h"
#include "network/internal.h"

/* An order that the coordinator was told of, until it has recorded it. */
struct creation {
	struct orders_job *orders;
	size_t index;
	uint32_t request; /* 0: nobody waits for an answer */
};

struct orders_job {
	struct cw_serving job;
	struct cw_acme_order **orders; /* the CA's own; NULL at the end: unknown ones */
	uint32_t *numbers;
	struct cw_buf *csrs;
	const struct cw_buf **csr_pointers;
	size_t count;
	int64_t limit; /* milliseconds */
	bool alternates;
	struct cw_strv chains;
	struct creation *creations; /* as many as orders */
	/* Puts what has become of an order into the answer. */
	void (*put)(struct cw_message *answer, const struct cw_acme_order *order);
};

static void
clear(struct cw_serving *job)
{
	struct orders_job *orders = (struct orders_job *)job;

	for (size_t i = 0; i < orders->count; i++) {
		if (orders->csrs != NULL)
			cw_buf_clear(&orders->csrs[i]);
		if (orders->creations != NULL && orders->creations[i].request != 0)
			cw_peer_forget(job->process->peer, orders->creations[i].request);
	}
	free(orders->orders);
	free(orders->numbers);
	free(orders->csrs);
	free(orders->csr_pointers);
	free(orders->creations);
	cw_strv_clear(&orders->chains);
}

/* A job for as many orders as the request says next. */
static struct orders_job *
new_job(struct cw_network_process *process, struct cw_message *request, bool has_limit)
{
	struct orders_job *orders = cw_serving_new(process, request, sizeof(*orders), clear);
	size_t count;

	if (has_limit)
		orders->limit = cw_message_get_int(request, 0, INT32_MAX);
	count = cw_message_get_count(request, CW_WIRE_ORDERS);
	orders->orders = cw_calloc(count + 1, sizeof(*orders->orders));
	orders->numbers = cw_calloc(count + 1, sizeof(*orders->numbers));
	orders->csrs = cw_calloc(count + 1, sizeof(*orders->csrs));
	orders->csr_pointers = cw_calloc(count + 1, sizeof(*orders->csr_pointers));
	orders->creations = cw_calloc(count + 1, sizeof(*orders->creations));
	orders->count = count;
	return orders;
}

static void
start(struct orders_job *orders, struct cw_served_ca *ca, const struct cw_message *request,
      void (*begin)(struct cw_serving *))
{
	cw_auto_error struct cw_error error = {0};

	for (size_t i = 0; i < orders->count && !request->broken; i++) {
		if (orders->orders[i] != NULL)
			continue;
		cw_fail(&error, CW_E_PROTOCOL,
			"the network process was asked about an unknown order");
		cw_serving_fail(&orders->job, &error);
		return;
	}
	cw_served_start(ca, &orders->job, request, begin);
}

/* The step of all orders is done. */
static void
done(void *context, struct cw_error *error)
{
	struct orders_job *orders = context;
	struct cw_message *answer = cw_serving_done(&orders->job, error);

	if (answer == NULL)
		return;
	for (size_t i = 0; i < orders->count; i++)
		orders->put(answer, orders->orders[i]);
	cw_serving_finish(&orders->job, answer);
}

static void
recorded(void *context, struct cw_message **answer, const struct cw_error *gone)
{
	struct creation *creation = context;
	cw_auto_error struct cw_error error = {0};

	creation->request = 0;
	if (*answer == NULL) {
		cw_error_copy(&error, gone);
	} else {
		cw_message_get_error(*answer, &error);
		if (error.status == CW_OK)
			cw_message_finish(*answer, "the coordinator", &error);
	}
	cw_acme_order_go_on(creation->orders->orders[creation->index],
			    error.status != CW_OK ? &error : NULL);
}

static void
created(void *context, struct cw_acme_order *order)
{
	struct orders_job *orders = context;
	struct cw_message *request = cw_message_new(CW_NETWORK_CREATED);
	struct creation *creation;
	size_t index = 0;

	while (orders->orders[index] != order)
		index++;
	creation = &orders->creations[index];
	creation->orders = orders;
	creation->index = index;
	cw_message_put_int(request, cw_served_number(orders->job.ca));
	cw_message_put_int(request, orders->numbers[index]);
	cw_message_put_text(request, order->url);
	creation->request = cw_peer_ask(orders->job.process->peer, request, recorded, creation);
}

static void
begin_open(struct cw_serving *job)
{
	struct orders_job *orders = (struct orders_job *)job;

	orders->put = cw_wire_put_opened;
	job->operation = cw_acme_orders_open_start(cw_served_acme(job->ca), orders->orders,
						   orders->count, created, done, orders);
}

void
cw_serve_orders_open(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct orders_job *orders;

	if (ca == NULL)
		return;
	orders = new_job(process, request, false);
	for (size_t i = 0; i < orders->count; i++) {
		struct cw_acme_order *order = cw_acme_order_new();

		cw_wire_get_wanted(request, &orders->numbers[i], order);
		orders->orders[i] = order;
		cw_served_keep_order(ca, orders->numbers[i], order);
	}
	start(orders, ca, request, begin_open);
}

static void
begin_validate(struct cw_serving *job)
{
	struct orders_job *orders = (struct orders_job *)job;

	orders->put = cw_wire_put_validated;
	job->operation = cw_acme_orders_validate_start(cw_served_acme(job->ca), orders->orders,
						       orders->count, cw_now_ms() + orders->limit,
						       done, orders);
}

void
cw_serve_orders_validate(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct orders_job *orders;

	if (ca == NULL)
		return;
	orders = new_job(process, request, true);
	for (size_t i = 0; i < orders->count && !request->broken; i++) {
		orders->numbers[i] = cw_wire_get_number(request);
		orders->orders[i] = cw_served_order(ca, orders->numbers[i]);
		if (orders->orders[i] == NULL)
			break;
		cw_wire_get_chosen(request, orders->orders[i]);
	}
	start(orders, ca, request, begin_validate);
}

static void
put_finalized(struct cw_message *answer, const struct cw_acme_order *order)
{
	cw_message_put_int(answer, order->state);
	cw_message_put_text(answer, order->certificate_url);
	cw_message_put_error(answer, &order->error);
}

static void
begin_finalize(struct cw_serving *job)
{
	struct orders_job *orders = (struct orders_job *)job;

	orders->put = put_finalized;
	job->operation = cw_acme_orders_finalize_start(cw_served_acme(job->ca), orders->orders,
						       orders->csr_pointers, orders->count,
						       cw_now_ms() + orders->limit, done, orders);
}

void
cw_serve_orders_finalize(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct orders_job *orders;

	if (ca == NULL)
		return;
	orders = new_job(process, request, true);
	for (size_t i = 0; i < orders->count && !request->broken; i++) {
		orders->numbers[i] = cw_wire_get_number(request);
		orders->orders[i] = cw_served_order(ca, orders->numbers[i]);
		cw_message_get_bytes(request, CW_MESSAGE_LINE, &orders->csrs[i]);
		orders->csr_pointers[i] = &orders->csrs[i];
	}
	start(orders, ca, request, begin_finalize);
}

void
cw_serve_orders_forget(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	size_t count;

	if (ca == NULL)
		return;
	count = cw_message_get_count(request, CW_WIRE_ORDERS);
	for (size_t i = 0; i < count && !request->broken; i++) {
		uint32_t number = cw_wire_get_number(request);

		cw_served_keep_order(ca, number, NULL);
	}
}

static void
downloaded(void *context, struct cw_error *error)
{
	struct orders_job *orders = context;
	struct cw_message *answer = cw_serving_done(&orders->job, error);

	if (answer == NULL)
		return;
	cw_message_put_list(answer, &orders->chains);
	cw_serving_finish(&orders->job, answer);
}

static void
begin_download(struct cw_serving *job)
{
	struct orders_job *orders = (struct orders_job *)job;

	job->operation = cw_acme_order_download_start(cw_served_acme(job->ca), orders->orders[0],
						      orders->alternates, &orders->chains,
						      downloaded, orders);
}

void
cw_serve_order_download(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct orders_job *orders;

	if (ca == NULL)
		return;
	orders = cw_serving_new(process, request, sizeof(*orders), clear);
	orders->count = 1;
	orders->orders = cw_calloc(2, sizeof(*orders->orders));
	orders->orders[0] = cw_served_order(ca, cw_wire_get_number(request));
	orders->alternates = cw_message_get_bool(request);
	start(orders, ca, request, begin_download);
}
