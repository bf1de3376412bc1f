/* The verb run. */
#include <stdlib.h>
#include "base/log.h"
#include "flow/install/certificate.h"
#include "flow/install/command.h"
#include "flow/install/install.h"
#include "flow/install/owed.h"
#include "flow/verbs/certonly.h"

/* --must-staple makes a certificate that browsers refuse without stapling. */
static int
check_stapling(const struct cw_context *context, const struct cw_strv *enhancements,
	       const char *installer, struct cw_error *error)
{
	if (!cw_settings_flag(context->settings, "must_staple") ||
	    cw_strv_contains(enhancements, "staple-ocsp"))
		return CW_OK;
	cw_fail(error, CW_E_UNSUPPORTED,
		"the installer \"%s\" cannot staple OCSP answers, which --must-staple needs",
		installer);
	cw_hint(error, "leave out --must-staple");
	return CW_E_UNSUPPORTED;
}

static int
install(struct cw_context *context, const struct cw_request *request,
	struct cw_installation *installation, struct json_object *result, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	struct json_object *description = NULL;
	cw_autofree char *command = NULL;
	unsigned before;
	int status = cw_lineage_load(context->directories.config, request->name, &lineage, error);

	if (status < 0)
		return status;
	cw_owed_for(context, request->name, &before);
	cw_installation_use(installation, lineage);
	status = cw_installation_describe_certificate(installation, lineage, before, error);
	if (status < 0)
		return status;
	installation->deploy = true;
	/* Some may have been left out: --allow-subset-of-names. */
	cw_strv_copy(&installation->names, &installation->covered);
	status = cw_install(context, request->installer, installation, &description, error);
	cw_json_set(result, "installed", description);
	if (status < 0) {
		cw_context(error, "the certificate is saved but not installed");
		command = cw_command_to_install(context, lineage->name, request->installer);
		cw_log_warning("correct the cause, then install the certificate with: %s", command);
	}
	return status;
}

/* What keeps the installer from using the certificate is told before the CA is asked for it. */
static int
check_installation(struct cw_context *context, const struct cw_request *request,
		   struct cw_error *error)
{
	struct cw_installation installation = {.lineage = cw_strdup(request->name)};
	int status;

	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		installation.paths[i] =
			request->lineage != NULL
				? cw_strdup(request->lineage->live[i])
				: cw_format("%s/live/%s/%s.pem", context->directories.config,
					    request->name, cw_kind_name((enum cw_kind)i));
	cw_names_all(&request->names, &installation.names);
	cw_names_all(&request->names, &installation.covered);
	status = cw_check_installation(context, request->installer, &installation, error);
	cw_installation_clear(&installation);
	return status;
}

int
cw_flow_run(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct cw_request *request = NULL;
	struct cw_installation installation = {0};
	enum cw_decision decision = CW_DECISION_NEW;
	int status = cw_request_make(context, true, &request, &decision, error);

	if (status == CW_OK)
		status = cw_wanted_enhancements(context, request->installer, true,
						&installation.enhancements, error);
	if (status == CW_OK)
		status = check_stapling(context, &installation.enhancements, request->installer,
					error);
	if (status == CW_OK && decision != CW_DECISION_KEEP)
		status = check_installation(context, request, error);
	/* What is owed as soon as the certificate is saved. */
	if (status == CW_OK && !request->dry_run)
		request->installation = &installation;
	if (status == CW_OK && decision == CW_DECISION_KEEP)
		cw_request_keep(request, result);
	else if (status == CW_OK)
		status = cw_request_fulfil(context, request, result, error);
	if (status == CW_OK)
		status = install(context, request, &installation, result, error);
	if (status == CW_OK && !request->dry_run)
		cw_request_describe_renewal(context, request, result);
	cw_installation_clear(&installation);
	cw_request_free(request);
	return status;
}
