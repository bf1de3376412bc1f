#include "flow/due/survey.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/due/lineage_facts.h"
#include "flow/due/lineage_settings.h"
#include "flow/due/revocation.h"
#include "flow/work/deploy_hooks.h"
#include "store/rewrite.h"

#define GROUP 500 /* lineages that the CAs are asked about together */

/* A lineage that is not due by itself: the CA has to be asked. */
struct pending {
	char *name;
	struct cw_lineage_facts seen;
	enum cw_advice advice;
	int64_t ask_again;
	int64_t start, end; /* the CA's window; 0: it did not say */
	bool unanswered;
	bool is_due;
};

struct survey {
	struct cw_context *context;
	struct cw_loop *loop;
	struct cw_hooks *hooks;
	const struct cw_survey_calls *calls;
	struct cw_strv *shared;
	struct cw_strv claimed;       /* archive folders that are not of their lineages' names */
	struct cw_strv known_hooks;   /* that can be run */
	struct cw_strv missing_hooks; /* what was said of others */
	struct cw_advisors *advisors;
	struct cw_strv silent_responders; /* URLs of OCSP responders */
	struct cw_rewrite *rewrite;
	bool take_all; /* every lineage is due */
	struct pending pending[GROUP];
	size_t count;
};

int
cw_refuse_shared_archive(const struct cw_lineage *lineage, const struct cw_strv *shared,
			 struct cw_error *error)
{
	if (!cw_strv_contains(shared, lineage->archive))
		return CW_OK;
	cw_fail(error, CW_E_INVALID, "another certificate also uses the archive folder \"%s\"",
		lineage->archive);
	cw_hint(error, "give each certificate its own archive folder, or delete one of them");
	return CW_E_INVALID;
}

/* As it is made, a lineage has the archive of its name; only others are looked into. */
static int
check_archive(struct survey *survey, const struct cw_lineage *lineage, struct cw_error *error)
{
	const char *base = cw_path_base(lineage->archive);
	cw_auto_lineage struct cw_lineage *other = NULL;

	if (strcmp(base, lineage->name) != 0) {
		cw_lineage_open(lineage->config_dir, base, &other, NULL);
		if (!cw_strv_add_unique(&survey->claimed, lineage->archive) ||
		    (other != NULL && strcmp(other->archive, lineage->archive) == 0))
			cw_strv_add_unique(survey->shared, lineage->archive);
	}
	return cw_refuse_shared_archive(lineage, survey->shared, error);
}

/* Recovery of an interrupted switch is part of renewing; its deploy hooks are due then. */
static int
recover(struct survey *survey, struct cw_lineage *lineage, struct cw_error *error)
{
	struct cw_request *request;
	bool changed = false;
	int status = CW_OK;

	if (lineage->unsettled)
		status = cw_lineage_recover(lineage, &changed, error);
	if (status == CW_OK && lineage->newest > lineage->version) {
		status = cw_lineage_switch(lineage, lineage->newest, error);
		changed = true;
	}
	if (status < 0 || !changed)
		return status;
	cw_log_warning("completed the interrupted switch of \"%s\" to its new version",
		       lineage->name);
	request = cw_request_new(lineage->name, survey->context->settings);
	request->lineage = lineage;
	status = cw_deploy_lineage(survey->context, survey->hooks, request, error);
	request->lineage = NULL;
	cw_request_free(request);
	return status;
}

static struct cw_surveyed
describe(const char *name, const struct cw_lineage_facts *seen)
{
	return (struct cw_surveyed){.name = name,
				    .fullchain = seen->fullchain,
				    .expiry = seen->due.expiry,
				    .has_steps = seen->has_steps,
				    .is_renewed = seen->is_renewed,
				    .when = seen->due.when,
				    .by_interval = seen->due.by_interval,
				    .ask_again = seen->ask_again};
}

static void
judge(struct survey *survey, const char *name, struct cw_lineage_facts *seen)
{
	const struct cw_survey_calls *calls = survey->calls;
	struct pending *pending;

	if (survey->take_all) {
		calls->due(calls->user, name);
	} else if (!seen->is_renewed) {
		struct cw_surveyed kept = describe(name, seen);

		calls->kept(calls->user, &kept);
	} else if (cw_due_anyway(&seen->due, cw_time())) {
		calls->due(calls->user, name);
	} else {
		pending = &survey->pending[survey->count++];
		*pending = (struct pending){.name = cw_strdup(name), .seen = *seen};
		pending->advice = seen->ask_again != 0 ? CW_ADVICE_WAIT : CW_ADVICE_NONE;
		*seen = (struct cw_lineage_facts){0};
	}
}

/* What does not keep the lineage from being renewed, but will be missed then. */
static void
warn_of(struct survey *survey, const struct cw_lineage *lineage,
	const struct cw_lineage_facts *seen)
{
	cw_auto_error struct cw_error error = {0};

	if (seen->due.is_unclear)
		cw_log_warning("%s: renew_before_expiry is not an interval such as \"30 days\" or "
			       "\"1 month 3 days\"; using the certificate's lifetime instead",
			       lineage->renewal_path);
	/* The same hook of many certificates is told once. */
	if (!survey->calls->asked_for &&
	    cw_flow_check_saved_hooks(survey->context->settings, lineage, &survey->known_hooks,
				      &error) < 0 &&
	    cw_strv_add_unique(&survey->missing_hooks, error.message))
		cw_log_warning("%s for renewing \"%s\"; to change it: certwright reconfigure "
			       "--cert-name %s",
			       error.message, lineage->name, lineage->name);
}

static int
look_at(struct survey *survey, const char *name, struct cw_lineage_facts *seen,
	struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	int status = cw_lineage_load(survey->context->directories.config, name, &lineage, error);

	if (status == CW_OK)
		status = cw_lineage_check_permissions(lineage, error);
	if (status == CW_OK)
		status = check_archive(survey, lineage, error);
	if (status == CW_OK && !cw_settings_flag(survey->context->settings, "dry_run"))
		status = recover(survey, lineage, error);
	if (status == CW_OK)
		status = cw_lineage_facts_read(survey->context, lineage, survey->calls->asked_for,
					       seen, error);
	if (status == CW_OK)
		warn_of(survey, lineage, seen);
	return status;
}

static void
consider(struct survey *survey, const char *name)
{
	cw_auto_lineage_facts struct cw_lineage_facts seen = {0};
	cw_auto_error struct cw_error error = {0};
	int status = look_at(survey, name, &seen, &error);

	if (status == CW_OK)
		judge(survey, name, &seen);
	else
		survey->calls->failed(survey->calls->user, name, &error);
}

static int
ask_for_advice(struct survey *survey, struct cw_error *error)
{
	cw_autofree struct cw_advice_wanted *wanted = cw_calloc(survey->count, sizeof(*wanted));
	cw_autofree struct pending **of = cw_calloc(survey->count, sizeof(struct pending *));
	size_t count = 0;
	int status;

	for (size_t i = 0; i < survey->count; i++) {
		struct pending *pending = &survey->pending[i];

		if (pending->seen.server == NULL)
			continue;
		wanted[count].name = pending->name;
		wanted[count].server = pending->seen.server;
		wanted[count].certificate_id = pending->seen.certificate_id;
		of[count++] = pending;
	}
	if (count == 0)
		return CW_OK;
	if (survey->advisors == NULL)
		survey->advisors = cw_advisors_new(survey->context);
	status = cw_advisors_ask(survey->advisors, wanted, count, error);
	for (size_t i = 0; i < count; i++) {
		of[i]->advice = wanted[i].advice;
		of[i]->ask_again = wanted[i].ask_again;
		of[i]->start = wanted[i].start;
		of[i]->end = wanted[i].end;
		of[i]->unanswered = wanted[i].unanswered;
	}
	return status;
}

static int
ask_for_revocations(struct survey *survey, struct cw_error *error)
{
	cw_autofree struct cw_revocation *asked = cw_calloc(survey->count, sizeof(*asked));
	cw_autofree struct pending **of = cw_calloc(survey->count, sizeof(struct pending *));
	size_t count = 0;
	int status;

	for (size_t i = 0; i < survey->count; i++) {
		struct pending *pending = &survey->pending[i];

		if (pending->is_due || pending->seen.certificate == NULL)
			continue;
		asked[count].keeps_response = survey->calls->response != NULL;
		asked[count].certificate = pending->seen.certificate;
		asked[count].chain = pending->seen.chain;
		of[count++] = pending;
	}
	if (count == 0)
		return CW_OK;
	status = cw_revocations_ask(survey->context, asked, count, &survey->silent_responders,
				    error);
	for (size_t i = 0; i < count; i++) {
		of[i]->is_due = asked[i].revoked;
		if (survey->calls->response != NULL && asked[i].response.length > 0)
			survey->calls->response(survey->calls->user, of[i]->name,
						&asked[i].response);
		cw_buf_clear(&asked[i].response);
		if (asked[i].revoked)
			cw_log_warning("the certificate \"%s\" is revoked and will be renewed",
				       of[i]->name);
	}
	return status;
}

static int
rewrite_config(struct survey *survey, const struct pending *pending, struct cw_error *error)
{
	const char *config_dir = survey->context->directories.config;
	cw_autofree char *file = cw_format("%s.conf", pending->name);
	cw_autofree char *path = cw_format("%s/renewal/%s", config_dir, file);
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_buf struct cw_buf text = {0};
	int status;

	/* A time in the place of another, as it is from the second run on. */
	if (cw_ask_again_overwrite(path, &pending->seen.place, pending->ask_again))
		return CW_OK;
	status = cw_lineage_open(config_dir, pending->name, &lineage, error);
	if (status < 0)
		return status;
	cw_ask_again_write(lineage->config, pending->ask_again);
	status = cw_configobj_check(lineage->config, error);
	if (status < 0)
		return status;
	cw_configobj_write(lineage->config, &text);
	return cw_rewrite_add(survey->rewrite, file, cw_buf_text(&text), text.length, error);
}

/* A hint for later runs: a lineage where it cannot be kept is asked about again. */
static void
keep_ask_again(struct survey *survey, const struct pending *pending)
{
	cw_auto_error struct cw_error error = {0};

	if (rewrite_config(survey, pending, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_debug("cannot save when to ask about \"%s\" again: %s", pending->name, line);
	}
}

static void
settle(struct survey *survey, const struct pending *pending)
{
	struct cw_surveyed kept = describe(pending->name, &pending->seen);

	kept.start = pending->start;
	kept.end = pending->end;
	kept.unanswered = pending->unanswered;
	if (pending->ask_again != 0)
		kept.ask_again = pending->ask_again;
	if (pending->is_due) {
		survey->calls->due(survey->calls->user, pending->name);
		return;
	}
	/* Somebody who asked for the certificate may still cancel, which changes nothing. */
	if (pending->ask_again != 0 &&
	    !(survey->calls->asked_for && survey->context->asker->interactive))
		keep_ask_again(survey, pending);
	survey->calls->kept(survey->calls->user, &kept);
}

static void
forget(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		struct pending *pending = &survey->pending[i];

		free(pending->name);
		cw_lineage_facts_clear(&pending->seen);
	}
	survey->count = 0;
}

static int
settle_group(struct survey *survey, struct cw_error *error)
{
	int64_t now = cw_time();
	int status;

	if (survey->count == 0)
		return CW_OK;
	status = ask_for_advice(survey, error);
	for (size_t i = 0; i < survey->count; i++) {
		struct pending *pending = &survey->pending[i];

		pending->is_due = !survey->calls->plans &&
				  cw_due_decide(&pending->seen.due, pending->advice, now);
	}
	if (status == CW_OK)
		status = ask_for_revocations(survey, error);
	for (size_t i = 0; i < survey->count && status == CW_OK; i++)
		settle(survey, &survey->pending[i]);
	forget(survey);
	return status;
}

static void
commit(struct survey *survey)
{
	cw_auto_error struct cw_error error = {0};

	if (cw_rewrite_commit(survey->rewrite, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_warning("cannot save when to ask the CA again: %s", line);
	}
}

int
cw_survey(struct cw_context *context, struct cw_loop *loop, struct cw_hooks *hooks,
	  const struct cw_strv *names, const struct cw_survey_calls *calls, struct cw_strv *shared,
	  struct cw_error *error)
{
	cw_autofree struct survey *survey = cw_alloc(sizeof(*survey));
	cw_autofree char *folder = cw_format("%s/renewal", context->directories.config);
	int status = CW_OK;

	survey->context = context;
	survey->loop = loop;
	survey->hooks = hooks;
	survey->calls = calls;
	survey->shared = shared;
	survey->rewrite = cw_rewrite_new(folder);
	survey->take_all = cw_settings_flag(context->settings, "dry_run") ||
			   cw_settings_flag(context->settings, "renew_by_default");
	for (size_t i = 0; i < names->count && status == CW_OK; i++) {
		consider(survey, names->items[i]);
		if (cw_interrupted())
			status = cw_fail(error, CW_E_CANCELLED, "interrupted");
		else if (survey->count == GROUP || i + 1 == names->count)
			status = settle_group(survey, error);
	}
	forget(survey);
	if (status == CW_OK)
		commit(survey);
	cw_rewrite_free(survey->rewrite);
	cw_advisors_free(survey->advisors);
	cw_strv_clear(&survey->claimed);
	cw_strv_clear(&survey->silent_responders);
	cw_strv_clear(&survey->known_hooks);
	cw_strv_clear(&survey->missing_hooks);
	return status;
}
