#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/accounts.h"
#include "flow/context.h"
#include "flow/decide.h"
#include "flow/hooks.h"
#include "flow/request.h"
#include "flow/run.h"
#include "flow/workers.h"

struct certonly {
	struct cw_context *context;
	struct cw_hooks *hooks;
	struct cw_strv renewed;
	struct cw_strv failed;
};

/* Checks that the authenticator is there before anything else is done. */
static int
choose_authenticator(struct cw_context *context, char **authenticator, char **installer,
		     struct cw_error *error)
{
	struct cw_module *module = NULL;
	int status;

	cw_selected_plugins(context->settings, authenticator, installer);
	if (*authenticator == NULL) {
		cw_fail(error, CW_E_USAGE, "no authenticator was named");
		cw_hint(error,
			"give --webroot -w FOLDER where a web server runs, or --standalone where "
			"none does; see: certwright plugins");
		return CW_E_USAGE;
	}
	status = cw_registry_open(context->registry, *authenticator, &module, error);
	if (status < 0)
		return status;
	if (module->plugin->authenticator == NULL) {
		cw_fail(error, CW_E_USAGE, "the plugin \"%s\" is no authenticator", *authenticator);
		cw_hint(error, "see: certwright plugins --authenticators");
		return CW_E_USAGE;
	}
	return CW_OK;
}

static void
certificate_done(void *user, struct cw_request *request)
{
	struct certonly *certonly = user;
	struct cw_strv *list =
		request->error.status == CW_OK ? &certonly->renewed : &certonly->failed;

	cw_names_all(&request->names, list);
	if (request->saved)
		cw_flow_deploy_hooks(certonly->context, certonly->hooks, request);
}

static int
obtain(struct cw_context *context, struct cw_run *run, struct cw_request *request,
       struct cw_error *error)
{
	struct cw_loop *loop = cw_loop_new();
	struct certonly certonly = {.context = context, .hooks = cw_flow_hooks(context, loop)};
	const char *pre = cw_settings_get(request->settings, "pre_hook");
	const char *post = cw_settings_get(request->settings, "post_hook");
	struct cw_request *requests[] = {request};
	struct cw_batch batch = {.requests = requests, .count = 1};
	struct cw_batch *batches[] = {&batch};
	cw_autofree char *summary = cw_names_summary(&request->names);
	int status;

	cw_log_info("%s a certificate for %s", request->lineage != NULL ? "renewing" : "requesting",
		    summary);
	cw_hooks_pre(certonly.hooks, pre);
	cw_hooks_post_later(certonly.hooks, post);
	status = cw_workers_run(context, run, loop, batches, 1, 1, certificate_done, &certonly,
				error);
	cw_hooks_post(certonly.hooks, &certonly.renewed, &certonly.failed);
	cw_strv_clear(&certonly.renewed);
	cw_strv_clear(&certonly.failed);
	cw_hooks_free(certonly.hooks);
	cw_loop_free(loop);
	if (status == CW_OK && request->error.status != CW_OK)
		cw_error_copy(error, &request->error);
	return status < 0 ? status : request->error.status;
}

static struct cw_request *
make_request(struct cw_context *context, const struct cw_names *names, char *name,
	     struct cw_lineage *lineage)
{
	struct cw_request *request =
		cw_request_new(lineage != NULL ? lineage->name : name, context->settings);

	cw_names_copy(&request->names, names);
	request->lineage = lineage;
	request->renewal = lineage != NULL;
	request->dry_run = cw_settings_flag(context->settings, "dry_run");
	return request;
}

static void
add_result(struct json_object *result, struct json_object *certificate)
{
	struct json_object *list = cw_json_new_array();

	cw_json_append(list, certificate);
	cw_json_set(result, "certificates", list);
}

static int
certonly_locked(struct cw_context *context, struct cw_run *run, struct json_object *result,
		struct cw_error *error)
{
	cw_auto_names struct cw_names names = {0};
	cw_autofree char *name = NULL;
	cw_autofree char *authenticator = NULL;
	cw_autofree char *installer = NULL;
	cw_auto_account struct cw_account *account = NULL;
	struct cw_lineage *lineage = NULL;
	struct cw_request *request;
	enum cw_decision decision = CW_DECISION_NEW;
	bool created;
	int status;

	status = cw_names_from_settings(context->settings, &names, error);
	if (status == CW_OK)
		status = choose_authenticator(context, &authenticator, &installer, error);
	if (status == CW_OK)
		status = cw_flow_validate_hooks(context->settings, error);
	if (status == CW_OK)
		status = cw_decide(context, &names, &decision, &lineage, &name, error);
	if (status < 0) {
		cw_lineage_free(lineage);
		return status;
	}
	request = make_request(context, &names, name, lineage);
	if (decision == CW_DECISION_KEEP) {
		cw_log_info("the certificate \"%s\" is not yet due for renewal; nothing was done",
			    request->name);
		add_result(result, cw_describe_request(request, "kept", NULL));
		cw_request_free(request);
		return CW_OK;
	}
	request->authenticator = cw_take(&authenticator);
	request->installer = cw_take(&installer);
	status = cw_account_acquire(context, request->settings, true, &account, &created, error);
	if (status == CW_OK) {
		request->account = account;
		status = obtain(context, run, request, error);
	}
	if (request->result != NULL)
		add_result(result, cw_take(&request->result));
	cw_request_free(request);
	return status;
}

int
cw_flow_certonly(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_run struct cw_run run = {0};
	int status = cw_run_begin(context, &run, error);

	return status < 0 ? status : certonly_locked(context, &run, result, error);
}
