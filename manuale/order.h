/*
 * The record of an order: orders/HASH/order.json below the working directory, and beside it a file
 * DOMAIN_challenge.json for each challenge. HASH is the SHA-256 digest of the names as they were
 * given, so their order counts.
 */
#ifndef MANUALE_ORDER_H
#define MANUALE_ORDER_H

#include <stdbool.h>
#include "account.h"
#include "json.h"
#include "settings.h"

struct order {
	char *folder;
	struct json_object *contents; /* the CA's object, as it was last seen */
	char *uri;
	char *type; /* "dns" or "http" */
	char *certificate_uri;
	char *key; /* of the certificate, in PEM */
};

/* Ends the program if a name on the command line cannot be one, or is there twice. */
void order_check_names(const struct settings *settings);
/* Whether there is a record for the names; then fills ORDER. A broken one ends the program. */
bool order_find(const struct settings *settings, struct order *order);
/* Ends the program because order_find() found nothing. */
_Noreturn void order_missing(const struct settings *settings);
/* Makes ORDER a new one: OBJECT is what the CA answered, which it takes. */
void order_begin(const struct settings *settings, struct order *order, struct json_object *object,
		 const char *type);
/* Replaces the contents with what the CA answered, which it takes. */
void order_update(struct order *order, struct json_object *object);
void order_set_type(struct order *order, const char *type);
void order_save(const struct order *order);
void order_clear(struct order *order);

/* The order's status: "pending", "ready", "processing", "valid", "invalid". */
const char *order_status(const struct order *order);
bool order_has_expired(const struct order *order);
/* Whether it is of another server than the settings and the account are. */
bool order_is_foreign(const struct order *order, const struct settings *settings,
		      const struct account *account);
/* The names as a shell would read them; release with free(). */
char *order_names(const struct settings *settings);

/* The file of a challenge. */
struct challenge_record {
	struct json_object *contents; /* the CA's object */
	const char *domain;
	const char *expires;
	const char *status; /* of the authorization */
	const char *key;    /* what the CA has to find */
};
void order_save_challenge(const struct order *order, const struct challenge_record *record);
/* Release with free(). */
char *order_challenge_path(const struct order *order, const char *domain);

#endif
