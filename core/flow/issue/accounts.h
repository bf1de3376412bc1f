/* Choosing, finding and making the ACME account that a run uses. */
#ifndef CW_FLOW_ISSUE_ACCOUNTS_H
#define CW_FLOW_ISSUE_ACCOUNTS_H

#include "flow/context.h"
#include "store/account.h"

/*
 * The account for SETTINGS' server: the one that --account names (a prefix of its id is enough), or
 * the only one, or one that the user chooses; when there is none, registers one if MAY_REGISTER
 * (*CREATED tells), asking for the e-mail address and the terms of service where these were not
 * given.
 */
int cw_account_acquire(struct cw_context *context, struct cw_settings *settings, bool may_register,
		       struct cw_account **account, bool *created, struct cw_error *error);
/* Makes a key and an account at the server and saves it. */
int cw_account_register(struct cw_context *context, struct cw_settings *settings,
			struct cw_account **account, struct cw_error *error);
/* The contacts that --email gives, asking for them where nothing was given ("mailto:..."). */
int cw_account_contacts(struct cw_context *context, const struct cw_settings *settings,
			struct cw_strv *contacts, struct cw_error *error);
/* Has the renewal files that name the account OLD_ID name NEW_ID: the id follows from the key. */
int cw_account_rename(struct cw_context *context, const char *old_id, const char *new_id,
		      struct cw_error *error);
/* The contacts in BODY, an account object of the CA's, as --json gives them: e-mail addresses
 * without "mailto:", other contacts as they are. */
struct json_object *cw_account_addresses(struct json_object *body);
/* The "account" member of --json. */
struct json_object *cw_account_describe(const struct cw_account *account);

#endif
