/* Problem documents (RFC 7807 as RFC 8555 section 6.7 uses it). Private to acme/. */
#ifndef CW_ACME_PROBLEM_H
#define CW_ACME_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "base/json.h"

/* Whether VALUE looks like one: an object with a string "type", "detail" or "title". */
bool cw_acme_problem_is(struct json_object *value);
/* The last part of a type in ACME's name space ("rateLimited"), else the whole; "" for NULL. */
const char *cw_acme_problem_name(const char *type);
/* Whether ERROR carries the problem type of this short name. */
bool cw_acme_problem_named(const struct cw_error *error, const char *name);

/*
 * Fills ERROR with CW_E_ACME from PROBLEM: "MESSAGE (type): detail", type and detail, a hint by the
 * type, and one part for each subproblem. Returns CW_E_ACME.
 */
int cw_acme_problem(struct cw_error *error, struct json_object *problem, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a failed challenge: "the CA could not validate "NAME" (CHALLENGE): detail", with
 * NAME as the identifier and a hint by type and challenge. PROBLEM may be NULL. */
int cw_acme_validation_problem(struct cw_error *error, struct json_object *problem,
			       const char *name, const char *challenge);

/* TEXT from a server made fit for a terminal: control characters become blanks, blanks at the ends
 * and a final full stop go, and it is cut behind MAX bytes. Release with free(). */
char *cw_acme_printable(const char *text, size_t max);

#endif
