#include "flow/install/installation.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "flow/install/owed.h"
#include "store/checkpoint.h"

void
cw_installation_clear(struct cw_installation *installation)
{
	cw_strv_clear(&installation->names);
	cw_strv_clear(&installation->covered);
	cw_strv_clear(&installation->enhancements);
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		free(installation->paths[i]);
	*installation = (struct cw_installation){0};
}

struct installing {
	struct cw_context *context;
	struct cw_instance *instance;
	const struct cw_installation *installation;
	const char *installer;
	struct cw_strv backups; /* the finished checkpoints before the change under way */
	bool reloading;
	bool deploying; /* that went well, before the enhancements */
	/* What is in place at the end. */
	bool deployed, enhanced, changed;
};

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

/* Certbot's folder of finished checkpoints. */
static int
list_backups(const struct cw_context *context, struct cw_strv *names, struct cw_error *error)
{
	cw_autofree char *folder = cw_format("%s/backups", context->directories.work);

	return cw_folder_list(folder, true, names, error);
}

static void
warn(const char *what, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_log_error("%s: %s", what, line);
}

/* The checkpoints that came since the change began; an installer makes as many as it likes. */
static unsigned
new_backups(const struct installing *installing)
{
	cw_auto_strv struct cw_strv now = {0};
	unsigned count = 0;

	if (list_backups(installing->context, &now, NULL) < 0)
		return 0;
	for (size_t i = 0; i < now.count; i++)
		count += !cw_strv_contains(&installing->backups, now.items[i]);
	return count;
}

/* Puts the files back as they were before the change, and has the server read them if it has read
 * the others. */
static void
undo(struct installing *installing)
{
	const struct cw_directories *directories = &installing->context->directories;
	cw_auto_error struct cw_error error = {0};
	bool reverted = false;
	unsigned count = new_backups(installing);
	int status;

	status = cw_checkpoints_recover(directories->work, directories->config, &reverted, &error);
	if (status == CW_OK && count > 0)
		status = cw_checkpoints_rollback(directories->work, directories->config, count,
						 &error);
	if (status < 0) {
		warn("cannot restore the server's configuration", &error);
		return;
	}
	if (reverted || count > 0)
		cw_log_info("the server's configuration is as it was before");
	/* Also what was not saved has to be forgotten. */
	status = cw_instance_reread(installing->instance, &error);
	if (status == CW_OK && installing->reloading)
		status = cw_instance_reload(installing->instance, &error);
	if (status < 0)
		warn("cannot reload the server with its previous configuration", &error);
}

static int
make_live(struct installing *installing, const char *title, struct cw_error *error)
{
	int status = cw_instance_save(installing->instance, title, error);

	if (status == CW_OK)
		status = cw_instance_config_test(installing->instance, error);
	if (status < 0)
		return status;
	installing->reloading = true;
	return cw_instance_reload(installing->instance, error);
}

typedef int (*change)(struct installing *installing, struct cw_error *error);

static int
carry_out(struct installing *installing, change change_files, const char *title,
	  struct cw_error *error)
{
	int status;

	cw_strv_clear(&installing->backups);
	installing->reloading = false;
	status = list_backups(installing->context, &installing->backups, error);
	if (status < 0)
		return status;
	status = change_files(installing, error);
	if (status == CW_OK)
		status = make_live(installing, title, error);
	if (status < 0) {
		cw_shield_signals(+1);
		undo(installing);
		cw_shield_signals(-1);
	} else {
		installing->changed |= new_backups(installing) > 0;
		if (installing->installation->deploy && installing->installation->lineage != NULL)
			cw_installation_settled(installing->context,
						installing->installation->lineage);
	}
	return status;
}

typedef int (*deployment_call)(struct cw_instance *instance, const struct cw_deployment *deployment,
			       struct cw_error *error);

/* One call for each of the names. */
static int
for_each_name(struct cw_instance *instance, const struct cw_installation *installation,
	      deployment_call call, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < installation->names.count && status == CW_OK; i++) {
		const char *name = installation->names.items[i];
		struct cw_deployment deployment = {
			.size = sizeof(deployment),
			.lineage = installation->lineage,
			.name = name,
			.cert_path = installation->paths[CW_KIND_CERT],
			.key_path = installation->paths[CW_KIND_PRIVKEY],
			.chain_path = installation->paths[CW_KIND_CHAIN],
			.fullchain_path = installation->paths[CW_KIND_FULLCHAIN],
			.names = (const char *const *)cw_strv_items(&installation->covered),
			.names_count = installation->covered.count,
		};

		status = call(instance, &deployment, error);
		if (status < 0)
			cw_context(error, "cannot install the certificate for \"%s\"", name);
	}
	return status;
}

static int
deploy(struct installing *installing, struct cw_error *error)
{
	return for_each_name(installing->instance, installing->installation, cw_instance_deploy,
			     error);
}

static int
enhance(struct installing *installing, struct cw_error *error)
{
	const struct cw_installation *installation = installing->installation;
	int status = CW_OK;

	for (size_t i = 0; i < installation->enhancements.count; i++) {
		const char *enhancement = installation->enhancements.items[i];

		for (size_t j = 0; j < installation->names.count && status == CW_OK; j++) {
			const char *name = installation->names.items[j];

			status =
				cw_instance_enhance(installing->instance, name, enhancement, error);
			if (status < 0)
				cw_context(error, "cannot add the enhancement \"%s\" for \"%s\"",
					   enhancement, name);
		}
	}
	return status;
}

static int
deploy_and_enhance(struct installing *installing, struct cw_error *error)
{
	int status = deploy(installing, error);

	installing->deploying = status == CW_OK;
	return status < 0 ? status : enhance(installing, error);
}

static int
install(struct installing *installing, struct cw_error *error)
{
	static const char title[] = "Deployed ACME Certificate";
	cw_auto_error struct cw_error second = {0};
	int status;

	if (!installing->installation->deploy) {
		status = carry_out(installing, enhance, "Add enhancements", error);
		installing->enhanced = status == CW_OK;
		return status;
	}
	status = carry_out(installing, deploy_and_enhance, title, error);
	if (status == CW_E_BUSY) {
		/* Somebody else changed a file between our look at it and our edit. */
		cw_log_info("starting again because the server's configuration has changed");
		cw_error_clear(error);
		status = carry_out(installing, deploy_and_enhance, title, error);
	}
	installing->deployed = installing->enhanced = status == CW_OK;
	if (status == CW_OK || !installing->deploying ||
	    installing->installation->enhancements.count == 0 || status == CW_E_CANCELLED)
		return status;
	cw_log_warning("installing the certificate without the enhancements");
	installing->deployed = carry_out(installing, deploy, title, &second) == CW_OK;
	if (!installing->deployed)
		cw_error_move(error, &second);
	return status;
}

static struct json_object *
outcome_of(const struct installing *installing)
{
	struct json_object *outcome = cw_json_new_object();

	cw_json_set_bool(outcome, "deployed", installing->deployed);
	cw_json_set_bool(outcome, "enhanced", installing->enhanced);
	cw_json_set_bool(outcome, "changed", installing->changed);
	return outcome;
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
	struct installing installing = {
		.context = context,
		.installer = batch->requests[0]->installer,
	};
	cw_auto_error struct cw_error failure = {0};
	int status = open_installer(context, services, batch->requests[0], &installing.instance,
				    &failure);

	if (status < 0)
		end_all(batch, &failure, report, report_context);
	for (size_t i = 0; status == CW_OK && i < batch->count; i++) {
		struct cw_request *request = batch->requests[i];

		installing.installation = request->installation;
		installing.deployed = installing.enhanced = installing.changed = false;
		install(&installing, &request->error);
		request->result = outcome_of(&installing);
		report(report_context, request);
	}
	cw_strv_clear(&installing.backups);
	cw_instance_close(installing.instance);
}

void
cw_check_batch(struct cw_context *context, const struct cw_services *services,
	       struct cw_batch *batch, cw_report report, void *report_context)
{
	struct cw_request *request = batch->requests[0];
	struct cw_instance *instance = NULL;
	int status = open_installer(context, services, request, &instance, &request->error);

	if (status == CW_OK)
		for_each_name(instance, request->installation, cw_instance_check, &request->error);
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
		cw_context(&error, "cannot reload the server of \"%s\"",
			   batch->requests[0]->installer);
	for (size_t i = 0; i < batch->count; i++)
		batch->requests[i]->result = cw_json_new_object();
	end_all(batch, &error, report, report_context);
	cw_instance_close(instance);
}
