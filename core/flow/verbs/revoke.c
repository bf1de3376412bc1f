#include "flow/issue/revoke.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/x509.h"
#include "flow/ask/choose_lineage.h"
#include "flow/ask/still_used.h"
#include "flow/context.h"
#include "flow/install/undeploy.h"
#include "flow/issue/accounts.h"
#include "flow/issue/names.h"
#include "flow/issue/server.h"
#include "flow/work/ca.h"
#include "store/lineage.h"
#include "store/memory.h"
#include "store/state.h"

static int
reason_code(const struct cw_settings *settings)
{
	const char *reason = cw_settings_get(settings, "reason");

	int code = reason != NULL ? cw_revocation_reason(reason) : 0;

	return code < 0 ? 0 : code;
}

struct revocation {
	struct cw_lineage *lineage; /* NULL: a certificate file that belongs to none */
	char *path;
	char *server; /* the lineage's, unless the user gave one */
	char *account;
};

static void
clear(struct revocation *revocation)
{
	cw_lineage_free(revocation->lineage);
	free(revocation->path);
	free(revocation->server);
	free(revocation->account);
}

/* The lineage whose certificate in use is the one at PATH, if any. */
static int
find_lineage(struct cw_context *context, const struct cw_certificate *certificate,
	     struct cw_lineage **found, struct cw_error *error)
{
	cw_autofree char *wanted = cw_certificate_base64url(certificate);
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_lineage_list(context->directories.config, &names, error);

	for (size_t i = 0; status == CW_OK && i < names.count && *found == NULL; i++) {
		struct cw_lineage *lineage = NULL;
		cw_auto_certificate struct cw_certificate *present = NULL;
		cw_autofree char *encoded = NULL;

		if (cw_lineage_load(context->directories.config, names.items[i], &lineage, NULL) <
		    0)
			continue;
		if (cw_certificate_load(lineage->live[CW_KIND_CERT], &present, NULL) == CW_OK)
			encoded = cw_certificate_base64url(present);
		if (encoded != NULL && strcmp(encoded, wanted) == 0)
			*found = lineage;
		else
			cw_lineage_free(lineage);
	}
	return status;
}

static int
locate(struct cw_context *context, struct revocation *revocation,
       struct cw_certificate **certificate, struct cw_error *error)
{
	const char *path = cw_settings_get(context->settings, "cert_path");
	const char *name = cw_settings_get(context->settings, "certname");
	int status;

	if (path != NULL && name != NULL)
		return cw_fail(
			error, CW_E_USAGE,
			"--cert-path and --cert-name exclude each other; give only one of them");
	if (path != NULL) {
		revocation->path = cw_strdup(path);
		status = cw_certificate_load(path, certificate, error);
		return status < 0
			       ? status
			       : find_lineage(context, *certificate, &revocation->lineage, error);
	}
	cw_autofree char *chosen = NULL;
	status = cw_choose_lineage(context, &chosen, error);
	if (status == CW_OK)
		status = cw_lineage_load(context->directories.config, chosen, &revocation->lineage,
					 error);
	if (status < 0 || revocation->lineage == NULL)
		return status;
	revocation->path = cw_strdup(revocation->lineage->live[CW_KIND_CERT]);
	return cw_certificate_load(revocation->path, certificate, error);
}

/* The lineage's own server and account, unless the user gave others. */
static int
use_lineage_settings(struct cw_context *context, const struct revocation *revocation,
		     struct cw_error *error)
{
	static const char *const keys[] = {"server", "account"};

	for (size_t i = 0; revocation->lineage != NULL && i < CW_COUNT(keys); i++) {
		const char *value =
			cw_configobj_get(revocation->lineage->config, "renewalparams", keys[i]);
		int status;

		if (value == NULL)
			continue;
		status = cw_settings_set(context->settings, keys[i], CW_SOURCE_RENEWAL, value,
					 error);
		if (status < 0)
			return status;
	}
	return CW_OK;
}

static int
revoke_with_key(struct cw_context *context, const char *key_path,
		const struct cw_certificate *certificate, const char *encoded,
		struct cw_error *error)
{
	cw_auto_key struct cw_key *key = NULL;
	struct cw_ca_wait wait = {0};
	struct cw_ca *ca;
	int status = cw_key_load(key_path, &key, error);

	if (status < 0)
		return status;
	if (!cw_certificate_has_key(certificate, key)) {
		cw_fail(error, CW_E_INVALID, "the key %s does not belong to the certificate",
			key_path);
		cw_hint(error, "leave out --key-path to revoke with the account's key");
		return CW_E_INVALID;
	}
	ca = cw_context_ca(context, cw_server_url(context->settings), NULL);
	return cw_ca_wait_for(
		ca,
		cw_ca_revoke(ca, encoded, reason_code(context->settings), key, cw_ca_waited, &wait),
		&wait, error);
}

static int
revoke_with_account(struct cw_context *context, const char *encoded, struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	struct cw_ca_wait wait = {0};
	struct cw_ca *ca;
	bool created;
	int status =
		cw_account_acquire(context, context->settings, false, &account, &created, error);

	if (status < 0)
		return status;
	ca = cw_context_ca(context, account->server, account);
	return cw_ca_wait_for(ca,
			      cw_ca_revoke(ca, encoded, reason_code(context->settings), NULL,
					   cw_ca_waited, &wait),
			      &wait, error);
}

/* --delete-after-revoke, or a question; without anybody to ask the files stay only where that was
 * asked for. */
static int
want_deletion(struct cw_context *context, bool *wanted, struct cw_error *error)
{
	*wanted = true;
	if (cw_settings_get(context->settings, "delete_after_revoke") != NULL) {
		*wanted = cw_settings_flag(context->settings, "delete_after_revoke");
		return CW_OK;
	}
	if (!context->asker->interactive)
		return CW_OK;
	*wanted = false;
	return context->asker->yes_no(
		context->asker->context,
		"Delete the certificate's files too, with its keys, old versions and renewal "
		"settings? A revoked certificate is of no use, but a web server that still uses "
		"the files will not start again.",
		wanted, error);
}

static void
tell_left(const struct cw_context *context, const struct cw_lineage *lineage)
{
	cw_autofree char *folder = cw_path_folder(lineage->live[CW_KIND_CERT]);

	cw_log_info("kept the files of \"%s\": %s, %s and %s", lineage->name, folder,
		    lineage->archive, lineage->renewal_path);
	cw_log_info("delete them with: certwright delete --cert-name %s --config-dir %s",
		    lineage->name, context->directories.config);
}

static int
confirm(struct cw_context *context, const struct revocation *revocation,
	const struct cw_certificate *certificate, struct cw_error *error)
{
	cw_auto_names struct cw_names names = {0};
	cw_auto_strv struct cw_strv all = {0};
	cw_autofree char *list = NULL;
	cw_autofree char *question = NULL;

	if (revocation->lineage != NULL)
		cw_warn_still_used(context, revocation->lineage);
	cw_certificate_names(certificate, &names.dns, &names.ip);
	cw_names_all(&names, &all);
	list = cw_strv_join(&all, ", ");
	question = cw_format("Revoke %s (%s)? This cannot be undone. Browsers will reject web "
			     "sites that still use it.",
			     revocation->path, list);
	return cw_confirm(context, question, "nothing was revoked", error);
}

static int
delete_files(struct cw_context *context, struct revocation *revocation, bool *deleted,
	     struct json_object *result, struct cw_error *error)
{
	bool wanted;
	int status;

	*deleted = false;
	if (revocation->lineage == NULL) {
		cw_log_info("kept %s, which does not belong to a certificate in %s",
			    revocation->path, context->directories.config);
		return CW_OK;
	}
	status = want_deletion(context, &wanted, error);
	if (status < 0)
		return status;
	if (wanted && cw_lineage_archive_is_shared(revocation->lineage)) {
		cw_log_warning(
			"not deleting \"%s\": another certificate uses the same archive folder",
			revocation->lineage->name);
		wanted = false;
	}
	if (!wanted) {
		tell_left(context, revocation->lineage);
		return CW_OK;
	}
	status = cw_undeploy(context, &revocation->lineage, 1, result, error);
	if (status == CW_OK)
		status = cw_lineage_delete(revocation->lineage, error);
	*deleted = status == CW_OK;
	if (*deleted) {
		cw_memory_forget(context->directories.work, revocation->lineage->name);
		cw_state_forget(context->directories.work, revocation->lineage->name);
		cw_log_info("deleted all files of the certificate \"%s\"",
			    revocation->lineage->name);
	}
	return status;
}

static void
describe(const struct revocation *revocation, const struct cw_certificate *certificate,
	 bool already, bool deleted, struct json_object *result)
{
	struct json_object *description = cw_json_new_object();
	cw_autofree char *serial = cw_certificate_serial(certificate);

	cw_json_set_string(description, "cert_path", revocation->path);
	cw_json_set_string(description, "name",
			   revocation->lineage != NULL ? revocation->lineage->name : NULL);
	cw_json_set_string(description, "serial", serial);
	cw_json_set_bool(description, "already", already);
	cw_json_set_bool(description, "deleted", deleted);
	cw_json_set(result, "revoked", description);
}

/* "certificates" shows it as revoked from now on, whether a responder can be asked or not. */
static void
remember(const struct cw_context *context, const struct revocation *revocation, const char *serial)
{
	cw_auto_error struct cw_error error = {0};

	if (revocation->lineage != NULL &&
	    cw_memory_revoked(context->directories.work, revocation->lineage->name, serial,
			      &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_warning("cannot record the revocation: %s", line);
	}
}

static int
revoke_and_delete(struct cw_context *context, struct revocation *revocation,
		  struct json_object *result, struct cw_error *error)
{
	const char *key_path = cw_settings_get(context->settings, "key_path");
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_autofree char *encoded = NULL;
	cw_autofree char *serial = NULL;
	cw_auto_error struct cw_error refusal = {0};
	bool already, deleted = false;
	int status = locate(context, revocation, &certificate, error);

	if (status == CW_OK)
		status = confirm(context, revocation, certificate, error);
	if (status == CW_OK)
		status = use_lineage_settings(context, revocation, error);
	if (status < 0)
		return status;
	encoded = cw_certificate_base64url(certificate);
	serial = cw_certificate_serial(certificate);
	status = key_path != NULL
			 ? revoke_with_key(context, key_path, certificate, encoded, &refusal)
			 : revoke_with_account(context, encoded, &refusal);
	/* That is what was asked for. An earlier run may have ended before it deleted the files. */
	already = status < 0 && cw_is_revoked_already(&refusal);
	if (status < 0 && !already) {
		cw_error_move(error, &refusal);
		return cw_context(error, "cannot revoke %s", revocation->path);
	}
	cw_log_info("the certificate %s %s revoked", revocation->path,
		    already ? "was already" : "is now");
	remember(context, revocation, serial);
	status = delete_files(context, revocation, &deleted, result, error);
	describe(revocation, certificate, already, deleted, result);
	return status;
}

int
cw_flow_revoke(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct revocation revocation = {0};
	int status = revoke_and_delete(context, &revocation, result, error);

	clear(&revocation);
	return status;
}
