/* What the order requests share: their account, their CA and their members. */
#ifndef CW_FLOW_ORDERS_STEP_H
#define CW_FLOW_ORDERS_STEP_H

#include "flow/context.h"
#include "flow/issue/names.h"
#include "flow/work/ca.h"
#include "store/account.h"

struct cw_step {
	struct cw_context *context;
	struct json_object *request;
	struct cw_account *account; /* NULL: none is needed */
	struct cw_ca *ca;
	struct cw_ca_wait wait; /* for cw_ca_wait_for() */
};

/* The account is the request's, or the one of the configuration directory. */
int cw_step_begin(struct cw_context *context, struct cw_step *step, struct cw_error *error);
/* The same without an account. */
void cw_step_begin_alone(struct cw_context *context, struct cw_step *step);
void cw_step_end(struct cw_step *step);
#define cw_auto_step cw_auto(cw_step_end)

/* A string that the request must have. */
int cw_step_need(const struct cw_step *step, const char *name, const char **value,
		 struct cw_error *error);
/* The request's "identifiers". */
int cw_step_names(const struct cw_step *step, struct cw_names *names, struct cw_error *error);
/* Sends POST and waits for its answer. */
int cw_step_post(struct cw_step *step, struct cw_ca_post *post, bool pem, struct cw_error *error);
/* Adds "retry_after" to RESULT. */
void cw_step_add_retry(const struct cw_ca_post *post, struct json_object *result);

#endif
