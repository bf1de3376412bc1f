/*
 * Where the accounts of a server are: CONFIG/accounts/<host[:port]>/<path>. Let's Encrypt's
 * accounts outlived a change of its servers' names, so the folder of the newer name may be a link
 * to that of the older one, or hold links to single accounts there. For account.c only.
 */
#ifndef CW_STORE_ACCOUNT_FOLDER_H
#define CW_STORE_ACCOUNT_FOLDER_H

#include <stdbool.h>
#include "base/error.h"

struct cw_account_place {
	char *root;   /* CONFIG/accounts */
	char *folder; /* the server's own */
	char *older;  /* whose accounts are good here too; NULL: none */
	char *newer;  /* whose folder may link to this one; NULL: none */
};

/* Fills PLACE; CW_E_INVALID when SERVER is no http(s) URL. Makes nothing. */
int cw_account_place(const char *config, const char *server, struct cw_account_place *place,
		     struct cw_error *error);
void cw_account_place_clear(struct cw_account_place *place);
/* Makes the folder and what is missing above it, 0700. */
int cw_account_place_make(const struct cw_account_place *place, struct cw_error *error);
/*
 * Lets the folder lead to the older one: by a link in its place while it is missing or empty, else
 * by a link to the account ID. NULL for ID: only the first. What cannot be linked is found in the
 * older folder all the same, so a failure is only logged.
 */
void cw_account_place_link(const struct cw_account_place *place, const char *id);
/* Whether the account ID of the folder is really the older folder's. */
bool cw_account_place_leads_on(const struct cw_account_place *place, const char *id);
/* Removes FOLDER's link to the account ID, when it has one. */
int cw_account_place_unlink(const char *folder, const char *id, struct cw_error *error);
/* Removes links to what is empty, then empty folders, up to CONFIG/accounts, which stays. */
void cw_account_place_prune(const struct cw_account_place *place);

#endif
