/* internal.h: what looks have found. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/agent/internal.h"
#include "flow/report/state.h"

static char *
copy_string(struct json_object *object, const char *key)
{
	return cw_strdup(cw_json_string(object, key));
}

/* FOLDER, or as long as it does not exist, the folder that it will come to be in. */
static void
watch_nearest(struct cw_agent *agent, const char *name, const char *folder)
{
	cw_autofree char *path = cw_strdup(folder);

	while (access(path, F_OK) != 0 && strcmp(path, "/") != 0 && strcmp(path, ".") != 0) {
		char *parent = cw_path_folder(path);

		free(path);
		path = parent;
	}
	cw_watches_add(agent->watches, name, path);
}

void
cw_agent_watch_provided(struct cw_agent *agent, const char *name)
{
	const struct cw_managed *managed = cw_agent_managed(&agent->config, name);

	if (managed != NULL && managed->provided != NULL)
		watch_nearest(agent, name, managed->provided);
}

/* The folders that belong to it, again, as they may have been replaced. */
static void
watch_folders(struct cw_agent *agent, struct cw_agent_certificate *certificate)
{
	const struct cw_managed *managed = cw_agent_managed(&agent->config, certificate->name);
	cw_autofree char *live = cw_format("%s/live/%s", agent->config.config, certificate->name);

	if (managed == NULL)
		return;
	cw_watches_remove(agent->watches, certificate->name);
	cw_watches_add(agent->watches, certificate->name, live);
	cw_agent_watch_provided(agent, certificate->name);
	/* Between the look and this nobody would have told of a change. */
	certificate->changed = true;
}

/* Somebody hears of what is wrong with a provided certificate, and when it is well again. */
static void
judge_provided(struct cw_agent *agent, struct cw_agent_certificate *certificate,
	       struct json_object *looked)
{
	const char *problem = cw_json_string(looked, "problem");
	const char *hint = cw_json_string(looked, "hint");

	if (problem == NULL && certificate->problem != NULL) {
		cw_log_info("the provided certificate for \"%s\" is right again",
			    certificate->name);
		cw_agent_tell(agent, certificate, "recovered", "provided", NULL, NULL);
	} else if (problem != NULL && !cw_equal(problem, certificate->problem)) {
		cw_log_warning("the provided certificate for \"%s\" is wrong: %s",
			       certificate->name, problem);
		cw_agent_tell(agent, certificate, "provided-certificate-wrong", problem, problem,
			      hint);
	}
	free(certificate->problem);
	certificate->problem = cw_strdup(problem);
}

static void
refuse_waiters(struct cw_agent *agent, struct cw_agent_certificate *certificate,
	       struct json_object *error)
{
	cw_auto_error struct cw_error refusal = {0};
	cw_auto_json struct json_object *described = NULL;

	cw_agent_cannot_renew(certificate->name, &refusal);
	described = cw_json_error(&refusal);
	certificate->wanted = false;
	cw_agent_answer_waiters(agent, certificate->name, error != NULL ? error : described);
}

/* It cannot be renewed as its renewal file says; with what the configuration says, it may be. */
static void
fail_to_plan(struct cw_agent *agent, struct cw_agent_certificate *certificate,
	     struct json_object *error)
{
	int64_t earliest = cw_plan_earliest(certificate->last_success, certificate->success_before,
					    certificate->not_before, certificate->expiry);

	cw_agent_failed(agent, certificate, error);
	if (certificate->retry < earliest)
		certificate->time = certificate->retry = earliest;
}

static void
take(struct cw_agent *agent, struct cw_agent_certificate *certificate, struct json_object *looked)
{
	struct json_object *status = cw_json_object(looked, "status");
	struct json_object *error = cw_json_object(looked, "error");

	free(certificate->text);
	certificate->text = cw_strdup(cw_json_text(status));
	free(certificate->seen);
	certificate->seen = copy_string(looked, "seen");
	free(certificate->server);
	certificate->server = copy_string(status, "server");
	certificate->is_lineage = cw_json_bool(looked, "lineage", false);
	certificate->staple = cw_json_int(looked, "staple", 0);
	if (!cw_state_time(status, "expiry", &certificate->expiry))
		certificate->expiry = 0;
	if (!cw_state_time(status, "not_before", &certificate->not_before))
		certificate->not_before = 0;
	certificate->stale = false;
	if (cw_json_int(looked, "end", 0) != 0)
		cw_agent_set_failing(agent, certificate->server, false);
	else if (cw_json_bool(looked, "unanswered", false))
		cw_agent_set_failing(agent, certificate->server, true);
	judge_provided(agent, certificate, looked);
	watch_folders(agent, certificate);
	/* What failed at a CA does not count any more, also when that is asked again one day. */
	if (cw_json_bool(looked, "provided", false) && !cw_json_bool(looked, "obtains", false))
		cw_agent_forget_failures(certificate);
	cw_agent_plan(agent, certificate, looked);
	if (error == NULL)
		cw_agent_look_succeeded(agent, certificate);
	else if (cw_json_bool(looked, "unsettled", false) ||
		 cw_agent_managed(&agent->config, certificate->name) == NULL)
		cw_agent_look_failed(agent, certificate, error);
	else
		fail_to_plan(agent, certificate, error);
	if (certificate->wanted && !certificate->obtains)
		refuse_waiters(agent, certificate, error);
}

/* What happened while the clock was ahead says nothing: the next moments would be then. */
static void
forget_future(struct cw_agent_certificate *certificate)
{
	int64_t now = cw_time(), failed;

	if (certificate->last_failure != NULL &&
	    cw_state_time(certificate->last_failure, "time", &failed) && failed > now)
		certificate->retry = 0;
	if (certificate->last_success > now)
		certificate->last_success = certificate->success_before = 0;
}

/* What there is to wait for before the next attempt. IS_NEEDED: there is no certificate of a CA, or
 * it lacks a name. */
static void
put_off(struct cw_agent_certificate *certificate, bool is_needed)
{
	int64_t earliest;

	forget_future(certificate);
	earliest = cw_plan_earliest(certificate->last_success, certificate->success_before,
				    certificate->not_before, certificate->expiry);
	if (!is_needed && certificate->expiry > cw_time() && certificate->time < earliest)
		certificate->time = earliest;
	if (certificate->retry > certificate->time) {
		certificate->action = CW_PLAN_RETRY;
		certificate->time = certificate->retry;
	}
}

void
cw_agent_plan(struct cw_agent *agent, struct cw_agent_certificate *certificate,
	      struct json_object *looked)
{
	const struct cw_managed *managed = cw_agent_managed(&agent->config, certificate->name);
	bool provided = cw_json_bool(looked, "provided", false);
	bool obtains = cw_json_bool(looked, "obtains", false);
	int64_t check = cw_json_int(looked, "check", CW_PLAN_NEVER);
	const struct cw_plan_facts facts = {
		.now = cw_time(),
		.expiry = certificate->expiry,
		.is_renewed =
			!provided && (managed != NULL || cw_json_bool(looked, "renewed", false)),
		.due = obtains || cw_json_bool(looked, "due", false),
		.when = cw_json_int(looked, "when", 0),
		.by_interval = cw_json_bool(looked, "by_interval", false),
		.start = cw_json_int(looked, "start", 0),
		.end = cw_json_int(looked, "end", 0),
		.ask_again = cw_json_int(looked, "ask_again", 0),
		.unanswered = cw_json_bool(looked, "unanswered", false),
	};

	certificate->obtains =
		obtains || (certificate->is_lineage && !provided && facts.is_renewed);
	certificate->action = CW_PLAN_CHECK;
	certificate->time = CW_PLAN_NEVER;
	/* A lineage that cannot be read has no times. */
	if (facts.due || (facts.is_renewed && facts.when != 0))
		certificate->action =
			cw_plan_next(&facts, &certificate->choice, &certificate->time);
	if (certificate->action == CW_PLAN_RENEW)
		put_off(certificate, obtains || cw_json_bool(looked, "lacks", false));
	if (check < certificate->time) {
		certificate->action = CW_PLAN_CHECK;
		certificate->time = check;
	}
}

void
cw_agent_looked(struct cw_agent *agent, struct json_object *result)
{
	struct json_object *looked = cw_json_array(result, "looked");
	size_t count = looked != NULL ? json_object_array_length(looked) : 0;

	cw_agent_count_requests(agent, result);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(looked, i);
		const char *name = cw_json_string(item, "name");
		struct cw_agent_certificate *certificate =
			name != NULL ? cw_agent_find(&agent->all, name) : NULL;

		if (certificate != NULL)
			take(agent, certificate, item);
	}
}
