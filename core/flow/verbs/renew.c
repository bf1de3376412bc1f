#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/ask/choose_plugin.h"
#include "flow/context.h"
#include "flow/due/decide.h"
#include "flow/due/lineage_settings.h"
#include "flow/due/survey.h"
#include "flow/install/owed.h"
#include "flow/install/servers.h"
#include "flow/issue/accounts.h"
#include "flow/issue/request.h"
#include "flow/issue/save.h"
#include "flow/issue/server.h"
#include "flow/work/batches.h"
#include "flow/work/begin.h"
#include "flow/work/deploy_hooks.h"
#include "flow/work/hooks.h"
#include "flow/work/jobs.h"
#include "store/memory.h"

/* "renew" from a timer spreads the load on the CA: one sleep of up to eight minutes. */
#define RANDOM_SLEEP_MAX (8 * 60 * 1000)
/* Bytes of names in a line of the log that tells which are not due. */
#define KEPT_LINE 2000
/* Due certificates whose settings are in memory at the same time. */
#define WAVE 400

struct renewal {
	struct cw_context *context;
	struct cw_loop *loop;
	struct cw_hooks *hooks;
	struct json_object *certificates;
	struct json_object *skipped; /* NULL: all are among the certificates */
	struct cw_buf kept;          /* names that are not due, for the log */
	struct cw_strv due_names;
	struct cw_strv owed;     /* lineages whose certificates earlier runs did not put to use */
	struct cw_strv shared;   /* archive folders that several lineages have */
	struct cw_request **due; /* of this wave, behind those of earlier ones whose servers are to
				    be reloaded */
	size_t due_count;
	struct cw_account **accounts; /* each loaded once, however many lineages share it */
	size_t account_count;
	struct cw_strv renewed;
	struct cw_strv failed;
	struct cw_error failures; /* a part for each lineage that failed */
	size_t successes;
	size_t refused; /* of those that are due */
	size_t done;
	bool again; /* what the wave lost with a worker is tried on its own */
};

static void
log_detail(void *context, const char *line)
{
	(void)context;
	cw_log_error("%s", line);
}

/* For "certificates". A dry run changes nothing. */
static void
remember_failure(const struct renewal *renewal, const struct cw_request *request,
		 const struct cw_error *failure)
{
	cw_auto_error struct cw_error error = {0};

	if (!request->dry_run && cw_memory_failed(renewal->context->directories.work, request->name,
						  failure, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_warning("cannot record the failure of \"%s\": %s", request->name, line);
	}
}

/* Each failure is said at once, with all that is known, and is a part of the run's error. */
static void
add_failure(struct renewal *renewal, const struct cw_request *request, const struct cw_error *error)
{
	cw_auto_error struct cw_error part = {0};
	cw_autofree char *line = cw_error_line(error);

	cw_log_error("cannot renew \"%s\": %s", request->name, line);
	cw_error_details(error, 2, log_detail, NULL);
	remember_failure(renewal, request, error);
	cw_names_all(&request->names, &renewal->failed);
	cw_error_copy(&part, error);
	cw_error_set_identifier(&part, request->name);
	cw_error_add_part(&renewal->failures, &part);
}

static int
find_account(struct renewal *renewal, struct cw_request *request, struct cw_error *error)
{
	const char *server = cw_server_url(request->settings);
	const char *id = cw_settings_get(request->settings, "account");
	struct cw_account *account = NULL;
	bool created;
	int status;

	for (size_t i = 0; i < renewal->account_count; i++) {
		request->account = renewal->accounts[i];
		if (strcmp(request->account->server, server) == 0 &&
		    (id == NULL || cw_starts_with(request->account->id, id)))
			return CW_OK;
	}
	/* The lineage's account is one at the lineage's server. */
	if (!cw_request_is_for_issuer(request) &&
	    cw_settings_source(request->settings, "account") == CW_SOURCE_RENEWAL)
		cw_settings_reset(request->settings, "account");
	status = cw_account_acquire(renewal->context, request->settings, request->dry_run, &account,
				    &created, error);
	if (status < 0)
		return status;
	renewal->accounts =
		cw_realloc(renewal->accounts, renewal->account_count + 1, sizeof(account));
	renewal->accounts[renewal->account_count++] = account;
	request->account = account;
	return CW_OK;
}

static int
read_request(struct renewal *renewal, struct cw_request *request, struct cw_error *error)
{
	const struct cw_lineage *lineage = request->lineage;
	int status = cw_lineage_settings(renewal->context, lineage, request->settings, error);

	if (status < 0)
		return status;
	cw_selected_plugins(request->settings, &request->authenticator, &request->installer);
	status = cw_names_from_certificate(lineage->live[CW_KIND_CERT], &request->names, error);
	if (status == CW_OK)
		status = cw_choose_for_names(renewal->context, request, error);
	if (status == CW_OK)
		status = cw_flow_validate_hooks(request->settings, error);
	return status;
}

static int
load_request(struct renewal *renewal, struct cw_request *request, struct cw_error *error)
{
	const char *only = cw_settings_get(renewal->context->settings, "certname");
	int status = cw_lineage_load(renewal->context->directories.config, request->name,
				     &request->lineage, error);

	/* The survey has seen no other. */
	if (status == CW_OK && only != NULL && cw_lineage_archive_is_shared(request->lineage))
		cw_strv_add_unique(&renewal->shared, request->lineage->archive);
	if (status == CW_OK)
		status = cw_refuse_shared_archive(request->lineage, &renewal->shared, error);
	if (status == CW_OK)
		status = read_request(renewal, request, error);
	if (status == CW_OK)
		status = cw_check_renewal(request->settings, request->lineage, error);
	if (status == CW_OK)
		status = cw_request_check_savable(renewal->context, request, error);
	if (status == CW_OK)
		status = cw_request_name_replaced(request, error);
	if (status == CW_OK)
		status = find_account(renewal, request, error);
	return status;
}

static struct cw_request *
new_request(struct renewal *renewal, const char *name)
{
	const struct cw_settings *settings = renewal->context->settings;
	struct cw_request *request = cw_request_new(name, settings);

	request->dry_run = cw_settings_flag(settings, "dry_run");
	request->renewal = true;
	request->reloads = !request->dry_run;
	return request;
}

static void
refuse(struct renewal *renewal, const struct cw_request *request, const struct cw_error *error)
{
	add_failure(renewal, request, error);
	cw_json_append(renewal->certificates, cw_describe_request(request, "failed", error));
}

/* Makes the requests of the next wave, from the name NEXT on. */
static void
load_wave(struct renewal *renewal, size_t next)
{
	for (size_t i = next; i < renewal->due_names.count && i < next + WAVE; i++) {
		struct cw_request *request = new_request(renewal, renewal->due_names.items[i]);
		cw_auto_error struct cw_error error = {0};

		if (load_request(renewal, request, &error) == CW_OK) {
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
	struct cw_request *request;

	cw_buf_add_char(&renewal->kept, ' ');
	cw_buf_add_text(&renewal->kept, lineage->name);
	if (renewal->kept.length >= KEPT_LINE)
		log_kept(renewal);
	if (renewal->skipped != NULL) {
		cw_autofree char *line = NULL;

		expiry = cw_format_utc(lineage->expiry);
		line = cw_format("%s expires on %.10s", lineage->fullchain, expiry);
		cw_json_append(renewal->skipped, json_object_new_string(line));
		return;
	}
	request = cw_request_new(lineage->name, renewal->context->settings);
	cw_lineage_load(renewal->context->directories.config, lineage->name, &request->lineage,
			NULL);
	cw_json_append(renewal->certificates, cw_describe_request(request, "kept", NULL));
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
	struct cw_request *request = new_request(renewal, name);

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
		add_failure(renewal, request, &request->error);
	} else {
		renewal->successes++;
		if (!request->dry_run)
			cw_memory_forget(renewal->context->directories.work, request->name);
		cw_names_all(&request->names, &renewal->renewed);
	}
	cw_json_append(renewal->certificates, json_object_get(request->result));
	cw_deploy_done(renewal->context, renewal->hooks, request);
}

/* The certificate is there, and its server does not use it. */
static void
not_in_use(void *user, struct cw_request *request)
{
	struct renewal *renewal = user;

	renewal->successes--;
	add_failure(renewal, request, &request->error);
}

static int
random_sleep(struct renewal *renewal, struct cw_error *error)
{
	const struct cw_settings *settings = renewal->context->settings;
	int64_t until;

	if (!cw_settings_flag(settings, "random_sleep_on_renew") || isatty(STDIN_FILENO) ||
	    cw_settings_flag(settings, "dry_run"))
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
		struct cw_request *request = new_request(renewal, renewal->due_names.items[i]);

		refuse(renewal, request, error);
		cw_request_free(request);
	}
}

static int
load_owed(struct renewal *renewal, struct cw_request *request, struct cw_error *error)
{
	struct cw_context *context = renewal->context;
	int status = cw_lineage_load(context->directories.config, request->name, &request->lineage,
				     error);

	if (status == CW_OK)
		status = cw_lineage_settings(context, request->lineage, request->settings, error);
	if (status < 0)
		return status;
	cw_selected_plugins(request->settings, &request->authenticator, &request->installer);
	return cw_names_from_certificate(request->lineage->live[CW_KIND_CERT], &request->names,
					 error);
}

/* What follows its renewal in this run is the same that an earlier run owes. */
static bool
is_renewed_now(const struct renewal *renewal, const char *name)
{
	for (size_t i = 0; i < renewal->due_count; i++)
		if (renewal->due[i]->saved && strcmp(renewal->due[i]->name, name) == 0)
			return true;
	return false;
}

/* What follows a renewal joins what follows those of this run. */
static void
pay(struct renewal *renewal, const char *name)
{
	struct cw_request *request = new_request(renewal, name);
	cw_auto_error struct cw_error error = {0};
	int status = load_owed(renewal, request, &error);
	bool follow = false;

	if (status == CW_OK)
		status = cw_installation_pay(renewal->context, request, &follow, &error);
	if (status < 0)
		add_failure(renewal, request, &error);
	if (!follow || is_renewed_now(renewal, name)) {
		cw_request_free(request);
		return;
	}
	cw_log_warning(
		"reloading the server for the certificate \"%s\", which an earlier run could "
		"not reload",
		name);
	request->saved = true;
	request->retry = true;
	renewal->successes++;
	renewal->due[renewal->due_count++] = request;
}

static void
pay_all(struct renewal *renewal)
{
	const char *config = renewal->context->directories.config;
	const char *only = cw_settings_get(renewal->context->settings, "certname");

	for (size_t i = 0; i < renewal->owed.count; i++) {
		const char *name = renewal->owed.items[i];
		cw_autofree char *path = cw_format("%s/renewal/%s.conf", config, name);

		if (!cw_file_exists(path))
			cw_installation_settled(renewal->context, name);
		else if (only == NULL || strcmp(only, name) == 0)
			pay(renewal, name);
	}
}

static int
renew_due(struct renewal *renewal, struct cw_error *error)
{
	cw_auto_error struct cw_error failure = {0};
	bool begun = false;
	int status = CW_OK;

	renewal->due = cw_calloc(renewal->due_names.count + renewal->owed.count + 1,
				 sizeof(struct cw_request *));
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
		pay_all(renewal);
	if (status == CW_OK && renewal->due_count > 0)
		cw_update_servers(renewal->context, renewal->due, renewal->due_count, not_in_use,
				  renewal);
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
	cw_strv_clear(&renewal->due_names);
	cw_strv_clear(&renewal->owed);
	cw_strv_clear(&renewal->shared);
	cw_strv_clear(&renewal->renewed);
	cw_strv_clear(&renewal->failed);
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

static int
check_name(const struct cw_strv *names, const char *only, struct cw_error *error)
{
	if (only == NULL || cw_strv_contains(names, only))
		return CW_OK;
	cw_fail(error, CW_E_NOT_FOUND, "there is no certificate \"%s\"", only);
	cw_hint(error, "see: certwright certificates");
	return CW_E_NOT_FOUND;
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
		status = check_name(&names, only, error);
	if (status < 0)
		return status;
	if (names.count == 0)
		cw_log_info("No certificates were found in %s.", context->directories.config);
	renewal->certificates = cw_json_new_array();
	cw_json_set(result, "certificates", renewal->certificates);
	/* An object for each of very many that nobody will read costs more than all the rest. */
	if (!cw_settings_flag(context->settings, "json")) {
		renewal->skipped = cw_json_new_array();
		cw_json_set(result, "skipped", renewal->skipped);
	}
	if (only != NULL) {
		cw_autofree char *copy = cw_strdup(only);

		cw_strv_clear(&names);
		cw_strv_add(&names, copy);
	}
	if (!cw_settings_flag(context->settings, "dry_run"))
		cw_installations_owed(context, &renewal->owed);
	status = cw_survey(context, renewal->loop, renewal->hooks, &names, &calls, &renewal->shared,
			   error);
	log_kept(renewal);
	cw_strv_clear(&names);
	if (status < 0)
		return status;
	status = renew_due(renewal, error);
	if (status == CW_OK && renewal->failures.part_count > 0) {
		size_t failed = renewal->failures.part_count;

		cw_error_move(error, &renewal->failures);
		/* A usage error for one of them does not make the command line wrong. */
		error->status = error->parts[0]->status != CW_E_USAGE ? error->parts[0]->status
								      : CW_E_INVALID;
		cw_context(error, "%zu of %zu renewals failed", failed,
			   failed + renewal->successes);
		error->told = true;
		return error->status;
	}
	return status;
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
