#include "flow/verbs/in_memory.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/ask/choose_plugin.h"
#include "flow/context.h"
#include "flow/issue/accounts.h"
#include "flow/issue/aliases.h"
#include "flow/issue/csr.h"
#include "flow/issue/given_account.h"
#include "flow/issue/obtain.h"
#include "flow/work/jobs.h"

/* The options that are about files and what is done with them. */
static const char *const unfit[] = {
	"csr",
	"dry_run",
	"certname",
	"deploy_hook",
	"pre_hook",
	"post_hook",
	"renew_hook",
	"key_path",
	"cert_path",
	"chain_path",
	"fullchain_path",
	"account",
	"reuse_key",
	"allow_subset_of_names",
};

static int
check(const struct cw_settings *settings, struct cw_error *error)
{
	for (size_t i = 0; i < CW_COUNT(unfit); i++) {
		if (cw_settings_source(settings, unfit[i]) != CW_SOURCE_COMMAND)
			continue;
		cw_fail(error, CW_E_USAGE, "the option \"%s\" has no meaning with the store memory",
			unfit[i]);
		cw_hint(error, "leave it out; see certwright(3)");
		return CW_E_USAGE;
	}
	return CW_OK;
}

/* The account of the request, or a new one. */
static int
find_account(struct cw_context *context, struct cw_account **account, bool *created,
	     struct cw_error *error)
{
	struct cw_key *key = NULL;
	int status = cw_given_account(context, account, error);

	*created = status == CW_OK && *account == NULL;
	if (!*created)
		return status;
	status = cw_account_make_key(&key, error);
	return status < 0
		       ? status
		       : cw_account_request(context, context->settings, key, account, NULL, error);
}

/* The names, and what has the certificate's key. */
static int
make_request(struct cw_context *context, struct cw_request **request, struct cw_error *error)
{
	const char *csr = cw_json_string(context->request, "csr");
	const char *key = cw_json_string(context->request, "key");
	cw_auto_names struct cw_names names = {0};
	int status = CW_OK;

	if (csr != NULL && key != NULL)
		return cw_fail(error, CW_E_USAGE,
			       "give either \"csr\" or \"key\": the certificate request has a key");
	if (csr != NULL)
		return cw_csr_request_from(csr, context->settings, request, error);
	status = cw_names_from_settings(context->settings, &names, error);
	if (status == CW_OK && cw_names_count(&names) == 0)
		status = cw_fail(error, CW_E_USAGE, "no names were given: give \"domain\"");
	if (status < 0)
		return status;
	*request = cw_request_new(names.dns.count > 0 ? names.dns.items[0] : names.ip.items[0],
				  context->settings);
	cw_names_copy(&(*request)->names, &names);
	if (key == NULL)
		return CW_OK;
	return cw_key_from_pem(key, strlen(key), "the certificate's key", &(*request)->key, error);
}

static void
certificate_done(void *user, struct cw_request *request)
{
	(void)user;
	(void)request;
}

static int
obtain(struct cw_context *context, struct cw_request *request, struct cw_error *error)
{
	struct cw_request *requests[] = {request};
	struct cw_batch batch = {.requests = requests, .count = 1, .work = &cw_obtain_work};
	struct cw_batch *batches[] = {&batch};
	cw_autofree char *summary = cw_names_summary(&request->names);
	int status;

	cw_log_info("requesting a certificate for %s", summary);
	status = cw_jobs_run(context, batches, 1, 1, certificate_done, NULL, error);
	if (status == CW_OK && request->error.status != CW_OK)
		cw_error_copy(error, &request->error);
	return status < 0 ? status : request->error.status;
}

static int
carry_out(struct cw_context *context, struct cw_request *request, struct json_object *result,
	  struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	struct json_object *list = cw_json_new_array();
	bool created = false;
	int status = cw_aliases_check_names(context->settings, &request->names, error);

	cw_json_set(result, "certificates", list);
	if (status == CW_OK)
		status = cw_choose_for_names(context, request, error);
	if (status == CW_OK)
		status = find_account(context, &account, &created, error);
	if (status < 0)
		return status;
	cw_json_set(result, "account",
		    cw_given_account_describe(account, created, created ? "valid" : NULL));
	request->account = account;
	request->in_memory = true;
	status = obtain(context, request, error);
	request->account = NULL;
	if (status == CW_OK && request->certificate != NULL)
		cw_json_append(list, cw_take(&request->certificate));
	return status;
}

static int
certonly(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct cw_request *request = NULL;
	cw_autofree char *authenticator = NULL;
	cw_autofree char *installer = NULL;
	int status = check(context->settings, error);

	if (status == CW_OK)
		status = cw_choose_authenticator(context, &authenticator, &installer, error);
	if (status == CW_OK)
		status = make_request(context, &request, error);
	if (status == CW_OK) {
		request->authenticator = cw_take(&authenticator);
		status = carry_out(context, request, result, error);
	}
	cw_request_free(request);
	return status;
}

const struct cw_verb cw_verb_in_memory = {
	.name = "certonly",
	.plugins = CW_PLUGINS_AUTHENTICATOR,
	.asks_ca = true,
	.flow = certonly,
};
