#include "flow/agent/look.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "flow/agent/modes.h"
#include "flow/agent/provided.h"
#include "flow/agent/staple.h"
#include "flow/due/survey.h"
#include "flow/issue/names.h"
#include "flow/report/status.h"
#include "flow/work/hooks.h"

struct looking {
	struct cw_context *context;
	struct cw_hooks *hooks;
	struct cw_agent_config config;
	struct json_object *all; /* {name: its member of "looked"} */
	struct cw_strv lineages; /* that the CAs are asked about */
};

static struct json_object *
find(struct looking *looking, const char *name)
{
	return cw_json_object(looking->all, name);
}

static void
kept(void *user, const struct cw_surveyed *lineage)
{
	struct json_object *item = find(user, lineage->name);

	cw_json_set_bool(item, "renewed", lineage->is_renewed);
	cw_json_set_int(item, "when", lineage->when);
	cw_json_set_bool(item, "by_interval", lineage->by_interval);
	cw_json_set_int(item, "start", lineage->start);
	cw_json_set_int(item, "end", lineage->end);
	cw_json_set_int(item, "ask_again", lineage->ask_again);
	cw_json_set_bool(item, "unanswered", lineage->unanswered);
}

static void
due(void *user, const char *name)
{
	struct json_object *item = find(user, name);

	cw_json_set_bool(item, "renewed", true);
	cw_json_set_bool(item, "due", true);
}

/* It cannot be renewed as it is. */
static void
failed(void *user, const char *name, const struct cw_error *error)
{
	cw_json_set(find(user, name), "error", cw_json_error(error));
}

static void
response(void *user, const char *name, const struct cw_buf *text)
{
	struct looking *looking = user;
	cw_auto_error struct cw_error error = {0};
	int64_t next = 0;

	if (cw_staple_save(looking->context, name, text, &next, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_warning("cannot keep the OCSP response for \"%s\": %s", name, line);
	}
	cw_json_set_int(find(looking, name), "staple", next);
}

/* Whether its certificate lacks a name of its configuration. One that it has beyond them is left
 * out at the next renewal: CAs may add some. */
static bool
lacks_names(const struct cw_managed *managed, const char *path)
{
	cw_auto_names struct cw_names names = {0};
	cw_auto_strv struct cw_strv present = {0};

	if (managed->domains.count == 0 || cw_names_from_certificate(path, &names, NULL) < 0)
		return false;
	cw_names_all(&names, &present);
	for (size_t i = 0; i < managed->domains.count; i++)
		if (!cw_strv_contains(&present, managed->domains.items[i]))
			return true;
	return false;
}

static void
add_settled(struct json_object *item, const struct cw_settled *settled)
{
	cw_json_set_bool(item, "provided", settled->provided);
	cw_json_set_bool(item, "obtains", settled->obtains);
	cw_json_set_string(item, "problem", settled->problem);
	cw_json_set_string(item, "hint", settled->hint);
	if (settled->check != INT64_MAX)
		cw_json_set_int(item, "check", settled->check);
}

/* For describe(): the renewal file may still be changed. */
static void
remember(struct json_object *item, const struct cw_agent_sight *sight)
{
	cw_json_set_string(item, "seen_live", sight->parts[CW_SIGHT_LIVE]);
	cw_json_set_string(item, "seen_provided", sight->parts[CW_SIGHT_PROVIDED]);
}

static void
recall(struct json_object *item, struct cw_agent_sight *sight)
{
	struct cw_agent_sight before = {
		.parts = {[CW_SIGHT_LIVE] = cw_strdup(cw_json_string(item, "seen_live")),
			  [CW_SIGHT_PROVIDED] = cw_strdup(cw_json_string(item, "seen_provided"))}};

	if (before.parts[CW_SIGHT_LIVE] != NULL) {
		cw_agent_sight_use(sight, CW_SIGHT_LIVE, &before);
		cw_agent_sight_use(sight, CW_SIGHT_PROVIDED, &before);
	}
	cw_agent_sight_clear(&before);
}

static int
settle(struct looking *looking, const struct cw_managed *managed, struct json_object *item,
       struct cw_error *error)
{
	cw_auto(cw_settled_clear) struct cw_settled settled = {0};
	const char *config = looking->context->directories.config;
	cw_autofree char *folder = cw_format("%s/live/%s", config, managed->name);
	cw_autofree char *path = cw_format("%s/cert.pem", folder);
	cw_auto(cw_agent_sight_clear) struct cw_agent_sight before = {0}, after = {0};
	int status;

	cw_agent_see(config, managed->name, managed, &before);
	status = cw_settle(looking->context, managed, &settled, error);
	cw_agent_see(config, managed->name, managed, &after);
	if (settled.changes)
		cw_agent_sight_use(&before, CW_SIGHT_LIVE, &after);
	remember(item, &before);
	add_settled(item, &settled);
	if (status < 0)
		return status;
	if (!settled.provided && !settled.obtains && lacks_names(managed, path)) {
		cw_json_set_bool(item, "due", true);
		cw_json_set_bool(item, "lacks", true);
	}
	status = cw_agent_set_modes(config, managed, error);
	if (settled.deploys)
		cw_hooks_deploy(looking->hooks, managed->deploy_hook, folder, &managed->domains);
	return status;
}

/* Whether the renewal file of a described certificate does not say how to renew it, as one that had
 * to be written anew. A renewal with what the configuration says completes it. */
static bool
lacks_settings(const char *config, const char *name)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;

	return cw_lineage_open(config, name, &lineage, NULL) == CW_OK &&
	       cw_configobj_get(lineage->config, "renewalparams", "authenticator") == NULL;
}

/* What is wrong with one certificate does not concern the others. */
static void
consider(struct looking *looking, const char *name)
{
	cw_auto_error struct cw_error error = {0};
	const char *config = looking->context->directories.config;
	const struct cw_managed *managed = cw_agent_managed(&looking->config, name);
	struct json_object *item = cw_json_new_object();

	cw_json_set_string(item, "name", name);
	cw_json_set(looking->all, name, item);
	if (managed != NULL && settle(looking, managed, item, &error) < 0) {
		cw_context(&error, "cannot keep a certificate for \"%s\" in place", name);
		cw_json_set_bool(item, "unsettled", true);
		cw_json_set(item, "error", cw_json_error(&error));
	}
	cw_json_set_bool(item, "lineage", cw_lineage_exists(config, name));
	if (!cw_lineage_exists(config, name) || cw_json_bool(item, "provided", false))
		return;
	if (managed != NULL && lacks_settings(config, name))
		cw_json_set_bool(item, "due", true);
	else
		cw_strv_add(&looking->lineages, name);
}

static int
survey(struct looking *looking, struct cw_error *error)
{
	const struct cw_survey_calls calls = {.kept = kept,
					      .due = due,
					      .failed = failed,
					      .response = response,
					      .user = looking,
					      .plans = true};
	cw_auto_strv struct cw_strv shared = {0};

	if (looking->lineages.count == 0)
		return CW_OK;
	return cw_survey(looking->context, looking->context->loop, looking->hooks,
			 &looking->lineages, &calls, &shared, error);
}

/* After all that the survey has changed. */
static void
describe(struct looking *looking, const char *name, struct json_object *item)
{
	const char *config = looking->context->directories.config;
	const struct cw_managed *managed = cw_agent_managed(&looking->config, name);
	cw_auto(cw_agent_sight_clear) struct cw_agent_sight sight = {0};
	cw_autofree char *seen = NULL;

	cw_agent_see(config, name, managed, &sight);
	recall(item, &sight);
	seen = cw_agent_sight_text(&sight);
	cw_json_set(item, "status", cw_status_certificate(looking->context, name));
	cw_json_set_string(item, "seen", seen);
	if (cw_json_bool(item, "lineage", false) && cw_json_int(item, "staple", 0) == 0) {
		cw_autofree char *path = cw_format("%s/live/%s/cert.pem", config, name);

		cw_json_set_int(item, "staple", cw_staple_retry(path));
	}
}

static int
look(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct looking looking = {.context = context, .all = cw_json_new_object()};
	struct json_object *names = cw_json_array(context->request, "names");
	struct json_object *looked = cw_json_new_array();
	size_t count = names != NULL ? json_object_array_length(names) : 0;
	int status;

	looking.hooks = cw_flow_hooks(context, context->loop);
	cw_json_set(result, "looked", looked);
	cw_agent_config_read(json_object_get(cw_json_object(context->request, "config")),
			     &looking.config);
	for (size_t i = 0; i < count; i++)
		consider(&looking, json_object_get_string(json_object_array_get_idx(names, i)));
	status = survey(&looking, error);
	json_object_object_foreach(looking.all, name, item)
	{
		describe(&looking, name, item);
		cw_json_append(looked, json_object_get(item));
	}
	json_object_put(looking.all);
	cw_hooks_free(looking.hooks);
	cw_strv_clear(&looking.lineages);
	/* The request, and so the strings of the configuration, are the caller's. */
	json_object_put(cw_take(&looking.config.json));
	cw_agent_config_clear(&looking.config);
	return status;
}

const struct cw_verb cw_agent_look_verb = {
	.name = "renew",
	.plugins = CW_PLUGINS_AUTHENTICATOR,
	.writes = true,
	.asks_nobody = true,
	.keeps_names = true,
	.several = true,
	.flow = look,
};
