#include "flow/install/pay.h"
#include "base/log.h"
#include "flow/install/certificate.h"
#include "flow/install/install.h"

/* Fails when the installer must not change anything. */
static int
check_updates(const struct cw_request *request, struct cw_error *error)
{
	if (!cw_settings_flag(request->settings, "disable_renew_updates"))
		return CW_OK;
	cw_fail(error, CW_E_INVALID,
		"the certificate is saved but not installed, because --disable-renew-updates is "
		"set");
	cw_hint(error, "install it with: certwright install --cert-name %s", request->name);
	return CW_E_INVALID;
}

static int
install(struct cw_context *context, const struct cw_request *request,
	const struct cw_strv *enhancements, struct cw_error *error)
{
	struct cw_installation installation = {
		.settings = request->settings, .deploy = true, .reason = CW_REASON_RETRY};
	cw_auto_json struct json_object *description = NULL;
	unsigned before;
	int status;

	cw_owed_for(context, request->name, &before);
	status = cw_installation_describe_certificate(&installation, request->lineage, before,
						      error);
	if (status < 0)
		return status;
	cw_log_warning("installing the certificate \"%s\", which an earlier run could not install",
		       request->name);
	cw_installation_use(&installation, request->lineage);
	cw_names_all(&request->names, &installation.names);
	cw_strv_copy(&installation.enhancements, enhancements);
	status = cw_install(context, request->installer, &installation, &description, error);
	cw_installation_clear(&installation);
	return status < 0 ? cw_context(error, "the certificate is saved but not installed") : CW_OK;
}

int
cw_installation_pay(struct cw_context *context, struct cw_request *request, enum cw_owed *owed,
		    struct cw_error *error)
{
	cw_auto_strv struct cw_strv enhancements = {0};
	int status = CW_OK;

	*owed = cw_installation_owed(context, request, &enhancements);
	if (*owed > CW_OWED_RELOAD)
		status = check_updates(request, error);
	if (status == CW_OK && *owed == CW_OWED_INSTALLATION)
		status = install(context, request, &enhancements, error);
	return status;
}
