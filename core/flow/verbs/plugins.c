#include <stdlib.h>
#include "base/log.h"
#include "flow/context.h"
#include "plugin/instance.h"
#include "store/undo.h"

static int
no_http(void *context, struct cw_http **http, struct cw_error *error)
{
	(void)context;
	*http = NULL;
	return cw_fail(error, CW_E_UNSUPPORTED, "there is no network while plugins are listed");
}

/* --init and --prepare: whether the plugin could work here and now. */
static struct json_object *
try_plugin(struct cw_context *context, struct cw_module *module, bool prepare)
{
	struct cw_services services = {
		.loop = cw_loop_new(),
		.directories = &context->directories,
		.asker = context->asker,
		.undo = cw_undo_open(context->directories.work),
		.shared_folder = context->directories.work,
		.http = no_http,
	};
	struct cw_instance *instance = NULL;
	cw_auto_error struct cw_error error = {0};
	int status;

	status = cw_module_add_options(module, context->options, &error);
	if (status == CW_OK)
		status = cw_instance_open(module, &services, context->settings, &instance, &error);
	if (status == CW_OK && prepare)
		status = cw_instance_prepare(instance, &error);
	cw_instance_close(instance);
	cw_undo_close(services.undo);
	cw_loop_free(services.loop);
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
