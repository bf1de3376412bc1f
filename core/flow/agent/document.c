/* internal.h: the status document. */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/agent/internal.h"
#include "flow/report/failure.h"
#include "flow/report/state.h"
#include "flow/report/status.h"

static struct cw_agent_server *
find_server(struct cw_agent *agent, const char *server)
{
	for (size_t i = 0; i < agent->server_count; i++)
		if (strcmp(agent->servers[i].server, server) == 0)
			return &agent->servers[i];
	agent->servers =
		cw_realloc(agent->servers, agent->server_count + 1, sizeof(*agent->servers));
	agent->servers[agent->server_count] = (struct cw_agent_server){.server = cw_strdup(server)};
	return &agent->servers[agent->server_count++];
}

void
cw_agent_count_requests(struct cw_agent *agent, struct json_object *result)
{
	struct json_object *servers = cw_json_object(result, "servers");

	if (servers == NULL)
		return;
	json_object_object_foreach(servers, name, count)
	{
		struct cw_agent_server *server = find_server(agent, name);

		server->requests += cw_json_int(count, "requests", 0);
		server->failures += cw_json_int(count, "failures", 0);
	}
}

void
cw_agent_set_failing(struct cw_agent *agent, const char *server, bool failing)
{
	if (server != NULL)
		find_server(agent, server)->failing = failing;
}

bool
cw_agent_is_failing(const struct cw_agent *agent, const char *server)
{
	for (size_t i = 0; server != NULL && i < agent->server_count; i++)
		if (strcmp(agent->servers[i].server, server) == 0)
			return agent->servers[i].failing;
	return false;
}

static void
set_next(const struct cw_agent_certificate *certificate, struct json_object *description)
{
	struct json_object *next;

	if (certificate->time == CW_PLAN_NEVER) {
		cw_json_set(description, "next", NULL);
		return;
	}
	next = cw_json_new_object();
	cw_json_set_string(next, "action", cw_plan_action_name(certificate->action));
	cw_json_set_time(next, "time", certificate->time);
	cw_json_set(description, "next", next);
}

static void
set_window(const struct cw_agent_certificate *certificate, struct json_object *description)
{
	struct json_object *window;

	if (!certificate->choice.by_ca)
		return;
	window = cw_json_new_object();
	cw_json_set_time(window, "start", certificate->choice.start);
	cw_json_set_time(window, "end", certificate->choice.end);
	cw_json_set(description, "window", window);
}

/* Before the first look. */
static struct json_object *
describe_unseen(const struct cw_agent_certificate *certificate)
{
	static const char *const unknown[] = {"issuer", "serial", "key_type",      "not_before",
					      "expiry", "server", "authenticator", "installer",
					      "window", "next",   "last_success",  "last_failure"};
	struct json_object *description = cw_json_new_object();
	struct json_object *problems = cw_json_new_array();

	cw_json_set_string(description, "name", certificate->name);
	cw_json_set(description, "domains", cw_json_new_array());
	cw_json_set_string(description, "origin", "none");
	cw_json_set_string(description, "state", "missing");
	for (size_t i = 0; i < CW_COUNT(unknown); i++)
		cw_json_set(description, unknown[i], NULL);
	cw_json_set_bool(description, "autorenew", true);
	cw_json_set_int(description, "attempts", 0);
	cw_problem_add(problems, "missing", "the agent has not looked at it yet", NULL);
	cw_json_set(description, "problems", problems);
	return description;
}

static void
add_configuration(struct cw_agent *agent, const struct cw_agent_certificate *certificate,
		  struct json_object *description)
{
	const struct cw_managed *managed = cw_agent_managed(&agent->config, certificate->name);
	struct json_object *domains = cw_json_array(description, "domains");

	if (managed == NULL)
		return;
	cw_json_set_bool(description, "autorenew", true);
	if (json_object_array_length(domains) == 0)
		cw_json_set(description, "domains", cw_json_from_strv(&managed->domains));
	if (cw_json_string(description, "server") == NULL)
		cw_json_set_string(description, "server", cw_agent_server(certificate, managed));
}

/* What makes looks fail is wrong with it, although it may be valid. */
static void
add_unsettled(const struct cw_agent_certificate *certificate, struct json_object *description)
{
	struct json_object *failure = certificate->last_failure;
	struct json_object *problems = cw_json_array(description, "problems");

	if (certificate->unsettled == 0 || failure == NULL)
		return;
	/* What the files show was seen already. */
	for (size_t i = 0; i < json_object_array_length(problems); i++)
		if (cw_equal(cw_json_string(json_object_array_get_idx(problems, i), "message"),
			     cw_json_string(failure, "message")))
			return;
	cw_problem_add(problems, cw_json_string(failure, "kind"),
		       cw_json_string(failure, "message"), cw_json_string(failure, "hint"));
}

static struct json_object *
describe(struct cw_agent *agent, const struct cw_agent_certificate *certificate)
{
	struct json_object *description = NULL;

	if (certificate->text == NULL || cw_json_parse(certificate->text, strlen(certificate->text),
						       "it", &description, NULL) < 0)
		description = describe_unseen(certificate);
	add_configuration(agent, certificate, description);
	set_next(certificate, description);
	set_window(certificate, description);
	if (certificate->last_success != 0)
		cw_json_set_time(description, "last_success", certificate->last_success);
	cw_json_set_int(description, "attempts", certificate->attempts);
	cw_json_set(description, "last_failure", json_object_get(certificate->last_failure));
	add_unsettled(certificate, description);
	cw_state_judge(description, cw_time());
	return description;
}

static struct json_object *
describe_servers(const struct cw_agent *agent)
{
	struct json_object *list = cw_json_new_array();

	for (size_t i = 0; i < agent->server_count; i++) {
		struct json_object *item = cw_json_new_object();

		cw_json_set_string(item, "server", agent->servers[i].server);
		cw_json_set_int(item, "requests", agent->servers[i].requests);
		cw_json_set_int(item, "failures", agent->servers[i].failures);
		cw_json_append(list, item);
	}
	return list;
}

struct json_object *
cw_agent_document(struct cw_agent *agent)
{
	struct json_object *document = cw_json_new_object();
	struct json_object *list = cw_json_new_array();
	struct json_object *about = cw_json_new_object();
	struct json_object *runs = cw_json_new_object();

	cw_json_set_int(document, "format", CW_STATUS_FORMAT);
	cw_json_set_string(document, "program", "certwright " PACKAGE_VERSION);
	cw_json_set_time(document, "time", cw_time());
	cw_json_set_time(about, "since", agent->since);
	cw_json_set_int(about, "pid", getpid());
	cw_json_set(document, "agent", about);
	cw_json_set_string(document, "config_dir", agent->config.config);
	for (size_t i = 0; i < agent->all.count; i++)
		cw_json_append(list, describe(agent, agent->all.items[i]));
	cw_json_set(document, "certificates", list);
	cw_json_set(document, "servers", describe_servers(agent));
	cw_json_set_int(runs, "count", agent->runs);
	cw_json_set_int(runs, "failed", agent->failed_runs);
	cw_json_set(runs, "seconds", json_object_new_double((double)agent->run_ms / 1000));
	cw_json_set(document, "runs", runs);
	return document;
}

static struct json_object *
give_document(void *user)
{
	return cw_agent_document(user);
}

static int
start_status(struct cw_agent *agent, const struct cw_agent_config *config, struct cw_error *error)
{
	const struct cw_settings *settings = agent->context->settings;
	const struct cw_status_server_start start = {
		.address = config->status_address,
		.limits = &config->limits,
		.require_sandbox = cw_settings_flag(settings, "require_sandbox"),
		.document = give_document,
		.user = agent,
	};
	int status;

	if (start.address == NULL)
		return CW_OK;
	status = cw_status_server_new(agent->loop, &start, &agent->status_server, error);
	if (status == CW_OK && !cw_status_address_is_local(start.address))
		cw_log_warning("others than this machine may reach the status page at \"%s\"",
			       start.address);
	return status;
}

int
cw_agent_serve_status(struct cw_agent *agent, const struct cw_agent_config *config,
		      struct cw_error *error)
{
	int status;

	if (agent->status_server != NULL &&
	    cw_equal(config->status_address, agent->config.status_address)) {
		cw_status_server_set_limits(agent->status_server, &config->limits);
		return CW_OK;
	}
	/* First, as the two addresses may have the same port. */
	cw_status_server_free(cw_take(&agent->status_server));
	status = start_status(agent, config, error);
	if (status < 0 && config != &agent->config)
		start_status(agent, &agent->config, NULL);
	return status;
}
