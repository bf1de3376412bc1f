#include "store/checkpoint.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/key.h"
#include "store/checkpoint_files.h"
#include "store/checkpoint_secret.h"
#include "store/checkpoint_written.h"
#include "store/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	cw_strv_clear(&checkpoints->lineages);
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
		return cw_fail(
			error, CW_E_INVALID,
			"\"%s\" holds certificates, keys or accounts; a plugin cannot edit it",
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
	bool secret;      /* it has or had secrets */
	char *folder;     /* of the checkpoint, or its folder for secrets */
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
	bool secret = false;
	int status = CW_OK;

	if (!checkpoints->temporary)
		status = cw_checkpoint_read_list(folder, CW_FILEPATHS, &paths, error);
	if (status == CW_OK && !checkpoints->temporary)
		status = cw_checkpoint_read_list(folder, CW_NEW_FILES, &paths, error);
	if (status == CW_OK && !checkpoints->temporary)
		status = cw_checkpoint_is_secret(folder, real, &secret, error);
	if (status == CW_OK && (secret || cw_strv_contains(&paths, real)))
		status = cw_fail(error, CW_E_BUSY,
				 "\"%s\" is already changed for an unfinished challenge", real);
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

/* What was once edited as a secret stays one; what was edited before with other contents is
 * recorded in both, and reverted in the order of their changes. */
static int
choose_folder(struct protection *protection, const char *folder, const char *real,
	      struct cw_error *error)
{
	bool known = false;
	int status = cw_checkpoint_is_secret(folder, real, &known, error);

	protection->secret |= known;
	if (status == CW_OK && protection->secret)
		status = cw_checkpoint_add_secret(folder, real, error);
	protection->folder =
		protection->secret ? cw_checkpoint_secret_folder(folder) : cw_strdup(folder);
	return status;
}

/* Records that REAL is about to change: after this a revert brings it back. SEEN: what it is; NULL:
 * it does not exist. */
static int
protect(const struct cw_checkpoints *checkpoints, const char *real, const struct stat *seen,
	struct protection *protection, struct cw_error *error)
{
	cw_auto_strv struct cw_strv edited = {0}, created = {0};
	cw_autofree char *folder = NULL;
	cw_autofree char *copy = NULL;
	int status = check_not_temporary(checkpoints, real, error);

	if (status == CW_OK)
		status = open_folder(checkpoints, &folder, error);
	if (status == CW_OK)
		status = choose_folder(protection, folder, real, error);
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
		add_note(folder, "created", real);
		return add_line(protection, CW_NEW_FILES, real, error);
	}
	copy = cw_checkpoint_copy_path(protection->folder, real, edited.count);
	status = protection->secret ? cw_checkpoint_copy_secret(real, copy, error)
				    : cw_checkpoint_copy(real, copy, error);
	if (status != CW_OK)
		return cw_context(error, "cannot copy \"%s\" to the checkpoint", real);
	protection->lines = edited;
	edited = (struct cw_strv){0};
	add_note(folder, "changed", real);
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

static bool
has_mode(const struct cw_checkpoint_file *file)
{
	return file->mode != 0 || file->secret || file->owner != (uid_t)-1 ||
	       file->group != (gid_t)-1;
}

/* The mode and owner that FILE asks for, where SEEN (NULL: nothing) is now. */
static struct cw_file_mode
mode_for(const struct cw_checkpoint_file *file, const struct stat *seen)
{
	struct cw_file_mode mode = {.mode = file->mode, .owner = file->owner, .group = file->group};

	if (mode.mode == 0 && seen != NULL && !file->secret)
		mode.mode = seen->st_mode & 07777;
	else if (mode.mode == 0)
		mode.mode = file->secret || cw_pem_has_private_key(file->data, file->length) ? 0600
											     : 0644;
	return mode;
}

static bool
is_as_wanted(const struct cw_checkpoint_file *file, const struct cw_file_mode *mode,
	     const struct stat *seen, const struct cw_buf *present)
{
	if (!is_same(present, file->data, file->length))
		return false;
	return !has_mode(file) || ((seen->st_mode & 07777) == mode->mode &&
				   (mode->owner == (uid_t)-1 || mode->owner == seen->st_uid) &&
				   (mode->group == (gid_t)-1 || mode->group == seen->st_gid));
}

static int
replace(const char *real, const struct cw_checkpoint_file *file, const struct cw_file_mode *mode,
	const struct stat *seen, struct protection *protection, struct cw_error *error)
{
	cw_autofree char *note = cw_written_note(protection->folder, real);
	const struct cw_replacement replacement = {
		.data = file->data,
		.length = file->length,
		.like = seen != NULL ? real : NULL,
		.seen = seen,
		.absent = seen == NULL,
		.given = has_mode(file) || seen == NULL ? mode : NULL,
		.note = note,
	};
	int status = cw_replace_file(real, &replacement, error);

	if (status == CW_OK)
		cw_written_settle(protection->folder, real);
	else if (status == CW_E_BUSY && unprotect(protection, real, NULL) != CW_OK)
		cw_log_warning("the checkpoint \"%s\" still names \"%s\", which was not changed",
			       protection->folder, real);
	return status;
}

static int
check_expected(const char *real, const struct cw_checkpoint_file *file,
	       const struct cw_buf *present, bool exists, struct cw_error *error)
{
	if (file->expected == NULL ||
	    (exists && is_same(present, file->expected, file->expected_length)))
		return CW_OK;
	cw_fail(error, CW_E_BUSY, "\"%s\" was changed by someone else in the meantime", real);
	cw_hint(error, "wait until the other change is finished, then try again");
	return CW_E_BUSY;
}

static int
write_real(struct cw_checkpoints *checkpoints, const char *real,
	   const struct cw_checkpoint_file *file, struct cw_error *error)
{
	cw_auto(clear_protection) struct protection protection = {.data = file->data,
								  .length = file->length};
	cw_auto_buf struct cw_buf present = {0};
	struct cw_file_mode mode;
	struct stat seen;
	bool exists;
	int status = read_present(real, &present, &seen, &exists, error);

	if (status == CW_OK)
		status = check_expected(real, file, &present, exists, error);
	if (status != CW_OK)
		return status;
	mode = mode_for(file, exists ? &seen : NULL);
	protection.secret = file->secret || cw_pem_has_private_key(file->data, file->length) ||
			    cw_pem_has_private_key(cw_buf_text(&present), present.length);
	if (!exists || !is_as_wanted(file, &mode, &seen, &present)) {
		status = protect(checkpoints, real, exists ? &seen : NULL, &protection, error);
		if (status == CW_OK)
			status = replace(real, file, &mode, exists ? &seen : NULL, &protection,
					 error);
	}
	if (protection.secret)
		cw_buf_wipe(&present);
	return status;
}

int
cw_checkpoints_write(struct cw_checkpoints *checkpoints, const char *path, const char *data,
		     size_t length, const char *expected, size_t expected_length,
		     struct cw_error *error)
{
	const struct cw_checkpoint_file file = {
		.data = data,
		.length = length,
		.expected = expected,
		.expected_length = expected_length,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
	};

	return cw_checkpoints_put(checkpoints, path, &file, error);
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

/* REAL is a regular file: whether it has secrets, and what is expected. */
static int
look_before_removal(const char *real, const struct cw_checkpoint_file *file, bool *secret,
		    struct cw_error *error)
{
	cw_auto_buf struct cw_buf present = {0};
	int status = cw_file_read(real, CW_REPLACE_MAX, &present, error);

	if (status == CW_OK)
		status = check_expected(real, file, &present, true, error);
	*secret = file->secret || cw_pem_has_private_key(cw_buf_text(&present), present.length);
	if (*secret)
		cw_buf_wipe(&present);
	return status;
}

static int
remove_real(struct cw_checkpoints *checkpoints, const char *path,
	    const struct cw_checkpoint_file *file, struct cw_error *error)
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
		return cw_fail(error, CW_E_INVALID, "\"%s\" is neither a regular file nor a link",
			       path);
	status = check_path(checkpoints, real, error);
	if (status == CW_OK && S_ISREG(seen.st_mode))
		status = look_before_removal(real, file, &protection.secret, error);
	if (status == CW_OK)
		status = S_ISLNK(seen.st_mode)
				 ? protect_link(checkpoints, real, error)
				 : protect(checkpoints, real, &seen, &protection, error);
	if (status == CW_OK && unlink(real) != 0)
		status = cw_fail_path(error, errno, "remove", path);
	return status == CW_OK ? cw_folder_sync(real_folder, error) : status;
}

int
cw_checkpoints_put(struct cw_checkpoints *checkpoints, const char *path,
		   const struct cw_checkpoint_file *file, struct cw_error *error)
{
	cw_autofree char *real = NULL;
	int status;

	if (file->data == NULL) {
		status = remove_real(checkpoints, path, file, error);
		return status == CW_OK ? CW_OK : cw_context(error, "\"%s\" is not removed", path);
	}
	status = cw_resolve_links(path, &real, error);
	if (status == CW_OK)
		status = check_path(checkpoints, real, error);
	if (status == CW_OK)
		status = write_real(checkpoints, real, file, error);
	return status == CW_OK ? CW_OK : cw_context(error, "\"%s\" is not changed", path);
}

int
cw_checkpoints_remove(struct cw_checkpoints *checkpoints, const char *path, struct cw_error *error)
{
	const struct cw_checkpoint_file file = {
		.data = NULL, .owner = (uid_t)-1, .group = (gid_t)-1};

	return cw_checkpoints_put(checkpoints, path, &file, error);
}

/* Adds RECORD to the list NAME of the current checkpoint. */
static int
add_record(const struct cw_checkpoints *checkpoints, const char *name, const struct cw_strv *record,
	   struct cw_error *error)
{
	cw_auto(cw_checkpoint_clear_commands) struct cw_checkpoint_commands records = {0};
	cw_autofree char *folder = NULL;
	int status = open_folder(checkpoints, &folder, error);

	if (status == CW_OK)
		status = cw_checkpoint_read_commands(folder, name, &records, error);
	if (status != CW_OK)
		return status;
	cw_checkpoint_add_command(&records, record);
	return cw_checkpoint_write_commands(folder, name, &records, error);
}

int
cw_checkpoints_command(struct cw_checkpoints *checkpoints, const char *const *argv,
		       struct cw_error *error)
{
	cw_auto_strv struct cw_strv added = {0};

	while (argv[added.count] != NULL)
		cw_strv_add(&added, argv[added.count]);
	if (added.count == 0 || *added.items[0] == '\0')
		return cw_fail(error, CW_E_INVALID, "an undo command needs a program");
	return add_record(checkpoints, CW_COMMANDS, &added, error);
}

int
cw_checkpoints_plugin(struct cw_checkpoints *checkpoints, const char *plugin,
		      const struct cw_strv *options, const char *data, struct cw_error *error)
{
	cw_auto_strv struct cw_strv record = {0};

	cw_strv_add(&record, plugin);
	cw_strv_add(&record, data);
	cw_strv_add_all(&record, options);
	return add_record(checkpoints, CW_PLUGINS, &record, error);
}
