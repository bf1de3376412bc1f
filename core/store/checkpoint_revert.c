#include "store/checkpoint.h"

#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/process.h"
#include "store/checkpoint_files.h"
#include "store/replace.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMMAND_LIMIT = 300 /* seconds */ };

/* Last registered first. One that fails does not keep the files from coming back. */
static void
run_commands(const struct cw_checkpoint_commands *commands)
{
	for (size_t i = commands->count; i > 0; i--) {
		const struct cw_strv *argv = &commands->items[i - 1];
		struct cw_process process = {.argv = (const char *const *)cw_strv_items(argv),
					     .time_limit = COMMAND_LIMIT};
		cw_auto_error struct cw_error problem = {0};

		if (cw_process_run_one(&process, &problem) != CW_OK) {
			cw_autofree char *words = cw_strv_join(argv, " ");
			cw_autofree char *line = cw_error_line(&problem);

			cw_log_warning("the undo command \"%s\" failed: %s", words, line);
		}
		cw_process_clear(&process);
	}
}

/* Whether the file at PATH has the copy's contents and mode already. */
static bool
is_restored(const char *path, const struct stat *copy, const struct cw_buf *data)
{
	cw_auto_buf struct cw_buf present = {0};
	struct stat status;

	return lstat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       status.st_mode == copy->st_mode && status.st_size == copy->st_size &&
	       cw_file_read(path, CW_REPLACE_MAX, &present, NULL) == CW_OK &&
	       present.length == data->length &&
	       memcmp(cw_buf_text(&present), cw_buf_text(data), data->length) == 0;
}

static int
restore(const char *copy, const char *path, const char *config, struct cw_error *error)
{
	cw_auto_buf struct cw_buf data = {0};
	cw_autofree char *real = NULL;
	struct stat status;
	int result = cw_resolve_links(path, &real, error);

	if (result != CW_OK)
		return result;
	if (cw_checkpoint_is_own(config, real)) {
		cw_log_warning("\"%s\" holds certificates, keys or accounts; the old one in \"%s\" "
			       "is not put back",
			       path, copy);
		return CW_OK;
	}
	cw_replace_clean(real);
	if (stat(copy, &status) != 0)
		return cw_fail_path(error, errno, "open the copy", copy);
	result = cw_file_read(copy, CW_REPLACE_MAX, &data, error);
	if (result != CW_OK || is_restored(real, &status, &data))
		return result;
	return cw_replace_file(real,
			       &(struct cw_replacement){.data = cw_buf_text(&data),
							.length = data.length,
							.like = copy,
							.times = true},
			       error);
}

/* Removes a file that the edits made. Its folder may be gone with it. */
static int
remove_created(const char *path, const char *config, struct cw_error *error)
{
	cw_autofree char *folder = cw_path_folder(path);
	struct stat status;

	if (*path != '/' || cw_checkpoint_is_own(config, path)) {
		cw_log_warning("\"%s\" is no file that edits of a server make; it stays", path);
		return CW_OK;
	}
	cw_replace_clean(path);
	if (lstat(path, &status) != 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? CW_OK
			       : cw_fail_path(error, errno, "remove", path);
	if (S_ISDIR(status.st_mode)) {
		cw_log_warning("\"%s\" was a file that is to be removed, but is a folder now; it "
			       "stays",
			       path);
		return CW_OK;
	}
	if (unlink(path) != 0 && errno != ENOENT)
		return cw_fail_path(error, errno, "remove", path);
	return cw_folder_sync(folder, error);
}

static int
restore_all(const char *folder, const char *config, const struct cw_strv *edited,
	    const struct cw_strv *created, struct cw_error *error)
{
	cw_auto_error struct cw_error first = {0};

	/* One that cannot be restored must not keep the others from it. Last first: of two names of
	 * one file the first one's copy is the older. */
	for (size_t i = edited->count; i-- > 0;) {
		cw_autofree char *copy = cw_checkpoint_copy_path(folder, edited->items[i], i);
		cw_auto_error struct cw_error problem = {0};

		if (restore(copy, edited->items[i], config, &problem) != CW_OK &&
		    first.status == CW_OK)
			cw_error_move(&first, &problem);
	}
	for (size_t i = 0; i < created->count; i++) {
		cw_auto_error struct cw_error problem = {0};

		if (remove_created(created->items[i], config, &problem) != CW_OK &&
		    first.status == CW_OK)
			cw_error_move(&first, &problem);
	}
	return cw_error_move(error, &first);
}

static int
revert_lists(const char *folder, const char *config, bool *reverted, struct cw_error *error)
{
	cw_auto(cw_checkpoint_clear_commands) struct cw_checkpoint_commands commands = {0};
	cw_auto_strv struct cw_strv edited = {0}, created = {0};
	int status = cw_checkpoint_read_commands(folder, &commands, error);

	if (status == CW_OK)
		status = cw_checkpoint_read_list(folder, CW_FILEPATHS, &edited, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_list(folder, CW_NEW_FILES, &created, error);
	if (status != CW_OK)
		return status;
	if (commands.count + edited.count + created.count > 0)
		*reverted = true;
	run_commands(&commands);
	return restore_all(folder, config, &edited, &created, error);
}

/* Commands, then edited files, then new ones, as Certbot does it. All of it can be done again, so a
 * revert that is killed is repeated by the next. */
static int
revert_folder(const char *folder, const char *config, bool *reverted, struct cw_error *error)
{
	int status;

	if (!cw_is_folder(folder))
		return CW_OK;
	/* A signal must not leave half of it, nor end the commands. */
	cw_shield_signals(1);
	status = revert_lists(folder, config, reverted, error);
	if (status == CW_OK)
		status = cw_checkpoint_discard(folder, error);
	cw_shield_signals(-1);
	if (status == CW_OK)
		return CW_OK;
	cw_hint(error, "put the files back by hand from the copies in \"%s\", then remove it",
		folder);
	return cw_context(error, "the edits recorded in \"%s\" cannot be reverted", folder);
}

int
cw_checkpoints_recover(const char *work, const char *config, bool *reverted, struct cw_error *error)
{
	cw_autofree char *temporary = cw_checkpoint_temporary_folder(work);
	cw_autofree char *progress = cw_checkpoint_progress_folder(work);
	int status;

	*reverted = false;
	status = revert_folder(temporary, config, reverted, error);
	if (status == CW_OK)
		status = revert_folder(progress, config, reverted, error);
	return status;
}

int
cw_checkpoints_revert(struct cw_checkpoints *checkpoints, struct cw_error *error)
{
	bool reverted;
	int status =
		cw_checkpoints_recover(checkpoints->work, checkpoints->config, &reverted, error);

	if (status == CW_OK)
		checkpoints->temporary = checkpoints->opened_temporary;
	return status;
}

/* Whether NAME in BACKUPS is a checkpoint. One that was reverted, by a run that was killed while it
 * removed the folder, has no lists any more; it goes now. */
static bool
is_checkpoint(const char *backups, const char *name)
{
	const char *const lists[] = {CW_FILEPATHS, CW_NEW_FILES, CW_COMMANDS};
	cw_autofree char *folder = cw_format("%s/%s", backups, name);

	if (!isdigit((unsigned char)*name) || !cw_is_folder(folder))
		return false;
	for (size_t i = 0; i < CW_COUNT(lists); i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, lists[i]);

		if (cw_file_exists(path))
			return true;
	}
	if (cw_tree_remove(folder, NULL) != CW_OK)
		cw_log_warning("cannot remove \"%s\", a checkpoint without contents", folder);
	return false;
}

int
cw_checkpoints_rollback(const char *work, const char *config, unsigned count,
			struct cw_error *error)
{
	cw_autofree char *backups = cw_checkpoint_backups_folder(work);
	cw_auto_strv struct cw_strv names = {0};
	bool reverted = false;
	int status = cw_folder_list(backups, true, &names, error);

	if (status != CW_OK)
		return status;
	for (size_t i = names.count; i > 0; i--) {
		if (!is_checkpoint(backups, names.items[i - 1]))
			cw_strv_remove(&names, i - 1);
	}
	if (names.count < count) {
		cw_fail(error, CW_E_INVALID, "there are %zu checkpoints in \"%s\", not %u",
			names.count, backups, count);
		cw_hint(error, "ask for at most %zu with --checkpoints", names.count);
		return CW_E_INVALID;
	}
	for (unsigned i = 0; i < count && status == CW_OK; i++) {
		cw_autofree char *folder =
			cw_format("%s/%s", backups, names.items[names.count - 1 - i]);

		status = revert_folder(folder, config, &reverted, error);
	}
	return status;
}
