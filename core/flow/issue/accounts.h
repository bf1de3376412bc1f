/* Finds, chooses or registers the ACME account of a run. */
#ifndef CW_FLOW_ISSUE_ACCOUNTS_H
#define CW_FLOW_ISSUE_ACCOUNTS_H

#include "flow/context.h"
#include "store/account.h"

/*
 * The account for the server in SETTINGS: the one of --account (a prefix of its ID is enough), or
 * the only one, or the one that the user chooses. If there is none, registers one if MAY_REGISTER,
 * and asks for the e-mail address and agreement to the terms of service if not given. *CREATED: it
 * was registered now.
 */
int cw_account_acquire(struct cw_context *context, struct cw_settings *settings, bool may_register,
		       struct cw_account **account, bool *created, struct cw_error *error);
/* Registers an account with a new key and saves it. */
int cw_account_register(struct cw_context *context, struct cw_settings *settings,
			struct cw_account **account, struct cw_error *error);
/* Registers an account with GIVEN, a key that it takes, and does not save it. If the CA has an
 * account of this key already, finds that one; *CREATED (may be NULL): it did not. */
int cw_account_request(struct cw_context *context, const struct cw_settings *settings,
		       struct cw_key *given, struct cw_account **account, bool *created,
		       struct cw_error *error);
/* Finds the account of GIVEN, a key that it takes, at the CA. */
int cw_account_find(struct cw_context *context, const struct cw_settings *settings,
		    struct cw_key *given, struct cw_account **account, struct cw_error *error);
/* The key of a new account. */
int cw_account_make_key(struct cw_key **key, struct cw_error *error);
/* CW_E_INVALID if --email is given and is not an address, or several. */
int cw_account_check_email(const struct cw_settings *settings, struct cw_error *error);
/* The contacts from --email ("mailto:..."). Asks for them if none were given. */
int cw_account_contacts(struct cw_context *context, const struct cw_settings *settings,
			struct cw_strv *contacts, struct cw_error *error);
/* Replaces the account OLD_ID with NEW_ID in the renewal files: the ID depends on the key. */
int cw_account_rename(struct cw_context *context, const char *old_id, const char *new_id,
		      struct cw_error *error);
/* The contacts in BODY, an account object of the CA's, as --json gives them: e-mail addresses
 * without "mailto:", other contacts as they are. */
struct json_object *cw_account_addresses(struct json_object *body);
/* The "account" member of --json. */
struct json_object *cw_account_describe(const struct cw_account *account);

#endif
