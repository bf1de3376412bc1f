#include "store/checkpoint.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "store/checkpoint_files.h"
#include "store/checkpoint_written.h"
#include "store/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { NAME_TRIES = 16 };

struct cw_checkpoints *
cw_checkpoints_open(const char *work, const char *config, bool temporary)
{
	struct cw_checkpoints *checkpoints = cw_alloc(sizeof(*checkpoints));

	checkpoints->work = cw_strdup(work);
	checkpoints->config = cw_strdup(config);
	checkpoints->opened_temporary = checkpoints->temporary = temporary;
	return checkpoints;
}

void
cw_checkpoints_close(struct cw_checkpoints *checkpoints)
{
	if (checkpoints == NULL)
		return;
	free(checkpoints->work);
	free(checkpoints->maker);
	free(checkpoints->config);
	free(checkpoints);
}

/* The folder that edits are recorded in, made when missing; release *FOLDER with free(). */
static int
open_folder(const struct cw_checkpoints *checkpoints, char **folder, struct cw_error *error)
{
	*folder = checkpoints->temporary ? cw_checkpoint_temporary_folder(checkpoints->work)
					 : cw_checkpoint_progress_folder(checkpoints->work);
	return cw_folder_make(*folder, 0755, error);
}

/* The format has a path a line, and Certbot ends a line also at these. */
static bool
has_line_end(const char *path)
{
	for (const char *at = path; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return true;
	}
	return strstr(path, "\xc2\x85") != NULL || strstr(path, "\xe2\x80\xa8") != NULL ||
	       strstr(path, "\xe2\x80\xa9") != NULL;
}

static int
check_path(const struct cw_checkpoints *checkpoints, const char *real, struct cw_error *error)
{
	if (has_line_end(real))
		return cw_fail(error, CW_E_INVALID,
			       "a file whose name has control characters cannot be edited");
	if (cw_checkpoint_is_own(checkpoints->config, real))
		return cw_fail(error, CW_E_INVALID,
			       "\"%s\" holds certificates, keys or accounts; it is not a server's "
			       "to edit",
			       real);
	return CW_OK;
}

/* For people who read the checkpoint; nothing depends on it. */
static void
add_note(const char *folder, const char *what, const char *path)
{
	cw_autofree char *notes = cw_format("%s/" CW_CHANGES, folder);
	cw_autofree char *line = cw_format("%s %s\n", what, path);
	cw_autoclose int file = open(notes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (file < 0 || write(file, line, strlen(line)) < 0)
		cw_log_debug("cannot write \"%s\": %s", notes, strerror(errno));
}

/* An entry of a list that protects a path, and what the path is about to say (NULL: it goes). */
struct protection {
	const char *data;
	size_t length;
	char *folder;
	const char *list; /* the list that it was added to now; NULL: it was protected before */
	struct cw_strv lines;
};

static void
clear_protection(struct protection *protection)
{
	free(protection->folder);
	cw_strv_clear(&protection->lines);
}

/* A path that a challenge's edits changed must first get its old contents back: else those edits
 * would become part of what is kept. */
static int
check_not_temporary(const struct cw_checkpoints *checkpoints, const char *real,
		    struct cw_error *error)
{
	cw_autofree char *folder = cw_checkpoint_temporary_folder(checkpoints->work);
	cw_auto_strv struct cw_strv paths = {0};
	int status = CW_OK;

	if (!checkpoints->temporary)
		status = cw_checkpoint_read_list(folder, CW_FILEPATHS, &paths, error);
	if (status == CW_OK && !checkpoints->temporary)
		status = cw_checkpoint_read_list(folder, CW_NEW_FILES, &paths, error);
	if (status == CW_OK && cw_strv_contains(&paths, real))
		status = cw_fail(error, CW_E_BUSY,
				 "\"%s\" is changed for a challenge that is not over", real);
	return status;
}

static int
add_line(struct protection *protection, const char *list, const char *path, struct cw_error *error)
{
	int status;

	cw_strv_add(&protection->lines, path);
	status = cw_checkpoint_write_list(protection->folder, list, &protection->lines, error);
	if (status == CW_OK)
		protection->list = list;
	return status;
}

/* Takes the entry back: a revert must not touch a file that we have not changed. */
static int
unprotect(struct protection *protection, const char *real, struct cw_error *error)
{
	cw_written_forget(protection->folder, real);
	if (protection->list == NULL)
		return CW_OK;
	cw_strv_remove(&protection->lines, protection->lines.count - 1);
	return cw_checkpoint_write_list(protection->folder, protection->list, &protection->lines,
					error);
}

/* Records that REAL is about to change: after this a revert brings it back. SEEN: what it is; NULL:
 * it does not exist. */
static int
protect(const struct cw_checkpoints *checkpoints, const char *real, const struct stat *seen,
	struct protection *protection, struct cw_error *error)
{
	cw_auto_strv struct cw_strv edited = {0}, created = {0};
	cw_autofree char *copy = NULL;
	int status = check_not_temporary(checkpoints, real, error);

	if (status == CW_OK)
		status = open_folder(checkpoints, &protection->folder, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_list(protection->folder, CW_FILEPATHS, &edited, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_list(protection->folder, CW_NEW_FILES, &created, error);
	if (status == CW_OK)
		status = cw_written_record(protection->folder, real, protection->data,
					   protection->length, error);
	if (status != CW_OK || cw_strv_contains(&edited, real) || cw_strv_contains(&created, real))
		return status;
	if (seen == NULL) {
		protection->lines = created;
		created = (struct cw_strv){0};
		add_note(protection->folder, "created", real);
		return add_line(protection, CW_NEW_FILES, real, error);
	}
	copy = cw_checkpoint_copy_path(protection->folder, real, edited.count);
	status = cw_checkpoint_copy(real, copy, error);
	if (status != CW_OK)
		return cw_context(error, "\"%s\" cannot be copied to the checkpoint", real);
	protection->lines = edited;
	edited = (struct cw_strv){0};
	add_note(protection->folder, "changed", real);
	return add_line(protection, CW_FILEPATHS, real, error);
}

/* What is at REAL now; *EXISTS is false when there is nothing. */
static int
read_present(const char *real, struct cw_buf *data, struct stat *seen, bool *exists,
	     struct cw_error *error)
{
	*exists = lstat(real, seen) == 0;
	if (!*exists)
		return errno == ENOENT ? CW_OK : cw_fail_path(error, errno, "look at", real);
	return cw_file_read(real, CW_REPLACE_MAX, data, error);
}

static bool
is_same(const struct cw_buf *buf, const char *data, size_t length)
{
	return buf->length == length && memcmp(cw_buf_text(buf), data, length) == 0;
}

static int
write_real(struct cw_checkpoints *checkpoints, const char *real, const char *data, size_t length,
	   const char *expected, size_t expected_length, struct cw_error *error)
{
	cw_auto(clear_protection) struct protection protection = {.data = data, .length = length};
	cw_auto_buf struct cw_buf present = {0};
	cw_autofree char *note = NULL;
	struct cw_replacement replacement = {.data = data, .length = length};
	struct stat seen;
	bool exists;
	int status = read_present(real, &present, &seen, &exists, error);

	if (status != CW_OK)
		return status;
	if (expected != NULL && !(exists && is_same(&present, expected, expected_length))) {
		cw_fail(error, CW_E_BUSY, "\"%s\" was changed by somebody else meanwhile", real);
		cw_hint(error, "let the other change end, then try again");
		return CW_E_BUSY;
	}
	if (exists && is_same(&present, data, length))
		return CW_OK;
	status = protect(checkpoints, real, exists ? &seen : NULL, &protection, error);
	if (status != CW_OK)
		return status;
	if (exists) {
		replacement.like = real;
		replacement.seen = &seen;
	}
	replacement.absent = !exists;
	replacement.note = note = cw_written_note(protection.folder, real);
	status = cw_replace_file(real, &replacement, error);
	if (status == CW_OK)
		cw_written_settle(protection.folder, real);
	else if (status == CW_E_BUSY && unprotect(&protection, real, NULL) != CW_OK)
		cw_log_warning("the checkpoint \"%s\" still names \"%s\", which was not changed",
			       protection.folder, real);
	return status;
}

int
cw_checkpoints_write(struct cw_checkpoints *checkpoints, const char *path, const char *data,
		     size_t length, const char *expected, size_t expected_length,
		     struct cw_error *error)
{
	cw_autofree char *real = NULL;
	int status = cw_resolve_links(path, &real, error);

	if (status == CW_OK)
		status = check_path(checkpoints, real, error);
	if (status == CW_OK)
		status = write_real(checkpoints, real, data, length, expected, expected_length,
				    error);
	return status == CW_OK ? CW_OK : cw_context(error, "\"%s\" is not changed", path);
}

/* A link itself is removed, not what it leads to; the format has no copies of links, so an undo
 * command makes it again. */
static int
protect_link(struct cw_checkpoints *checkpoints, const char *path, struct cw_error *error)
{
	cw_autofree char *target = NULL;
	int status = cw_file_readlink(path, &target, error);

	if (status == CW_OK)
		status = cw_checkpoints_command(
			checkpoints, (const char *const[]){"ln", "-s", "--", target, path, NULL},
			error);
	return status;
}

int
cw_checkpoints_remove(struct cw_checkpoints *checkpoints, const char *path, struct cw_error *error)
{
	cw_auto(clear_protection) struct protection protection = {0};
	cw_autofree char *absolute = cw_path_absolute(path);
	cw_autofree char *folder = cw_path_folder(absolute);
	cw_autofree char *real_folder = realpath(folder, NULL);
	cw_autofree char *real = NULL;
	struct stat seen;
	int status;

	if (real_folder == NULL)
		return cw_fail_path(error, errno, "use the folder", folder);
	real = cw_format("%s/%s", strcmp(real_folder, "/") == 0 ? "" : real_folder,
			 cw_path_base(absolute));
	if (lstat(real, &seen) != 0)
		return cw_fail_path(error, errno, "remove", path);
	if (!S_ISREG(seen.st_mode) && !S_ISLNK(seen.st_mode))
		return cw_fail(error, CW_E_INVALID, "\"%s\" is neither a file nor a link", path);
	status = check_path(checkpoints, real, error);
	if (status == CW_OK)
		status = S_ISLNK(seen.st_mode)
				 ? protect_link(checkpoints, real, error)
				 : protect(checkpoints, real, &seen, &protection, error);
	if (status == CW_OK && unlink(real) != 0)
		status = cw_fail_path(error, errno, "remove", path);
	if (status == CW_OK)
		status = cw_folder_sync(real_folder, error);
	return status == CW_OK ? CW_OK : cw_context(error, "\"%s\" is not removed", path);
}

int
cw_checkpoints_command(struct cw_checkpoints *checkpoints, const char *const *argv,
		       struct cw_error *error)
{
	cw_auto(cw_checkpoint_clear_commands) struct cw_checkpoint_commands commands = {0};
	cw_auto_strv struct cw_strv added = {0};
	cw_autofree char *folder = NULL;
	int status;

	while (argv[added.count] != NULL)
		cw_strv_add(&added, argv[added.count]);
	if (added.count == 0 || *added.items[0] == '\0')
		return cw_fail(error, CW_E_INVALID, "an undo command needs a program");
	status = open_folder(checkpoints, &folder, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_commands(folder, &commands, error);
	if (status != CW_OK)
		return status;
	cw_checkpoint_add_command(&commands, &added);
	return cw_checkpoint_write_commands(folder, &commands, error);
}

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
	return status != CW_OK
		       ? status
		       : cw_fail(error, CW_E_EXISTS,
				 "there is no name left for a checkpoint in \"%s\"", backups);
}

/* Adds the edits of PROGRESS to those of TEMPORARY, which came after them. While both are there, a
 * revert of the one and then of the other comes to the same. */
static int
merge(const char *progress, const char *temporary, struct cw_error *error)
{
	cw_auto(cw_checkpoint_clear_commands) struct cw_checkpoint_commands commands = {0};
	cw_auto_strv struct cw_strv edited = {0}, created = {0}, all_edited = {0};
	cw_auto_strv struct cw_strv later_created = {0};
	int status = cw_checkpoint_read_list(progress, CW_FILEPATHS, &edited, error);

	if (status == CW_OK)
		status = cw_checkpoint_read_list(progress, CW_NEW_FILES, &created, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_list(temporary, CW_FILEPATHS, &all_edited, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_list(temporary, CW_NEW_FILES, &later_created, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_commands(progress, &commands, error);
	if (status == CW_OK)
		status = cw_checkpoint_read_commands(temporary, &commands, error);
	for (size_t i = 0; i < created.count && status == CW_OK; i++)
		status = cw_written_merge(progress, temporary, created.items[i], error);
	for (size_t i = 0; i < edited.count && status == CW_OK; i++) {
		cw_autofree char *from = cw_checkpoint_copy_path(progress, edited.items[i], i);
		cw_autofree char *to = NULL;
		size_t at = 0;

		while (at < all_edited.count && strcmp(all_edited.items[at], edited.items[i]) != 0)
			at++;
		to = cw_checkpoint_copy_path(temporary, edited.items[i], at);
		status = cw_checkpoint_copy(from, to, error);
		if (status == CW_OK)
			status = cw_written_merge(progress, temporary, edited.items[i], error);
		cw_strv_add_unique(&all_edited, edited.items[i]);
	}
	/* What was there at first is not new, even if it was away for a while. */
	for (size_t i = 0; i < later_created.count; i++) {
		if (!cw_strv_contains(&edited, later_created.items[i]))
			cw_strv_add_unique(&created, later_created.items[i]);
	}
	if (status == CW_OK)
		status = cw_checkpoint_write_commands(temporary, &commands, error);
	if (status == CW_OK)
		status = cw_checkpoint_write_list(temporary, CW_FILEPATHS, &all_edited, error);
	if (status == CW_OK)
		status = cw_checkpoint_write_list(temporary, CW_NEW_FILES, &created, error);
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
		return cw_fail(error, CW_E_INVALID,
			       "the edits are temporary and cannot be kept as \"%s\"", title);
	if (!cw_is_folder(progress))
		return CW_OK;
	status = write_title(progress, title, error);
	if (status == CW_OK && checkpoints->maker != NULL)
		status = write_maker(progress, checkpoints->maker, error);
	if (status == CW_OK)
		status = move_to_backups(checkpoints->work, progress, error);
	return status == CW_OK ? CW_OK
			       : cw_context(error, "the checkpoint \"%s\" cannot be kept", title);
}
