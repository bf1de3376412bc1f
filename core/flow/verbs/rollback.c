#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/plugin_name.h"
#include "flow/ask/choose_plugin.h"
#include "flow/install/install.h"
#include "flow/install/redeploy.h"
#include "store/checkpoint.h"

/* An installer whose checkpoints are taken back, with the settings that it made them with. */
struct maker {
	char *installer;
	struct cw_settings *settings;
};

struct rollback {
	struct cw_context *context;
	struct maker *makers;
	size_t count;
	struct cw_strv lineages; /* whose files with secrets were changed */
	struct cw_strv reloaded; /* the installers of these */
};

static void
release(struct rollback *rollback)
{
	for (size_t i = 0; i < rollback->count; i++) {
		free(rollback->makers[i].installer);
		cw_settings_free(rollback->makers[i].settings);
	}
	free(rollback->makers);
	rollback->makers = NULL;
	rollback->count = 0;
}

static struct maker *
add_maker(struct rollback *rollback, const char *installer)
{
	struct maker *maker;

	rollback->makers = cw_realloc(rollback->makers, rollback->count + 1, sizeof(*maker));
	maker = &rollback->makers[rollback->count++];
	*maker = (struct maker){.installer = cw_strdup(installer),
				.settings = cw_settings_copy(rollback->context->settings)};
	return maker;
}

/* Options of this run count more than those that are recorded. */
static int
take_options(struct maker *maker, struct json_object *options, struct cw_error *error)
{
	int status = CW_OK;

	if (options == NULL)
		return CW_OK;
	json_object_object_foreach(options, key, value)
	{
		const char *text = json_object_get_string(value);

		if (status == CW_OK && text != NULL &&
		    cw_option_by_internal(cw_settings_options(maker->settings), key) != NULL)
			status = cw_settings_set(maker->settings, key, CW_SOURCE_RENEWAL, text,
						 error);
	}
	return status;
}

/* RECORD: as the installer's checkpoint has it (plugin/services_files.c). False: it names none. */
static bool
take_record(struct rollback *rollback, const char *record, int *status, struct cw_error *error)
{
	struct cw_context *context = rollback->context;
	cw_auto_json struct json_object *maker = NULL;
	struct cw_module *module = NULL;
	const char *installer;

	if (cw_json_parse(record, strlen(record), "it", &maker, NULL) < 0)
		return false;
	installer = cw_json_string(maker, "installer");
	if (installer == NULL)
		return false;
	*status = cw_registry_open(context->registry, installer, &module, error);
	if (*status == CW_OK)
		*status = cw_module_add_options(module, context->options, error);
	if (*status == CW_OK)
		*status = take_options(add_maker(rollback, installer),
				       cw_json_object(maker, "options"), error);
	if (*status < 0)
		cw_context(error,
			   "cannot reload the server of \"%s\", which made a checkpoint; give "
			   "another installer with -i",
			   installer);
	return true;
}

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
			known = take_record(rollback, records.items[i], &status, error);
	}
	if (status < 0 || (known && records.count > 0))
		return status;
	/* Without any there is nothing to reload, and the rollback says so. */
	if (!named && records.count == 0)
		return CW_OK;
	release(rollback);
	status = cw_choose_installer(context, &installer, error);
	if (status == CW_OK)
		add_maker(rollback, installer);
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
	int status = deploy_again(rollback, error);

	for (size_t i = 0; i < rollback->count; i++) {
		struct cw_context context = *rollback->context;
		cw_auto_error struct cw_error failure = {0};

		if (cw_strv_contains(&rollback->reloaded, rollback->makers[i].installer))
			continue;

		context.settings = rollback->makers[i].settings;
		/* One server that does not reload keeps no other one from it. */
		if (cw_reload_server(&context, rollback->makers[i].installer, &failure) < 0)
			status = cw_error_move(error, &failure);
	}
	return status;
}

static struct json_object *
describe(const struct rollback *rollback, int64_t count)
{
	struct json_object *description = cw_json_new_object();
	cw_auto_strv struct cw_strv installers = {0};

	for (size_t i = 0; i < rollback->count; i++)
		cw_strv_add_unique(&installers, rollback->makers[i].installer);
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
	int status = roll_back(&rollback, result, error);

	release(&rollback);
	cw_strv_clear(&rollback.lineages);
	cw_strv_clear(&rollback.reloaded);
	return status;
}
