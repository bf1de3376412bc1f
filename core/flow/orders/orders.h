/*
 * The requests of the library that are one step of ACME each (certwright(3), "Order by order"), for
 * programs that keep their own records. Each is like a verb without options of its own: it reads
 * the members of context->request, and adds to RESULT what certwright-library.schema.json says.
 */
#ifndef CW_FLOW_ORDERS_ORDERS_H
#define CW_FLOW_ORDERS_ORDERS_H

#include "flow/context.h"

/* NULL: there is none. */
const struct cw_verb *cw_order_request_by_name(const char *name);

/* account.c */
int cw_flow_account_new(struct cw_context *context, struct json_object *result,
			struct cw_error *error);
int cw_flow_account_find(struct cw_context *context, struct json_object *result,
			 struct cw_error *error);
int cw_flow_account_update(struct cw_context *context, struct json_object *result,
			   struct cw_error *error);
int cw_flow_account_deactivate(struct cw_context *context, struct json_object *result,
			       struct cw_error *error);
/* order.c */
int cw_flow_order_new(struct cw_context *context, struct json_object *result,
		      struct cw_error *error);
int cw_flow_order_get(struct cw_context *context, struct json_object *result,
		      struct cw_error *error);
int cw_flow_order_finalize(struct cw_context *context, struct json_object *result,
			   struct cw_error *error);
int cw_flow_authorization_get(struct cw_context *context, struct json_object *result,
			      struct cw_error *error);
int cw_flow_authorization_deactivate(struct cw_context *context, struct json_object *result,
				     struct cw_error *error);
int cw_flow_challenge_get(struct cw_context *context, struct json_object *result,
			  struct cw_error *error);
int cw_flow_challenge_ready(struct cw_context *context, struct json_object *result,
			    struct cw_error *error);
/* certificate.c */
int cw_flow_directory(struct cw_context *context, struct json_object *result,
		      struct cw_error *error);
int cw_flow_certificate_get(struct cw_context *context, struct json_object *result,
			    struct cw_error *error);
int cw_flow_revoke_given(struct cw_context *context, struct json_object *result,
			 struct cw_error *error);
int cw_flow_renewal_info(struct cw_context *context, struct json_object *result,
			 struct cw_error *error);
int cw_flow_csr_new(struct cw_context *context, struct json_object *result, struct cw_error *error);

#endif
