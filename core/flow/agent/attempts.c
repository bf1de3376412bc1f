/* internal.h: what attempts have done. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/agent/internal.h"
#include "flow/report/failure.h"

const char *
cw_agent_server(const struct cw_agent_certificate *certificate, const struct cw_managed *managed)
{
	if (managed == NULL || managed->servers.count == 0)
		return NULL;
	return managed->servers.items[certificate->server_index % managed->servers.count];
}

/* Whether another CA may help. */
static bool
is_of_server(const char *kind)
{
	return strcmp(kind, "ca-down") == 0 || strcmp(kind, "rate-limit") == 0 ||
	       strcmp(kind, "account") == 0;
}

/* Goes on to the next server when this one has failed for the time that the configuration names.
 * True: it is tried at once. */
static bool
change_server(struct cw_agent *agent, struct cw_agent_certificate *certificate, const char *kind,
	      int64_t now)
{
	const struct cw_managed *managed = cw_agent_managed(&agent->config, certificate->name);

	if (managed == NULL || managed->servers.count < 2 || !is_of_server(kind))
		return false;
	if (certificate->server_since == 0 || certificate->server_since > now)
		certificate->server_since = now;
	if (now - certificate->server_since < managed->server_timeout)
		return false;
	certificate->server_index =
		(certificate->server_index + 1) % (unsigned)managed->servers.count;
	certificate->server_since = 0;
	cw_log_warning("trying the next server for \"%s\": %s", certificate->name,
		       cw_agent_server(certificate, managed));
	return certificate->server_index != 0;
}

static struct json_object *
describe(struct json_object *error, int64_t now, int64_t until)
{
	struct json_object *failure = cw_json_new_object();
	struct json_object *description;

	cw_json_set_time(failure, "time", now);
	cw_json_set(failure, "error", json_object_get(error));
	description = cw_failure_describe(failure);
	if (until != 0)
		cw_json_set_time(description, "until", until);
	json_object_put(failure);
	return description;
}

/* When the CA wants to hear of it again. */
static int64_t
find_until(struct json_object *error, const char *kind, int64_t now)
{
	cw_autofree char *message = cw_failure_message(error);
	int64_t until = 0;

	if (strcmp(kind, "rate-limit") != 0 && strcmp(kind, "ca-down") != 0)
		return 0;
	until = cw_plan_time_in(cw_failure_hint(error), now);
	return until != 0 ? until : cw_plan_time_in(message, now);
}

void
cw_agent_failed(struct cw_agent *agent, struct cw_agent_certificate *certificate,
		struct json_object *error)
{
	const char *kind = cw_failure_kind(error);
	int64_t now = cw_time();
	int64_t until = find_until(error, kind, now);
	cw_autofree char *message = cw_failure_message(error);
	cw_autofree char *stamp = NULL;

	certificate->attempts++;
	json_object_put(certificate->last_failure);
	certificate->last_failure = describe(error, now, until);
	if (change_server(agent, certificate, kind, now))
		certificate->retry = now + 1;
	else
		certificate->retry =
			cw_plan_retry(kind, certificate->attempts, now, certificate->expiry, until);
	certificate->action = CW_PLAN_RETRY;
	certificate->time = certificate->retry;
	stamp = cw_format_utc(certificate->retry);
	cw_log_error("\"%s\" failed: %s; the next attempt is at %s", certificate->name, message,
		     stamp);
	cw_agent_tell(agent, certificate, "failed", kind, message, cw_failure_hint(error));
}

void
cw_agent_look_failed(struct cw_agent *agent, struct cw_agent_certificate *certificate,
		     struct json_object *error)
{
	const char *kind = cw_failure_kind(error);
	bool is_disk = strcmp(kind, "disk") == 0;
	int64_t now = cw_time(), again;
	cw_autofree char *message = cw_failure_message(error);
	cw_autofree char *stamp = NULL;

	certificate->unsettled++;
	json_object_put(certificate->last_failure);
	certificate->last_failure = describe(error, now, 0);
	again = cw_plan_retry(kind, certificate->unsettled, now, certificate->expiry, 0);
	/* What a CA would issue could not be saved. */
	if (is_disk || certificate->time > again) {
		certificate->action = CW_PLAN_CHECK;
		certificate->time = again;
	}
	stamp = cw_format_utc(again);
	cw_log_error("\"%s\" failed: %s; it is looked at again at %s", certificate->name, message,
		     stamp);
	cw_agent_tell(agent, certificate, "failed", kind, message, cw_failure_hint(error));
}

void
cw_agent_look_succeeded(struct cw_agent *agent, struct cw_agent_certificate *certificate)
{
	bool had_failed = certificate->unsettled > 0;

	certificate->unsettled = 0;
	if (!had_failed || certificate->attempts > 0)
		return;
	json_object_put(cw_take(&certificate->last_failure));
	cw_log_info("\"%s\" is well again", certificate->name);
	cw_agent_tell(agent, certificate, "recovered", "look", NULL, NULL);
}

static void
succeed(struct cw_agent *agent, struct cw_agent_certificate *certificate, struct json_object *item)
{
	bool had_failed = certificate->attempts > 0;
	const char *expiry = cw_json_string(item, "expiry");
	const char *serial = cw_json_string(item, "serial");

	cw_agent_forget_failures(certificate);
	certificate->choice = (struct cw_plan_choice){0};
	certificate->success_before = certificate->last_success;
	certificate->last_success = cw_time();
	certificate->stale = true;
	cw_log_info("\"%s\" has a new certificate, which expires at %s", certificate->name,
		    expiry != NULL ? expiry : "an unknown time");
	serial = serial != NULL ? serial : "";
	cw_agent_tell_obtained(agent, certificate, "renewed", serial, item);
	if (had_failed)
		cw_agent_tell_obtained(agent, certificate, "recovered", serial, item);
}

void
cw_agent_answer_waiters(struct cw_agent *agent, const char *name, struct json_object *error)
{
	struct cw_agent_waiter **place = &agent->waiters;
	cw_auto_error struct cw_error failure = {0};

	if (error != NULL)
		cw_json_to_error(error, &failure);
	while (*place != NULL) {
		struct cw_agent_waiter *waiter = *place;

		if (strcmp(waiter->name, name) != 0) {
			place = &waiter->next;
			continue;
		}
		*place = waiter->next;
		cw_control_answer(waiter->client, NULL, NULL, &failure);
		free(waiter->name);
		free(waiter);
	}
}

void
cw_agent_cannot_renew(const char *name, struct cw_error *error)
{
	cw_fail(error, CW_E_INVALID, "\"%s\" does not come from a CA", name);
	cw_hint(error, "it has a provided certificate, or automatic renewal is off");
}

static struct json_object *
find_result(struct json_object *result, const char *name)
{
	struct json_object *list = cw_json_array(result, "certificates");

	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (cw_equal(cw_json_string(item, "name"), name))
			return item;
	}
	return NULL;
}

/* The error of one certificate: its own, else that of the whole attempt. */
static struct json_object *
find_error(struct json_object *item, const struct cw_error *error)
{
	struct json_object *own = cw_json_object(item, "error");

	if (own != NULL)
		return json_object_get(own);
	if (item != NULL && cw_equal(cw_json_string(item, "action"), "failed"))
		return cw_json_error(error);
	return item == NULL && error->status < 0 ? cw_json_error(error) : NULL;
}

static void
take(struct cw_agent *agent, struct cw_agent_certificate *certificate, struct json_object *result,
     const struct cw_error *error)
{
	struct json_object *item = find_result(result, certificate->name);
	cw_auto_json struct json_object *failure = find_error(item, error);
	const char *server = agent->server != NULL ? agent->server : certificate->server;

	/* A certificate that is saved, but not in use, is owed by the next run. */
	if (failure == NULL && item == NULL) {
		cw_auto_error struct cw_error none = {0};

		cw_fail(&none, CW_E_IO, "the attempt had no result");
		failure = cw_json_error(&none);
	}
	cw_agent_set_failing(agent, server,
			     failure != NULL && strcmp(cw_failure_kind(failure), "ca-down") == 0);
	if (failure != NULL)
		cw_agent_failed(agent, certificate, failure);
	else
		succeed(agent, certificate, item);
	cw_agent_answer_waiters(agent, certificate->name, failure);
}

void
cw_agent_attempted(struct cw_agent *agent, struct json_object *result, const struct cw_error *error)
{
	agent->runs++;
	agent->failed_runs += error->status < 0 ? 1 : 0;
	agent->run_ms += cw_now_ms() - agent->began;
	cw_agent_count_requests(agent, result);
	for (size_t i = 0; i < agent->names.count; i++) {
		struct cw_agent_certificate *certificate =
			cw_agent_find(&agent->all, agent->names.items[i]);

		if (certificate == NULL)
			continue;
		certificate->busy = certificate->wanted = false;
		if (agent->ending)
			continue;
		take(agent, certificate, result, error);
		/* The files may be others, also after a failure. */
		certificate->stale = true;
	}
}
