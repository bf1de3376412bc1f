/* The output for people: results as text, made from the --json members, and errors. */
#ifndef CW_CLI_OUTPUT_H
#define CW_CLI_OUTPUT_H

#include "base/error.h"
#include "base/json.h"

/* cw_renderer functions (cli/verbs.h). */
void cw_render_installed(struct json_object *result); /* run, install, enhance */
void cw_render_obtained(struct json_object *result);
void cw_render_renewed(struct json_object *result);
void cw_render_certificates(struct json_object *result);
/* cw_render_certificate() prints each certificate as it comes, as there may be very many;
 * cw_render_certificates() prints the rest. */
void cw_render_certificate(struct json_object *item, bool first);
void cw_render_account(struct json_object *result);
void cw_render_imported(struct json_object *result);
void cw_render_exported(struct json_object *result);
void cw_render_report(struct json_object *result); /* cli/report.c; also agent status */
void cw_render_dns_records(struct json_object *result);
void cw_render_plugin_tool(struct json_object *result); /* plugin */
void cw_render_plugins(struct json_object *result);

/* Prints an error to stderr and to the log: the chain in one line, its details, and the path of the
 * log. */
void cw_print_error(const struct cw_error *error);

#endif
