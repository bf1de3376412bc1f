#include "flow/install/undeploy.h"
#include <stdlib.h>
#include "base/log.h"
#include "flow/install/deployed.h"
#include "flow/install/redeploy.h"

struct undeploying {
	struct cw_context *context;
	struct cw_deployed *deployed; /* by installers that can remove it */
	size_t count;
	struct json_object *undeployed, *still_deployed;
};

static struct json_object *
describe(const char *lineage, const char *installer)
{
	struct json_object *description = cw_json_new_object();

	cw_json_set_string(description, "name", lineage);
	cw_json_set_string(description, "installer", installer);
	return description;
}

/* What is left to the user. */
static void
tell_left(const struct undeploying *undeploying, const char *lineage, const char *installer,
	  const char *why)
{
	cw_log_warning("the installer \"%s\" still has the certificate \"%s\"; %s", installer,
		       lineage, why);
	cw_json_append(undeploying->still_deployed, describe(lineage, installer));
}

static void
look_at(struct undeploying *undeploying, const struct cw_lineage *lineage)
{
	cw_auto_strv struct cw_strv installers = {0};

	cw_deployed_installers(lineage, &installers);
	for (size_t i = 0; i < installers.count; i++) {
		const char *installer = installers.items[i];
		struct cw_module *module = NULL;
		cw_auto_error struct cw_error error = {0};

		if (cw_registry_open(undeploying->context->registry, installer, &module, &error) <
		    0) {
			tell_left(undeploying, lineage->name, installer, error.message);
		} else if (!module->about->undeploys) {
			tell_left(undeploying, lineage->name, installer,
				  "change the configuration of its server by hand");
		} else {
			undeploying->deployed =
				cw_realloc(undeploying->deployed, undeploying->count + 1,
					   sizeof(*undeploying->deployed));
			undeploying->deployed[undeploying->count++] = (struct cw_deployed){
				cw_strdup(lineage->name), cw_strdup(installer)};
		}
	}
}

static int
ask(const struct undeploying *undeploying, bool *agreed, struct cw_error *error)
{
	const struct cw_context *context = undeploying->context;
	cw_auto_strv struct cw_strv parts = {0};
	cw_autofree char *list = NULL;
	cw_autofree char *question = NULL;

	*agreed = cw_settings_flag(context->settings, "remove_from_servers");
	if (cw_settings_get(context->settings, "remove_from_servers") != NULL ||
	    !context->asker->interactive)
		return CW_OK;
	for (size_t i = 0; i < undeploying->count; i++)
		cw_strv_addf(&parts, "\"%s\" from the server of \"%s\"",
			     undeploying->deployed[i].lineage, undeploying->deployed[i].installer);
	list = cw_strv_join(&parts, ", ");
	question = cw_format("Also remove the certificate %s? The server will not answer for its "
			     "names any more.",
			     list);
	return context->asker->yes_no(context->asker->context, question, agreed, error);
}

static int
forget(const struct undeploying *undeploying, const struct cw_deployed *deployed,
       struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	int status = cw_lineage_open(undeploying->context->directories.config, deployed->lineage,
				     &lineage, error);

	cw_log_info("removed the certificate \"%s\" from the server of \"%s\"", deployed->lineage,
		    deployed->installer);
	cw_json_append(undeploying->undeployed, describe(deployed->lineage, deployed->installer));
	return status == CW_OK ? cw_forget_deployment(lineage, deployed->installer, error) : status;
}

static int
remove_all(const struct undeploying *undeploying, struct cw_error *error)
{
	cw_autofree bool *done = cw_calloc(undeploying->count + 1, sizeof(*done));
	cw_auto_error struct cw_error failure = {0};
	int status = cw_call_installers(undeploying->context, undeploying->deployed,
					undeploying->count, CW_REASON_UNDEPLOY, done, error);

	if (status < 0) {
		cw_context(error, "nothing was deleted");
		cw_hint(error, "leave out --remove-from-servers to delete the files all the same");
	}
	for (size_t i = 0; i < undeploying->count; i++)
		if (done[i] && forget(undeploying, &undeploying->deployed[i], &failure) < 0 &&
		    status == CW_OK)
			status = cw_error_move(error, &failure);
	return status;
}

static int
undeploy(const struct undeploying *undeploying, struct cw_error *error)
{
	bool agreed;
	int status = ask(undeploying, &agreed, error);

	if (status < 0 || agreed)
		return status < 0 ? status : remove_all(undeploying, error);
	for (size_t i = 0; i < undeploying->count; i++)
		tell_left(undeploying, undeploying->deployed[i].lineage,
			  undeploying->deployed[i].installer,
			  "--remove-from-servers removes it from there, too");
	return CW_OK;
}

int
cw_undeploy(struct cw_context *context, struct cw_lineage *const *lineages, size_t count,
	    struct json_object *result, struct cw_error *error)
{
	struct undeploying undeploying = {.context = context,
					  .undeployed = cw_json_new_array(),
					  .still_deployed = cw_json_new_array()};
	int status = CW_OK;

	cw_json_set(result, "undeployed", undeploying.undeployed);
	cw_json_set(result, "still_deployed", undeploying.still_deployed);
	/* Of a damaged renewal file nothing is known. */
	for (size_t i = 0; i < count; i++)
		if (lineages[i]->config != NULL)
			look_at(&undeploying, lineages[i]);
	if (undeploying.count > 0)
		status = undeploy(&undeploying, error);
	for (size_t i = 0; i < undeploying.count; i++) {
		free(undeploying.deployed[i].lineage);
		free(undeploying.deployed[i].installer);
	}
	free(undeploying.deployed);
	return status;
}
