/* The account that a request of the library has in its JSON. */
#ifndef CW_FLOW_ISSUE_GIVEN_ACCOUNT_H
#define CW_FLOW_ISSUE_GIVEN_ACCOUNT_H

#include "flow/context.h"
#include "store/account.h"

/* Reads a private key from VALUE: PEM, or a JWK as an object or as text. WHAT names it in errors.
 */
int cw_given_key(struct json_object *value, const char *what, struct cw_key **key,
		 struct cw_error *error);
/* The key of the request's "account"; NULL: it has none. */
int cw_given_account_key(const struct cw_context *context, struct cw_key **key,
			 struct cw_error *error);
/* The request's account; NULL: it has none. If it has no URL, the CA is asked for it. */
int cw_given_account(struct cw_context *context, struct cw_account **account,
		     struct cw_error *error);
/* The member "account" of an answer, with the key. STATUS NULL: the CA was not asked. */
struct json_object *cw_given_account_describe(const struct cw_account *account, bool created,
					      const char *status);

#endif
