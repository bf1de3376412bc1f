#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "flow/context.h"
#include "flow/work/lone_plugin.h"
#include "plugin/instance.h"
#include "plugin/process.h"

/* The answer has a copy: the port is held as long as the plugin holds it. */
static void
listen_alone(void *context, const char *address, unsigned port, struct cw_plugin_request *request)
{
	cw_auto_error struct cw_error error = {0};
	cw_autoclose int descriptor = -1;
	bool by_run;

	(void)context;
	cw_listen(address, port, &descriptor, &by_run, &error);
	cw_plugin_answer_listen(request, descriptor, &error);
}

/* The end of a call. */
struct ending {
	bool done;
	struct cw_error error;
};

static void
note_end(void *context, const struct cw_error *error)
{
	struct ending *ending = context;

	ending->done = true;
	cw_error_copy(&ending->error, error);
}

static int
open_plugin(struct cw_context *context, struct cw_module *module, struct cw_loop *loop,
	    bool prepare, struct cw_error *error)
{
	struct cw_shared_store *store = cw_shared_store_new();
	struct cw_plugin_handlers handlers = cw_lone_plugin_handlers;
	const struct cw_plugin_opening opening = {
		.handlers = &handlers,
		.settings = context->settings,
		.directories = &context->directories,
		.store = store,
		.interactive = context->asker->interactive,
		.only_open = !prepare,
		.time_limit = cw_settings_int(context->settings, "plugin_timeout", 300) * 1000,
	};
	struct cw_plugin_process *process = NULL;
	struct ending ending = {.done = false};
	int status = cw_plugin_process_take(module, loop, &process, error);

	handlers.listen = listen_alone;
	if (status == CW_OK) {
		cw_plugin_process_open(process, &opening, note_end, &ending);
		status = cw_loop_until(loop, &ending.done, error);
	}
	if (status == CW_OK && ending.error.status != CW_OK)
		status = cw_error_move(error, &ending.error);
	ending.done = false;
	if (status == CW_OK) {
		cw_plugin_process_close(process, note_end, &ending);
		status = cw_loop_until(loop, &ending.done, error);
	}
	cw_plugin_process_free(process);
	cw_error_clear(&ending.error);
	cw_shared_store_free(store);
	return status;
}

/* --init and --prepare: whether the plugin could work here and now. */
static struct json_object *
try_plugin(struct cw_context *context, struct cw_module *module, bool prepare)
{
	struct cw_loop *loop = cw_loop_new();
	cw_auto_error struct cw_error error = {0};
	int status = cw_module_add_options(module, context->options, &error);

	if (status == CW_OK)
		status = open_plugin(context, module, loop, prepare, &error);
	cw_loop_free(loop);
	return status < 0 ? cw_json_error(&error) : json_object_new_boolean(true);
}

static struct json_object *
describe(struct cw_context *context, struct cw_module *module)
{
	const struct cw_plugin_description *about = module->about;
	bool prepare = cw_settings_flag(context->settings, "prepare");
	bool try = prepare || cw_settings_flag(context->settings, "init");
	struct json_object *item = cw_json_new_object();
	struct json_object *roles = cw_json_new_array();
	cw_autofree char *abi = cw_format("%u.%u", about->abi_major, about->abi_minor);

	cw_json_set_string(item, "name", module->name);
	cw_json_set_string(item, "version", about->version);
	cw_json_set_string(item, "description", about->description);
	cw_json_set_string(item, "path", module->path);
	cw_json_set_string(item, "abi", abi);
	if (about->authenticator)
		cw_json_append(roles, json_object_new_string("authenticator"));
	if (about->installer)
		cw_json_append(roles, json_object_new_string("installer"));
	cw_json_set(item, "roles", roles);
	cw_json_set(item, "challenge_types", cw_json_from_strv(&about->dns_types));
	cw_json_set(item, "prepared", try ? try_plugin(context, module, prepare) : NULL);
	return item;
}

static bool
is_wanted(const struct cw_context *context, const struct cw_plugin_description *about)
{
	bool authenticators = cw_settings_flag(context->settings, "authenticators");
	bool installers = cw_settings_flag(context->settings, "installers");

	if (!authenticators && !installers)
		return true;
	return (authenticators && about->authenticator) || (installers && about->installer);
}

int
cw_flow_plugins(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct json_object *plugins = cw_json_new_array();
	struct json_object *refused = cw_json_new_array();

	(void)error;
	cw_registry_open_all(context->registry);
	for (size_t i = 0; i < cw_registry_count(context->registry); i++) {
		struct cw_module *module = cw_registry_at(context->registry, i);

		if (module->about == NULL) {
			struct json_object *item = cw_json_new_object();

			cw_json_set_string(item, "path", module->path);
			cw_json_set(item, "error", cw_json_error(&module->error));
			cw_json_append(refused, item);
		} else if (is_wanted(context, module->about)) {
			cw_json_append(plugins, describe(context, module));
		}
	}
	for (size_t i = 0; i < cw_registry_refused_folders(context->registry)->count; i++) {
		struct json_object *item = cw_json_new_object();
		cw_auto_error struct cw_error refusal = {0};

		cw_fail(&refusal, CW_E_PERMISSION, "%s",
			cw_registry_refused_folders(context->registry)->items[i]);
		cw_json_set_string(item, "path", NULL);
		cw_json_set(item, "error", cw_json_error(&refusal));
		cw_json_append(refused, item);
	}
	cw_json_set(result, "plugins", plugins);
	cw_json_set(result, "refused", refused);
	return CW_OK;
}
