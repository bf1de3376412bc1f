#include "flow/report/status.h"
#include <config.h>
#include "base/clock.h"
#include "base/file.h"
#include "flow/report/provided.h"
#include "store/lineage.h"

int
cw_status_names(const struct cw_context *context, struct cw_strv *names, struct cw_error *error)
{
	const char *config = context->directories.config;
	cw_autofree char *live = cw_format("%s/live", config);
	cw_auto_strv struct cw_strv folders = {0};
	int status = cw_lineage_list(config, names, error);

	if (status == CW_OK)
		status = cw_folder_list(live, true, &folders, error);
	for (size_t i = 0; i < folders.count && status == CW_OK; i++) {
		const char *name = folders.items[i];
		cw_autofree char *folder = cw_format("%s/%s", live, name);

		if (cw_lineage_check_name(name, NULL) == CW_OK && cw_provided_is(folder) &&
		    !cw_lineage_exists(config, name))
			cw_strv_add(names, name);
	}
	cw_strv_sort(names);
	return status;
}

int
cw_status_new(struct cw_context *context, struct json_object **status, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	struct json_object *certificates = cw_json_new_array();
	struct json_object *runs = cw_json_new_object();
	int result = cw_status_names(context, &names, error);

	for (size_t i = 0; i < names.count && result == CW_OK; i++)
		cw_json_append(certificates, cw_status_certificate(context, names.items[i]));
	*status = cw_json_new_object();
	cw_json_set_int(*status, "format", CW_STATUS_FORMAT);
	cw_json_set_string(*status, "program", "certwright " PACKAGE_VERSION);
	cw_json_set_time(*status, "time", cw_time());
	cw_json_set(*status, "agent", NULL);
	cw_json_set_string(*status, "config_dir", context->directories.config);
	cw_json_set(*status, "certificates", certificates);
	cw_json_set(*status, "servers", cw_json_new_array());
	cw_json_set_int(runs, "count", 0);
	cw_json_set_int(runs, "failed", 0);
	cw_json_set(runs, "seconds", json_object_new_double(0));
	cw_json_set(*status, "runs", runs);
	if (result < 0) {
		json_object_put(*status);
		*status = NULL;
	}
	return result;
}
