/*
 * The CA, asked through libcertwright. The requests and answers are those of certwright(3). If one
 * fails, the program ends with the reason, unless the function says otherwise.
 */
#ifndef MANUALE_CA_H
#define MANUALE_CA_H

#include "account.h"
#include "json.h"
#include "settings.h"

struct ca;

/* ACCOUNT is borrowed; NULL: the requests need none, or have one. */
struct ca *ca_open(const struct settings *settings, const struct account *account);
void ca_close(struct ca *ca);

/* Sends the request NAME with MEMBERS (which it takes; NULL: none). Returns the answer's member
 * RESULT; release with json_object_put(). */
struct json_object *ca_ask(struct ca *ca, const char *name, struct json_object *members,
			   const char *result);
/* The same, with "uri" as the only member. */
struct json_object *ca_get(struct ca *ca, const char *name, const char *uri, const char *result);
/* The same, but returns NULL if the CA refuses, as it does when it has nothing at URI any more. */
struct json_object *ca_look(struct ca *ca, const char *name, const char *uri, const char *result);
/* Asks as ca_get() until the object's status is neither pending nor processing. Returns NULL if
 * that takes too long, or the CA wants not to be asked for too long. */
struct json_object *ca_wait(struct ca *ca, const char *name, const char *uri, const char *result);

/* What the CA said is wrong in an object of its own with an "error"; valid as long as OBJECT. */
const char *ca_reason(struct json_object *object);

#endif
