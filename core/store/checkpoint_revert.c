#include "store/checkpoint.h"

#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/process.h"
#include "store/checkpoint_files.h"
#include "store/checkpoint_secret.h"
#include "store/checkpoint_written.h"
#include "store/replace.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define UNREVERTED "unreverted" /* copies of files that someone else changed */

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

static struct cw_undo_plugins plugins_used;

void
cw_checkpoints_use_plugins(const struct cw_undo_plugins *plugins)
{
	plugins_used = *plugins;
}

/* Each record: plugin, data, options. Likewise. */
static void
run_plugins(const struct cw_checkpoint_commands *records)
{
	for (size_t i = records->count; i > 0; i--) {
		const struct cw_strv *record = &records->items[i - 1];
		cw_auto_strv struct cw_strv options = {0};
		cw_auto_error struct cw_error problem = {0};

		if (record->count < 2)
			continue;
		for (size_t j = 2; j < record->count; j++)
			cw_strv_add(&options, record->items[j]);
		if (plugins_used.undo == NULL)
			cw_fail(&problem, CW_E_UNSUPPORTED, "no plugin can be called now");
		else
			plugins_used.undo(plugins_used.context, record->items[0], &options,
					  record->items[1], &problem);
		if (problem.status != CW_OK) {
			cw_autofree char *line = cw_error_line(&problem);

			cw_log_warning("the plugin \"%s\" could not undo \"%s\": %s",
				       record->items[0], record->items[1], line);
		}
	}
}

/* Whether the file at PATH has the copy's contents and the original's mode already. */
static bool
is_restored(const char *path, const struct stat *copy, const struct cw_buf *data)
{
	cw_auto_buf struct cw_buf present = {0};
	struct stat status;

	return lstat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       status.st_mode == copy->st_mode &&
	       cw_file_read(path, CW_REPLACE_MAX, &present, NULL) == CW_OK &&
	       present.length == data->length &&
	       memcmp(cw_buf_text(&present), cw_buf_text(data), data->length) == 0;
}

/* A checkpoint that is being reverted. */
struct reverting {
	const char *work, *config, *folder;
	/* If someone else changed the lines of our edits: fail before anything is done, instead of
	 * leaving the file as it is. */
	bool strict;
	struct cw_strv edited, created;
	struct cw_strv lost; /* files of which there is no copy any more, as they have secrets */
};

static void
clear_reverting(struct reverting *reverting)
{
	cw_strv_clear(&reverting->lost);
	cw_strv_clear(&reverting->edited);
	cw_strv_clear(&reverting->created);
}

/* The copy stays after the checkpoint if its file stays as someone else changed it. */
static int
keep_copy(const struct reverting *reverting, const char *copy, char **kept, struct cw_error *error)
{
	cw_autofree char *folder = cw_format("%s/" UNREVERTED, reverting->work);
	int status = cw_folder_make(folder, 0700, error);

	for (int64_t at = time(NULL); status == CW_OK; at++) {
		*kept = cw_format("%s/%s.%lld", folder, cw_path_base(copy), (long long)at);
		if (!cw_file_exists(*kept))
			return cw_checkpoint_copy(copy, *kept, error);
		free(cw_take(kept));
	}
	return status;
}

static int
leave(const struct reverting *reverting, const char *path, const char *copy, struct cw_error *error)
{
	cw_autofree char *kept = NULL;
	int status = CW_OK;

	if (reverting->strict) {
		cw_fail(error, CW_E_BUSY,
			"the lines of \"%s\" that would be removed were changed by someone else",
			path);
		cw_hint(error, "remove certwright's lines by hand; the original file is in \"%s\"",
			copy);
		return CW_E_BUSY;
	}
	status = keep_copy(reverting, copy, &kept, error);
	if (status == CW_OK)
		cw_log_warning(
			"\"%s\" was changed by someone else in the meantime and stays as it is: "
			"remove certwright's lines by hand; the original file is in \"%s\"",
			path, kept);
	return status;
}

static int
put_back(const struct reverting *reverting, const char *path, const char *real, const char *copy,
	 struct cw_error *error)
{
	cw_autofree char *note = cw_written_note(reverting->folder, path);
	cw_autofree char *attributes = cw_checkpoint_attributes_of(copy);
	cw_auto_buf struct cw_buf data = {0};
	struct stat status;
	int result;

	if (stat(attributes, &status) != 0)
		return cw_fail_path(error, errno, "open the copy", attributes);
	result = cw_file_read(copy, CW_REPLACE_MAX, &data, error);
	if (result != CW_OK || is_restored(real, &status, &data))
		return result;
	return cw_replace_file(real,
			       &(struct cw_replacement){.data = cw_buf_text(&data),
							.length = data.length,
							.like = attributes,
							.times = true,
							.note = note},
			       error);
}

static int
take_out(const struct reverting *reverting, const char *path, const char *real,
	 const struct cw_buf *rest, struct cw_error *error)
{
	cw_autofree char *note = cw_written_note(reverting->folder, path);

	cw_log_warning("\"%s\" was changed by someone else in the meantime: only certwright's own "
		       "lines were removed",
		       path);
	return cw_replace_file(real,
			       &(struct cw_replacement){.data = cw_buf_text(rest),
							.length = rest->length,
							.like = real,
							.note = note},
			       error);
}

/* ONLY_LOOK: nothing is changed. */
static int
restore(const struct reverting *reverting, const char *path, const char *copy, bool only_look,
	struct cw_error *error)
{
	cw_auto_buf struct cw_buf rest = {0};
	cw_autofree char *real = NULL;
	enum cw_written_state state;
	int result = cw_resolve_links(path, &real, error);

	if (result != CW_OK)
		return result;
	if (cw_checkpoint_is_own(reverting->config, real)) {
		if (!only_look)
			cw_log_warning("\"%s\" holds certificates, keys or accounts; the old "
				       "version in \"%s\" is not restored",
				       path, copy);
		return CW_OK;
	}
	cw_replace_clean(real);
	result = cw_written_look(reverting->folder, path, real, copy, &state, &rest, error);
	if (result != CW_OK)
		return result;
	if (state == CW_WRITTEN_THEIRS)
		return leave(reverting, path, copy, error);
	if (only_look)
		return CW_OK;
	return state == CW_WRITTEN_MERGED ? take_out(reverting, path, real, &rest, error)
					  : put_back(reverting, path, real, copy, error);
}

/* The copy of a text that PATH got back just now, before it goes; NULL: none. */
static char *
find_copy(const struct reverting *reverting, const char *path)
{
	for (size_t i = 0; i < reverting->edited.count; i++)
		if (strcmp(reverting->edited.items[i], path) == 0)
			return cw_checkpoint_copy_path(reverting->folder, path, i);
	return NULL;
}

static int
remove_unchanged(const struct reverting *reverting, const char *path, struct cw_error *error)
{
	cw_autofree char *folder = cw_path_folder(path);
	cw_autofree char *copy = find_copy(reverting, path);
	cw_auto_buf struct cw_buf unused = {0};
	enum cw_written_state state;
	int status = cw_written_look(reverting->folder, path, path, copy, &state, &unused, error);

	if (status != CW_OK)
		return status;
	if (state != CW_WRITTEN_OURS) {
		cw_log_warning("\"%s\", which certwright created, was changed by someone else in "
			       "the meantime and stays: remove it if it is not needed",
			       path);
		return CW_OK;
	}
	if (unlink(path) != 0 && errno != ENOENT)
		return cw_fail_path(error, errno, "remove", path);
	return cw_folder_sync(folder, error);
}

/* Removes a file that the edits made. Its folder may be gone with it. */
static int
remove_created(const struct reverting *reverting, const char *path, struct cw_error *error)
{
	struct stat status;

	if (*path != '/' || cw_checkpoint_is_own(reverting->config, path)) {
		cw_log_warning("\"%s\" is not a file that a plugin creates; it stays", path);
		return CW_OK;
	}
	cw_replace_clean(path);
	if (lstat(path, &status) != 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? CW_OK
			       : cw_fail_path(error, errno, "remove", path);
	if (S_ISDIR(status.st_mode)) {
		cw_log_warning("\"%s\" should be removed, but it is now a folder; it stays", path);
		return CW_OK;
	}
	return remove_unchanged(reverting, path, error);
}

/* One that cannot be restored must not keep the others from it. Last first: of two names of one
 * file the first one's copy is the older. */
static int
restore_edited(const struct reverting *reverting, bool only_look, struct cw_error *error)
{
	cw_auto_error struct cw_error first = {0};

	for (size_t i = reverting->edited.count; i-- > 0;) {
		const char *path = reverting->edited.items[i];
		cw_autofree char *copy = cw_checkpoint_copy_path(reverting->folder, path, i);
		cw_auto_error struct cw_error problem = {0};

		if (cw_strv_contains(&reverting->lost, path))
			continue;
		if (restore(reverting, path, copy, only_look, &problem) != CW_OK &&
		    first.status == CW_OK)
			cw_error_move(&first, &problem);
	}
	return cw_error_move(error, &first);
}

static int
restore_all(const struct reverting *reverting, struct cw_error *error)
{
	cw_auto_error struct cw_error first = {0};

	restore_edited(reverting, false, &first);
	for (size_t i = 0; i < reverting->created.count; i++) {
		cw_auto_error struct cw_error problem = {0};

		if (cw_strv_contains(&reverting->lost, reverting->created.items[i]))
			continue;
		if (remove_created(reverting, reverting->created.items[i], &problem) != CW_OK &&
		    first.status == CW_OK)
			cw_error_move(&first, &problem);
	}
	return cw_error_move(error, &first);
}

static int
read_lists(struct reverting *reverting, struct cw_error *error)
{
	const char *folder = reverting->folder;
	cw_autofree char *secret = cw_checkpoint_secret_folder(folder);
	int status = cw_checkpoint_read_list(folder, CW_FILEPATHS, &reverting->edited, error);

	if (status == CW_OK)
		status = cw_checkpoint_read_list(folder, CW_NEW_FILES, &reverting->created, error);
	if (status == CW_OK && !cw_file_exists(secret))
		status = cw_checkpoint_read_list(folder, CW_SECRETS, &reverting->lost, error);
	return status;
}

/* Those of a change that was not settled. */
static int
revert_secrets(const struct reverting *reverting, bool *reverted, struct cw_error *error)
{
	cw_autofree char *folder = cw_checkpoint_secret_folder(reverting->folder);
	cw_auto(clear_reverting) struct reverting secrets = {
		.work = reverting->work, .config = reverting->config, .folder = folder};
	int status = read_lists(&secrets, error);

	if (secrets.edited.count + secrets.created.count > 0)
		*reverted = true;
	return status == CW_OK ? restore_all(&secrets, error) : status;
}

static int
revert_lists(struct reverting *reverting, bool *reverted, struct cw_error *error)
{
	cw_auto(cw_checkpoint_clear_commands) struct cw_checkpoint_commands commands = {0};
	cw_auto(cw_checkpoint_clear_commands) struct cw_checkpoint_commands plugins = {0};
	const char *folder = reverting->folder;
	int status = cw_checkpoint_read_commands(folder, CW_COMMANDS, &commands, error);

	if (status == CW_OK)
		status = cw_checkpoint_read_commands(folder, CW_PLUGINS, &plugins, error);
	if (status == CW_OK)
		status = read_lists(reverting, error);
	if (status != CW_OK)
		return status;
	if (commands.count + plugins.count + reverting->edited.count + reverting->created.count > 0)
		*reverted = true;
	run_plugins(&plugins);
	run_commands(&commands);
	status = revert_secrets(reverting, reverted, error);
	return status == CW_OK ? restore_all(reverting, error) : status;
}

/* Commands, then edited files, then new ones, as Certbot does it. All of it can be done again, so a
 * revert that is killed is repeated by the next. */
static int
revert_folder(const char *work, const char *folder, const char *config, bool *reverted,
	      struct cw_error *error)
{
	cw_auto(clear_reverting) struct reverting reverting = {
		.work = work, .config = config, .folder = folder};
	int status;

	if (!cw_is_folder(folder))
		return CW_OK;
	/* A signal must not leave half of it, nor end the commands. */
	cw_shield_signals(1);
	status = revert_lists(&reverting, reverted, error);
	if (status == CW_OK)
		status = cw_checkpoint_discard(folder, error);
	cw_shield_signals(-1);
	if (status == CW_OK)
		return CW_OK;
	cw_hint(error, "restore the files by hand from the copies in \"%s\", then remove it",
		folder);
	return cw_context(error, "cannot revert the edits recorded in \"%s\"", folder);
}

int
cw_checkpoints_recover(const char *work, const char *config, bool *reverted, struct cw_error *error)
{
	cw_autofree char *temporary = cw_checkpoint_temporary_folder(work);
	cw_autofree char *progress = cw_checkpoint_progress_folder(work);
	int status;

	*reverted = false;
	status = revert_folder(work, temporary, config, reverted, error);
	if (status == CW_OK)
		status = revert_folder(work, progress, config, reverted, error);
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
	const char *const lists[] = {CW_FILEPATHS, CW_NEW_FILES, CW_COMMANDS, CW_PLUGINS,
				     CW_SECRETS};
	cw_autofree char *folder = cw_format("%s/%s", backups, name);

	if (!isdigit((unsigned char)*name) || !cw_is_folder(folder))
		return false;
	for (size_t i = 0; i < CW_COUNT(lists); i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, lists[i]);

		if (cw_file_exists(path))
			return true;
	}
	if (cw_tree_remove(folder, NULL) != CW_OK)
		cw_log_warning("cannot remove the empty checkpoint \"%s\"", folder);
	return false;
}

/* Fails if someone else changed the lines that a finished checkpoint edited. */
static int
check_folder(const char *work, const char *folder, const char *config, struct cw_error *error)
{
	cw_auto(clear_reverting) struct reverting reverting = {
		.work = work, .config = config, .folder = folder, .strict = true};
	int status = read_lists(&reverting, error);

	if (status == CW_OK)
		status = restore_edited(&reverting, true, error);
	return status == CW_OK ? CW_OK
			       : cw_context(error, "the edits recorded in \"%s\" stay", folder);
}

/* As IN_PROGRESS a finished checkpoint is reverted to its end by the next run if this one is
 * killed. */
static int
roll_back(const char *work, const char *folder, const char *config, struct cw_error *error)
{
	cw_autofree char *progress = cw_checkpoint_progress_folder(work);
	bool reverted;
	int status = check_folder(work, folder, config, error);

	if (status == CW_OK && rename(folder, progress) != 0)
		status = cw_fail_path(error, errno, "begin to revert", folder);
	if (status == CW_OK)
		status = cw_folder_sync(work, error);
	if (status == CW_OK)
		status = revert_folder(work, progress, config, &reverted, error);
	return status;
}

/* The finished ones, the newest last. */
static int
list_checkpoints(const char *backups, struct cw_strv *names, struct cw_error *error)
{
	int status = cw_folder_list(backups, true, names, error);

	for (size_t i = names->count; i > 0; i--) {
		if (!is_checkpoint(backups, names->items[i - 1]))
			cw_strv_remove(names, i - 1);
	}
	return status;
}

/* Has ADD add to FOUND the lines of the file LIST of each of the COUNT newest checkpoints. */
static int
gather(const char *work, unsigned count, const char *list,
       void (*add)(struct cw_strv *found, const struct cw_strv *lines), struct cw_strv *found,
       struct cw_error *error)
{
	cw_autofree char *backups = cw_checkpoint_backups_folder(work);
	cw_auto_strv struct cw_strv names = {0};
	int status = list_checkpoints(backups, &names, error);

	for (size_t i = names.count; i > 0 && count > 0 && status == CW_OK; i--, count--) {
		cw_autofree char *folder = cw_format("%s/%s", backups, names.items[i - 1]);
		cw_auto_strv struct cw_strv lines = {0};

		status = cw_checkpoint_read_list(folder, list, &lines, error);
		add(found, &lines);
	}
	return status;
}

static void
add_maker(struct cw_strv *makers, const struct cw_strv *lines)
{
	cw_strv_add(makers, lines->count > 0 ? lines->items[0] : "");
}

int
cw_checkpoints_makers(const char *work, unsigned count, struct cw_strv *makers,
		      struct cw_error *error)
{
	return gather(work, count, CW_MAKER, add_maker, makers, error);
}

static void
add_lineages(struct cw_strv *lineages, const struct cw_strv *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		cw_strv_add_unique(lineages, lines->items[i]);
}

int
cw_checkpoints_lineages(const char *work, unsigned count, struct cw_strv *lineages,
			struct cw_error *error)
{
	return gather(work, count, CW_LINEAGES, add_lineages, lineages, error);
}

int
cw_checkpoints_settle(const char *work, struct cw_error *error)
{
	cw_autofree char *backups = cw_checkpoint_backups_folder(work);
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_folder_list(backups, true, &names, error);

	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *folder = cw_format("%s/%s", backups, names.items[i]);

		status = cw_checkpoint_settle(folder, error);
	}
	return status;
}

int
cw_checkpoints_undo(const char *work, const char *config, unsigned count, struct cw_error *error)
{
	cw_autofree char *backups = cw_checkpoint_backups_folder(work);
	cw_auto_strv struct cw_strv names = {0};
	bool reverted = false;
	int status = cw_checkpoints_recover(work, config, &reverted, error);

	if (status == CW_OK)
		status = list_checkpoints(backups, &names, error);
	if (status != CW_OK)
		return status;
	if (names.count == 0 && count > 0)
		return cw_fail(error, CW_E_INVALID,
			       "there is nothing to undo: no checkpoint is in \"%s\"", backups);
	if (names.count < count) {
		cw_fail(error, CW_E_INVALID, "there are only %zu checkpoints in \"%s\", not %u",
			names.count, backups, count);
		cw_hint(error, "give --checkpoints at most %zu", names.count);
		return CW_E_INVALID;
	}
	for (unsigned i = 0; i < count && status == CW_OK; i++) {
		cw_autofree char *folder =
			cw_format("%s/%s", backups, names.items[names.count - 1 - i]);

		status = roll_back(work, folder, config, error);
	}
	return status;
}

/* What an earlier run did not settle goes before the first file is restored: a rollback that is
 * killed is completed by the next run. */
int
cw_checkpoints_rollback(const char *work, const char *config, unsigned count,
			struct cw_error *error)
{
	int status = cw_checkpoints_settle(work, error);

	return status == CW_OK ? cw_checkpoints_undo(work, config, count, error) : status;
}
