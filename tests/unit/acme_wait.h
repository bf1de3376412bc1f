/*
 * The operations of client.h as functions that turn the loop until they are done, for callers that
 * have nothing else to do meanwhile. Each takes and gives what its cw_acme_..._start() does, and
 * returns its end; CW_E_CANCELLED when the loop was interrupted.
 */
#ifndef CW_TESTS_ACME_WAIT_H
#define CW_TESTS_ACME_WAIT_H

#include "acme/client.h"

/* Makes a client that signs with SIGNER (which must outlive it; NULL: none) and fetches the
 * directory. */
int cw_acme_new(struct cw_loop *loop, struct cw_http *http, const struct cw_acme_options *options,
		const struct cw_signer *signer, struct cw_acme **acme, struct cw_error *error);
int cw_acme_account_new(struct cw_acme *acme, const struct cw_acme_registration *registration,
			char **url, struct json_object **body, struct cw_error *error);
int cw_acme_account_get(struct cw_acme *acme, struct json_object **body, struct cw_error *error);
int cw_acme_account_update(struct cw_acme *acme, const struct cw_strv *contacts,
			   struct json_object **body, struct cw_error *error);
int cw_acme_account_deactivate(struct cw_acme *acme, struct cw_error *error);
/* NEW_SIGNER must outlive the client. */
int cw_acme_account_change_key(struct cw_acme *acme, const struct cw_signer *new_signer,
			       const char *change, struct cw_error *error);
/* Calls order->created of each new order, and goes on with what it returns. */
int cw_acme_orders_open(struct cw_acme *acme, struct cw_acme_order *const *orders, size_t count,
			struct cw_error *error);
int cw_acme_orders_validate(struct cw_acme *acme, struct cw_acme_order *const *orders, size_t count,
			    int64_t deadline, struct cw_error *error);
int cw_acme_orders_finalize(struct cw_acme *acme, struct cw_acme_order *const *orders,
			    const struct cw_buf *const *csrs, size_t count, int64_t deadline,
			    struct cw_error *error);
int cw_acme_order_download(struct cw_acme *acme, const struct cw_acme_order *order, bool alternates,
			   struct cw_strv *chains, struct cw_error *error);
int cw_acme_authorization_deactivate(struct cw_acme *acme, const char *url, struct cw_error *error);
int cw_acme_revoke(struct cw_acme *acme, const char *certificate, int reason,
		   const struct cw_signer *signer, struct cw_error *error);
int cw_acme_renewal_info(struct cw_acme *acme, struct cw_acme_renewal_info *const *infos,
			 size_t count, struct cw_error *error);

#endif
