#include "flow/moving/take_over.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/x509.h"
#include "flow/issue/accounts.h"
#include "flow/issue/names.h"
#include "flow/issue/save.h"
#include "store/account.h"
#include "store/lineage.h"

static struct cw_account *
make_account(const struct cw_moved_account *moved)
{
	struct cw_account *account = cw_alloc(sizeof(*account));
	char host[256] = "";

	account->id = cw_key_account_id(moved->key);
	account->server = cw_strdup(moved->server);
	account->uri = cw_strdup(moved->uri);
	account->creation_date = cw_format_utc(cw_time());
	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	account->creation_host = cw_strdup(host);
	account->body = cw_json_new_object();
	cw_json_set(account->body, "contact", cw_json_from_strv(&moved->contacts));
	account->key = cw_key_share(moved->key);
	return account;
}

static int
fail_account(struct cw_moved_account *account)
{
	account->action = CW_MOVED_FAILED;
	return cw_context(&account->error, "cannot take over the account of \"%s\"",
			  account->source);
}

/* Of some accounts the client has not kept a URL that can be one: "". */
static void
drop_invalid_uri(struct cw_moved_account *account)
{
	if (account->uri == NULL || cw_starts_with(account->uri, "https://") ||
	    cw_starts_with(account->uri, "http://"))
		return;
	free(account->uri);
	account->uri = NULL;
}

static void
check_account(struct cw_context *context, struct cw_moved_account *account)
{
	cw_auto_account struct cw_account *present = NULL;
	cw_autofree char *id = NULL;

	if (account->error.status == CW_OK && account->server == NULL)
		cw_fail(&account->error, CW_E_INVALID, "the source does not say which CA it is at");
	if (account->error.status == CW_OK) {
		id = cw_key_account_id(account->key);
		if (cw_account_load(context->directories.config, account->server, id, &present,
				    NULL) == CW_OK) {
			account->action = CW_MOVED_PRESENT;
			free(account->uri);
			account->uri = cw_strdup(present->uri);
			return;
		}
		drop_invalid_uri(account);
		if (account->uri == NULL)
			cw_moved_account_find(context, account, &account->error);
	}
	if (account->error.status < 0)
		fail_account(account);
}

static int
check_account_of(const struct cw_moved_certificate *certificate, struct cw_error *error)
{
	if (certificate->account == NULL || certificate->account->error.status == CW_OK)
		return CW_OK;
	cw_fail(error, CW_E_INVALID, "its account cannot be taken over");
	cw_hint(error, "import again when the account can be, or obtain the certificate with "
		       "certonly");
	return CW_E_INVALID;
}

/* Splits the chain, and checks that key and issuers belong to the certificate. */
static int
check_chain(struct cw_moved_certificate *certificate, struct cw_certificate **x509,
	    struct cw_error *error)
{
	int status = cw_chain_split(certificate->chain, strlen(certificate->chain),
				    &certificate->leaf, &certificate->issuers, x509, error);

	if (status < 0)
		return cw_context(error, "cannot use \"%s\"", certificate->source);
	if (!cw_certificate_has_key(*x509, certificate->key))
		return cw_fail(error, CW_E_INVALID, "the key does not belong to the certificate");
	if (*certificate->issuers == '\0') {
		cw_fail(error, CW_E_INVALID, "the certificate of its issuer is missing");
		cw_hint(error, "obtain the certificate with certonly");
		return CW_E_INVALID;
	}
	return CW_OK;
}

static void
describe(struct cw_moved_certificate *certificate, const struct cw_certificate *x509)
{
	cw_certificate_describe(x509, certificate->describe);
	cw_json_set_string(certificate->describe, "key_type", cw_certificate_key_type(x509));
}

static struct cw_certificate *
load_present(const struct cw_lineage *lineage)
{
	struct cw_certificate *present = NULL;

	cw_certificate_load(lineage->live[CW_KIND_CERT], &present, NULL);
	return present;
}

static bool
has_key_type(const struct cw_lineage *lineage, const struct cw_certificate *x509)
{
	cw_auto_certificate struct cw_certificate *present = load_present(lineage);

	return present == NULL ||
	       cw_equal(cw_certificate_key_type(present), cw_certificate_key_type(x509));
}

/* The other client has renewed since the import. */
static void
remark_newer(struct cw_moving *moving, const struct cw_moved_certificate *certificate,
	     const struct cw_lineage *lineage, const struct cw_certificate *x509)
{
	cw_auto_certificate struct cw_certificate *present = load_present(lineage);
	cw_autofree char *hint = NULL;

	if (present == NULL || cw_certificate_not_after(x509) <= cw_certificate_not_after(present))
		return;
	hint = cw_format("stop the other client, then run \"certwright renew --cert-name %s\"; or "
			 "delete the one here and import again",
			 certificate->name);
	cw_moving_remark(moving, certificate->source, hint,
			 "\"%s\" is here already, but the one there is newer", certificate->name);
}

/* PROBLEM with a name has a hint with an option that "import" does not have. */
static int
fail_name(const struct cw_error *problem, const char *hint, struct cw_error *error)
{
	cw_fail(error, problem->status, "%s", problem->message);
	cw_hint(error, "%s", hint);
	return problem->status;
}

/* A lineage of this name for the same names was imported, or obtained, before. */
static int
check_lineage(const struct cw_context *context, struct cw_moving *moving,
	      struct cw_moved_certificate *certificate, const struct cw_certificate *x509,
	      struct cw_error *error)
{
	bool same_names;
	const char *config = context->directories.config;
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_names struct cw_names here = {0};
	cw_auto_names struct cw_names there = {0};
	cw_auto_error struct cw_error problem = {0};

	if (cw_lineage_check_name(certificate->name, &problem) < 0)
		return fail_name(&problem, "obtain the certificate with certonly", error);
	if (!cw_lineage_exists(config, certificate->name) &&
	    cw_lineage_check_free(config, certificate->name, &problem) < 0)
		return fail_name(&problem,
				 "move it away if it is not used any more, then import again",
				 error);
	if (!cw_lineage_exists(config, certificate->name))
		return CW_OK;
	cw_certificate_names(x509, &there.dns, &there.ip);
	if (cw_lineage_load(config, certificate->name, &lineage, error) < 0 ||
	    cw_names_from_certificate(lineage->live[CW_KIND_CERT], &here, error) < 0)
		return cw_context(error, "there is a damaged certificate \"%s\" already",
				  certificate->name);
	same_names = cw_names_equal(&here, &there);
	if (same_names && has_key_type(lineage, x509)) {
		certificate->action = CW_MOVED_PRESENT;
		remark_newer(moving, certificate, lineage, x509);
		return CW_OK;
	}
	cw_fail(error, CW_E_EXISTS, "there is a certificate \"%s\" already, which has %s",
		certificate->name, same_names ? "a key of another type" : "other names");
	cw_hint(error, "keep that one%s; or delete it first: certwright delete --cert-name %s",
		same_names ? "" : ", and add names to it with certonly --expand",
		certificate->name);
	return CW_E_EXISTS;
}

static int
check_certificate(const struct cw_context *context, struct cw_moving *moving,
		  struct cw_moved_certificate *certificate, struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *x509 = NULL;
	int status = check_chain(certificate, &x509, error);

	if (x509 != NULL)
		describe(certificate, x509);
	if (status == CW_OK)
		status = check_lineage(context, moving, certificate, x509, error);
	if (status == CW_OK && certificate->action != CW_MOVED_PRESENT)
		status = check_account_of(certificate, error);
	return status;
}

/* The renewal file, and that it can be written. */
static int
make_config(struct cw_context *context, struct cw_moving *moving,
	    struct cw_moved_certificate *certificate, const char *authenticator,
	    struct cw_error *error)
{
	cw_auto_configobj struct cw_configobj *config = NULL;
	int status = cw_moved_config(context, moving, certificate, authenticator, &config, error);

	if (status == CW_OK)
		status = cw_configobj_check(config, error);
	if (status < 0)
		return status;
	cw_configobj_free(certificate->config);
	certificate->config = cw_take(&config);
	return CW_OK;
}

static void
fail_certificate(struct cw_moved_certificate *certificate)
{
	certificate->action = CW_MOVED_FAILED;
	cw_context(&certificate->error, "cannot take over \"%s\" from \"%s\"", certificate->name,
		   certificate->source);
}

static void
check(struct cw_context *context, struct cw_moving *moving, const char *authenticator)
{
	for (size_t i = 0; i < moving->account_count; i++)
		check_account(context, moving->accounts[i]);
	for (size_t i = 0; i < moving->certificate_count; i++) {
		struct cw_moved_certificate *certificate = moving->certificates[i];
		struct cw_error *error = &certificate->error;

		certificate->describe = cw_json_new_object();
		if (error->status == CW_OK)
			check_certificate(context, moving, certificate, error);
		if (error->status == CW_OK && certificate->action != CW_MOVED_PRESENT)
			make_config(context, moving, certificate, authenticator, error);
		else if (error->status == CW_OK)
			cw_moved_remark_present(context, moving, certificate);
		if (error->status < 0)
			fail_certificate(certificate);
	}
}

static void
save_account(struct cw_context *context, struct cw_moved_account *account)
{
	cw_auto_account struct cw_account *made = make_account(account);

	if (cw_account_save(context->directories.config, made, &account->error) < 0)
		fail_account(account);
	else
		cw_log_debug("imported the account %s", account->uri);
}

static void
set_paths(struct json_object *describe, char *const *files)
{
	cw_json_set_string(describe, "cert_path", files[CW_KIND_CERT]);
	cw_json_set_string(describe, "key_path", files[CW_KIND_PRIVKEY]);
	cw_json_set_string(describe, "chain_path", files[CW_KIND_CHAIN]);
	cw_json_set_string(describe, "fullchain_path", files[CW_KIND_FULLCHAIN]);
}

static void
save_certificate(struct cw_context *context, struct cw_moved_certificate *certificate)
{
	cw_autofree char *fullchain = cw_format("%s%s", certificate->leaf, certificate->issuers);
	cw_autosecret char *key = cw_key_to_pem(certificate->key);
	const struct cw_version_files files = {
		.cert = certificate->leaf,
		.privkey = key,
		.chain = certificate->issuers,
		.fullchain = fullchain,
	};
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	int status = check_account_of(certificate, &certificate->error);

	if (status == CW_OK)
		status = cw_lineage_create(context->directories.config, certificate->name, &files,
					   certificate->config, &lineage, &certificate->error);
	if (status < 0) {
		fail_certificate(certificate);
		return;
	}
	set_paths(certificate->describe, lineage->live);
	cw_log_debug("imported the certificate \"%s\"", certificate->name);
}

/* Renewals know their account, but certonly and show_account then need to be told. */
static void
remark_several_accounts(const struct cw_context *context, struct cw_moving *moving)
{
	cw_auto_strv struct cw_strv seen = {0};

	for (size_t i = 0; i < moving->account_count; i++) {
		const struct cw_moved_account *account = moving->accounts[i];
		cw_auto_strv struct cw_strv ids = {0};
		cw_autofree char *list = NULL;

		if (account->action != CW_MOVED_IMPORTED ||
		    !cw_strv_add_unique(&seen, account->server) ||
		    cw_account_list(context->directories.config, account->server, &ids, NULL) < 0 ||
		    ids.count < 2)
			continue;
		list = cw_strv_join(&ids, ", ");
		cw_moving_remark(moving, account->source,
				 "give --account with certonly, or remove one with unregister",
				 "there are now %zu accounts at %s: %s", ids.count, account->server,
				 list);
	}
}

static void
save(struct cw_context *context, struct cw_moving *moving)
{
	bool dry_run = cw_settings_flag(context->settings, "dry_run");

	for (size_t i = 0; i < moving->account_count; i++) {
		struct cw_moved_account *account = moving->accounts[i];

		if (account->action == CW_MOVED_IMPORTED && dry_run)
			account->action = CW_MOVED_SIMULATED;
		else if (account->action == CW_MOVED_IMPORTED)
			save_account(context, account);
	}
	for (size_t i = 0; i < moving->certificate_count; i++) {
		struct cw_moved_certificate *certificate = moving->certificates[i];

		if (certificate->action == CW_MOVED_IMPORTED && dry_run)
			certificate->action = CW_MOVED_SIMULATED;
		else if (certificate->action == CW_MOVED_IMPORTED)
			save_certificate(context, certificate);
	}
	remark_several_accounts(context, moving);
}

static void
report_action(struct json_object *object, enum cw_moved_action action, const struct cw_error *error)
{
	static const char *const names[] = {
		[CW_MOVED_IMPORTED] = "imported",
		[CW_MOVED_PRESENT] = "present",
		[CW_MOVED_SIMULATED] = "simulated",
		[CW_MOVED_FAILED] = "failed",
	};

	cw_json_set_string(object, "action", names[action]);
	cw_json_set(object, "error", error->status < 0 ? cw_json_error(error) : NULL);
}

static struct json_object *
report_account(const struct cw_moved_account *account)
{
	struct json_object *object = cw_json_new_object();
	cw_autofree char *id = account->key != NULL ? cw_key_account_id(account->key) : NULL;

	cw_json_set_string(object, "id", id);
	cw_json_set_string(object, "server", account->server);
	cw_json_set_string(object, "uri", account->uri);
	cw_json_set_string(object, "source", account->source);
	report_action(object, account->action, &account->error);
	return object;
}

static struct json_object *
report_certificate(const struct cw_moved_certificate *certificate)
{
	static const char *const members[] = {"serial",        "expiry",   "key_type",
					      "cert_path",     "key_path", "chain_path",
					      "fullchain_path"};
	struct json_object *object = json_object_get(certificate->describe);
	const struct cw_moved_account *account = certificate->account;
	const char *server = certificate->server;
	cw_autofree char *id =
		account != NULL && account->key != NULL ? cw_key_account_id(account->key) : NULL;
	const char *authenticator =
		certificate->config != NULL
			? cw_configobj_get(certificate->config, "renewalparams", "authenticator")
			: certificate->authenticator;

	cw_json_set_string(object, "name", certificate->name);
	if (cw_json_array(object, "domains") == NULL)
		cw_json_set(object, "domains", cw_json_new_array());
	for (size_t i = 0; i < CW_COUNT(members); i++)
		if (!json_object_object_get_ex(object, members[i], NULL))
			cw_json_set_string(object, members[i], NULL);
	cw_json_set_string(object, "source", certificate->source);
	cw_json_set_string(object, "server",
			   server == NULL && account != NULL ? account->server : server);
	cw_json_set_string(object, "account", id);
	cw_json_set_string(object, "authenticator", authenticator);
	report_action(object, certificate->action, &certificate->error);
	return object;
}

static void
report(const struct cw_moving *moving, struct json_object *result)
{
	struct json_object *accounts = cw_json_new_array();
	struct json_object *certificates = cw_json_new_array();
	struct json_object *remarks = cw_json_new_array();

	for (size_t i = 0; i < moving->account_count; i++)
		cw_json_append(accounts, report_account(moving->accounts[i]));
	for (size_t i = 0; i < moving->certificate_count; i++)
		cw_json_append(certificates, report_certificate(moving->certificates[i]));
	for (size_t i = 0; i < moving->remark_count; i++) {
		struct json_object *remark = cw_json_new_object();

		cw_json_set_string(remark, "source", moving->remarks[i].source);
		cw_json_set_string(remark, "message", moving->remarks[i].message);
		cw_json_set_string(remark, "hint", moving->remarks[i].hint);
		cw_json_append(remarks, remark);
	}
	cw_json_set(result, "accounts", accounts);
	cw_json_set(result, "certificates", certificates);
	cw_json_set(result, "not_taken_over", remarks);
}

static void
add_failure(struct cw_error *failures, const struct cw_error *error)
{
	cw_auto_error struct cw_error part = {0};

	if (error->status == CW_OK)
		return;
	cw_error_copy(&part, error);
	cw_error_add_part(failures, &part);
}

static int
outcome(const struct cw_moving *moving, struct cw_error *error)
{
	cw_auto_error struct cw_error failures = {0};

	for (size_t i = 0; i < moving->account_count; i++)
		add_failure(&failures, &moving->accounts[i]->error);
	for (size_t i = 0; i < moving->certificate_count; i++)
		add_failure(&failures, &moving->certificates[i]->error);
	if (failures.part_count == 0)
		return CW_OK;
	failures.status = CW_E_INVALID;
	failures.message =
		cw_format("%zu of %zu accounts and certificates could not be imported",
			  failures.part_count, moving->account_count + moving->certificate_count);
	return cw_error_move(error, &failures);
}

int
cw_moving_take_over(struct cw_context *context, struct cw_moving *moving,
		    struct json_object *result, struct cw_error *error)
{
	const char *given = cw_settings_get(context->settings, "authenticator");
	struct cw_module *module = NULL;
	int status = CW_OK;

	if (given != NULL)
		status = cw_registry_open(context->registry, given, &module, error);
	if (status == CW_OK && module != NULL)
		status = cw_module_add_options(module, context->options, error);
	if (status < 0)
		return status;
	check(context, moving, module != NULL ? module->name : NULL);
	save(context, moving);
	report(moving, result);
	return outcome(moving, error);
}
