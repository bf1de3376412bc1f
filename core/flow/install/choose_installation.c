#include "flow/install/choose_installation.h"
#include "base/log.h"
#include "flow/ask/choose_lineage.h"
#include "flow/due/lineage_settings.h"
#include "flow/install/certificate.h"

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
