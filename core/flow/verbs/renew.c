#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "flow/due/decide.h"
#include "flow/due/survey.h"
#include "flow/verbs/renew_internal.h"
#include "flow/work/batches.h"
#include "flow/work/begin.h"
#include "flow/work/deploy_hooks.h"
#include "flow/work/hooks.h"
#include "flow/work/jobs.h"
#include "flow/work/network_process.h"
#include "store/memory.h"

/* "renew" from a timer spreads the load on the CA: one sleep of up to eight minutes. */
#define RANDOM_SLEEP_MAX (8 * 60 * 1000)
/* Bytes of names in a line of the log that tells which are not due. */
#define KEPT_LINE 2000
/* Due certificates whose settings are in memory at the same time. */
#define WAVE 400

static void
refuse(struct renewal *renewal, const struct cw_request *request, const struct cw_error *error)
{
	cw_renewal_failed(renewal, request, error);
	cw_json_append(renewal->certificates, cw_describe_request(request, "failed", error));
}

/* Makes the requests of the next wave, from the name NEXT on. */
static void
load_wave(struct renewal *renewal, size_t next)
{
	for (size_t i = next; i < renewal->due_names.count && i < next + WAVE; i++) {
		struct cw_request *request =
			cw_renewal_request_new(renewal, renewal->due_names.items[i]);
		cw_auto_error struct cw_error error = {0};

		if (cw_renewal_request_load(renewal, request, &error) == CW_OK) {
			renewal->due[renewal->due_count++] = request;
			continue;
		}
		renewal->refused++;
		refuse(renewal, request, &error);
		cw_request_free(request);
	}
}

/* One line for many: a line for each would be a good part of what all the looking costs. */
static void
log_kept(struct renewal *renewal)
{
	if (renewal->kept.length > 0)
		cw_log_debug("not due:%s", cw_buf_text(&renewal->kept));
	cw_buf_truncate(&renewal->kept, 0);
}

static void
survey_kept(void *user, const struct cw_surveyed *lineage)
{
	struct renewal *renewal = user;
	cw_autofree char *expiry = NULL;
	struct json_object *description;
	struct cw_request *request;

	cw_buf_add_char(&renewal->kept, ' ');
	cw_buf_add_text(&renewal->kept, lineage->name);
	if (renewal->kept.length >= KEPT_LINE)
		log_kept(renewal);
	if (lineage->has_steps)
		cw_strv_add(&renewal->stepping, lineage->name);
	if (renewal->skipped != NULL &&
	    !json_object_object_get_ex(renewal->owed, lineage->name, NULL)) {
		cw_autofree char *line = NULL;

		expiry = cw_format_utc(lineage->expiry);
		line = cw_format("%s expires on %.10s", lineage->fullchain, expiry);
		cw_json_append(renewal->skipped, json_object_new_string(line));
		return;
	}
	request = cw_request_new(lineage->name, renewal->context->settings);
	cw_lineage_load(renewal->context->directories.config, lineage->name, &request->lineage,
			NULL);
	description = cw_describe_request(request, "kept", NULL);
	cw_json_append(renewal->certificates, description);
	cw_renewal_note_owed(renewal, request->name, description);
	cw_request_free(request);
}

static void
survey_due(void *user, const char *name)
{
	struct renewal *renewal = user;

	cw_strv_add(&renewal->due_names, name);
}

static void
survey_failed(void *user, const char *name, const struct cw_error *error)
{
	struct renewal *renewal = user;
	struct cw_request *request = cw_renewal_request_new(renewal, name);

	/* For its description, if it can be read. */
	cw_lineage_load(renewal->context->directories.config, name, &request->lineage, NULL);
	refuse(renewal, request, error);
	cw_request_free(request);
}

static void
request_done(void *user, struct cw_request *request)
{
	struct renewal *renewal = user;
	bool failed = request->error.status != CW_OK;

	if (request->lost && !renewal->again)
		return;
	renewal->done++;
	if (renewal->context->progress != NULL)
		renewal->context->progress(renewal->context->output, "renewing", renewal->done,
					   renewal->due_names.count - renewal->refused);
	if (failed) {
		cw_renewal_failed(renewal, request, &request->error);
	} else {
		renewal->successes++;
		if (!request->dry_run)
			cw_memory_forget(renewal->context->directories.work, request->name);
		cw_names_all(&request->names, &renewal->renewed);
	}
	cw_json_append(renewal->certificates, json_object_get(request->result));
	cw_deploy_done(renewal->context, renewal->hooks, request);
}

static bool
sleeps_first(const struct renewal *renewal)
{
	const struct cw_settings *settings = renewal->context->settings;

	return cw_settings_flag(settings, "random_sleep_on_renew") && !isatty(STDIN_FILENO) &&
	       !cw_settings_flag(settings, "dry_run");
}

static int
random_sleep(struct renewal *renewal, struct cw_error *error)
{
	int64_t until;

	if (!sleeps_first(renewal))
		return CW_OK;
	until = cw_now_ms() + (int64_t)cw_random_below(RANDOM_SLEEP_MAX);
	cw_log_info("not on a terminal: waiting %d seconds before the first renewal",
		    (int)((until - cw_now_ms()) / 1000));
	while (cw_now_ms() < until) {
		int status = cw_loop_turn(renewal->loop, until - cw_now_ms(), error);

		if (status < 0)
			return status;
	}
	return CW_OK;
}

/* Renews COUNT of them, MOST together. */
static int
run_jobs(struct renewal *renewal, struct cw_request *const *requests, size_t count, size_t most,
	 struct cw_error *error)
{
	int64_t jobs = cw_settings_int(renewal->context->settings, "jobs", CW_JOBS_DEFAULT);
	cw_auto(cw_batches_clear) struct cw_batches batches = {0};

	cw_batches_make(renewal->context, requests, count, most, &batches);
	return cw_jobs_run(renewal->context, batches.items, batches.count,
			   jobs < 1 ? 1 : (size_t)jobs, request_done, renewal, error);
}

static void
report_lost(struct renewal *renewal, struct cw_request *const *wave, size_t count)
{
	renewal->again = true;
	for (size_t i = 0; i < count; i++)
		if (wave[i]->lost)
			request_done(renewal, wave[i]);
}

/* Of a batch whose plugin process died one certificate may be to blame: each is tried on its own.
 */
static int
renew_lost(struct renewal *renewal, struct cw_request *const *wave, size_t count,
	   struct cw_error *error)
{
	cw_autofree struct cw_request **lost = cw_calloc(count, sizeof(struct cw_request *));
	size_t lost_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct cw_request *request = wave[i];

		if (!request->lost)
			continue;
		if (lost_count == 0) {
			cw_autofree char *line = cw_error_line(&request->error);

			cw_log_warning("%s; trying its certificates one by one", line);
		}
		request->lost = false;
		cw_error_clear(&request->error);
		json_object_put(cw_take(&request->result));
		lost[lost_count++] = request;
	}
	renewal->again = true;
	return lost_count > 0 ? run_jobs(renewal, lost, lost_count, 1, error) : CW_OK;
}

/* Renews the due ones from the one at FIRST on. */
static int
renew_wave(struct renewal *renewal, size_t first, struct cw_error *error)
{
	struct cw_request *const *wave = &renewal->due[first];
	size_t count = renewal->due_count - first;
	int status;

	for (size_t i = 0; i < count; i++) {
		const struct cw_settings *settings = wave[i]->settings;

		cw_hooks_pre(renewal->hooks, cw_settings_get(settings, "pre_hook"));
		cw_hooks_post_later(renewal->hooks, cw_settings_get(settings, "post_hook"));
	}
	renewal->again = false;
	status = run_jobs(renewal, wave, count, CW_BATCH_MAX, error);
	if (status == CW_OK)
		return renew_lost(renewal, wave, count, error);
	report_lost(renewal, wave, count);
	return status;
}

/* Keeps of a wave what is needed for reloading servers, which each wants but once. */
static void
forget_wave(struct renewal *renewal, size_t first)
{
	size_t kept = first;

	for (size_t i = first; i < renewal->due_count; i++) {
		if (renewal->due[i]->installer != NULL)
			renewal->due[kept++] = renewal->due[i];
		else
			cw_request_free(renewal->due[i]);
	}
	renewal->due_count = kept;
}

/* After an interruption: those whose wave never came. */
static void
give_up(struct renewal *renewal, size_t next, const struct cw_error *error)
{
	for (size_t i = next; i < renewal->due_names.count; i++) {
		struct cw_request *request =
			cw_renewal_request_new(renewal, renewal->due_names.items[i]);

		refuse(renewal, request, error);
		cw_request_free(request);
	}
}

static int
renew_due(struct renewal *renewal, struct cw_error *error)
{
	cw_auto_error struct cw_error failure = {0};
	bool begun = false;
	int status = CW_OK;

	renewal->due = cw_calloc(renewal->due_names.count +
					 (size_t)json_object_object_length(renewal->owed) + 1,
				 sizeof(struct cw_request *));
	if (renewal->due_names.count > 0 && !sleeps_first(renewal))
		cw_network_start(cw_context_network(renewal->context));
	for (size_t next = 0; next < renewal->due_names.count && status == CW_OK; next += WAVE) {
		size_t first = renewal->due_count;

		load_wave(renewal, next);
		if (renewal->due_count == first)
			continue;
		if (!begun) {
			begun = true;
			status = random_sleep(renewal, error);
			if (status < 0)
				break;
		}
		status = renew_wave(renewal, first, &failure);
		forget_wave(renewal, first);
		if (status < 0) {
			give_up(renewal, next + WAVE, &failure);
			cw_error_move(error, &failure);
		}
	}
	if (status == CW_OK)
		cw_renewal_pay_owed(renewal);
	if (status == CW_OK && renewal->due_count > 0)
		cw_renewal_update_servers(renewal);
	if (status == CW_OK)
		cw_renewal_step_hsts(renewal);
	if (begun)
		cw_hooks_post(renewal->hooks, &renewal->renewed, &renewal->failed);
	return status;
}

static void
release(struct renewal *renewal)
{
	for (size_t i = 0; i < renewal->due_count; i++)
		cw_request_free(renewal->due[i]);
	for (size_t i = 0; i < renewal->account_count; i++)
		cw_account_free(renewal->accounts[i]);
	free(renewal->due);
	free(renewal->accounts);
	cw_error_clear(&renewal->failures);
	cw_buf_clear(&renewal->kept);
	cw_strv_clear(&renewal->selected);
	cw_strv_clear(&renewal->due_names);
	cw_json_clear(&renewal->owed);
	cw_strv_clear(&renewal->stepping);
	cw_strv_clear(&renewal->shared);
	cw_strv_clear(&renewal->renewed);
	cw_strv_clear(&renewal->failed);
	cw_strv_clear(&renewal->unused);
	cw_hooks_free(renewal->hooks);
}

int
cw_check_renew(const struct cw_settings *settings, struct cw_error *error)
{
	if (cw_settings_list(settings, "domains")->count == 0 &&
	    cw_settings_list(settings, "ip_addresses")->count == 0)
		return CW_OK;
	cw_fail(error, CW_E_USAGE,
		"renew does not accept names: a certificate is renewed for the names it has");
	cw_hint(error, "select a certificate with --cert-name, or change its names with certonly");
	return CW_E_USAGE;
}

/* Only those of --cert-name, if it is given. */
static int
select_names(struct cw_strv *names, const char *only, struct cw_strv *wanted,
	     struct cw_error *error)
{
	if (only == NULL)
		return CW_OK;
	if (cw_strv_contains(names, only))
		cw_strv_add(wanted, only);
	else
		cw_strv_split(wanted, only, ',');
	for (size_t i = 0; i < wanted->count; i++) {
		if (cw_strv_contains(names, wanted->items[i]))
			continue;
		cw_fail(error, CW_E_NOT_FOUND, "there is no certificate \"%s\"", wanted->items[i]);
		cw_hint(error, "see: certwright certificates");
		return CW_E_NOT_FOUND;
	}
	cw_strv_copy(names, wanted);
	return CW_OK;
}

static int
renew_all(struct renewal *renewal, struct json_object *result, struct cw_error *error)
{
	struct cw_context *context = renewal->context;
	const char *only = cw_settings_get(context->settings, "certname");
	struct cw_survey_calls calls = {
		.kept = survey_kept, .due = survey_due, .failed = survey_failed, .user = renewal};
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_lineage_list(context->directories.config, &names, error);

	if (status == CW_OK)
		status = select_names(&names, only, &renewal->selected, error);
	if (status < 0)
		return status;
	if (names.count == 0)
		cw_log_info("No certificates were found in %s.", context->directories.config);
	renewal->certificates = cw_json_new_array();
	cw_json_set(result, "certificates", renewal->certificates);
	renewal->hsts_steps = cw_json_new_array();
	cw_json_set(result, "hsts_steps", renewal->hsts_steps);
	/* An object for each of very many that nobody will read costs more than all the rest. */
	if (!cw_settings_flag(context->settings, "json")) {
		renewal->skipped = cw_json_new_array();
		cw_json_set(result, "skipped", renewal->skipped);
	}
	cw_renewal_find_owed(renewal);
	status = cw_survey(context, renewal->loop, renewal->hooks, &names, &calls, &renewal->shared,
			   error);
	log_kept(renewal);
	cw_strv_clear(&names);
	if (status < 0)
		return status;
	status = renew_due(renewal, error);
	return status == CW_OK ? cw_renewal_outcome(renewal, error) : status;
}

int
cw_flow_renew(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct renewal renewal = {.context = context};
	int status;

	renewal.loop = context->loop;
	renewal.hooks = cw_flow_hooks(context, renewal.loop);
	status = renew_all(&renewal, result, error);
	release(&renewal);
	return status;
}
