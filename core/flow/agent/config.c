#include "flow/agent/config.h"
#include <stdlib.h>
#include <string.h>

#define SERVER_TIMEOUT 3600

static void
read_managed(struct json_object *object, struct cw_managed *managed)
{
	managed->name = cw_json_string(object, "name");
	managed->installs = cw_json_bool(object, "installs", false);
	cw_json_add_to_strv(object, "arguments", &managed->arguments);
	cw_json_add_to_strv(object, "domains", &managed->domains);
	cw_json_add_to_strv(object, "servers", &managed->servers);
	managed->server_timeout = cw_json_int(object, "server_timeout", SERVER_TIMEOUT);
	managed->provided = cw_json_string(object, "provided");
	managed->deploy_hook = cw_json_string(object, "deploy_hook");
	managed->owner = cw_json_string(object, "owner");
	managed->group = cw_json_string(object, "group");
	managed->mode = cw_json_string(object, "mode");
}

void
cw_agent_config_read(struct json_object *json, struct cw_agent_config *config)
{
	struct json_object *certificates = cw_json_array(json, "certificates");

	*config = (struct cw_agent_config){
		.json = json,
		.config = cw_json_string(json, "config"),
		.work = cw_json_string(json, "work"),
		.logs = cw_json_string(json, "logs"),
		.file = cw_json_string(json, "file"),
		.notify_hook = cw_json_string(json, "notify_hook"),
		.status_address = cw_json_string(json, "status_address"),
		.limits = {.warning = cw_json_int(json, "warning", cw_health_defaults.warning),
			   .critical = cw_json_int(json, "critical", cw_health_defaults.critical),
			   .self_signed = cw_json_int(json, "self_signed",
						      cw_health_defaults.self_signed)},
		.count = certificates != NULL ? json_object_array_length(certificates) : 0,
	};
	cw_json_add_to_strv(json, "arguments", &config->arguments);
	config->managed = cw_calloc(config->count + 1, sizeof(*config->managed));
	for (size_t i = 0; i < config->count; i++)
		read_managed(json_object_array_get_idx(certificates, i), &config->managed[i]);
}

static void
clear_secrets(struct cw_strv *arguments)
{
	for (size_t i = 0; i < arguments->count; i++)
		cw_wipe(arguments->items[i], strlen(arguments->items[i]));
	cw_strv_clear(arguments);
}

void
cw_agent_config_clear(struct cw_agent_config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		clear_secrets(&config->managed[i].arguments);
		cw_strv_clear(&config->managed[i].domains);
		cw_strv_clear(&config->managed[i].servers);
	}
	free(config->managed);
	clear_secrets(&config->arguments);
	cw_json_wipe(&config->json);
	*config = (struct cw_agent_config){0};
}

const struct cw_managed *
cw_agent_managed(const struct cw_agent_config *config, const char *name)
{
	for (size_t i = 0; i < config->count; i++)
		if (strcmp(config->managed[i].name, name) == 0)
			return &config->managed[i];
	return NULL;
}
