/* Accounts on disk: CONFIG/accounts/<host[:port]>/<path>/<id>/{private_key,regr,meta}.json. */
#ifndef CW_STORE_ACCOUNT_H
#define CW_STORE_ACCOUNT_H

#include <stdbool.h>
#include "base/error.h"
#include "base/json.h"
#include "base/strv.h"
#include "crypto/key.h"

struct cw_account {
	char *id;            /* MD5 of the public key, in hex */
	char *server;        /* the directory URL */
	char *uri;           /* the account URL */
	char *creation_date; /* RFC 3339 */
	char *creation_host;
	struct json_object *body; /* regr.json's body; an empty object when Certbot wrote none */
	struct cw_key *key;
};

void cw_account_free(struct cw_account *account); /* NULL is allowed */
#define cw_auto_account cw_auto(cw_account_cleanup)
void cw_account_cleanup(struct cw_account **account);

/* Finds CONFIG/accounts/<host[:port]>/<path>. CW_E_INVALID if SERVER is not an http(s) URL. Release
 * *FOLDER with free(). */
int cw_account_folder(const char *config, const char *server, char **folder,
		      struct cw_error *error);
/* Adds the IDs of the accounts at SERVER, sorted; there may be none. Accounts of Let's Encrypt's
 * old server are also found for its new one, as in Certbot. Folders without the three files are
 * skipped with a warning. */
int cw_account_list(const char *config, const char *server, struct cw_strv *ids,
		    struct cw_error *error);
/* Loads an account. The error names the file that is missing or damaged. */
int cw_account_load(const char *config, const char *server, const char *id,
		    struct cw_account **account, struct cw_error *error);
/* Saves a new account, or the changed regr.json of one (accounts and below 0700, private_key.json
 * 0400). A new account appears complete or not at all. CONFIG must be locked. */
int cw_account_save(const char *config, const struct cw_account *account, struct cw_error *error);
/* Saves the same account with NEW_KEY next to ACCOUNT, under the ID of that key. *NEXT is the new
 * one and owns NEW_KEY. Two accounts have the same URL until one is deleted. */
int cw_account_add_key(const char *config, const struct cw_account *account, struct cw_key *new_key,
		       struct cw_account **next, struct cw_error *error);
/* Removes the account's folder, and parent folders that are then empty. */
int cw_account_delete(const char *config, const struct cw_account *account, struct cw_error *error);

#endif
