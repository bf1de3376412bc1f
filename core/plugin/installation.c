#include "plugin/installation.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "plugin/instance_internal.h"

void
cw_installation_clear(struct cw_installation *installation)
{
	free(installation->lineage);
	cw_strv_clear(&installation->names);
	cw_strv_clear(&installation->covered);
	cw_strv_clear(&installation->enhancements);
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		free(installation->paths[i]);
	*installation = (struct cw_installation){0};
}

struct installing {
	struct cw_instance *instance;
	const struct cw_installation *installation;
	struct cw_strv backups; /* the finished checkpoints before the change under way */
	bool reloading;
	bool deploying; /* that went well, before the enhancements */
	struct cw_installation_outcome *outcome;
};

/* Certbot's folder of finished checkpoints. */
static int
list_backups(const struct installing *installing, struct cw_strv *names, struct cw_error *error)
{
	cw_autofree char *folder =
		cw_format("%s/backups", installing->instance->services->directories->work);

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

	if (list_backups(installing, &now, NULL) < 0)
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
	const struct cw_directories *directories = installing->instance->services->directories;
	cw_auto_error struct cw_error error = {0};
	bool reverted = false;
	unsigned count = new_backups(installing);
	int status;

	status = cw_checkpoints_recover(directories->work, directories->config, &reverted, &error);
	if (status == CW_OK && count > 0)
		status = cw_checkpoints_rollback(directories->work, directories->config, count,
						 &error);
	if (status < 0) {
		warn("the server's configuration could not be put back", &error);
		return;
	}
	if (reverted || count > 0)
		cw_log_info("the server's configuration is as it was before");
	/* Also what was not saved has to be forgotten. */
	status = cw_instance_reread(installing->instance, &error);
	if (status == CW_OK && installing->reloading)
		status = cw_instance_reload(installing->instance, &error);
	if (status < 0)
		warn("the server could not be reloaded with its former configuration", &error);
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
	status = list_backups(installing, &installing->backups, error);
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
		installing->outcome->changed |= new_backups(installing) > 0;
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
				cw_context(error, "cannot make the enhancement \"%s\" for \"%s\"",
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
	struct cw_installation_outcome *outcome = installing->outcome;
	cw_auto_error struct cw_error second = {0};
	int status;

	if (!installing->installation->deploy) {
		status = carry_out(installing, enhance, "Add enhancements", error);
		outcome->enhanced = status == CW_OK;
		return status;
	}
	status = carry_out(installing, deploy_and_enhance, title, error);
	if (status == CW_E_BUSY) {
		/* Somebody else changed a file between our look at it and our edit. */
		cw_log_info("beginning again with the configuration as it is now");
		cw_error_clear(error);
		status = carry_out(installing, deploy_and_enhance, title, error);
	}
	outcome->deployed = outcome->enhanced = status == CW_OK;
	if (status == CW_OK || !installing->deploying ||
	    installing->installation->enhancements.count == 0 || status == CW_E_CANCELLED)
		return status;
	cw_log_warning("installing the certificate without the enhancements");
	outcome->deployed = carry_out(installing, deploy, title, &second) == CW_OK;
	if (!outcome->deployed)
		cw_error_move(error, &second);
	return status;
}

int
cw_installation_carry_out(struct cw_instance *instance, const struct cw_installation *installation,
			  struct cw_installation_outcome *outcome, struct cw_error *error)
{
	struct installing installing = {
		.instance = instance, .installation = installation, .outcome = outcome};
	int status;

	*outcome = (struct cw_installation_outcome){0};
	status = install(&installing, error);

	cw_strv_clear(&installing.backups);
	return status;
}

int
cw_installation_check(struct cw_instance *instance, const struct cw_installation *installation,
		      struct cw_error *error)
{
	return for_each_name(instance, installation, cw_instance_check, error);
}
