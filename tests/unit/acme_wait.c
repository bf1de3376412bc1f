#include "acme_wait.h"

#include "acme/internal.h"
#include "base/mem.h"

struct wait {
	bool done;
	int status;
	struct cw_error *error;
};

static void
on_done(void *context, struct cw_error *error)
{
	struct wait *wait = context;

	wait->done = true;
	if (error == NULL)
		return;
	wait->status = error->status;
	if (wait->error != NULL)
		cw_error_move(wait->error, error);
}

/* Turns the loop until OPERATION, which was started with WAIT as its context, is done. */
static int
finish(struct wait *wait, struct cw_loop *loop, struct cw_acme_operation *operation)
{
	int status = cw_loop_until(loop, &wait->done, wait->error);

	if (wait->done)
		return wait->status;
	cw_acme_operation_cancel(operation);
	return status;
}

/* The end of the operation that START(acme, ..., done, context) begins. */
#define RUN(start, acme, ...)                                                                      \
	({                                                                                         \
		struct wait wait_ = {.error = error};                                              \
		finish(&wait_, (acme)->loop, start(acme, ##__VA_ARGS__, on_done, &wait_));         \
	})

int
cw_acme_new(struct cw_loop *loop, struct cw_http *http, const struct cw_acme_options *options,
	    const struct cw_signer *signer, struct cw_acme **acme, struct cw_error *error)
{
	struct cw_acme_signer local;
	int status;

	if (signer != NULL)
		local = cw_acme_local_signer(signer);
	status = cw_acme_make(loop, http, options, signer == NULL ? NULL : &local, acme, error);
	if (status != CW_OK)
		return status;
	status = RUN(cw_acme_directory_start, *acme);
	if (status != CW_OK)
		cw_acme_free(cw_take(acme));
	return status;
}

int
cw_acme_account_new(struct cw_acme *acme, const struct cw_acme_registration *registration,
		    char **url, struct json_object **body, struct cw_error *error)
{
	*url = NULL;
	*body = NULL;
	return RUN(cw_acme_account_new_start, acme, registration, url, NULL, body);
}

int
cw_acme_account_get(struct cw_acme *acme, struct json_object **body, struct cw_error *error)
{
	*body = NULL;
	return RUN(cw_acme_account_get_start, acme, body);
}

int
cw_acme_account_update(struct cw_acme *acme, const struct cw_strv *contacts,
		       struct json_object **body, struct cw_error *error)
{
	*body = NULL;
	return RUN(cw_acme_account_update_start, acme, contacts, body);
}

int
cw_acme_account_deactivate(struct cw_acme *acme, struct cw_error *error)
{
	return RUN(cw_acme_account_deactivate_start, acme);
}

int
cw_acme_account_change_key(struct cw_acme *acme, const struct cw_signer *new_signer,
			   const char *change, struct cw_error *error)
{
	struct cw_acme_signer local = cw_acme_local_signer(new_signer);

	return RUN(cw_acme_account_change_key_start, acme, &local, change);
}

static void
on_created(void *context, struct cw_acme_order *order)
{
	cw_auto_error struct cw_error error = {0};
	int status = CW_OK;

	(void)context;
	if (order->created != NULL)
		status = order->created(order->created_context, order, &error);
	cw_acme_order_go_on(order, status == CW_OK ? NULL : &error);
}

int
cw_acme_orders_open(struct cw_acme *acme, struct cw_acme_order *const *orders, size_t count,
		    struct cw_error *error)
{
	return RUN(cw_acme_orders_open_start, acme, orders, count, on_created);
}

int
cw_acme_orders_validate(struct cw_acme *acme, struct cw_acme_order *const *orders, size_t count,
			int64_t deadline, struct cw_error *error)
{
	return RUN(cw_acme_orders_validate_start, acme, orders, count, deadline);
}

int
cw_acme_orders_finalize(struct cw_acme *acme, struct cw_acme_order *const *orders,
			const struct cw_buf *const *csrs, size_t count, int64_t deadline,
			struct cw_error *error)
{
	return RUN(cw_acme_orders_finalize_start, acme, orders, csrs, count, deadline);
}

int
cw_acme_order_download(struct cw_acme *acme, const struct cw_acme_order *order, bool alternates,
		       struct cw_strv *chains, struct cw_error *error)
{
	return RUN(cw_acme_order_download_start, acme, order, alternates, chains);
}

int
cw_acme_authorization_deactivate(struct cw_acme *acme, const char *url, struct cw_error *error)
{
	return RUN(cw_acme_authorization_deactivate_start, acme, url);
}

int
cw_acme_revoke(struct cw_acme *acme, const char *certificate, int reason,
	       const struct cw_signer *signer, struct cw_error *error)
{
	struct cw_acme_signer local;

	if (signer != NULL)
		local = cw_acme_local_signer(signer);
	return RUN(cw_acme_revoke_start, acme, certificate, reason, signer == NULL ? NULL : &local);
}

int
cw_acme_renewal_info(struct cw_acme *acme, struct cw_acme_renewal_info *const *infos, size_t count,
		     struct cw_error *error)
{
	return RUN(cw_acme_renewal_info_start, acme, infos, count);
}
