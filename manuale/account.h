/* The account file: {"key": the private key in PEM, "uri": the account's URL}. */
#ifndef MANUALE_ACCOUNT_H
#define MANUALE_ACCOUNT_H

#include <stdbool.h>
#include "settings.h"

struct account {
	char *key;
	char *uri; /* NULL: the CA knows it by the key */
};

/* Reads the account file. If there is none, or it is not one, the program ends. */
void account_load(const struct settings *settings, struct account *account);
void account_save(const struct settings *settings, const char *key, const char *uri);
void account_clear(struct account *account);

/* Asks whether an account file that exists may be replaced, and ends the program if not. Ends it
 * too if the file cannot be written. */
void account_may_replace(const struct settings *settings);

/* The part of a URL before the path; release with free(). */
char *origin_of(const char *url);
bool same_origin(const char *a, const char *b);
/* The URL of an account of Let's Encrypt's ACME v1 as it is in v2; NULL if it is not one. Release
 * with free(). */
char *account_upgraded_uri(const char *uri);

#endif
