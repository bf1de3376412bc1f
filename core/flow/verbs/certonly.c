#include "flow/verbs/certonly.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "flow/ask/choose_names.h"
#include "flow/ask/choose_plugin.h"
#include "flow/due/lineage_facts.h"
#include "flow/due/schedule.h"
#include "flow/issue/accounts.h"
#include "flow/issue/aliases.h"
#include "flow/issue/csr.h"
#include "flow/issue/obtain.h"
#include "flow/issue/save.h"
#include "flow/work/deploy_hooks.h"
#include "flow/work/hooks.h"
#include "flow/work/jobs.h"
#include "store/lineage_files.h"
#include "store/memory.h"

struct obtaining {
	struct cw_context *context;
	struct cw_hooks *hooks;
	struct cw_strv renewed;
	struct cw_strv failed;
};

static void
certificate_done(void *user, struct cw_request *request)
{
	struct obtaining *obtaining = user;
	struct cw_strv *list =
		request->error.status == CW_OK ? &obtaining->renewed : &obtaining->failed;

	cw_names_all(&request->names, list);
	if (request->saved && request->csr == NULL)
		cw_memory_forget(obtaining->context->directories.work, request->name);
	cw_deploy_done(obtaining->context, obtaining->hooks, request);
}

static int
obtain(struct cw_context *context, struct cw_request *request, struct cw_error *error)
{
	struct obtaining obtaining = {.context = context,
				      .hooks = cw_flow_hooks(context, context->loop)};
	const char *pre = cw_settings_get(request->settings, "pre_hook");
	const char *post = cw_settings_get(request->settings, "post_hook");
	struct cw_request *requests[] = {request};
	struct cw_batch batch = {.requests = requests, .count = 1, .work = &cw_obtain_work};
	struct cw_batch *batches[] = {&batch};
	cw_autofree char *summary = cw_names_summary(&request->names);
	int status;

	cw_log_info("%s a certificate for %s", request->lineage != NULL ? "renewing" : "requesting",
		    summary);
	cw_hooks_pre(obtaining.hooks, pre);
	cw_hooks_post_later(obtaining.hooks, post);
	status = cw_jobs_run(context, batches, 1, 1, certificate_done, &obtaining, error);
	cw_hooks_post(obtaining.hooks, &obtaining.renewed, &obtaining.failed);
	cw_strv_clear(&obtaining.renewed);
	cw_strv_clear(&obtaining.failed);
	cw_hooks_free(obtaining.hooks);
	if (status == CW_OK && request->error.status != CW_OK)
		cw_error_copy(error, &request->error);
	return status < 0 ? status : request->error.status;
}

static void
add_result(struct json_object *result, struct json_object *certificate)
{
	struct json_object *list = cw_json_new_array();

	cw_json_append(list, certificate);
	cw_json_set(result, "certificates", list);
}

void
cw_request_keep(const struct cw_request *request, struct json_object *result)
{
	cw_log_info("the certificate \"%s\" is not yet due for renewal; keeping it", request->name);
	add_result(result, cw_describe_request(request, "kept", NULL));
}

int
cw_request_fulfil(struct cw_context *context, struct cw_request *request,
		  struct json_object *result, struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	bool created;
	int status =
		cw_account_acquire(context, request->settings, true, &account, &created, error);

	if (status == CW_OK) {
		request->account = account;
		status = obtain(context, request, error);
	}
	request->account = NULL;
	if (request->result != NULL)
		add_result(result, cw_take(&request->result));
	return status;
}

/* Names that were not given are asked for, unless --cert-name says what they are. */
static int
find_names(struct cw_context *context, const char *installer, struct cw_names *names,
	   struct cw_error *error)
{
	const char *name = cw_settings_get(context->settings, "certname");
	int status = cw_names_from_settings(context->settings, names, error);

	if (status < 0 || cw_names_count(names) > 0)
		return status;
	if (name != NULL &&
	    (cw_lineage_exists(context->directories.config, name) || !context->asker->interactive))
		return CW_OK;
	return cw_choose_names(context, installer, names, error);
}

static int
check_contradictions(const struct cw_settings *settings, const struct cw_names *names,
		     struct cw_error *error)
{
	for (size_t i = 0; i < names->dns.count; i++) {
		if (!cw_starts_with(names->dns.items[i], "*.") ||
		    !cw_settings_flag(settings, "allow_subset_of_names"))
			continue;
		cw_fail(error, CW_E_USAGE,
			"--allow-subset-of-names cannot be used with the "
			"wildcard \"%s\"",
			names->dns.items[i]);
		cw_hint(error, "obtain a separate certificate for the wildcard");
		return CW_E_USAGE;
	}
	return CW_OK;
}

int
cw_request_make(struct cw_context *context, bool install, struct cw_request **request,
		enum cw_decision *decision, struct cw_error *error)
{
	cw_auto_names struct cw_names names = {0};
	cw_autofree char *name = NULL;
	cw_autofree char *authenticator = NULL;
	cw_autofree char *installer = NULL;
	struct cw_lineage *lineage = NULL;
	int status;

	*request = NULL;
	status = install ? cw_choose_both(context, &authenticator, &installer, error)
			 : cw_choose_authenticator(context, &authenticator, &installer, error);
	if (status == CW_OK)
		status = cw_flow_validate_hooks(context->settings, error);
	if (status == CW_OK)
		status = find_names(context, installer, &names, error);
	if (status == CW_OK)
		status = cw_aliases_check_names(context->settings, &names, error);
	if (status == CW_OK)
		status = check_contradictions(context->settings, &names, error);
	if (status == CW_OK)
		status = cw_decide(context, &names, decision, &lineage, &name, error);
	if (status < 0) {
		cw_lineage_free(lineage);
		return status;
	}
	*request = cw_request_new(lineage != NULL ? lineage->name : name, context->settings);
	cw_names_copy(&(*request)->names, &names);
	(*request)->lineage = lineage;
	(*request)->renewal = lineage != NULL;
	(*request)->dry_run = cw_settings_flag(context->settings, "dry_run");
	(*request)->prune = cw_settings_get(context->settings, "certname") == NULL;
	(*request)->authenticator = cw_take(&authenticator);
	(*request)->installer = cw_take(&installer);
	if (*decision == CW_DECISION_RENEW)
		status = cw_request_name_replaced(*request, error);
	if (status == CW_OK)
		status = cw_choose_for_names(context, *request, error);
	if (status == CW_OK && *decision != CW_DECISION_KEEP)
		status = cw_request_check_savable(context, *request, error);
	if (status < 0)
		cw_request_free(cw_take(request));
	return status;
}

static int
certonly_csr(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct cw_request *request = NULL;
	cw_autofree char *authenticator = NULL;
	cw_autofree char *installer = NULL;
	int status = cw_choose_authenticator(context, &authenticator, &installer, error);

	if (status == CW_OK)
		status = cw_flow_validate_hooks(context->settings, error);
	if (status == CW_OK)
		status = cw_csr_request(context, &request, error);
	if (status < 0)
		return status;
	request->authenticator = cw_take(&authenticator);
	status = cw_aliases_check_names(context->settings, &request->names, error);
	if (status == CW_OK)
		status = cw_choose_for_names(context, request, error);
	if (status == CW_OK)
		status = cw_request_fulfil(context, request, result, error);
	cw_request_free(request);
	return status;
}

/* Whether nobody does the part of a person at a renewal. */
static bool
needs_a_person(const struct cw_request *request)
{
	const char *types = cw_settings_get(request->settings, "pref_challs");

	/* The record of dns-persist-01 stays. */
	return cw_equal(request->authenticator, "manual") &&
	       cw_settings_get(request->settings, "manual_auth_hook") == NULL &&
	       (types == NULL || strstr(types, "dns-persist-01") == NULL);
}

static bool
is_renewed(const struct cw_context *context, const struct cw_request *request)
{
	return request->lineage != NULL ? cw_lineage_is_renewed(context, request->lineage)
					: cw_settings_flag(request->settings, "autorenew");
}

void
cw_request_describe_renewal(const struct cw_context *context, const struct cw_request *request,
			    struct json_object *result)
{
	cw_autofree char *path = cw_renewal_path(context->directories.config, request->name, NULL);
	cw_autofree char *file = cw_shell_word(path);
	cw_autofree char *name = cw_shell_word(request->name);
	cw_autofree char *setup = NULL;
	struct json_object *renewal;
	const char *why;

	cw_schedule_describe(context, result);
	if (!is_renewed(context, request)) {
		why = "autorenew is off";
		setup = cw_format("sed -i '/^autorenew *=/d' %s", file);
	} else if (needs_a_person(request)) {
		why = "the plugin manual has no hook that does your part";
		setup = cw_format("certwright reconfigure --cert-name %s --manual-auth-hook "
				  "COMMAND",
				  name);
	} else {
		return;
	}
	renewal = cw_json_object(result, "renewal");
	cw_json_set_string(renewal, "prevented", why);
	cw_json_set_string(renewal, "setup", setup);
	cw_json_set_string(renewal, "file", NULL);
}

int
cw_flow_certonly(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct cw_request *request = NULL;
	enum cw_decision decision = CW_DECISION_NEW;
	int status;

	if (cw_settings_get(context->settings, "csr") != NULL)
		return certonly_csr(context, result, error);
	status = cw_request_make(context, false, &request, &decision, error);
	if (status < 0)
		return status;
	if (decision == CW_DECISION_KEEP)
		cw_request_keep(request, result);
	else
		status = cw_request_fulfil(context, request, result, error);
	if (status == CW_OK && !request->dry_run)
		cw_request_describe_renewal(context, request, result);
	cw_request_free(request);
	return status;
}
