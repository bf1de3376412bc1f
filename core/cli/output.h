/* What the verbs' results look like: text made from the --json members, and errors. */
#ifndef CW_CLI_OUTPUT_H
#define CW_CLI_OUTPUT_H

#include "base/error.h"
#include "base/json.h"

/* cw_renderer functions (cli/verbs.h). */
void cw_render_installed(struct json_object *result); /* run, install, enhance */
void cw_render_obtained(struct json_object *result);
void cw_render_renewed(struct json_object *result);
void cw_render_certificates(struct json_object *result);
/* Each certificate, of which there may be very many; then, by the former, what follows them. */
void cw_render_certificate(struct json_object *item, bool first);
void cw_render_account(struct json_object *result);
void cw_render_plugins(struct json_object *result);

/* The error for people, to stderr and to the log: the chain in one line, its details, and where the
 * log is. */
void cw_print_error(const struct cw_error *error);

#endif
