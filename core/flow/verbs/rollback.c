#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/plugin_name.h"
#include "flow/ask/choose_plugin.h"
#include "flow/install/makers.h"
#include "flow/install/redeploy.h"
#include "store/checkpoint.h"

struct rollback {
	struct cw_context *context;
	struct cw_makers makers; /* of the checkpoints that are taken back */
	struct cw_strv lineages; /* whose files with secrets were changed */
	struct cw_strv reloaded; /* the installers of these */
};

/* Those who made the COUNT newest checkpoints; where one of them is not recorded, as with
 * Certbot's, the installer that is named or that the user chooses. */
static int
find_makers(struct rollback *rollback, unsigned count, struct cw_error *error)
{
	struct cw_context *context = rollback->context;
	cw_auto_strv struct cw_strv records = {0};
	cw_autofree char *installer = NULL;
	bool named = cw_settings_given(context->settings, "installer") ||
		     cw_settings_given(context->settings, "configurator");
	bool known = !named;
	int status = cw_checkpoints_makers(context->directories.work, count, &records, error);

	for (size_t i = 0; i < records.count && status == CW_OK && known; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= strcmp(records.items[j], records.items[i]) == 0;
		if (!seen)
			status = cw_makers_add_record(&rollback->makers, records.items[i], &known,
						      error);
	}
	if (status < 0 || (known && records.count > 0))
		return status;
	/* Without any there is nothing to reload, and the rollback says so. */
	if (!named && records.count == 0)
		return CW_OK;
	cw_makers_clear(&rollback->makers);
	status = cw_choose_installer(context, &installer, error);
	if (status == CW_OK)
		cw_makers_add(&rollback->makers, installer);
	return status;
}

/* Files with secrets are not rolled back: instead, their installers hear of the lineages whose
 * files they are, which may have been renewed since. */
static int
deploy_again(struct rollback *rollback, struct cw_error *error)
{
	const char *config = rollback->context->directories.config;
	cw_autofree struct cw_deployed *deployed = NULL;
	cw_autofree bool *done = cw_calloc(rollback->lineages.count + 1, sizeof(*done));
	size_t count = 0;
	int status;

	deployed = cw_calloc(rollback->lineages.count + 1, sizeof(*deployed));
	for (size_t i = 0; i < rollback->lineages.count; i++) {
		cw_auto_lineage struct cw_lineage *lineage = NULL;
		const char *installer;

		if (cw_lineage_open(config, rollback->lineages.items[i], &lineage, NULL) < 0)
			continue;
		installer = cw_configobj_get(lineage->config, "renewalparams", "installer");
		if (installer == NULL)
			continue;
		deployed[count++] =
			(struct cw_deployed){cw_strdup(lineage->name), cw_strdup(installer)};
		cw_strv_add_unique(&rollback->reloaded, cw_plugin_name(installer));
	}
	status = cw_call_installers(rollback->context, deployed, count, CW_REASON_ROLLBACK, done,
				    error);
	for (size_t i = 0; i < count; i++) {
		free(deployed[i].lineage);
		free(deployed[i].installer);
	}
	return status;
}

static int
reload(struct rollback *rollback, struct cw_error *error)
{
	cw_auto_error struct cw_error failure = {0};
	int status = deploy_again(rollback, error);

	if (cw_makers_reload(&rollback->makers, &rollback->reloaded, &failure) < 0)
		status = cw_error_move(error, &failure);
	return status;
}

static struct json_object *
describe(const struct rollback *rollback, int64_t count)
{
	struct json_object *description = cw_json_new_object();
	cw_auto_strv struct cw_strv installers = {0};

	for (size_t i = 0; i < rollback->makers.count; i++)
		cw_strv_add_unique(&installers, rollback->makers.items[i].installer);
	cw_json_set_int(description, "checkpoints", count);
	cw_json_set_string(description, "installer", installers.items[0]);
	cw_json_set(description, "installers", cw_json_from_strv(&installers));
	return description;
}

static int
roll_back(struct rollback *rollback, struct json_object *result, struct cw_error *error)
{
	const struct cw_directories *directories = &rollback->context->directories;
	int64_t count = cw_settings_int(rollback->context->settings, "checkpoints", 1);
	int status = find_makers(rollback, (unsigned)count, error);

	if (status == CW_OK)
		status = cw_checkpoints_lineages(directories->work, (unsigned)count,
						 &rollback->lineages, error);
	if (status == CW_OK)
		status = cw_makers_owe(&rollback->makers, error);
	if (status == CW_OK)
		status = cw_checkpoints_rollback(directories->work, directories->config,
						 (unsigned)count, error);
	if (status < 0)
		return status;
	cw_log_info("undid %lld change%s to the server's configuration", (long long)count,
		    count == 1 ? "" : "s");
	cw_json_set(result, "rolled_back", describe(rollback, count));
	return reload(rollback, error);
}

int
cw_flow_rollback(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct rollback rollback = {.context = context};
	int status;

	rollback.makers.context = context;
	status = roll_back(&rollback, result, error);
	/* This process lives, and tells of a failure. */
	cw_makers_settled(context);
	cw_makers_clear(&rollback.makers);
	cw_strv_clear(&rollback.lineages);
	cw_strv_clear(&rollback.reloaded);
	return status;
}
