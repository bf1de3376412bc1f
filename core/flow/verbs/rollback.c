#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/ask/choose_plugin.h"
#include "flow/install/install.h"
#include "store/checkpoint.h"

int
cw_flow_rollback(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	const struct cw_directories *directories = &context->directories;
	int64_t count = cw_settings_int(context->settings, "checkpoints", 1);
	cw_autofree char *installer = NULL;
	struct json_object *description;
	int status = cw_choose_installer(context, &installer, error);

	if (status == CW_OK)
		status = cw_checkpoints_rollback(directories->work, directories->config,
						 (unsigned)count, error);
	if (status < 0)
		return status;
	cw_log_info("took back %lld change%s of the server's configuration", (long long)count,
		    count == 1 ? "" : "s");
	description = cw_json_new_object();
	cw_json_set_int(description, "checkpoints", count);
	cw_json_set_string(description, "installer", installer);
	cw_json_set(result, "rolled_back", description);
	return cw_reload_server(context, context->run, installer, error);
}
