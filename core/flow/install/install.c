#include "flow/install/install.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "flow/ask/choose_plugin.h"
#include "flow/install/hsts.h"
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
			cw_strv_add(enhancements, strcmp(enhancement, "auto-hsts") == 0
							  ? CW_HSTS_FIRST
							  : enhancement);
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
