#include "flow/install/installer_work.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/install/deployed.h"
#include "flow/install/hsts.h"
#include "flow/install/owed.h"
#include "store/checkpoint.h"

/* Milliseconds that an installer gets to end what it does after a signal. */
#define INTERRUPT_LIMIT 30000

struct installing {
	struct cw_job *job;
	const struct cw_batch *batch;
	struct cw_job_plugin *plugin; /* NULL before it is open */
	/* Called when it is open, and after each call to it. */
	void (*next)(struct installing *installing);
	size_t done; /* requests */
	struct cw_installation_outcome outcome;
	struct cw_strv names;
	struct cw_update *updates; /* of the requests that have an installation, in order */
	size_t update_count;
	bool interrupted;
};

void
cw_ignore_end(void *context, struct cw_request *request)
{
	(void)context;
	(void)request;
}

void
cw_revert_leftovers(const struct cw_context *context)
{
	cw_auto_error struct cw_error error = {0};
	bool reverted = false;

	if (cw_checkpoints_recover(context->directories.work, context->directories.config,
				   &reverted, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_error("cannot restore the server's configuration: %s", line);
	} else if (reverted) {
		cw_log_warning("undid the rest of the change to the server's configuration");
	}
}

static void
report(struct installing *installing, struct cw_request *request, const struct cw_error *error)
{
	if (error != NULL && error->status != CW_OK)
		cw_error_copy(&request->error, error);
	if (request->result == NULL)
		request->result = cw_json_new_object();
	cw_job_report(installing->job, request);
}

/* Gives all requests that have none the same end. */
static void
end_all(struct installing *installing, const struct cw_error *error)
{
	for (size_t i = installing->done; i < installing->batch->count; i++)
		report(installing, installing->batch->requests[i], error);
	cw_job_over(installing->job);
}

static void
opened(void *context, struct cw_job_plugin *plugin, const struct cw_error *error)
{
	struct installing *installing = context;

	installing->plugin = plugin;
	if (plugin == NULL)
		end_all(installing, error);
	else
		installing->next(installing);
}

static void *
begin(struct cw_job *job, void (*next)(struct installing *))
{
	struct installing *installing = cw_alloc(sizeof(*installing));
	const struct cw_batch *batch = cw_job_batch(job);

	installing->job = job;
	installing->batch = batch;
	installing->next = next;
	cw_job_open_plugin(job, batch->requests[0]->installer, batch->requests[0]->settings, opened,
			   installing);
	return installing;
}

static void
interrupt(void *state)
{
	struct installing *installing = state;
	cw_auto_error struct cw_error error = {0};

	installing->interrupted = true;
	if (installing->plugin != NULL) {
		cw_plugin_process_interrupt(cw_job_plugin_process(installing->plugin),
					    INTERRUPT_LIMIT);
		return;
	}
	cw_fail(&error, CW_E_CANCELLED, "interrupted by a signal");
	end_all(installing, &error);
}

static void
end(void *state)
{
	struct installing *installing = state;

	cw_job_plugin_free(installing->plugin);
	cw_strv_clear(&installing->names);
	for (size_t i = 0; i < installing->update_count; i++)
		cw_error_clear(&installing->updates[i].error);
	free(installing->updates);
	free(installing);
}

static struct json_object *
describe_outcome(const struct cw_installation_outcome *outcome)
{
	struct json_object *description = cw_json_new_object();

	cw_json_set_int(description, "unneeded", (int64_t)outcome->unneeded);

	cw_json_set_bool(description, "deployed", outcome->deployed);
	cw_json_set_bool(description, "enhanced", outcome->enhanced);
	cw_json_set_bool(description, "changed", outcome->changed);
	return description;
}

static void
installed(void *context, const struct cw_error *error)
{
	struct installing *installing = context;
	struct cw_request *request = installing->batch->requests[installing->done++];
	const struct cw_context *context_of_run = cw_job_context(installing->job);
	const struct cw_installation *installation = request->installation;
	cw_auto_error struct cw_error failure = {0};

	cw_error_copy(&failure, error);
	request->result = describe_outcome(&installing->outcome);
	if (installing->outcome.deployed && installation->lineage != NULL &&
	    cw_record_deployment(context_of_run, request->installer, installation,
				 request->settings, failure.status < 0 ? NULL : &failure) == CW_OK)
		cw_installation_settled(context_of_run, installation->lineage);
	if (installing->outcome.enhanced)
		cw_hsts_begun(context_of_run, request->installer, installation, request->settings,
			      failure.status < 0 ? NULL : &failure);
	report(installing, request, &failure);
	installing->next(installing);
}

static void
install_next(struct installing *installing)
{
	cw_auto_error struct cw_error error = {0};

	if (installing->interrupted)
		cw_fail(&error, CW_E_CANCELLED, "interrupted by a signal");
	if (installing->interrupted || installing->done == installing->batch->count) {
		end_all(installing, &error);
		return;
	}
	cw_plugin_process_install(cw_job_plugin_process(installing->plugin),
				  installing->batch->requests[installing->done]->installation,
				  &installing->outcome, installed, installing);
}

static void *
begin_install(struct cw_job *job)
{
	return begin(job, install_next);
}

const struct cw_work cw_install_work = {.begin = begin_install, .interrupt = interrupt, .end = end};

static void
checked(void *context, const struct cw_error *error)
{
	end_all(context, error);
}

static void
check(struct installing *installing)
{
	cw_plugin_process_check(cw_job_plugin_process(installing->plugin),
				installing->batch->requests[0]->installation, checked, installing);
}

static void *
begin_check(struct cw_job *job)
{
	return begin(job, check);
}

const struct cw_work cw_check_work = {.begin = begin_check, .interrupt = interrupt, .end = end};

static void
names_listed(void *context, const struct cw_error *error)
{
	struct installing *installing = context;
	struct cw_request *request = installing->batch->requests[0];

	request->result = cw_json_new_object();
	cw_json_set(request->result, "names", cw_json_from_strv(&installing->names));
	end_all(installing, error);
}

static void
list_names(struct installing *installing)
{
	cw_plugin_process_names(cw_job_plugin_process(installing->plugin), &installing->names,
				names_listed, installing);
}

static void *
begin_names(struct cw_job *job)
{
	return begin(job, list_names);
}

const struct cw_work cw_list_names_work = {
	.begin = begin_names, .interrupt = interrupt, .end = end};

/* The end of the requests that only needed the reload. */
static void
reloaded(void *context, const struct cw_error *error)
{
	struct installing *installing = context;
	const struct cw_batch *batch = installing->batch;
	cw_auto_error struct cw_error failure = {0};

	cw_error_copy(&failure, error);
	if (failure.status < 0)
		cw_context(&failure, "the server of \"%s\" could not be reloaded",
			   batch->requests[0]->installer);
	for (size_t i = 0; i < batch->count; i++)
		if (batch->requests[i]->installation == NULL)
			report(installing, batch->requests[i], &failure);
	cw_job_over(installing->job);
}

static void
reload(struct installing *installing)
{
	cw_plugin_process_reload(cw_job_plugin_process(installing->plugin), reloaded, installing);
}

/* What is in use is recorded, with the options that the plugin has set. */
static void
end_update(struct installing *installing, struct cw_request *request, struct cw_error *error)
{
	const struct cw_installation *installation = request->installation;

	if (error->status < 0)
		cw_context(error, "the server of \"%s\" could not be updated", request->installer);
	else if (installation->reason != CW_REASON_UNDEPLOY &&
		 installation->enhancements.count == 0)
		cw_record_deployment(cw_job_context(installing->job), request->installer,
				     installation, request->settings, error);
	report(installing, request, error);
}

static void
updated(void *context, const struct cw_error *error)
{
	struct installing *installing = context;
	const struct cw_batch *batch = installing->batch;
	size_t next = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct cw_error *own;

		if (batch->requests[i]->installation == NULL)
			continue;
		own = &installing->updates[next++].error;
		/* Where the process died there is none. */
		if (own->status == CW_OK)
			cw_error_copy(own, error);
		end_update(installing, batch->requests[i], own);
	}
	/* What others of the server failed in is not to keep it from the reload. */
	if (error->status < 0 && installing->update_count < batch->count)
		reload(installing);
	else
		reloaded(installing, error);
}

static void
update(struct installing *installing)
{
	const struct cw_batch *batch = installing->batch;

	installing->updates = cw_calloc(batch->count, sizeof(*installing->updates));
	for (size_t i = 0; i < batch->count; i++)
		if (batch->requests[i]->installation != NULL)
			installing->updates[installing->update_count++].installation =
				batch->requests[i]->installation;
	if (installing->update_count > 0)
		cw_plugin_process_update(cw_job_plugin_process(installing->plugin),
					 installing->updates, installing->update_count, updated,
					 installing);
	else
		reload(installing);
}

static void *
begin_update(struct cw_job *job)
{
	return begin(job, update);
}

const struct cw_work cw_update_work = {.begin = begin_update, .interrupt = interrupt, .end = end};

/* LIST as KEY where DONE, else as FAILED_KEY; the other one is empty. */
static void
set_done(struct json_object *description, const char *key, const char *failed_key, bool done,
	 const struct cw_strv *list)
{
	cw_json_set(description, done ? key : failed_key, cw_json_from_strv(list));
	cw_json_set(description, done ? failed_key : key, cw_json_new_array());
}

struct json_object *
cw_installation_describe(const struct cw_installation *installation, const char *installer,
			 struct json_object *outcome)
{
	static const char *const members[CW_KIND_COUNT] = {
		[CW_KIND_CERT] = "cert_path",
		[CW_KIND_PRIVKEY] = "key_path",
		[CW_KIND_CHAIN] = "chain_path",
		[CW_KIND_FULLCHAIN] = "fullchain_path",
	};
	struct json_object *description = cw_json_new_object();
	bool enhanced = cw_json_bool(outcome, "enhanced", false);
	bool configured =
		installation->deploy ? cw_json_bool(outcome, "deployed", false) : enhanced;
	uint64_t bits = enhanced ? (uint64_t)cw_json_int(outcome, "unneeded", 0) : 0;
	cw_auto_strv struct cw_strv needed = {0};
	cw_auto_strv struct cw_strv unneeded = {0};

	for (size_t i = 0; i < installation->enhancements.count; i++) {
		const char *enhancement = installation->enhancements.items[i];
		cw_autofree char *name =
			cw_format("%.*s", (int)strcspn(enhancement, "="), enhancement);

		cw_strv_add((bits >> i & 1) != 0 ? &unneeded : &needed, name);
	}
	cw_json_set_string(description, "name", installation->lineage);
	cw_json_set_string(description, "installer", installer);
	set_done(description, "names", "failed_names", configured, &installation->names);
	if (configured && !installation->deploy && needed.count == 0)
		cw_json_set(description, "names", cw_json_new_array());
	set_done(description, "enhancements", "failed_enhancements", enhanced, &needed);
	cw_json_set(description, "unneeded_enhancements", cw_json_from_strv(&unneeded));
	cw_json_set_bool(description, "changed", cw_json_bool(outcome, "changed", false));
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		cw_json_set_string(description, members[i], installation->paths[i]);
	return description;
}
