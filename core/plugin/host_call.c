/* The call into a plugin that is under way: whose it is, its error, and how it is judged. */
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "plugin/instance_internal.h"
#include "plugin/module_internal.h"

struct cw_instance *
cw_host_instance(const struct cw_host *host)
{
	return host->core;
}

struct cw_error *
cw_host_error(const struct cw_host *host)
{
	struct cw_instance *instance = cw_host_instance(host);

	return instance->call != NULL ? &instance->call->error : NULL;
}

int
cw_host_misused(const struct cw_host *host, const char *service, const char *what)
{
	struct cw_error *error = cw_host_error(host);

	cw_fail(error, CW_E_PLUGIN, "the plugin \"%s\" misused the service \"%s\": %s",
		cw_host_instance(host)->module->name, service, what);
	cw_hint(error, "report this to the author of the plugin");
	return CW_E_PLUGIN;
}

/* Without a work folder, nothing can be edited so that it can be undone. */
static int
check_edits(const struct cw_instance *instance, const char *service, struct cw_error *error)
{
	static const char *const edits[] = {"write_file",        "remove_file",
					    "put_file",          "checkpoint_command",
					    "checkpoint_commit", "checkpoint_plugin"};
	const struct cw_directories *directories = instance->services->directories;

	if (directories == NULL || directories->work != NULL)
		return CW_OK;
	for (size_t i = 0; i < CW_COUNT(edits); i++) {
		if (strcmp(edits[i], service) != 0)
			continue;
		cw_fail(error, CW_E_UNSUPPORTED,
			"the plugin \"%s\" edits files, but this request keeps none",
			instance->module->name);
		cw_hint(error, "choose another authenticator, or leave \"store\": \"memory\" out");
		return CW_E_UNSUPPORTED;
	}
	return CW_OK;
}

int
cw_host_begin(const struct cw_host *host, const char *service)
{
	const struct cw_instance *instance = cw_host_instance(host);
	const struct cw_services *services = instance->services;
	int status = check_edits(instance, service, cw_host_error(host));

	if (status < 0)
		return status;
	if (services->point == NULL || instance->call == NULL)
		return CW_OK;
	return services->point(services->context, instance->call->name, service,
			       cw_host_error(host));
}

int
cw_host_may(const struct cw_host *host, const char *service)
{
	const struct cw_instance *instance = cw_host_instance(host);
	struct cw_error *error = cw_host_error(host);

	if (!instance->services->restricted)
		return cw_host_begin(host, service);
	cw_fail(error, CW_E_PERMISSION,
		"the plugin \"%s\" called the service \"%s\", but has given up the rights for it",
		instance->module->name, service);
	cw_hint(error, "report this to the author of the plugin");
	return CW_E_PERMISSION;
}

static void
tell(const struct cw_instance *instance, const char *call)
{
	if (instance->services->in_call != NULL)
		instance->services->in_call(instance->services->context, instance->module->name,
					    call);
}

void
cw_call_begin(struct cw_call *call, struct cw_instance *instance, const char *name)
{
	*call = (struct cw_call){
		.instance = instance,
		.name = name,
		.begin = cw_now_ms(),
		.outer = instance->call,
	};
	instance->call = call;
	tell(instance, name);
}

/* Watches are called for each connection, too often to be logged. */
static void
trace(const struct cw_call *call, int result)
{
	if (strcmp(call->name, "watch") != 0)
		cw_log_debug("%s: %s() returned %d after %lld ms", call->instance->module->name,
			     call->name, result, (long long)(cw_now_ms() - call->begin));
}

int
cw_call_end(struct cw_call *call, int result, struct cw_error *error)
{
	struct cw_instance *instance = call->instance;
	const char *name = instance->module->name;

	if (instance->services->point != NULL)
		instance->services->point(instance->services->context, call->name, NULL, NULL);
	trace(call, result);
	instance->call = call->outer;
	tell(instance, call->outer != NULL ? call->outer->name : NULL);
	if (result == CW_OK) {
		/* What failed on the way did not matter to the plugin. */
		cw_error_clear(&call->error);
		return CW_OK;
	}
	if (result > 0 || result < CW_E_COMMAND) {
		cw_fail(&call->error, CW_E_PLUGIN,
			"the plugin \"%s\" returned the unknown status %d from \"%s\"", name,
			result, call->name);
		cw_hint(&call->error, "report this to the author of the plugin");
	} else if (call->error.message == NULL) {
		cw_fail(&call->error, result,
			"the plugin \"%s\" failed in \"%s\" and did not say why", name, call->name);
		cw_hint(&call->error, "look into the log file for what it did before");
	} else {
		call->error.status = result;
	}
	result = call->error.status;
	if (error != NULL)
		return cw_error_move(error, &call->error);
	cw_error_clear(&call->error);
	return result;
}
