/* Checks what was read from another client, and saves it as accounts and lineages. */
#ifndef CW_FLOW_MOVING_TAKE_OVER_H
#define CW_FLOW_MOVING_TAKE_OVER_H

#include "flow/context.h"
#include "flow/moving/moving.h"

/* Asks the CA for the URL of an account whose source does not keep it (RFC 8555 section 7.3.1). */
int cw_moved_account_find(struct cw_context *context, struct cw_moved_account *account,
			  struct cw_error *error);

/* Makes the renewal file of CERTIFICATE from its settings and those of the run, which take
 * precedence. What cannot be in it becomes a remark. AUTHENTICATOR: the plugin that the run names,
 * opened; NULL: the certificate's own. */
int cw_moved_config(struct cw_context *context, struct cw_moving *moving,
		    struct cw_moved_certificate *certificate, const char *authenticator,
		    struct cw_configobj **config, struct cw_error *error);

/* Adds remarks about a certificate that is here already: which options of the run are not saved for
 * it, and whether its renewals lack something. */
void cw_moved_remark_present(struct cw_context *context, struct cw_moving *moving,
			     const struct cw_moved_certificate *certificate);

/*
 * Checks all accounts and certificates before the first is saved; with --dry-run saves none. Each
 * gets its action, or its error. CW_E_INVALID if any failed: the error has a part for each. Adds
 * "accounts", "certificates" and "not_taken_over" to RESULT.
 */
int cw_moving_take_over(struct cw_context *context, struct cw_moving *moving,
			struct json_object *result, struct cw_error *error);

#endif
