#include "plugin/change.h"
#include "base/file.h"
#include "base/log.h"
#include "plugin/instance_internal.h"

struct change {
	struct cw_instance *instance;
	const char *title;
	cw_change_function make;
	void *context;
	struct cw_strv backups; /* the finished checkpoints before the change */
	bool reloading;
};

/* Certbot's folder of finished checkpoints. */
static int
list_backups(const struct change *change, struct cw_strv *names, struct cw_error *error)
{
	if (change->instance->services->restricted)
		return CW_OK;
	cw_autofree char *folder =
		cw_format("%s/backups", change->instance->services->directories->work);

	return cw_folder_list(folder, true, names, error);
}

static void
say(const char *what, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_log_error("%s: %s", what, line);
}

/* The checkpoints that came since the change began; an installer makes as many as it likes. */
static unsigned
new_backups(const struct change *change)
{
	cw_auto_strv struct cw_strv now = {0};
	unsigned count = 0;

	if (list_backups(change, &now, NULL) < 0)
		return 0;
	for (size_t i = 0; i < now.count; i++)
		count += !cw_strv_contains(&change->backups, now.items[i]);
	return count;
}

/* Without checkpoints. */
static void
undo_by_plugin(struct cw_instance *instance)
{
	for (size_t i = instance->undo_data.count; i > 0; i--) {
		const char *data = instance->undo_data.items[i - 1];
		cw_auto_error struct cw_error error = {0};

		if (cw_instance_undo(instance, data, &error) < 0) {
			cw_autofree char *line = cw_error_line(&error);

			cw_log_warning("the plugin \"%s\" could not undo \"%s\": %s",
				       instance->module->name, data, line);
		}
	}
	cw_host_change_over(instance);
}

static int
restore_files(const struct change *change, struct cw_error *error)
{
	const struct cw_directories *directories = change->instance->services->directories;
	bool reverted = false;
	unsigned count = new_backups(change);
	int status;

	status = cw_checkpoints_recover(directories->work, directories->config, &reverted, error);
	if (status == CW_OK && count > 0)
		status = cw_checkpoints_undo(directories->work, directories->config, count, error);
	if (status == CW_OK && (reverted || count > 0))
		cw_log_info("the server's configuration is as it was before");
	return status;
}

/* Puts the files back as they were before the change, and has the server read them if it has read
 * the others. */
static void
undo(struct change *change)
{
	cw_auto_error struct cw_error error = {0};
	int status = CW_OK;

	if (change->instance->services->restricted)
		undo_by_plugin(change->instance);
	else
		status = restore_files(change, &error);
	if (status < 0) {
		say("cannot restore the server's configuration", &error);
		return;
	}
	/* Also what was not saved has to be forgotten. */
	status = cw_instance_reread(change->instance, &error);
	if (status == CW_OK && change->reloading)
		status = cw_instance_reload(change->instance, &error);
	if (status < 0)
		say("cannot reload the server with its previous configuration", &error);
}

static int
make_live(struct change *change, struct cw_error *error)
{
	int status = cw_instance_save(change->instance, change->title, error);

	if (status == CW_OK)
		status = cw_instance_config_test(change->instance, error);
	if (status < 0)
		return status;
	change->reloading = true;
	return cw_instance_reload(change->instance, error);
}

/* The new keys are in use: nothing needs the old ones. */
static void
settle(const struct change *change)
{
	cw_auto_error struct cw_error error = {0};

	if (change->instance->services->restricted)
		cw_host_change_over(change->instance);
	else if (cw_checkpoints_settle(change->instance->services->directories->work, &error) < 0)
		say("cannot remove copies of old files with secrets", &error);
}

static int
attempt(struct change *change, bool *changed, struct cw_error *error)
{
	int status;

	cw_strv_clear(&change->backups);
	change->reloading = false;
	status = list_backups(change, &change->backups, error);
	if (status < 0)
		return status;
	status = change->make(change->context, error);
	if (status == CW_OK)
		status = make_live(change, error);
	if (status < 0) {
		cw_shield_signals(+1);
		undo(change);
		cw_shield_signals(-1);
	} else {
		*changed |= new_backups(change) > 0;
		settle(change);
	}
	return status;
}

int
cw_change_carry_out(struct cw_instance *instance, const char *title, cw_change_function make,
		    void *context, bool *changed, struct cw_error *error)
{
	struct change change = {
		.instance = instance, .title = title, .make = make, .context = context};
	cw_auto_error struct cw_error failure = {0};
	int status = attempt(&change, changed, &failure);

	if (status == CW_E_BUSY) {
		cw_log_info("starting again because the server's configuration has changed");
		cw_error_clear(&failure);
		status = attempt(&change, changed, &failure);
	}
	cw_strv_clear(&change.backups);
	return status < 0 ? cw_error_move(error, &failure) : CW_OK;
}
