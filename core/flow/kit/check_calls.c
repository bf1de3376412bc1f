/* Each call of a plugin with each of its requests to the core failing, and with kill -9 at each. */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "flow/kit/check_internal.h"
#include "flow/kit/measure.h"

/* A call with more points than this is tried at these. */
enum { POINTS_MAX = 100 };

/* What a plugin cannot do its work without. */
static const struct {
	const char *service;
	bool each; /* no single one may fail; others may try again, or elsewhere */
} effects[] = {
	{"write_file", true},
	{"put_file", true},
	{"remove_file", true},
	{"checkpoint_commit", true},
	{"checkpoint_command", true},
	{"checkpoint_plugin", true},
	{"undo_remove", true},
	{"undo_command", true},
	{"undo_plugin", true},
	{"state_put", false},
	{"set_option", false},
	{"run", false},
	{"http", false},
	{"dns_exchange", false},
	{"listen", false},
	{"watch", false},
	{"read_credentials", false},
	{"read_private", false},
};

/* The calls that are there for their effect. cleanup() may go on without a word. */
static const char *const acting[] = {"perform", "names",    "deploy",      "deploy_lineage",
				     "enhance", "save",     "config_test", "reload",
				     "renewed", "undeploy", NULL};

static bool
is_in(const char *const *list, const char *word)
{
	while (*list != NULL && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

/* Whether the call of FAULT cannot succeed after it. */
static bool
has_to_fail(const struct cw_trial_fault *fault)
{
	if (!is_in(acting, fault->call))
		return false;
	for (size_t i = 0; i < CW_COUNT(effects); i++)
		if (strcmp(effects[i].service, fault->service) == 0)
			return effects[i].each || fault->first;
	return false;
}

bool
cw_life_goes_on(struct cw_check *check, struct cw_life *life, const struct cw_error *error)
{
	const struct cw_trial_fault *fault = &check->trial.fault;
	bool now = fault->call == NULL ? error->status != CW_OK : fault->happened;

	if (now && !life->noted) {
		life->noted = true;
		cw_error_copy(&life->failure, error);
	}
	return cw_trial_is_alive(&check->trial);
}

/* BEFORE: as the life found it. */
void
cw_life_note_change(struct cw_check *check, struct cw_life *life, const struct cw_strv *before)
{
	cw_auto_strv struct cw_strv now = {0};
	cw_autofree char *path = NULL;

	if (cw_snapshot(&check->trial.roots, &now, NULL) == CW_OK)
		path = cw_snapshot_difference(before, &now, false);
	life->changed |= path != NULL;
}

struct life_maker {
	cw_check_live live;
	void *context;
};

/* One life with the fault that is planned. Its process is still there afterwards, or has died. */
static void
live(struct cw_check *check, const struct life_maker *maker, struct cw_life *life)
{
	struct cw_trial *trial = &check->trial;

	*life = (struct cw_life){0};
	check->finished = false;
	maker->live(check, maker->context, life);
	if (!cw_trial_is_alive(trial))
		return;
	life->descriptors = cw_measure_descriptors(trial->pid);
	life->child = cw_measure_child(trial->pid);
}

static void
clear_life(struct cw_life *life)
{
	cw_error_clear(&life->failure);
	free(life->child);
}

/* What is wrong with how a call went that had a request fail. USUAL: a life without that. */
static bool
judge_failure(struct cw_check *check, const char *name, const struct cw_life *life,
	      const struct cw_life *usual)
{
	const struct cw_trial_fault *fault = &check->trial.fault;
	const char *call = fault->call, *service = fault->service;
	cw_auto_error struct cw_error failure = {0};
	cw_autofree char *line = NULL;

	if (fault->endless) {
		cw_check_wrong(check, name, "give up after a few attempts",
			       "\"%s\" failed in %s(), which tries it again without end", service,
			       call);
		return false;
	}
	cw_error_copy(&failure, &life->failure);
	if (failure.status != CW_OK) {
		line = cw_error_line(&failure);
		cw_context(&failure, "\"%s\" failed in %s()", service, call);
	}
	if (cw_check_died(check, name, &failure))
		return false;
	if (life->child != NULL)
		cw_check_wrong(check, name, "also end what was started if something fails",
			       "\"%s\" failed in %s(), and the process %s is left", service, call,
			       life->child);
	else if (life->descriptors > usual->descriptors)
		cw_check_wrong(check, name, "also close what was opened if something fails",
			       "\"%s\" failed in %s(), and %ld descriptors are left open", service,
			       call, life->descriptors - usual->descriptors);
	else if (life->failure.status == CW_OK && has_to_fail(fault))
		cw_check_wrong(check, name, "look at what each service returns",
			       "\"%s\" failed in %s(), which succeeds nevertheless", service, call);
	else if (life->failure.status == CW_OK && is_in(acting, call) && usual->changed &&
		 !life->changed)
		cw_check_wrong(check, name, "look at what each service returns",
			       "\"%s\" failed in %s(), which succeeds although nothing was changed",
			       service, call);
	else if (line != NULL && strstr(line, CW_CALL_IS_SILENT) != NULL)
		cw_check_wrong(check, name, "call cw_host_fail() before an error is returned",
			       "what \"%s\" asked for failed in %s(), which does not say why it "
			       "fails",
			       service, call);
	else
		return true;
	return false;
}

/* What was done before files were compared. */
static char *
describe(const struct cw_trial_fault *fault)
{
	if (fault->kind != CW_TRIAL_KILL)
		return cw_format("\"%s\" failed in %s(), cleanup and recovery", fault->service,
				 fault->call);
	if (fault->service != NULL)
		return cw_format("kill -9 at the request \"%s\" of %s(), and recovery",
				 fault->service, fault->call);
	return cw_format("kill -9 just before %s() returns, and recovery", fault->call);
}

/* One life. Returns whether the plugin keeps the contract there. */
static bool
try_point(struct cw_check *check, const struct life_maker *maker, const char *name,
	  const struct cw_life *usual, struct cw_error *error)
{
	struct cw_trial *trial = &check->trial;
	cw_auto_strv struct cw_strv before = {0};
	cw_autofree char *when = NULL;
	struct cw_life life = {0};
	bool good = true;

	if (cw_snapshot(&trial->roots, &before, error) < 0)
		return false;
	live(check, maker, &life);
	if (trial->fault.happened) {
		when = describe(&trial->fault);
		if (trial->fault.kind != CW_TRIAL_KILL)
			good = judge_failure(check, name, &life, usual);
	}
	clear_life(&life);
	cw_trial_plan(trial, CW_TRIAL_FAIL, NULL, 0);
	if (cw_trial_recover(trial, error) < 0)
		return false;
	/* The life was another one than the usual, and did not come to the point. */
	if (when == NULL)
		return true;
	return good && cw_check_unchanged(check, name, &before, when, error);
}

/* A service that is used many times, once for each name perhaps, fails often enough then. */
static bool
is_first_or_last(const struct cw_strv *points, size_t at)
{
	bool before = false, after = false;

	for (size_t i = 0; i < points->count; i++) {
		bool same = strcmp(points->items[i], points->items[at]) == 0;

		before |= same && i < at;
		after |= same && i > at;
	}
	return !before || !after;
}

/* POINTS: those of the life USUAL. */
static bool
try_points(struct cw_check *check, const struct life_maker *maker, const char *name,
	   enum cw_trial_fault_kind kind, const char *call, const struct cw_strv *points,
	   const struct cw_life *usual, struct cw_error *error)
{
	bool good = true;
	size_t number = 0;

	for (size_t i = 0; i < points->count && number < POINTS_MAX && good; i++) {
		if (!cw_trial_may_plan(points->items[i], kind, call))
			continue;
		number++;
		if (kind != CW_TRIAL_KILL && !is_first_or_last(points, i))
			continue;
		cw_trial_plan(&check->trial, kind, call, number);
		good = try_point(check, maker, name, usual, error);
	}
	return good;
}

static void
try_call(struct cw_check *check, const struct life_maker *maker, const char *call,
	 const struct cw_strv *points, const struct cw_life *usual, struct cw_error *error)
{
	cw_autofree char *failing = cw_format("failure in %s", call);
	cw_autofree char *killed = cw_format("kill -9 in %s", call);

	if (try_points(check, maker, failing, CW_TRIAL_FAIL, call, points, usual, error) &&
	    try_points(check, maker, failing, CW_TRIAL_REFUSE, call, points, usual, error))
		cw_check_ok(check, failing);
	if (error->status == CW_OK &&
	    try_points(check, maker, killed, CW_TRIAL_KILL, call, points, usual, error))
		cw_check_ok(check, killed);
}

int
cw_check_calls(struct cw_check *check, cw_check_live live_once, void *context,
	       struct cw_error *error)
{
	struct cw_trial *trial = &check->trial;
	const struct life_maker maker = {live_once, context};
	cw_auto_strv struct cw_strv points = {0};
	struct cw_life usual = {0};

	cw_trial_plan(trial, CW_TRIAL_FAIL, NULL, 0);
	cw_strv_clear(&trial->points);
	live(check, &maker, &usual);
	/* If it crashes or hangs without that, there are findings already. */
	if (cw_trial_is_alive(trial))
		cw_strv_copy(&points, &trial->points);
	cw_trial_recover(trial, error);
	for (size_t i = 0; i < points.count && error->status == CW_OK; i++) {
		const char *point = points.items[i];
		cw_autofree char *call = cw_memdup(point, strcspn(point, " "));

		if (cw_strv_add_unique(&check->tried, call))
			try_call(check, &maker, call, &points, &usual, error);
	}
	clear_life(&usual);
	return error->status;
}
