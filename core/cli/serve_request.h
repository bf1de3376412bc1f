/* A request of the library (certwright-library.schema.json), as the arguments of a command. */
#ifndef CW_CLI_SERVE_REQUEST_H
#define CW_CLI_SERVE_REQUEST_H

#include <stdbool.h>
#include "base/json.h"
#include "base/strv.h"

struct cw_serve_request {
	struct json_object *json;
	const char *verb;  /* in json; NULL: an order request */
	const char *order; /* its name, in json; NULL: a verb */
	bool interactive;
	bool in_memory;
	int64_t timeout;          /* milliseconds for a reply */
	struct cw_strv arguments; /* argv[0] is "certwright" */
};

/*
 * Reads TEXT and checks its members, as far as they are not the options, which the command line's
 * parser checks, or those of an order request (flow/orders). After an error, verb and order are set
 * as far as possible.
 */
int cw_serve_request_read(const char *text, struct cw_serve_request *request,
			  struct cw_error *error);
/* Sets the variables of "environment" in this process. */
int cw_serve_request_set_environment(const struct cw_serve_request *request,
				     struct cw_error *error);
void cw_serve_request_clear(struct cw_serve_request *request);

#endif
