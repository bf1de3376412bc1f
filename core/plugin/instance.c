/* An instance: opening, closing, and how every call into a plugin is made and judged. */
#include "plugin/instance.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "plugin/instance_internal.h"
#include "plugin/module_internal.h"

static void
service_release(const struct cw_host *host, void *memory)
{
	(void)host;
	free(memory);
}

/* The one table of services; an instance has a copy that points back to it. */
static const struct cw_host services_table = {
	.size = sizeof(struct cw_host),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.log = cw_service_log,
	.fail = cw_service_fail,
	.fail_challenge = cw_service_fail_challenge,
	.secret = cw_service_secret,
	.interactive = cw_service_interactive,
	.notify = cw_service_notify,
	.ask_yes_no = cw_service_ask_yes_no,
	.ask_text = cw_service_ask_text,
	.ask_choice = cw_service_ask_choice,
	.option = cw_service_option,
	.option_count = cw_service_option_count,
	.option_at = cw_service_option_at,
	.option_given = cw_service_option_given,
	.option_map = cw_service_option_map,
	.set_option = cw_service_set_option,
	.setting = cw_service_setting,
	.run = cw_service_run,
	.http = cw_service_http,
	.read_credentials = cw_service_read_credentials,
	.wait_txt = cw_service_wait_txt,
	.write_file = cw_service_write_file,
	.remove_file = cw_service_remove_file,
	.checkpoint_command = cw_service_checkpoint_command,
	.checkpoint_commit = cw_service_checkpoint_commit,
	.checkpoint_revert = cw_service_checkpoint_revert,
	.undo_remove = cw_service_undo_remove,
	.undo_command = cw_service_undo_command,
	.undo_done = cw_service_undo_done,
	.listen = cw_service_listen,
	.shared_put = cw_service_shared_put,
	.shared_get = cw_service_shared_get,
	.watch = cw_service_watch,
	.release = service_release,
	.locate = cw_service_locate,
	.dns_exchange = cw_service_dns_exchange,
	.undo_plugin = cw_service_undo_plugin,
	.read_private = cw_service_read_private,
	.credential = cw_service_credential,
	.read_below = cw_service_read_below,
	.json_get = cw_service_json_get,
	.json_quote = cw_service_json_quote,
	.encode = cw_service_encode,
	.decode = cw_service_decode,
	.sha256 = cw_service_sha256,
	.hmac_sha256 = cw_service_hmac_sha256,
	.wait = cw_service_wait,
	.still_busy = cw_service_still_busy,
	.put_file = cw_service_put_file,
	.checkpoint_plugin = cw_service_checkpoint_plugin,
	.state_put = cw_service_state_put,
	.state_get = cw_service_state_get,
};

/* Asks for the rights that the plugin needs, and gives up the others. */
static int
restrict_rights(struct cw_instance *instance, struct cw_error *error)
{
	const struct cw_plugin *plugin = instance->plugin;
	const struct cw_services *services = instance->services;
	enum cw_rights rights = CW_RIGHTS_USER;
	struct cw_call call;
	int status;

	if (services->restrict_to == NULL)
		return CW_OK;
	if (CW_HAS(plugin, struct cw_plugin, rights) && plugin->rights != NULL) {
		cw_call_begin(&call, instance, "rights");
		rights = plugin->rights(&instance->host);
		status = rights >= CW_RIGHTS_USER && rights <= CW_RIGHTS_NONE ? CW_OK : CW_E_PLUGIN;
		status = cw_call_end(&call, status, error);
		if (status != CW_OK)
			return status;
	}
	return services->restrict_to(services->context, rights, error);
}

/* Locks the plugin's exclusive directory. */
static int
lock(struct cw_instance *instance, const char *directory, struct cw_error *error)
{
	const struct cw_services *services = instance->services;
	const char *name = instance->module->name;
	int status;

	/* The run holds the locks of its own folders, so it would wait for itself. */
	if (cw_directories_have(services->directories, directory)) {
		cw_fail(error, CW_E_INVALID,
			"the plugin \"%s\" needs the folder \"%s\" for itself, but certwright is "
			"to "
			"keep its own files there",
			name, directory);
		cw_hint(error, "give another --config-dir, --work-dir or --logs-dir");
		return error->status;
	}
	status = cw_exclusive_take(directory, services->lock_timeout, &instance->exclusive, error);
	return status < 0 ? cw_context(error, "the plugin \"%s\" cannot be used now", name) : CW_OK;
}

static int
open_plugin(struct cw_instance *instance, struct cw_error *error)
{
	const struct cw_plugin *plugin = instance->plugin;
	const char *directory = NULL;
	struct cw_call call;
	int status;

	cw_call_begin(&call, instance, "open");
	status = cw_call_end(&call, plugin->open(&instance->host, &instance->self), error);
	if (status != CW_OK || plugin->exclusive_directory == NULL)
		return status;
	cw_call_begin(&call, instance, "exclusive_directory");
	directory = plugin->exclusive_directory(instance->self);
	cw_call_end(&call, CW_OK, NULL);
	if (directory == NULL)
		return CW_OK;
	status = lock(instance, directory, error);
	if (status != CW_OK && plugin->close != NULL)
		plugin->close(instance->self);
	return status;
}

/* What the plugin itself has registered for the checkpoint that is reverted in its process. */
static int
undo_here(void *context, const char *plugin, const struct cw_strv *options, const char *data,
	  struct cw_error *error)
{
	struct cw_instance *instance = context;

	(void)options;
	if (strcmp(plugin, instance->module->name) != 0)
		return cw_fail(error, CW_E_UNSUPPORTED,
			       "it is the change of another plugin than \"%s\"",
			       instance->module->name);
	return cw_instance_undo(instance, data, error);
}

int
cw_instance_open(struct cw_module *module, const struct cw_services *services,
		 struct cw_settings *settings, struct cw_instance **instance,
		 struct cw_error *error)
{
	struct cw_instance *made = cw_alloc(sizeof(*made));
	int status;

	*instance = NULL;
	made->host = services_table;
	made->host.core = made;
	made->module = module;
	made->services = services;
	made->settings = settings;
	status = cw_module_load(module, &made->plugin, error);
	if (status == CW_OK)
		status = restrict_rights(made, error);
	if (status == CW_OK)
		status = open_plugin(made, error);
	if (status != CW_OK) {
		cw_listening_end(made);
		cw_watches_end(made);
		cw_strv_clear(&made->settings_text);
		free(made);
		return status;
	}
	*instance = made;
	cw_checkpoints_use_plugins(&(struct cw_undo_plugins){undo_here, made});
	return CW_OK;
}

void
cw_instance_close(struct cw_instance *instance)
{
	struct cw_call call;

	if (instance == NULL)
		return;
	cw_checkpoints_use_plugins(&(struct cw_undo_plugins){0});
	cw_listening_end(instance);
	cw_watches_end(instance);
	if (instance->plugin->close != NULL) {
		cw_call_begin(&call, instance, "close");
		instance->plugin->close(instance->self);
		cw_call_end(&call, CW_OK, NULL);
		cw_watches_end(instance);
	}
	cw_checkpoints_close(instance->checkpoints);
	cw_exclusive_release(instance->exclusive);
	cw_strv_clear(&instance->settings_text);
	cw_strv_clear(&instance->lineages);
	cw_strv_clear(&instance->undo_data);
	free(instance->undo_ids);
	free(instance->challenges);
	free(instance);
}

int
cw_instance_prepare(struct cw_instance *instance, struct cw_error *error)
{
	const struct cw_plugin *plugin = instance->plugin;
	struct cw_call call;

	if (plugin->prepare == NULL)
		return CW_OK;
	cw_call_begin(&call, instance, "prepare");
	return cw_call_end(&call, plugin->prepare(instance->self), error);
}

int
cw_instance_undo(struct cw_instance *instance, const char *data, struct cw_error *error)
{
	const struct cw_plugin *plugin = instance->plugin;
	struct cw_call call;

	if (!CW_HAS(plugin, struct cw_plugin, undo) || plugin->undo == NULL)
		return cw_fail(error, CW_E_UNSUPPORTED, "the plugin \"%s\" undoes nothing",
			       instance->module->name);
	cw_call_begin(&call, instance, "undo");
	return cw_call_end(&call, plugin->undo(instance->self, data), error);
}
