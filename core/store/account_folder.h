/*
 * Finds the folder of a server's accounts: CONFIG/accounts/<host[:port]>/<path>. Let's Encrypt has
 * renamed its servers, and the accounts stayed valid. So the folder of the newer name may be a link
 * to the older folder, or may contain links to single accounts there. For account.c only.
 */
#ifndef CW_STORE_ACCOUNT_FOLDER_H
#define CW_STORE_ACCOUNT_FOLDER_H

#include <stdbool.h>
#include "base/error.h"

struct cw_account_place {
	char *root;   /* CONFIG/accounts */
	char *folder; /* the server's own folder */
	char *older;  /* its accounts are valid here too; NULL: none */
	char *newer;  /* its folder may link to this one; NULL: none */
};

/* Fills PLACE; creates nothing. CW_E_INVALID if SERVER is not an http(s) URL. */
int cw_account_place(const char *config, const char *server, struct cw_account_place *place,
		     struct cw_error *error);
void cw_account_place_clear(struct cw_account_place *place);
/* Creates the folder and its missing parents, with mode 0700. */
int cw_account_place_make(const struct cw_account_place *place, struct cw_error *error);
/*
 * Links the folder to the older one: by a link in its place if it is missing or empty, else by a
 * link to the account ID (NULL: no such link). A failure is only logged, as the accounts are found
 * in the older folder anyway.
 */
void cw_account_place_link(const struct cw_account_place *place, const char *id);
/* Whether the account ID of this folder really belongs to the older folder. */
bool cw_account_place_leads_on(const struct cw_account_place *place, const char *id);
/* Removes FOLDER's link to the account ID, if any. */
int cw_account_place_unlink(const char *folder, const char *id, struct cw_error *error);
/* Removes links to empty folders, then empty folders, up to but not including CONFIG/accounts. */
void cw_account_place_prune(const struct cw_account_place *place);

#endif
