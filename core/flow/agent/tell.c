/* internal.h: telling somebody, with the notify hook. */
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "flow/agent/internal.h"
#include "flow/report/state.h"

enum { DAY = 24 * 3600, HOOK_LIMIT = 60, QUEUE_MAX = 1000, WAIT_FIRST = 60, WAIT_MAX = 3600 };

/* Whether nobody was told KEY today; remembers that it is told now. Old entries are dropped. */
static bool
is_new(struct cw_agent_certificate *certificate, const char *key, int64_t now)
{
	struct json_object *told = cw_json_new_object();
	bool known = false;

	if (certificate->told != NULL) {
		json_object_object_foreach(certificate->told, name, when)
		{
			int64_t time = json_object_get_int64(when);

			if (now - time >= DAY || time > now)
				continue;
			cw_json_set_int(told, name, time);
			known |= strcmp(name, key) == 0;
		}
	}
	if (!known)
		cw_json_set_int(told, key, now);
	json_object_put(certificate->told);
	certificate->told = told;
	return !known;
}

static struct json_object *
describe(struct cw_agent *agent, const struct cw_agent_certificate *certificate, const char *event,
	 const char *message, const char *hint)
{
	struct json_object *object = cw_json_new_object();
	cw_auto_json struct json_object *status = NULL;
	struct json_object *domains;

	if (certificate->text != NULL)
		cw_json_parse(certificate->text, strlen(certificate->text), "it", &status, NULL);
	domains = cw_json_array(status, "domains");
	cw_json_set_string(object, "event", event);
	cw_json_set_time(object, "time", cw_time());
	cw_json_set_string(object, "name", certificate->name);
	cw_json_set(object, "domains",
		    domains != NULL ? json_object_get(domains) : cw_json_new_array());
	cw_json_set_string(object, "origin", cw_json_string(status, "origin"));
	cw_json_set(object, "expiry", NULL);
	if (certificate->expiry != 0)
		cw_json_set_time(object, "expiry", certificate->expiry);
	cw_json_set_string(object, "config_dir", agent->config.config);
	cw_json_set_string(object, "message", message);
	cw_json_set_string(object, "hint", hint);
	cw_json_set(object, "failure",
		    strcmp(event, "failed") == 0 ? json_object_get(certificate->last_failure)
						 : NULL);
	return object;
}

/* NULL: somebody knows already, or nobody wants to. */
static struct json_object *
add_message(struct cw_agent *agent, struct cw_agent_certificate *certificate, const char *event,
	    const char *what, const char *message, const char *hint)
{
	cw_autofree char *key = cw_format("%s: %s", event, what);
	struct json_object *object;

	if (agent->config.notify_hook == NULL ||
	    json_object_array_length(agent->messages) >= QUEUE_MAX ||
	    !is_new(certificate, key, cw_time()))
		return NULL;
	object = describe(agent, certificate, event, message, hint);
	cw_json_append(agent->messages, object);
	return object;
}

void
cw_agent_tell(struct cw_agent *agent, struct cw_agent_certificate *certificate, const char *event,
	      const char *what, const char *message, const char *hint)
{
	add_message(agent, certificate, event, what, message, hint);
}

void
cw_agent_tell_obtained(struct cw_agent *agent, struct cw_agent_certificate *certificate,
		       const char *event, const char *what, struct json_object *obtained)
{
	struct json_object *domains = cw_json_array(obtained, "domains");
	struct json_object *object = add_message(agent, certificate, event, what, NULL, NULL);

	if (object == NULL)
		return;
	cw_json_set_string(object, "origin", "acme");
	cw_json_set_string(object, "expiry", cw_json_string(obtained, "expiry"));
	if (domains != NULL)
		cw_json_set(object, "domains", json_object_get(domains));
}

int64_t
cw_agent_tell_expiring(struct cw_agent *agent, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; agent->config.notify_hook != NULL && i < agent->all.count; i++) {
		struct cw_agent_certificate *certificate = agent->all.items[i];
		int64_t when = cw_plan_expiring(certificate->not_before, certificate->expiry);
		cw_autofree char *stamp = cw_format_utc(certificate->expiry);
		cw_autofree char *message = NULL;

		/* Once when it begins; whoever keeps failing is told of that. */
		if (certificate->expiry == 0)
			continue;
		if (when > now) {
			next = when < next ? when : next;
			continue;
		}
		message = cw_format("the certificate \"%s\" %s at %s", certificate->name,
				    certificate->expiry > now ? "expires" : "expired", stamp);
		cw_agent_tell(agent, certificate, "expiring", stamp, message, NULL);
	}
	return next;
}

/* In a child. */
static int
run_hook(void *context, struct json_object *result, struct cw_error *error)
{
	struct cw_agent *agent = context;
	const char *const argv[] = {"/bin/sh", "-c", agent->config.notify_hook, NULL};
	struct json_object *message = json_object_array_get_idx(agent->messages, 0);
	cw_autofree char *input = cw_format("%s\n", cw_json_text(message));
	struct cw_process process = {.argv = argv,
				     .input = input,
				     .input_length = strlen(input),
				     .time_limit = HOOK_LIMIT};
	int status;

	(void)result;
	status = cw_process_run_one(&process, error);
	cw_process_clear(&process);
	return status;
}

/* Whether the message that could not be told is worth telling later. */
static bool
is_recent(const struct cw_agent *agent, int64_t now)
{
	int64_t when;

	return cw_state_time(json_object_array_get_idx(agent->messages, 0), "time", &when) &&
	       now - when < DAY;
}

/* What the hook needs, the network for example, may be missing for the moment. */
static void
tell_later(struct cw_agent *agent, const struct cw_error *error, int64_t now)
{
	cw_autofree char *line = cw_error_line(error);
	cw_autofree char *stamp = NULL;
	int64_t wait = WAIT_FIRST;

	for (unsigned i = 0; i < agent->failed_hooks && wait < WAIT_MAX; i++)
		wait *= 2;
	agent->failed_hooks++;
	agent->tell_after = now + (wait < WAIT_MAX ? wait : WAIT_MAX);
	stamp = cw_format_utc(agent->tell_after);
	cw_log_warning("the notify hook failed: %s; it is run again at %s", line, stamp);
}

static void
hook_done(void *context, struct json_object *result, const struct cw_error *error)
{
	struct cw_agent *agent = context;
	int64_t now = cw_time();

	(void)result;
	if (error->status < 0 && !agent->ending)
		tell_later(agent, error, now);
	else
		agent->failed_hooks = 0;
	if (error->status == CW_OK || !is_recent(agent, now))
		json_object_array_del_idx(agent->messages, 0, 1);
	/* One that was interrupted is told again by the next agent. */
	agent->telling = false;
	cw_agent_save(agent);
	cw_agent_turn(agent);
}

int64_t
cw_agent_tell_next(struct cw_agent *agent, int64_t now)
{
	const struct cw_child_work work = {.what = "the notify hook",
					   .limit = HOOK_LIMIT + 30,
					   .is_short = true,
					   .run = run_hook,
					   .done = hook_done,
					   .context = agent};
	cw_auto_error struct cw_error error = {0};

	/* Left over from when there was a hook. */
	if (agent->config.notify_hook == NULL && !agent->telling)
		json_object_array_del_idx(agent->messages, 0,
					  json_object_array_length(agent->messages));
	if (agent->telling || agent->ending || json_object_array_length(agent->messages) == 0)
		return INT64_MAX;
	if (now < agent->tell_after)
		return agent->tell_after;
	agent->telling = true;
	if (cw_children_start(&agent->children, &work, &error) == CW_OK)
		return INT64_MAX;
	agent->telling = false;
	tell_later(agent, &error, now);
	return agent->tell_after;
}
