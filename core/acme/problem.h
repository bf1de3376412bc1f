/* Problem documents (RFC 7807 as RFC 8555 section 6.7 uses it). Private to acme/. */
#ifndef CW_ACME_PROBLEM_H
#define CW_ACME_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "base/json.h"

/* Whether VALUE looks like a problem document: an object with a string "type", "detail" or
 * "title". */
bool cw_acme_problem_is(struct json_object *value);
/* The last part of a type in ACME's name space ("rateLimited"). Any other type is returned whole.
 * "" for NULL. */
const char *cw_acme_problem_name(const char *type);
/* Whether ERROR has the problem type with this short name. */
bool cw_acme_problem_named(const struct cw_error *error, const char *name);

/*
 * Fills ERROR from PROBLEM: the message "MESSAGE (type): detail", the type, the detail, a hint that
 * depends on the type, and one part for each subproblem. Returns CW_E_ACME.
 */
int cw_acme_problem(struct cw_error *error, struct json_object *problem, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a failed challenge. The message is "the CA could not validate "NAME" (CHALLENGE):
 * detail", the identifier is NAME, and the hint depends on type and challenge. PROBLEM may be
 * NULL. */
int cw_acme_validation_problem(struct cw_error *error, struct json_object *problem,
			       const char *name, const char *challenge);

/* Makes TEXT from a server fit for a terminal: turns control characters into blanks, removes blanks
 * at both ends and a final full stop, and cuts the text after MAX bytes. Release with free(). */
char *cw_acme_printable(const char *text, size_t max);

#endif
