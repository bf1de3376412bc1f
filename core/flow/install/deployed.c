#include "flow/install/deployed.h"
#include <string.h>
#include "base/plugin_name.h"
#include "store/renewal.h"

static const char section[] = "certwright/deployed";

void
cw_deployed_names(const struct cw_lineage *lineage, const char *installer, struct cw_strv *names)
{
	cw_configobj_get_list(lineage->config, section, cw_plugin_name(installer), names);
}

void
cw_deployed_installers(const struct cw_lineage *lineage, struct cw_strv *installers)
{
	cw_configobj_keys(lineage->config, section, installers);
}

/* Writes LINEAGE's renewal file if CONFIG says something else than it. */
static int
save_if_changed(struct cw_lineage *lineage, const struct cw_configobj *config,
		struct cw_error *error)
{
	cw_auto_buf struct cw_buf before = {0};
	cw_auto_buf struct cw_buf after = {0};
	int status = cw_configobj_check(config, error);

	if (status < 0)
		return status;
	cw_configobj_write(lineage->config, &before);
	cw_configobj_write(config, &after);
	if (before.length == after.length &&
	    memcmp(cw_buf_text(&before), cw_buf_text(&after), after.length) == 0)
		return CW_OK;
	return cw_lineage_save_config(lineage, config, error);
}

static void
set_names(struct cw_configobj *config, const struct cw_lineage *lineage, const char *installer,
	  const struct cw_installation *installation)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_strv struct cw_strv before = {0};

	cw_strv_copy(&names, &installation->names);
	cw_deployed_names(lineage, installer, &before);
	for (size_t i = 0; i < before.count; i++)
		if (cw_strv_contains(&installation->covered, before.items[i]))
			cw_strv_add_unique(&names, before.items[i]);
	cw_strv_sort(&names);
	if (names.count > 0)
		cw_configobj_set_list(config, section, installer, &names);
}

int
cw_record_deployment(const struct cw_context *context, const char *installer,
		     const struct cw_installation *installation, const struct cw_settings *settings,
		     struct cw_error *error)
{
	const char *name = cw_plugin_name(installer);
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_configobj struct cw_configobj *config = NULL;
	int status;

	if (installation->lineage == NULL || strcmp(name, "null") == 0)
		return CW_OK;
	status = cw_lineage_open(context->directories.config, installation->lineage, &lineage,
				 error);
	if (status < 0)
		return status;
	config = cw_configobj_copy(lineage->config);
	set_names(config, lineage, name, installation);
	cw_renewal_add_installer(config, name);
	cw_renewal_write_plugin(config, settings, name);
	status = save_if_changed(lineage, config, error);
	return status < 0 ? cw_context(error, "cannot record that \"%s\" has the certificate", name)
			  : CW_OK;
}

int
cw_forget_deployment(struct cw_lineage *lineage, const char *installer, struct cw_error *error)
{
	cw_auto_configobj struct cw_configobj *config = cw_configobj_copy(lineage->config);

	cw_configobj_remove(config, section, installer);
	return save_if_changed(lineage, config, error);
}
