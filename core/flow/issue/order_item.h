/* One certificate of a batch while it is obtained: its order, its key, and the record with which
 * another run can continue it. Private to issue/. */
#ifndef CW_FLOW_ISSUE_ORDER_ITEM_H
#define CW_FLOW_ISSUE_ORDER_ITEM_H

#include "acme/client.h"
#include "crypto/key.h"
#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/ca.h"
#include "store/pending.h"

struct cw_order_item {
	struct cw_context *context;
	struct cw_request *request;
	struct cw_acme_order *order; /* NULL: no order yet */
	struct cw_pending *pending;
	struct cw_key *key;
	struct cw_buf csr;
	/* what the order is bound to; points to the two fields below */
	struct cw_pending_binding binding;
	struct cw_strv identifiers;
	char *plan; /* how to make its key */
	struct cw_strv chains;
	bool over; /* saved or failed, and reported */
	/* the record was removed, but not durably yet: cw_pending_sync() */
	bool dropped_record;
};

/* Frees order, key and record. The record stays on disk. */
void cw_order_item_clear(struct cw_order_item *item, struct cw_ca *ca);
/* Fills in the order to open. If an earlier run left a usable order, that one is continued. For a
 * new order, the key is made and the record is written when the server has made the order. */
int cw_order_item_prepare(struct cw_order_item *item, const struct cw_ca *ca,
			  struct cw_error *error);
/* Makes the CSR, in item->csr. */
int cw_order_item_make_csr(struct cw_order_item *item, struct cw_error *error);
/* Removes the record. Another run can then not continue the order. */
void cw_order_item_drop_record(struct cw_order_item *item);
/* Combines the errors of single names into the error of their order. */
void cw_order_item_gather_errors(struct cw_order_item *item);
/* For --allow-subset-of-names: removes the failed names from the request. Returns true if names
 * remain. */
bool cw_order_item_reduce_names(struct cw_order_item *item, const struct cw_error *error);
/* Whether the item has an order, and no error so far. */
bool cw_order_item_is_well(const struct cw_order_item *item);

#endif
