/* The challenges that the user has to answer, of one order. */
#ifndef MANUALE_CHALLENGE_H
#define MANUALE_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>
#include "ca.h"
#include "order.h"

struct challenge {
	char *domain; /* with "*." for a wildcard */
	char *authorization_uri;
	struct json_object *object; /* as libcertwright gives it */
};

enum challenge_state {
	CHALLENGE_OPEN, /* to be answered */
	CHALLENGE_DONE, /* the domain is authorized already, which was said */
	CHALLENGE_LOST  /* the authorization has failed or ended */
};

/* Asks for the authorization at URI, and fills CHALLENGE if that is open. Writes its record. If the
 * CA does not offer the order's method for the domain, the program ends. */
enum challenge_state challenge_open(struct ca *ca, const struct order *order, const char *uri,
				    struct challenge *challenge);
/* Prints what the CA will look for; with http also writes the files. */
void challenges_show(const struct order *order, const struct challenge *challenges, size_t count);
/* Tells the CA that all are in place. */
void challenges_announce(struct ca *ca, const struct challenge *challenges, size_t count);
/* Waits until the CA has checked the domain, says how that ended, and removes its files. Returns
 * whether it is authorized. */
bool challenge_await(struct ca *ca, const struct order *order, const struct challenge *challenge);
void challenges_free(struct challenge *challenges, size_t count);

#endif
