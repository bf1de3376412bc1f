#include "flow/work/begin.h"
#include "base/log.h"
#include "flow/work/deploy_hooks.h"
#include "flow/work/network_process.h"
#include "flow/work/undo_plugin.h"
#include "store/checkpoint.h"
#include "store/lineage.h"
#include "store/logfile.h"
#include "store/pending.h"
#include "store/state.h"

/* Orders expire within days at every public CA; a record that is older helps nobody. */
#define PENDING_AGE_MAX (30 * 24 * 3600)
/* Milliseconds. */
#define PLUGINS_WAIT (60 * 1000)

/* For the plugin processes of a run that was killed, which undo their own work. One that hangs must
 * not prevent every later run. */
static int
wait_for_plugins(const char *work, struct cw_error *error)
{
	cw_auto_error struct cw_error problem = {0};
	int status = cw_presence_wait(work, PLUGINS_WAIT, &problem);

	if (status != CW_E_BUSY)
		return cw_error_move(error, &problem);
	cw_log_warning("%s; going on without waiting any longer", problem.message);
	return CW_OK;
}

static int
recover(struct cw_context *context, struct cw_error *error)
{
	const struct cw_directories *directories = &context->directories;
	const struct cw_undo_plugins plugins = cw_undo_by_plugins(context);
	bool reverted = false;
	int status = wait_for_plugins(directories->work, error);

	if (status < 0)
		return status;
	cw_checkpoints_use_plugins(&plugins);
	status = cw_checkpoints_recover(directories->work, directories->config, &reverted, error);
	if (status < 0)
		return status;
	status = cw_checkpoints_settle(directories->work, error);
	if (status < 0)
		return status;
	/* After the files: what is to be undone may be a server that has to read them again. */
	cw_undo_what_was_left(context);
	if (reverted)
		cw_log_warning("reverted the configuration changes that an interrupted run left; "
			       "reload the web server if it is running");
	cw_work_sweep(directories->work);
	cw_pending_sweep(directories->work, PENDING_AGE_MAX);
	cw_state_sweep(directories->work, directories->config);
	return cw_lineage_sweep(directories->config, error);
}

int
cw_run_begin(struct cw_context *context, struct cw_run *run, struct cw_error *error)
{
	const struct cw_directories *directories = &context->directories;
	int64_t timeout = cw_settings_int(context->settings, "lock_timeout", 0);
	int64_t backups = cw_settings_int(context->settings, "max_log_backups", 1000);
	int status;

	/* It loads its libraries meanwhile. Answers to questions may go into its user agent. */
	if (context->verb->asks_ca && !context->asker->interactive)
		cw_network_start(cw_context_network(context));
	status = cw_directories_make(directories, error);
	if (status == CW_OK && cw_settings_flag(context->settings, "strict_permissions"))
		status = cw_directories_check(directories, error);
	if (status == CW_OK)
		status = cw_run_locks_take(directories, timeout < 0 ? -1 : timeout * 1000,
					   &run->locks, error);
	if (status == CW_OK)
		status = cw_logfile_open(
			directories->logs,
			backups < 0 ? 0 : (unsigned)(backups > 100000 ? 100000 : backups), error);
	if (status == CW_OK)
		status = recover(context, error);
	if (status == CW_OK)
		cw_deploy_recover(context);
	return status;
}

void
cw_run_end(struct cw_run *run)
{
	cw_run_locks_release(&run->locks);
}
