/* What becomes of edits that are finished: a checkpoint that is kept, or part of the temporary one.
 */
#include "store/checkpoint.h"

#include "base/file.h"
#include "base/text.h"
#include "store/checkpoint_files.h"
#include "store/checkpoint_secret.h"
#include "store/checkpoint_written.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { NAME_TRIES = 16 };

static int
write_title(const char *folder, const char *title, struct cw_error *error)
{
	cw_auto_strv struct cw_strv notes = {0}, changes = {0};
	cw_autofree char *line = cw_strdup(title);
	int status = cw_checkpoint_read_list(folder, CW_CHANGES, &notes, error);

	for (char *at = line; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20)
			*at = ' ';
	}
	cw_strv_addf(&changes, "-- %s --", line);
	cw_strv_add_all(&changes, &notes);
	if (status == CW_OK)
		status = cw_checkpoint_write_list(folder, CW_CHANGES, &changes, error);
	return status;
}

void
cw_checkpoints_set_maker(struct cw_checkpoints *checkpoints, const char *maker)
{
	free(checkpoints->maker);
	checkpoints->maker = cw_strdup(maker);
}

static int
write_maker(const char *folder, const char *maker, struct cw_error *error)
{
	cw_auto_strv struct cw_strv lines = {0};

	cw_strv_add(&lines, maker);
	return cw_checkpoint_write_list(folder, CW_MAKER, &lines, error);
}

void
cw_checkpoints_set_lineages(struct cw_checkpoints *checkpoints, const struct cw_strv *names)
{
	cw_strv_copy(&checkpoints->lineages, names);
}

static int
write_lineages(const char *folder, const struct cw_strv *names, struct cw_error *error)
{
	cw_auto_strv struct cw_strv secrets = {0};
	int status = cw_checkpoint_read_list(folder, CW_SECRETS, &secrets, error);

	if (status != CW_OK || secrets.count == 0 || names->count == 0)
		return status;
	return cw_checkpoint_write_list(folder, CW_LINEAGES, names, error);
}

/* "SECONDS.FRACTION", later than all of BACKUPS in the order of strings, which is how both programs
 * tell the newest; release with free(). */
static char *
checkpoint_name(const struct cw_strv *backups)
{
	const char *newest = NULL;
	struct timeval now;
	char *name;

	gettimeofday(&now, NULL);
	name = cw_format("%lld.%06ld", (long long)now.tv_sec, (long)now.tv_usec);
	for (size_t i = 0; i < backups->count; i++) {
		if (backups->items[i][0] >= '0' && backups->items[i][0] <= '9')
			newest = backups->items[i];
	}
	if (newest != NULL && strcmp(newest, name) >= 0) {
		/* The clock was put back. */
		free(name);
		name = cw_format("%lld.%06ld", strtoll(newest, NULL, 10) + 1, (long)now.tv_usec);
	}
	return name;
}

static int
move_to_backups(const char *work, const char *folder, struct cw_error *error)
{
	cw_autofree char *backups = cw_checkpoint_backups_folder(work);
	int status = cw_folder_make(backups, 0755, error);

	for (int tries = 0; status == CW_OK && tries < NAME_TRIES; tries++) {
		cw_auto_strv struct cw_strv names = {0};
		cw_autofree char *name = NULL;
		cw_autofree char *path = NULL;

		status = cw_folder_list(backups, false, &names, error);
		if (status != CW_OK)
			return status;
		name = checkpoint_name(&names);
		path = cw_format("%s/%s", backups, name);
		if (rename(folder, path) == 0) {
			status = cw_folder_sync(backups, error);
			return status == CW_OK ? cw_folder_sync(work, error) : status;
		}
		if (errno != EEXIST && errno != ENOTEMPTY)
			return cw_fail_path(error, errno, "keep the checkpoint as", path);
	}
	return status != CW_OK ? status
			       : cw_fail(error, CW_E_EXISTS,
					 "no name is free for a checkpoint in \"%s\"", backups);
}

/* Adds the copy and the records of FROM's line INDEX to those of TO, unless TO has them: then they
 * are from later, and stay for what they are. */
static int
merge_edited(const char *from, const char *to, const struct cw_strv *edited, size_t index,
	     struct cw_strv *all, struct cw_error *error)
{
	const char *path = edited->items[index];
	cw_autofree char *source = cw_checkpoint_copy_path(from, path, index);
	cw_autofree char *attributes = cw_checkpoint_attributes_of(source);
	cw_autofree char *target = NULL;
	size_t at = 0;
	int status;

	while (at < all->count && strcmp(all->items[at], path) != 0)
		at++;
	target = cw_checkpoint_copy_path(to, path, at);
	status = strcmp(attributes, source) == 0 ? cw_checkpoint_copy(source, target, error)
						 : cw_checkpoint_copy_secret(source, target, error);
	if (status == CW_OK)
		status = cw_written_merge(from, to, path, error);
	cw_strv_add_unique(all, path);
	return status;
}

/* Adds the files of FROM to those of TO, which were edited after them. */
static int
merge_files(const char *from, const char *to, struct cw_error *error)
{
	cw_auto_strv struct cw_strv edited = {0}, created = {0}, all_edited = {0};
	cw_auto_strv struct cw_strv later_created = {0};
	int status = cw_checkpoint_read_list(from, CW_FILEPATHS, &edited, error);

	if (status == CW_OK)
		status = cw_checkpoint_read_list(from, CW_NEW_FILES, &created, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_list(to, CW_FILEPATHS, &all_edited, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_list(to, CW_NEW_FILES, &later_created, error);
	for (size_t i = 0; i < created.count && status == CW_OK; i++)
		status = cw_written_merge(from, to, created.items[i], error);
	for (size_t i = 0; i < edited.count && status == CW_OK; i++)
		status = merge_edited(from, to, &edited, i, &all_edited, error);
	/* What was there at first is not new, even if it was away for a while. */
	for (size_t i = 0; i < later_created.count; i++) {
		if (!cw_strv_contains(&edited, later_created.items[i]))
			cw_strv_add_unique(&created, later_created.items[i]);
	}
	if (status == CW_OK)
		status = cw_checkpoint_write_list(to, CW_FILEPATHS, &all_edited, error);
	if (status == CW_OK)
		status = cw_checkpoint_write_list(to, CW_NEW_FILES, &created, error);
	return status;
}

static int
merge_secrets(const char *progress, const char *temporary, struct cw_error *error)
{
	cw_autofree char *from = cw_checkpoint_secret_folder(progress);
	cw_autofree char *to = cw_checkpoint_secret_folder(temporary);
	cw_auto_strv struct cw_strv paths = {0};
	int status = cw_checkpoint_read_list(progress, CW_SECRETS, &paths, error);

	for (size_t i = 0; i < paths.count && status == CW_OK; i++)
		status = cw_checkpoint_add_secret(temporary, paths.items[i], error);
	if (status != CW_OK || !cw_is_folder(from))
		return status;
	return merge_files(from, to, error);
}

static int
merge_records(const char *progress, const char *temporary, const char *name, struct cw_error *error)
{
	cw_auto(cw_checkpoint_clear_commands) struct cw_checkpoint_commands records = {0};
	int status = cw_checkpoint_read_commands(progress, name, &records, error);

	if (status == CW_OK)
		status = cw_checkpoint_read_commands(temporary, name, &records, error);
	return status == CW_OK && records.count > 0
		       ? cw_checkpoint_write_commands(temporary, name, &records, error)
		       : status;
}

/* Adds the edits of PROGRESS to those of TEMPORARY, which came after them. While both are there, a
 * revert of the one and then of the other comes to the same. */
static int
merge(const char *progress, const char *temporary, struct cw_error *error)
{
	int status = merge_secrets(progress, temporary, error);

	if (status == CW_OK)
		status = merge_files(progress, temporary, error);
	if (status == CW_OK)
		status = merge_records(progress, temporary, CW_COMMANDS, error);
	if (status == CW_OK)
		status = merge_records(progress, temporary, CW_PLUGINS, error);
	return status == CW_OK ? cw_checkpoint_discard(progress, error) : status;
}

static int
make_temporary(struct cw_checkpoints *checkpoints, const char *progress, struct cw_error *error)
{
	cw_autofree char *temporary = cw_checkpoint_temporary_folder(checkpoints->work);
	int status = CW_OK;

	if (cw_is_folder(progress)) {
		if (cw_file_exists(temporary))
			status = merge(progress, temporary, error);
		else if (rename(progress, temporary) != 0)
			status = cw_fail_path(error, errno, "make temporary", progress);
		if (status == CW_OK)
			status = cw_folder_sync(checkpoints->work, error);
	}
	if (status == CW_OK)
		checkpoints->temporary = true;
	return status;
}

int
cw_checkpoints_commit(struct cw_checkpoints *checkpoints, const char *title, struct cw_error *error)
{
	cw_autofree char *progress = cw_checkpoint_progress_folder(checkpoints->work);
	int status;

	if (title == NULL)
		return checkpoints->temporary ? CW_OK
					      : make_temporary(checkpoints, progress, error);
	if (checkpoints->temporary)
		return cw_fail(error, CW_E_INVALID, "temporary edits cannot be kept as \"%s\"",
			       title);
	if (!cw_is_folder(progress))
		return CW_OK;
	status = write_title(progress, title, error);
	if (status == CW_OK && checkpoints->maker != NULL)
		status = write_maker(progress, checkpoints->maker, error);
	if (status == CW_OK)
		status = write_lineages(progress, &checkpoints->lineages, error);
	if (status == CW_OK)
		status = move_to_backups(checkpoints->work, progress, error);
	return status == CW_OK ? CW_OK
			       : cw_context(error, "cannot keep the checkpoint \"%s\"", title);
}
