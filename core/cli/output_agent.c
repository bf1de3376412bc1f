/* output.h: agent status. */
#include <stdio.h>
#include <string.h>
#include "cli/output.h"

static const char *
text_of(struct json_object *object, const char *key)
{
	const char *text = cw_json_string(object, key);

	return text != NULL ? text : "none";
}

static void
render_certificate(struct json_object *item)
{
	struct json_object *next = cw_json_object(item, "next");
	struct json_object *failure = cw_json_object(item, "last_failure");
	struct json_object *problems = cw_json_array(item, "problems");

	printf("%s\n", text_of(item, "name"));
	printf("  State:    %s (%s)\n", text_of(item, "state"), text_of(item, "origin"));
	printf("  Expires:  %s\n", text_of(item, "expiry"));
	if (next != NULL)
		printf("  Next:     %s at %s\n", text_of(next, "action"), text_of(next, "time"));
	if (failure != NULL)
		printf("  Failure:  %s (%s)\n", text_of(failure, "message"),
		       text_of(failure, "time"));
	for (size_t i = 0; problems != NULL && i < json_object_array_length(problems); i++)
		printf("  Problem:  %s\n",
		       text_of(json_object_array_get_idx(problems, i), "message"));
}

void
cw_render_agent(struct json_object *result)
{
	struct json_object *status = cw_json_object(result, "status");
	struct json_object *agent = cw_json_object(status, "agent");
	struct json_object *certificates = cw_json_array(status, "certificates");

	if (status == NULL)
		return;
	printf("The agent runs since %s (process %lld).\n", text_of(agent, "since"),
	       (long long)cw_json_int(agent, "pid", 0));
	for (size_t i = 0; certificates != NULL && i < json_object_array_length(certificates); i++)
		render_certificate(json_object_array_get_idx(certificates, i));
}
