#include "flow/work/undo_plugin.h"
#include "base/sandbox.h"
#include "flow/work/lone_plugin.h"
#include "flow/work/relay.h"
#include "plugin/process.h"
#include "plugin/shared_store.h"
#include "store/lineage.h"

/* One call of a plugin's undo(). */
struct undoing {
	struct cw_context *context;
	struct cw_plugin_process *process;
	struct cw_relay *relays;
	const char *data;
	bool done;
	struct cw_error error;
};

static void
fill_refusal(struct cw_error *error)
{
	cw_fail(error, CW_E_UNSUPPORTED,
		"that is not there for a plugin that undoes what an ended run left");
}

static int
refuse_option(void *context, const char *name, const char *key, const char *value,
	      struct cw_error *error)
{
	(void)context;
	(void)name;
	(void)key;
	(void)value;
	fill_refusal(error);
	return CW_E_UNSUPPORTED;
}

static bool
on_concerns(void *context, const char *name)
{
	const struct undoing *undoing = context;

	return cw_lineage_exists(undoing->context->directories.config, name);
}

static void
on_network(void *context, enum cw_plugin_message service, struct cw_message *message,
	   struct cw_plugin_request *request)
{
	struct undoing *undoing = context;

	cw_relay(&undoing->relays, cw_context_network(undoing->context), service, message, request);
}

static void
finished(void *context, const struct cw_error *error)
{
	struct undoing *undoing = context;

	cw_error_copy(&undoing->error, error);
	undoing->done = true;
}

static void
opened(void *context, const struct cw_error *error)
{
	struct undoing *undoing = context;

	if (error->status == CW_OK)
		cw_plugin_process_undo(undoing->process, undoing->data, finished, undoing);
	else
		finished(undoing, error);
}

/* In UNDOING's process: opens it with SETTINGS, and waits for its end. */
static int
work(struct undoing *undoing, const struct cw_settings *settings, struct cw_error *error)
{
	struct cw_context *context = undoing->context;
	const char *user = cw_settings_get(settings, "network_user");
	struct cw_shared_store *store = cw_shared_store_new();
	struct cw_plugin_handlers handlers = cw_lone_plugin_handlers;
	const struct cw_plugin_opening opening = {
		.handlers = &handlers,
		.settings = settings,
		.directories = &context->directories,
		.store = store,
		.only_open = true,
		.time_limit = cw_settings_int(settings, "plugin_timeout", 300) * 1000,
		.lock_timeout = cw_settings_int(settings, "lock_timeout", 0) * 1000,
		.user = user != NULL ? user : cw_sandbox_default_user(),
		.require_sandbox = cw_settings_flag(settings, "require_sandbox"),
	};
	cw_auto_error struct cw_error over = {0};
	int status;

	handlers.network = on_network;
	handlers.set_option = refuse_option;
	handlers.concerns = on_concerns;
	handlers.context = undoing;
	cw_plugin_process_open(undoing->process, &opening, opened, undoing);
	status = cw_loop_until(context->loop, &undoing->done, error);
	cw_plugin_process_free(undoing->process);
	fill_refusal(&over);
	cw_relays_end(&undoing->relays, &over);
	cw_shared_store_free(store);
	if (status == CW_OK && undoing->error.status != CW_OK)
		status = cw_error_move(error, &undoing->error);
	cw_error_clear(&undoing->error);
	return status;
}

static int
undo(void *context, const char *plugin, const struct cw_strv *options, const char *data,
     struct cw_error *error)
{
	struct undoing undoing = {.context = context, .data = data};
	cw_auto_settings struct cw_settings *settings = NULL;
	struct cw_module *module = NULL;
	int status = cw_registry_open(undoing.context->registry, plugin, &module, error);

	if (status == CW_OK)
		status = cw_module_add_options(module, undoing.context->options, error);
	if (status != CW_OK)
		return status;
	settings = cw_settings_copy(undoing.context->settings);
	status = cw_module_restore_options(module, settings, options, error);
	if (status == CW_OK)
		status = cw_module_take_environment(module, settings, error);
	if (status == CW_OK)
		status = cw_plugin_process_take(module, undoing.context->loop, &undoing.process,
						error);
	return status == CW_OK ? work(&undoing, settings, error) : status;
}

struct cw_undo_plugins
cw_undo_by_plugins(struct cw_context *context)
{
	return (struct cw_undo_plugins){undo, context};
}

void
cw_undo_what_was_left(struct cw_context *context)
{
	const struct cw_undo_plugins plugins = cw_undo_by_plugins(context);

	cw_undo_replay(context->directories.work, 0, &plugins);
}
