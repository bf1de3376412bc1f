/*
 * Errors. A function that can fail returns CW_OK, or a negative enum cw_status
 * (certwright/plugin.h) after filling the struct cw_error passed last. Callers add context with
 * cw_context(); only cli/ prints.
 *
 * Messages: lower-case start, no full stop, the thing concerned in quotes. Never a secret.
 */
#ifndef CW_BASE_ERROR_H
#define CW_BASE_ERROR_H

#include <certwright/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include "mem.h"

/*
 * Zeroed: no error. A chain reads "message: cause's message: ...". PARTS are failures of single
 * names beneath this one (subproblems, RFC 8555 section 6.7.1; failed authorizations).
 */
struct cw_error {
	int status;
	char *message;
	char *hint;           /* what to do; NULL: nothing to say */
	char *identifier;     /* the name it concerns, NULL: none */
	char *problem_type;   /* of the CA's problem document, "urn:ietf:params:acme:error:..." */
	char *problem_detail; /* likewise, as the CA said it */
	struct cw_error *cause;
	struct cw_error **parts;
	size_t part_count;
	bool told; /* its parts were already reported: do not print them again */
};

#define cw_auto_error cw_auto(cw_error_clear)

/* Fills ERROR (any earlier contents are dropped; NULL is allowed) and returns STATUS. */
int cw_fail(struct cw_error *error, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a failed system call: ": strerror(ERRNO)" is added and the status is made from
 * ERRNO. */
int cw_fail_errno(struct cw_error *error, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The enum cw_status for an errno. */
int cw_status_of_errno(int number);
/* Sets the hint, unless one is there already. */
void cw_hint(struct cw_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds a message in front; the current one becomes the cause, and identifier and parts stay on top.
 * Returns the status; if ERROR is NULL, that of the latest failure. */
int cw_context(struct cw_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void cw_error_set_identifier(struct cw_error *error, const char *identifier);
/* Adds a part, taking over the contents of PART, which is cleared. */
void cw_error_add_part(struct cw_error *error, struct cw_error *part);
/* Moves FROM's contents into TO (whose own are dropped); returns the status. */
int cw_error_move(struct cw_error *to, struct cw_error *from);
void cw_error_copy(struct cw_error *to, const struct cw_error *from);
void cw_error_clear(struct cw_error *error);

/* The whole chain in one line, "a: b: c"; release with free(). */
char *cw_error_line(const struct cw_error *error);
/*
 * The details of an error, below its line: the type of the CA's problem document, each part with
 * its name, line and details, and the hints; a hint that several parts share comes after the last
 * of them. SINK gets each line, indented by INDENT blanks and two more for each level.
 */
typedef void (*cw_error_sink)(void *context, const char *line);
void cw_error_details(const struct cw_error *error, unsigned indent, cw_error_sink sink,
		      void *context);
/* The innermost hint of the chain, or NULL. */
const char *cw_error_hint(const struct cw_error *error);
/* The first problem type in the chain, or NULL. */
const char *cw_error_problem_type(const struct cw_error *error);
/* "not-found", "timeout" ...: the status' name in --json. */
const char *cw_status_name(int status);

#endif
