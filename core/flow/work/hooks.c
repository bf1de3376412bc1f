#include "flow/work/hooks.h"
#include <string.h>

#define KNOWN_MAX 32

/* Adds it to the result of the run. */
static void
hook_failed(void *user, const char *kind, const char *command, int exit_status, const char *message)
{
	const struct cw_context *context = user;
	struct json_object *item = cw_json_new_object();

	cw_json_set_string(item, "kind", kind);
	cw_json_set_string(item, "command", command);
	if (exit_status >= 0)
		cw_json_set_int(item, "exit_status", exit_status);
	else
		cw_json_set(item, "exit_status", NULL);
	cw_json_set_string(item, "message", message);
	cw_json_append(context->failed_hooks, item);
}

struct cw_hooks *
cw_flow_hooks(struct cw_context *context, struct cw_loop *loop)
{
	int64_t limit = cw_settings_int(context->settings, "hook_timeout", 0);
	struct cw_hooks_options options = {
		.config_dir = context->directories.config,
		.directory_hooks = cw_settings_flag(context->settings, "directory_hooks"),
		.time_limit = limit < 0            ? 0
			      : limit > UINT32_MAX ? UINT32_MAX
						   : (unsigned)limit,
		.loop = loop,
		.failed = hook_failed,
		.failed_context = context,
	};

	return cw_hooks_new(&options);
}

int
cw_flow_validate_hooks(const struct cw_settings *settings, struct cw_error *error)
{
	static const struct {
		const char *option, *internal;
	} hooks[] = {
		{"--pre-hook", "pre_hook"},
		{"--post-hook", "post_hook"},
		{"--deploy-hook", "deploy_hook"},
	};
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(hooks) && status == CW_OK; i++)
		status = cw_hook_check_permissions(
			hooks[i].option, cw_settings_get(settings, hooks[i].internal), error);
	if (status < 0 || !cw_settings_flag(settings, "validate_hooks"))
		return status;
	for (size_t i = 0; i < CW_COUNT(hooks) && status == CW_OK; i++)
		if (cw_settings_source(settings, hooks[i].internal) > CW_SOURCE_RENEWAL)
			status = cw_hook_validate(hooks[i].option,
						  cw_settings_get(settings, hooks[i].internal),
						  error);
	return status;
}

/* Most lineages of a machine have the same hooks. */
static int
validate_once(const char *option, const char *command, struct cw_strv *known,
	      struct cw_error *error)
{
	int status;

	if (cw_strv_contains(known, command))
		return CW_OK;
	status = cw_hook_validate(option, command, error);
	if (status == CW_OK && known->count < KNOWN_MAX)
		cw_strv_add(known, command);
	return status;
}

int
cw_flow_check_saved_hooks(const struct cw_settings *settings, const struct cw_lineage *lineage,
			  struct cw_strv *known, struct cw_error *error)
{
	static const struct {
		const char *key, *internal, *shown;
	} hooks[] = {
		{"pre_hook", "pre_hook", "pre-hook"},
		{"post_hook", "post_hook", "post-hook"},
		{"renew_hook", "deploy_hook", "deploy-hook"},
	};
	int status = CW_OK;

	if (!cw_settings_flag(settings, "validate_hooks"))
		return CW_OK;
	for (size_t i = 0; i < CW_COUNT(hooks) && status == CW_OK; i++) {
		const char *command =
			cw_configobj_get(lineage->config, "renewalparams", hooks[i].key);

		if (command != NULL && strcmp(command, "None") != 0 &&
		    cw_settings_source(settings, hooks[i].internal) <= CW_SOURCE_RENEWAL)
			status = validate_once(hooks[i].shown, command, known, error);
	}
	return status;
}

void
cw_flow_deploy_hooks(const struct cw_context *context, struct cw_hooks *hooks,
		     const struct cw_request *request)
{
	cw_autofree char *live =
		cw_format("%s/live/%s", context->directories.config, request->name);
	cw_auto_strv struct cw_strv names = {0};

	cw_names_all(&request->names, &names);
	cw_hooks_deploy(hooks, cw_settings_get(request->settings, "deploy_hook"), live, &names);
}
