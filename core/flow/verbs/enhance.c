#include <stdlib.h>
#include "flow/ask/choose_names.h"
#include "flow/ask/choose_plugin.h"
#include "flow/install/choose_installation.h"
#include "flow/install/install.h"

/* The certificate whose names are meant; the user may choose fewer of them. */
static int
choose_hosts(struct cw_context *context, struct cw_installation *installation,
	     struct cw_lineage **lineage, struct cw_error *error)
{
	cw_auto_names struct cw_names names = {0};
	cw_auto_strv struct cw_strv all = {0};
	const char *chain = cw_settings_get(context->settings, "chain_path");
	int status;

	installation->paths[CW_KIND_CHAIN] = cw_strdup(chain);
	status = cw_installation_choose(context, installation, lineage, error);
	if (status == CW_OK)
		status = cw_names_from_settings(context->settings, &names, error);
	if (status < 0)
		return status;
	if (cw_names_count(&names) > 0) {
		cw_names_all(&names, &installation->names);
		return CW_OK;
	}
	status = cw_names_from_certificate((*lineage)->live[CW_KIND_CERT], &names, error);
	if (status < 0)
		return status;
	cw_names_all(&names, &all);
	if (context->asker->interactive && all.count > 1)
		return cw_choose_among_names(context, "Which names do you want to enhance?", &all,
					     true, &installation->names, error);
	cw_strv_copy(&installation->names, &all);
	return CW_OK;
}

int
cw_check_enhance(const struct cw_settings *settings, struct cw_error *error)
{
	static const char *const wishes[] = {"redirect", "hsts", "uir", "staple", "auto_hsts"};

	for (size_t i = 0; i < CW_COUNT(wishes); i++)
		if (cw_settings_flag(settings, wishes[i]))
			return CW_OK;
	cw_fail(error, CW_E_USAGE, "no enhancement was given");
	cw_hint(error, "give --redirect, --hsts, --auto-hsts, --uir or --staple-ocsp; see: "
		       "certwright --help enhance");
	return CW_E_USAGE;
}

static int
enhance(struct cw_context *context, struct json_object *result,
	struct cw_installation *installation, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_autofree char *installer = NULL;
	struct json_object *description = NULL;
	int status = choose_hosts(context, installation, &lineage, error);

	if (status == CW_OK)
		status = cw_choose_installer(context, &installer, error);
	if (status == CW_OK)
		status = cw_wanted_enhancements(context, installer, false,
						&installation->enhancements, error);
	if (status < 0)
		return status;
	status = cw_install(context, installer, installation, &description, error);
	cw_json_set(result, "installed", description);
	return status;
}

int
cw_flow_enhance(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct cw_installation installation = {0};
	int status = enhance(context, result, &installation, error);

	cw_installation_clear(&installation);
	return status;
}
