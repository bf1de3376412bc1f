#include "flow/install/install.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "flow/ask/choose_lineage.h"
#include "flow/ask/choose_names.h"
#include "flow/ask/choose_plugin.h"
#include "flow/due/lineage_settings.h"
#include "flow/install/certificate.h"
#include "flow/install/installer_work.h"
#include "flow/work/jobs.h"

/* Has a worker do WORK for one request; *RESULT is what it says, also when it failed. */
static int
run_task(struct cw_context *context, const char *installer, const struct cw_work *work,
	 const struct cw_installation *installation, struct json_object **result,
	 struct cw_error *error)
{
	const struct cw_settings *settings = installation != NULL && installation->settings != NULL
						     ? installation->settings
						     : context->settings;
	struct cw_request *request = cw_request_new(installer, settings);
	struct cw_request *requests[] = {request};
	struct cw_batch batch = {.requests = requests, .count = 1, .work = work};
	struct cw_batch *batches[] = {&batch};
	int status;

	request->installer = cw_strdup(installer);
	request->installation = installation;
	status = cw_jobs_run(context, batches, 1, 1, cw_ignore_end, NULL, error);
	if (status == CW_OK && request->error.status < 0)
		status = cw_error_move(error, &request->error);
	if (status < 0)
		cw_revert_leftovers(context);
	*result = cw_take(&request->result);
	cw_request_free(request);
	return status;
}

int
cw_installer_names(struct cw_context *context, const char *installer, struct cw_names *names,
		   struct cw_error *error)
{
	cw_auto_json struct json_object *result = NULL;
	struct json_object *list;
	int status = run_task(context, installer, &cw_list_names_work, NULL, &result, error);

	if (status < 0)
		return status;
	list = cw_json_array(result, "names");
	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));

		/* A server may answer to what no certificate is for: "localhost:8080", "_". */
		if (cw_names_add_dns_name(names, name, NULL) < 0)
			cw_log_debug("the name of the virtual host \"%s\" is not a domain name",
				     name);
	}
	return CW_OK;
}

static const struct {
	const char *internal, *enhancement;
} enhancements_known[] = {
	{"redirect", "redirect"},  {"hsts", "hsts"},           {"uir", "uir"},
	{"staple", "staple-ocsp"}, {"auto_hsts", "auto-hsts"},
};

int
cw_wanted_enhancements(struct cw_context *context, const char *installer, bool by_default,
		       struct cw_strv *enhancements, struct cw_error *error)
{
	const struct cw_settings *settings = context->settings;
	struct cw_module *module = NULL;
	int status = cw_registry_open(context->registry, installer, &module, error);

	for (size_t i = 0; status == CW_OK && i < CW_COUNT(enhancements_known); i++) {
		const char *internal = enhancements_known[i].internal;
		const char *enhancement = enhancements_known[i].enhancement;
		bool wanted = cw_settings_flag(settings, internal) ||
			      (strcmp(internal, "staple") == 0 &&
			       cw_settings_flag(settings, "must_staple"));
		bool silent = by_default && strcmp(internal, "redirect") == 0 &&
			      cw_settings_get(settings, internal) == NULL;

		if (!wanted && !silent)
			continue;
		if (cw_module_enhances(module, enhancement)) {
			cw_strv_add(enhancements, enhancement);
		} else if (wanted && strcmp(internal, "auto_hsts") == 0) {
			status = cw_fail(error, CW_E_UNSUPPORTED,
					 "the installer \"%s\" does not support --auto-hsts",
					 installer);
			cw_hint(error, "use --hsts instead");
		} else if (wanted) {
			cw_log_warning("the installer \"%s\" does not support --%s; ignoring it",
				       installer, enhancement);
		}
	}
	return status;
}

int
cw_install(struct cw_context *context, const char *installer,
	   const struct cw_installation *installation, struct json_object **description,
	   struct cw_error *error)
{
	cw_autofree char *names = cw_strv_join(&installation->names, ", ");
	cw_auto_json struct json_object *result = NULL;
	int status;

	if (installation->deploy)
		cw_log_info("installing the certificate with \"%s\" for %s", installer, names);
	else
		cw_log_info("enhancing the configuration with \"%s\" for %s", installer, names);
	status = run_task(context, installer, &cw_install_work, installation, &result, error);
	*description = cw_installation_describe(installation, installer, result);
	return status;
}

int
cw_check_installation(struct cw_context *context, const char *installer,
		      const struct cw_installation *installation, struct cw_error *error)
{
	cw_auto_json struct json_object *result = NULL;

	return run_task(context, installer, &cw_check_work, installation, &result, error);
}

int
cw_reload_server(struct cw_context *context, const char *installer, struct cw_error *error)
{
	cw_auto_json struct json_object *result = NULL;

	return run_task(context, installer, &cw_update_work, NULL, &result, error);
}

/* What renewals of the lineage use counts beneath what the run was given, the installer too. A
 * renewal file that cannot be used is not an error here. */
static void
use_saved_settings(struct cw_context *context, const struct cw_lineage *lineage)
{
	struct cw_settings *settings = context->settings;
	cw_auto_error struct cw_error error = {0};

	if (cw_lineage_settings(context, lineage, settings, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_warning("cannot use all settings in %s: %s", lineage->renewal_path, line);
	}
	if (cw_settings_given(settings, "configurator") &&
	    cw_settings_source(settings, "installer") <
		    cw_settings_source(settings, "configurator"))
		cw_settings_reset(settings, "installer");
}

int
cw_installation_choose(struct cw_context *context, struct cw_installation *installation,
		       struct cw_lineage **lineage, struct cw_error *error)
{
	cw_autofree char *chosen = NULL;
	int status = cw_choose_lineage(context, &chosen, error);

	if (status == CW_OK)
		status = cw_lineage_load(context->directories.config, chosen, lineage, error);
	if (status < 0)
		return status;
	use_saved_settings(context, *lineage);
	cw_installation_use(installation, *lineage);
	return CW_OK;
}

/* The paths given on the command line. */
static int
take_paths(struct cw_context *context, struct cw_installation *installation, struct cw_error *error)
{
	static const char *const settings[CW_KIND_COUNT] = {
		[CW_KIND_CERT] = "cert_path",
		[CW_KIND_PRIVKEY] = "key_path",
		[CW_KIND_CHAIN] = "chain_path",
		[CW_KIND_FULLCHAIN] = "fullchain_path",
	};

	for (size_t i = 0; i < CW_KIND_COUNT; i++) {
		const char *path = cw_settings_get(context->settings, settings[i]);

		if (path == NULL)
			continue;
		installation->paths[i] = cw_path_absolute(path);
		if (!cw_file_exists(path))
			return cw_fail(error, CW_E_NOT_FOUND, "there is no file \"%s\"", path);
	}
	return CW_OK;
}

static int
check_pair(const struct cw_installation *installation, struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_auto_key struct cw_key *key = NULL;
	int status = cw_certificate_load(installation->paths[CW_KIND_CERT], &certificate, error);

	if (status == CW_OK)
		status = cw_key_load(installation->paths[CW_KIND_PRIVKEY], &key, error);
	if (status == CW_OK && !cw_certificate_has_key(certificate, key))
		status = cw_fail(error, CW_E_INVALID, "the key \"%s\" does not belong to \"%s\"",
				 installation->paths[CW_KIND_PRIVKEY],
				 installation->paths[CW_KIND_CERT]);
	return status;
}

/* Which certificate: a lineage, or files that --cert-path and --key-path name. */
static int
choose_certificate(struct cw_context *context, struct cw_installation *installation,
		   struct cw_lineage **lineage, struct cw_error *error)
{
	const char *name = cw_settings_get(context->settings, "certname");
	int status = take_paths(context, installation, error);

	if (status < 0)
		return status;
	if (name != NULL || installation->paths[CW_KIND_CERT] == NULL ||
	    installation->paths[CW_KIND_PRIVKEY] == NULL)
		status = cw_installation_choose(context, installation, lineage, error);
	if (status == CW_OK)
		status = check_pair(installation, error);
	return status;
}

/* Whether the certificate has NAME or a wildcard that covers it. */
static bool
is_covered(const struct cw_installation *installation, const char *name)
{
	const char *dot = strchr(name, '.');
	cw_autofree char *wildcard =
		dot != NULL && name[0] != '*' ? cw_format("*%s", dot) : cw_strdup(name);

	return cw_strv_contains(&installation->covered, name) ||
	       cw_strv_contains(&installation->covered, wildcard);
}

/* Browsers refuse a certificate for a name that it does not have. */
static int
check_covered(struct cw_context *context, const struct cw_installation *installation,
	      struct cw_error *error)
{
	cw_auto_strv struct cw_strv missing = {0};
	cw_autofree char *covered = cw_strv_join(&installation->covered, ", ");
	cw_autofree char *names = NULL;
	cw_autofree char *question = NULL;
	bool answer = false;
	int status = CW_OK;

	for (size_t i = 0; i < installation->names.count; i++)
		if (!is_covered(installation, installation->names.items[i]))
			cw_strv_add(&missing, installation->names.items[i]);
	if (missing.count == 0)
		return CW_OK;
	names = cw_strv_join(&missing, ", ");
	if (context->asker->interactive) {
		question = cw_format(
			"The certificate is for %s, not for %s. Install it for %s anyway?", covered,
			names, names);
		status = context->asker->yes_no(context->asker->context, question, &answer, error);
	}
	if (status < 0 || answer)
		return status;
	status = cw_fail(error, context->asker->interactive ? CW_E_CANCELLED : CW_E_INVALID,
			 "the certificate is for \"%s\", not for \"%s\"", covered, names);
	cw_hint(error, "add the name to the certificate (certwright certonly --expand), or give "
		       "one that has it with --cert-name");
	return status;
}

static int
choose_hosts(struct cw_context *context, const char *installer,
	     struct cw_installation *installation, struct cw_error *error)
{
	cw_auto_names struct cw_names names = {0};
	cw_auto_names struct cw_names covered = {0};
	int status = cw_names_from_certificate(installation->paths[CW_KIND_CERT], &covered, error);

	if (status == CW_OK)
		status = cw_names_from_settings(context->settings, &names, error);
	if (status == CW_OK && cw_names_count(&names) == 0 && installation->lineage != NULL)
		cw_names_copy(&names, &covered);
	if (status == CW_OK && cw_names_count(&names) == 0)
		status = cw_choose_names(context, installer, &names, error);
	if (status < 0)
		return status;
	cw_names_all(&names, &installation->names);
	cw_names_all(&covered, &installation->covered);
	return check_covered(context, installation, error);
}

static int
install(struct cw_context *context, struct json_object *result,
	struct cw_installation *installation, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_autofree char *installer = NULL;
	struct json_object *description = NULL;
	int status = choose_certificate(context, installation, &lineage, error);

	if (status == CW_OK)
		status = cw_choose_installer(context, &installer, error);
	if (status == CW_OK)
		status = cw_wanted_enhancements(context, installer, true,
						&installation->enhancements, error);
	if (status == CW_OK)
		status = choose_hosts(context, installer, installation, error);
	if (status < 0)
		return status;
	installation->deploy = true;
	if (lineage != NULL)
		status = cw_installation_describe_certificate(installation, lineage, 0, error);
	if (status < 0)
		return status;
	status = cw_install(context, installer, installation, &description, error);
	cw_json_set(result, "installed", description);
	return status;
}

int
cw_flow_install(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct cw_installation installation = {0};
	int status = install(context, result, &installation, error);

	cw_installation_clear(&installation);
	return status;
}
