#include "flow/install/installation.h"
#include "base/log.h"
#include "flow/install/owed.h"

static int
open_installer(struct cw_context *context, const struct cw_services *services,
	       const struct cw_request *request, struct cw_instance **instance,
	       struct cw_error *error)
{
	struct cw_module *module = NULL;
	int status;

	status = cw_registry_open(context->registry, request->installer, &module, error);
	if (status == CW_OK)
		status = cw_module_add_options(module, context->options, error);
	if (status == CW_OK)
		status = cw_instance_open(module, services, request->settings, instance, error);
	if (status == CW_OK)
		status = cw_instance_prepare(*instance, error);
	return status;
}

static struct json_object *
describe_outcome(const struct cw_installation_outcome *outcome)
{
	struct json_object *description = cw_json_new_object();

	cw_json_set_bool(description, "deployed", outcome->deployed);
	cw_json_set_bool(description, "enhanced", outcome->enhanced);
	cw_json_set_bool(description, "changed", outcome->changed);
	return description;
}

/* LIST as KEY where DONE, else as FAILED_KEY; the other one is empty. */
static void
set_done(struct json_object *description, const char *key, const char *failed_key, bool done,
	 const struct cw_strv *list)
{
	cw_json_set(description, done ? key : failed_key, cw_json_from_strv(list));
	cw_json_set(description, done ? failed_key : key, cw_json_new_array());
}

struct json_object *
cw_installation_describe(const struct cw_installation *installation, const char *installer,
			 struct json_object *outcome)
{
	static const char *const members[CW_KIND_COUNT] = {
		[CW_KIND_CERT] = "cert_path",
		[CW_KIND_PRIVKEY] = "key_path",
		[CW_KIND_CHAIN] = "chain_path",
		[CW_KIND_FULLCHAIN] = "fullchain_path",
	};
	struct json_object *description = cw_json_new_object();
	bool enhanced = cw_json_bool(outcome, "enhanced", false);
	bool configured =
		installation->deploy ? cw_json_bool(outcome, "deployed", false) : enhanced;

	cw_json_set_string(description, "name", installation->lineage);
	cw_json_set_string(description, "installer", installer);
	set_done(description, "names", "failed_names", configured, &installation->names);
	set_done(description, "enhancements", "failed_enhancements", enhanced,
		 &installation->enhancements);
	cw_json_set_bool(description, "changed", cw_json_bool(outcome, "changed", false));
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		cw_json_set_string(description, members[i], installation->paths[i]);
	return description;
}

/* Gives all requests the same end. */
static void
end_all(struct cw_batch *batch, const struct cw_error *error, cw_report report,
	void *report_context)
{
	for (size_t i = 0; i < batch->count; i++) {
		cw_error_copy(&batch->requests[i]->error, error);
		report(report_context, batch->requests[i]);
	}
}

void
cw_install_batch(struct cw_context *context, const struct cw_services *services,
		 struct cw_batch *batch, cw_report report, void *report_context)
{
	struct cw_instance *instance = NULL;
	cw_auto_error struct cw_error failure = {0};
	int status = open_installer(context, services, batch->requests[0], &instance, &failure);

	if (status < 0)
		end_all(batch, &failure, report, report_context);
	for (size_t i = 0; status == CW_OK && i < batch->count; i++) {
		struct cw_request *request = batch->requests[i];
		struct cw_installation_outcome outcome = {0};

		cw_installation_carry_out(instance, request->installation, &outcome,
					  &request->error);
		request->result = describe_outcome(&outcome);
		if (outcome.deployed && request->installation->lineage != NULL)
			cw_installation_settled(context, request->installation->lineage);
		report(report_context, request);
	}
	cw_instance_close(instance);
}

void
cw_check_batch(struct cw_context *context, const struct cw_services *services,
	       struct cw_batch *batch, cw_report report, void *report_context)
{
	struct cw_request *request = batch->requests[0];
	struct cw_instance *instance = NULL;
	int status = open_installer(context, services, request, &instance, &request->error);

	if (status == CW_OK)
		cw_installation_check(instance, request->installation, &request->error);
	report(report_context, request);
	cw_instance_close(instance);
}

void
cw_list_names_batch(struct cw_context *context, const struct cw_services *services,
		    struct cw_batch *batch, cw_report report, void *report_context)
{
	struct cw_request *request = batch->requests[0];
	struct cw_instance *instance = NULL;
	cw_auto_strv struct cw_strv names = {0};
	int status = open_installer(context, services, request, &instance, &request->error);

	if (status == CW_OK)
		cw_instance_names(instance, &names, &request->error);
	request->result = cw_json_new_object();
	cw_json_set(request->result, "names", cw_json_from_strv(&names));
	report(report_context, request);
	cw_instance_close(instance);
}

void
cw_reload_batch(struct cw_context *context, const struct cw_services *services,
		struct cw_batch *batch, cw_report report, void *report_context)
{
	struct cw_instance *instance = NULL;
	cw_auto_error struct cw_error error = {0};
	int status = open_installer(context, services, batch->requests[0], &instance, &error);

	if (status == CW_OK)
		status = cw_instance_config_test(instance, &error);
	if (status == CW_OK)
		status = cw_instance_reload(instance, &error);
	if (status < 0)
		cw_context(&error, "the server of \"%s\" could not be reloaded",
			   batch->requests[0]->installer);
	for (size_t i = 0; i < batch->count; i++)
		batch->requests[i]->result = cw_json_new_object();
	end_all(batch, &error, report, report_context);
	cw_instance_close(instance);
}
