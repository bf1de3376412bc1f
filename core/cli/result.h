/*
 * What a verb's result looks like: the --json object, or text. The items of a long list
 * (cw_context.item) are printed as they come, the rest at the end.
 */
#ifndef CW_CLI_RESULT_H
#define CW_CLI_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "base/json.h"
#include "cli/verbs.h"

struct cw_result {
	const struct cw_verb *verb; /* NULL: none was understood, or it is not to be shown */
	bool json;
	bool quiet;
	struct json_object *members; /* borrowed; what the verb's flow fills */
	size_t count;                /* of the items that were printed */
};

/* Prints ITEM of the array LIST, which is taken out of the members by the first of its items.
 * CONTEXT: a struct cw_result. */
void cw_result_item(void *context, const char *list, struct json_object *item);
/* Prints the other members; in JSON also "verb", "ok" and "error". */
void cw_result_end(struct cw_result *result, const struct cw_error *error);

#endif
