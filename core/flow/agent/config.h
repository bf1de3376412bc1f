/*
 * The agent's configuration. Reading agent.ini and the environment takes the option table and
 * perhaps plugins, so cli/ does that in a child (flow/agent/front.h), which says it as JSON:
 *
 * {"config", "work", "logs": directories, "file": agent.ini (also if it does not exist yet),
 *  "log_json", "notify_hook", "status_address": null or text, "warning", "critical",
 *  "self_signed": limits of the status server,
 *  "arguments": the options of a run for certificates that are not described here,
 *  "certificates": [{"name", "installs" (run instead of certonly), "arguments": the options of a
 *      run, "domains": normalized, empty: those it has, "servers": URLs in order, perhaps none,
 *      "server_timeout", "provided", "deploy_hook", "owner", "group", "mode": null or text}]}
 */
#ifndef CW_FLOW_AGENT_CONFIG_H
#define CW_FLOW_AGENT_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "base/json.h"
#include "base/strv.h"
#include "flow/report/health.h"

/* A certificate that the configuration describes. The strings are in the JSON. */
struct cw_managed {
	const char *name;
	bool installs;
	struct cw_strv arguments;
	struct cw_strv domains;
	struct cw_strv servers;
	int64_t server_timeout;  /* seconds */
	const char *provided;    /* a folder; NULL: none */
	const char *deploy_hook; /* NULL: none */
	const char *owner;       /* NULL: as they are made */
	const char *group;
	const char *mode;
};

struct cw_agent_config {
	struct json_object *json; /* owns the strings below */
	const char *config, *work, *logs, *file;
	const char *notify_hook;    /* NULL: none */
	const char *status_address; /* NULL: none */
	struct cw_health_limits limits;
	struct cw_strv arguments;
	struct cw_managed *managed;
	size_t count;
};

/* Takes JSON. */
void cw_agent_config_read(struct json_object *json, struct cw_agent_config *config);
void cw_agent_config_clear(struct cw_agent_config *config);
/* NULL: the configuration does not describe NAME. */
const struct cw_managed *cw_agent_managed(const struct cw_agent_config *config, const char *name);

#endif
