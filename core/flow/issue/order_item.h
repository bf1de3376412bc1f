/* One certificate of a batch on its way: its order, its key, and the record that lets another run
 * go on with it. Private to issue/. */
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
	struct cw_acme_order *order; /* NULL: none is under way */
	struct cw_pending *pending;
	struct cw_key *key;
	struct cw_buf csr;
	struct cw_pending_binding binding; /* what the order is bound to, over the two below */
	struct cw_strv identifiers;
	char *plan; /* how its key is to be made */
	struct cw_strv chains;
	bool over;           /* saved or failed, and reported */
	bool dropped_record; /* whose removal is not durable yet: cw_pending_sync() */
};

/* Forgets order, key and record (which stays on disk). */
void cw_order_item_clear(struct cw_order_item *item, struct cw_ca *ca);
/* Makes the order as it is wanted: that of an earlier run where there is one. Its key is made, and
 * the record written, when the server has made the order. */
int cw_order_item_prepare(struct cw_order_item *item, const struct cw_ca *ca,
			  struct cw_error *error);
/* The CSR, into item->csr. */
int cw_order_item_make_csr(struct cw_order_item *item, struct cw_error *error);
/* Removes the record: the order is of no use to another run. */
void cw_order_item_drop_record(struct cw_order_item *item);
/* The failures of single names as the failure of their order. */
void cw_order_item_gather_errors(struct cw_order_item *item);
/* --allow-subset-of-names: takes the failed names out of the request; true when some remain. */
bool cw_order_item_reduce_names(struct cw_order_item *item, const struct cw_error *error);
/* Whether its order is under way and well. */
bool cw_order_item_is_well(const struct cw_order_item *item);

#endif
