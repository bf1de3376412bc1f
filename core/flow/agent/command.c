#include "flow/agent/command.h"
#include <string.h>
#include "base/log.h"
#include "base/strv.h"
#include "flow/agent/control.h"
#include "flow/report/health.h"

static int
fail_word(const char *word, struct cw_error *error)
{
	cw_fail(error, CW_E_USAGE, "the agent does not know \"%s\"", word);
	cw_hint(error, "give status, renew NAME or reload, or nothing to start it");
	return CW_E_USAGE;
}

int
cw_agent_command(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	const struct cw_strv *words = context->words;
	const char *command = words->items[0];
	const char *name = words->count > 1 ? words->items[1] : NULL;
	bool renews = strcmp(command, "renew") == 0;
	cw_autofree char *folder = cw_format("%s/certwright/agent", context->directories.work);
	cw_auto_json struct json_object *answer = NULL;
	struct json_object *document;
	struct cw_health_limits limits;
	int status;

	if (!renews && strcmp(command, "status") != 0 && strcmp(command, "reload") != 0)
		return fail_word(command, error);
	if (renews && name == NULL) {
		cw_fail(error, CW_E_USAGE, "the name of the certificate is missing");
		cw_hint(error, "certwright agent renew NAME; see: certwright agent status");
		return CW_E_USAGE;
	}
	if (!renews && name != NULL)
		return fail_word(name, error);
	status = cw_health_limits_read(context->settings, &limits, error);
	if (status < 0)
		return status;
	status = cw_control_ask(folder, command, name, &answer, error);
	document = cw_json_object(answer, "status");
	if (status == CW_OK && renews)
		cw_log_info("\"%s\" has a new certificate", name);
	else if (status == CW_OK && document == NULL)
		cw_log_info("the agent has read its configuration again");
	if (status < 0 || document == NULL)
		return status;
	cw_health_judge(document, &limits);
	cw_json_set(result, "status", json_object_get(document));
	cw_json_set_string(result, "health",
			   cw_json_string(cw_json_object(document, "summary"), "health"));
	return CW_OK;
}
