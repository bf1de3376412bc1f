#include "cli/result.h"
#include <stdio.h>

void
cw_result_item(void *context, const char *list, struct json_object *item)
{
	struct cw_result *result = context;
	bool first = result->count++ == 0;

	if (first)
		json_object_object_del(result->members, list);
	if (result->json) {
		if (first)
			printf("{\"%s\":[", list);
		else
			putchar(',');
		fputs(cw_json_text(item), stdout);
	} else if (!result->quiet) {
		/* Much of it is what a CA, a plugin or a file name says. */
		cw_json_make_printable(item);
		result->verb->render_item(item, first);
	}
}

/* The rest of the object that was begun by its long list. */
static void
end_json(const struct cw_result *result)
{
	putchar(']');
	json_object_object_foreach(result->members, key, value)
	{
		/* The names of members need no escapes. */
		printf(",\"%s\":%s", key, value == NULL ? "null" : cw_json_text(value));
	}
	puts("}");
}

void
cw_result_end(struct cw_result *result, const struct cw_error *error)
{
	bool failed = error->status != CW_OK;

	if (result->json) {
		cw_json_set_string(result->members, "verb",
				   result->verb != NULL ? result->verb->name : NULL);
		cw_json_set_bool(result->members, "ok", !failed);
		cw_json_set(result->members, "error", failed ? cw_json_error(error) : NULL);
		if (result->count > 0)
			end_json(result);
		else
			puts(cw_json_text(result->members));
	} else if (result->verb != NULL && result->verb->render != NULL && !result->quiet) {
		cw_json_make_printable(result->members);
		result->verb->render(result->members);
	}
}
