#include "flow/install/install.h"
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "flow/ask/choose_names.h"
#include "flow/ask/choose_plugin.h"
#include "flow/install/certificate.h"
#include "flow/install/choose_installation.h"

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
