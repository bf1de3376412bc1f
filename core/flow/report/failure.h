/* What a failed attempt was about, for the status document and for whoever decides when to try
 * again. */
#ifndef CW_FLOW_REPORT_FAILURE_H
#define CW_FLOW_REPORT_FAILURE_H

#include "base/json.h"

/*
 * The kind of an error (cw_json_error()): "dns", "rate-limit", "ca-down", "challenge", "account",
 * "plugin", "installer", "hook", "disk" or "other". Decided by the first problem type in it or its
 * parts (RFC 8555 section 6.7), else by its status. A string that lives for ever.
 */
const char *cw_failure_kind(struct json_object *error);

/* An error as one sentence for an administrator: its message, and what is wrong with single names
 * where that adds something. Release with free(). */
char *cw_failure_message(struct json_object *error);
/* Its hint, or that of its first part that has one; NULL: none. Valid as long as ERROR. */
const char *cw_failure_hint(struct json_object *error);

/* "last_failure" of the status document for FAILURE, {"time", "error"} of store/memory.h; NULL for
 * NULL or for anything else. "until" is null. */
struct json_object *cw_failure_describe(struct json_object *failure);

/* Appends {"kind", "message", "hint"} (HINT may be NULL) to the array PROBLEMS. */
void cw_problem_add(struct json_object *problems, const char *kind, const char *message,
		    const char *hint);
/* The same from an error. */
void cw_problem_add_error(struct json_object *problems, const char *kind,
			  const struct cw_error *error);

#endif
