/* internal.h: what is done next. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/agent/internal.h"
#include "flow/agent/look.h"
#include "flow/agent/manager.h"
#include "store/lineage.h"

enum {
	LOOK_LIMIT = 900,     /* seconds */
	ATTEMPT_LIMIT = 7200, /* propagation of DNS records, and hooks, take their time */
	BATCH_MAX = 500,      /* certificates of one attempt */
	QUIET = 1,            /* without a change, before changed files are looked at */
	PAUSE_FIRST = 10,
	PAUSE_MAX = 3600
};

/* Those who asked for a renewal of a certificate that is forgotten now. */
static void
answer_for_lost(struct cw_agent *agent, const char *name)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_json struct json_object *described = NULL;

	cw_fail(&error, CW_E_NOT_FOUND, "the agent has no certificate \"%s\" any more", name);
	described = cw_json_error(&error);
	cw_agent_answer_waiters(agent, name, described);
}

int
cw_agent_find_all(struct cw_agent *agent, bool all, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_lineage_list(agent->config.config, &names, error);

	if (status < 0)
		return status;
	for (size_t i = 0; i < agent->config.count; i++)
		cw_strv_add_unique(&names, agent->config.managed[i].name);
	for (size_t i = agent->all.count; i-- > 0;) {
		const char *name = agent->all.items[i]->name;

		if (cw_strv_contains(&names, name) || agent->all.items[i]->busy)
			continue;
		cw_log_info("\"%s\" is not here any more", name);
		answer_for_lost(agent, name);
		cw_watches_remove(agent->watches, name);
		cw_agent_remove(&agent->all, name);
	}
	for (size_t i = 0; i < names.count; i++)
		cw_agent_add(&agent->all, names.items[i])->stale |= all;
	return CW_OK;
}

void
cw_agent_find_again(struct cw_agent *agent, bool all)
{
	cw_auto_error struct cw_error error = {0};

	if (cw_agent_find_all(agent, all, &error) == CW_OK)
		return;
	cw_autofree char *line = cw_error_line(&error);
	cw_log_error("%s", line);
}

void
cw_agent_save(struct cw_agent *agent)
{
	cw_auto_error struct cw_error error = {0};

	if (cw_agent_state_save(agent->folder, &agent->all, agent->messages, &error) == CW_OK)
		return;
	cw_autofree char *line = cw_error_line(&error);
	cw_log_error("%s", line);
}

void
cw_agent_check_changed(struct cw_agent *agent, const char *name)
{
	struct cw_agent_certificate *certificate = cw_agent_find(&agent->all, name);
	cw_autofree char *seen = NULL;

	if (certificate == NULL || certificate->stale)
		return;
	certificate->changed = certificate->busy;
	if (certificate->busy)
		return;
	seen = cw_agent_seen(agent->config.config, name, cw_agent_managed(&agent->config, name));
	if (cw_equal(seen, certificate->seen))
		return;
	certificate->stale = true;
	agent->quiet = cw_time() + QUIET;
}

static void
end_work(struct cw_agent *agent)
{
	agent->working = false;
	for (size_t i = 0; i < agent->names.count; i++) {
		struct cw_agent_certificate *certificate =
			cw_agent_find(&agent->all, agent->names.items[i]);

		if (certificate == NULL)
			continue;
		certificate->busy = false;
		/* Somebody may have changed files after they were looked at. */
		if (certificate->changed)
			cw_agent_check_changed(agent, certificate->name);
		certificate->changed = false;
	}
	cw_strv_clear(&agent->names);
	for (size_t i = 0; i < agent->arguments.count; i++)
		cw_wipe(agent->arguments.items[i], strlen(agent->arguments.items[i]));
	cw_strv_clear(&agent->arguments);
	cw_json_clear(&agent->request);
	free(cw_take(&agent->server));
	/* What it has found was about certificates as they were described before. */
	if (agent->outdated)
		cw_agent_find_again(agent, true);
	agent->outdated = false;
}

/* In a child. */
static int
run_command(void *context, struct json_object *result, struct cw_error *error)
{
	struct cw_agent *agent = context;

	return agent->front->run(&agent->arguments,
				 agent->request != NULL ? &cw_agent_look_verb : NULL,
				 agent->request, result, error);
}

static void
start(struct cw_agent *agent, const char *what, int64_t limit,
      void (*done)(void *context, struct json_object *result, const struct cw_error *error))
{
	const struct cw_child_work work = {
		.what = what, .limit = limit, .run = run_command, .done = done, .context = agent};
	cw_auto_error struct cw_error error = {0};

	agent->began = cw_now_ms();
	agent->working = true;
	for (size_t i = 0; i < agent->names.count; i++)
		cw_agent_find(&agent->all, agent->names.items[i])->busy = true;
	if (cw_children_start(&agent->children, &work, &error) < 0)
		done(agent, NULL, &error);
}

static void
pause_looks(struct cw_agent *agent, const struct cw_error *error)
{
	int64_t pause = PAUSE_FIRST;
	cw_autofree char *line = cw_error_line(error);

	for (unsigned i = 0; i < agent->failed_looks && pause < PAUSE_MAX; i++)
		pause *= 2;
	agent->failed_looks++;
	agent->pause = cw_time() + (pause < PAUSE_MAX ? pause : PAUSE_MAX);
	cw_log_error("cannot look at the certificates: %s", line);
}

static void
look_done(void *context, struct json_object *result, const struct cw_error *error)
{
	struct cw_agent *agent = context;

	if (error->status < 0 && !agent->ending)
		pause_looks(agent, error);
	else
		agent->failed_looks = 0;
	if (!agent->ending)
		cw_agent_looked(agent, result);
	end_work(agent);
	cw_agent_save(agent);
	cw_agent_turn(agent);
}

static void
begin_look(struct cw_agent *agent)
{
	struct json_object *names = cw_json_new_array();

	for (size_t i = 0; i < agent->all.count; i++) {
		const struct cw_agent_certificate *certificate = agent->all.items[i];

		if (!certificate->stale)
			continue;
		cw_strv_add(&agent->names, certificate->name);
		cw_json_append(names, json_object_new_string(certificate->name));
	}
	agent->request = cw_json_new_object();
	cw_json_set(agent->request, "names", names);
	cw_json_set(agent->request, "config", json_object_get(agent->config.json));
	cw_strv_add(&agent->arguments, "renew");
	cw_strv_add_all(&agent->arguments, &agent->config.arguments);
	cw_strv_add(&agent->arguments, "--max-log-backups=0");
	cw_strv_add(&agent->arguments, "--lock-timeout=300");
	start(agent, "the look at the certificates", LOOK_LIMIT, look_done);
}

static void
attempt_done(void *context, struct json_object *result, const struct cw_error *error)
{
	struct cw_agent *agent = context;

	cw_agent_attempted(agent, result, error);
	end_work(agent);
	cw_agent_save(agent);
	cw_agent_turn(agent);
}

/* One that the configuration describes: alone, with its own options. */
static void
obtain(struct cw_agent *agent, struct cw_agent_certificate *certificate,
       const struct cw_managed *managed)
{
	const char *server = cw_agent_server(certificate, managed);

	agent->server = cw_strdup(server);
	cw_strv_add(&agent->names, certificate->name);
	cw_strv_add(&agent->arguments, managed->installs ? "run" : "certonly");
	cw_strv_add_all(&agent->arguments, &managed->arguments);
	cw_strv_addf(&agent->arguments, "--cert-name=%s", certificate->name);
	if (server != NULL)
		cw_strv_addf(&agent->arguments, "--server=%s", server);
	cw_strv_add(&agent->arguments, "--force-renewal");
	cw_strv_add(&agent->arguments, "--non-interactive");
	start(agent, "obtaining a certificate", ATTEMPT_LIMIT, attempt_done);
}

static bool
is_ready(const struct cw_agent_certificate *certificate, int64_t now)
{
	bool acts = certificate->action == CW_PLAN_RENEW || certificate->action == CW_PLAN_RETRY;

	if (certificate->stale || !certificate->obtains)
		return false;
	return certificate->wanted || (acts && certificate->time <= now);
}

/* All that have no options of their own: renewed together, with what their renewal files say. */
static void
renew(struct cw_agent *agent, int64_t now)
{
	cw_strv_add(&agent->arguments, "renew");
	cw_strv_add_all(&agent->arguments, &agent->config.arguments);
	for (size_t i = 0; i < agent->all.count && agent->names.count < BATCH_MAX; i++) {
		const struct cw_agent_certificate *certificate = agent->all.items[i];

		if (!is_ready(certificate, now) ||
		    cw_agent_managed(&agent->config, certificate->name) != NULL)
			continue;
		cw_strv_add(&agent->names, certificate->name);
		cw_strv_addf(&agent->arguments, "--cert-name=%s", certificate->name);
	}
	cw_strv_add(&agent->arguments, "--force-renewal");
	cw_strv_add(&agent->arguments, "--no-random-sleep-on-renew");
	cw_strv_add(&agent->arguments, "--lock-timeout=300");
	start(agent, "the renewal", ATTEMPT_LIMIT, attempt_done);
}

/* Whether A goes before B: one that somebody wants, then one whose CA answers, as the others may
 * take the whole time limit each, then the one that has been waiting longer. */
static bool
goes_before(const struct cw_agent *agent, const struct cw_agent_certificate *a,
	    const struct cw_agent_certificate *b)
{
	bool a_fails = cw_agent_is_failing(
		agent, cw_agent_server(a, cw_agent_managed(&agent->config, a->name)));
	bool b_fails = cw_agent_is_failing(
		agent, cw_agent_server(b, cw_agent_managed(&agent->config, b->name)));

	if (a->wanted != b->wanted)
		return a->wanted;
	if (a_fails != b_fails)
		return b_fails;
	return a->time < b->time;
}

/* The first of all. */
static struct cw_agent_certificate *
find_ready(const struct cw_agent *agent, int64_t now)
{
	struct cw_agent_certificate *found = NULL;

	for (size_t i = 0; i < agent->all.count; i++) {
		struct cw_agent_certificate *certificate = agent->all.items[i];

		if (!is_ready(certificate, now))
			continue;
		if (found == NULL || goes_before(agent, certificate, found))
			found = certificate;
	}
	return found;
}

/* What has to be looked at because its time has come, and what cannot be attempted at its time. */
static bool
mark_stale(struct cw_agent *agent, int64_t now)
{
	bool any = false;

	for (size_t i = 0; i < agent->all.count; i++) {
		struct cw_agent_certificate *certificate = agent->all.items[i];

		if ((certificate->time <= now && !is_ready(certificate, now)) ||
		    (certificate->staple != 0 && certificate->staple <= now))
			certificate->stale = true;
		any |= certificate->stale;
	}
	return any;
}

static void
begin(struct cw_agent *agent, int64_t now)
{
	struct cw_agent_certificate *ready;
	const struct cw_managed *managed;

	if (agent->working || agent->loading || agent->ending || now < agent->pause ||
	    (agent->quiet != 0 && now < agent->quiet))
		return;
	agent->quiet = 0;
	if (mark_stale(agent, now)) {
		begin_look(agent);
		return;
	}
	ready = find_ready(agent, now);
	if (ready == NULL)
		return;
	managed = cw_agent_managed(&agent->config, ready->name);
	if (managed != NULL)
		obtain(agent, ready, managed);
	else
		renew(agent, now);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
next_event(struct cw_agent *agent, int64_t now)
{
	int64_t next = cw_children_limit(&agent->children, now);

	if (agent->life != 0)
		next = earlier(next, agent->life);
	if (agent->working || agent->loading || agent->ending)
		return next;
	if (agent->quiet != 0)
		next = earlier(next, agent->quiet);
	if (now < agent->pause)
		return earlier(next, agent->pause);
	for (size_t i = 0; i < agent->all.count; i++) {
		const struct cw_agent_certificate *certificate = agent->all.items[i];

		next = earlier(next, certificate->time);
		if (certificate->staple != 0)
			next = earlier(next, certificate->staple);
	}
	return next;
}

static void
show_life(struct cw_agent *agent, int64_t now)
{
	if (agent->watchdog == 0 || now < agent->life)
		return;
	cw_manager_tell("WATCHDOG=1");
	agent->life = now + agent->watchdog;
}

static void
report(struct cw_agent *agent)
{
	size_t failing = 0;

	if (agent->working || agent->ending)
		return;
	for (size_t i = 0; i < agent->all.count; i++)
		failing += agent->all.items[i]->attempts > 0;
	cw_manager_tell("%sSTATUS=%zu certificates, %zu of them with failures",
			agent->ready ? "" : "READY=1\n", agent->all.count, failing);
	agent->ready = true;
}

void
cw_agent_turn(struct cw_agent *agent)
{
	int64_t now = cw_time(), expiring;

	if (agent->ending && !cw_children_busy(&agent->children))
		agent->done = true;
	show_life(agent, now);
	if (agent->reload && !agent->loading && !agent->ending)
		cw_agent_begin_reload(agent);
	begin(agent, now);
	expiring = cw_agent_tell_expiring(agent, now);
	expiring = earlier(expiring, cw_agent_tell_next(agent, now));
	report(agent);
	cw_alarm_set(&agent->alarm, earlier(next_event(agent, now), expiring));
}
