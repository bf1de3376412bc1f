#include "store/stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "store/lineage_files.h"

#define YIELDS "gives way to a certificate of the CA"
#define ASIDE "aside"

enum { ORIGIN_MAX = 4096, FILE_MAX = 1024 * 1024 };

static const char *const origin_names[] = {[CW_ORIGIN_NONE] = "none",
					   [CW_ORIGIN_ACME] = "acme",
					   [CW_ORIGIN_PROVIDED] = "provided",
					   [CW_ORIGIN_SELF_SIGNED] = "self-signed"};

const char *
cw_origin_name(enum cw_origin origin)
{
	return origin_names[origin];
}

char *
cw_live_next(const char *config_dir, const char *name)
{
	return cw_format("%s/live/.%s.next", config_dir, name);
}

static char *
live_path(const char *config_dir, const char *name)
{
	return cw_format("%s/live/%s", config_dir, name);
}

/* Of the four files together, so that a changed one of them is noticed; NULL if one is missing. */
static char *
digest_of(const char *folder)
{
	cw_auto(cw_buf_wipe) struct cw_buf all = {0};

	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, cw_kind_link((enum cw_kind)i));

		if (cw_file_read(path, FILE_MAX, &all, NULL) < 0)
			return NULL;
	}
	return cw_sha256_hex(cw_buf_text(&all), all.length);
}

static void
read_mark(const char *path, struct cw_live_folder *folder)
{
	cw_autofree char *file = cw_format("%s/" CW_ORIGIN_FILE, path);
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_strv struct cw_strv lines = {0};
	cw_autofree char *digest = NULL;

	if (cw_file_read(file, ORIGIN_MAX, &text, NULL) < 0)
		return;
	cw_strv_split(&lines, cw_buf_text(&text), '\n');
	for (size_t i = 0; i < CW_COUNT(origin_names) && lines.count > 0; i++)
		if (strcmp(lines.items[0], origin_names[i]) == 0) {
			folder->said = folder->origin = (enum cw_origin)i;
			folder->marked = true;
		}
	if (folder->files == 0 || lines.count < 2)
		return;
	folder->yields = strcmp(lines.items[1], YIELDS) == 0;
	digest = folder->yields ? NULL : digest_of(path);
	folder->ours = cw_equal(digest, lines.items[1]);
}

/* The folder PATH. */
static void
look(const char *path, struct cw_live_folder *folder)
{
	*folder = (struct cw_live_folder){0};
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *file = cw_format("%s/%s", path, cw_kind_link((enum cw_kind)i));
		struct stat status;

		if (lstat(file, &status) != 0)
			continue;
		if (S_ISREG(status.st_mode))
			folder->files |= 1u << i;
		else if (S_ISLNK(status.st_mode))
			folder->links |= 1u << i;
	}
	read_mark(path, folder);
	if (folder->files == 0 && folder->links == 0)
		folder->origin = CW_ORIGIN_NONE;
	else if (folder->files == 0)
		folder->origin = CW_ORIGIN_ACME;
	if (folder->files != 0 && !folder->ours) {
		folder->marked = folder->origin == CW_ORIGIN_PROVIDED;
		folder->origin = CW_ORIGIN_PROVIDED;
	}
}

void
cw_live_look(const char *config_dir, const char *name, struct cw_live_folder *folder)
{
	cw_autofree char *path = live_path(config_dir, name);

	look(path, folder);
}

bool
cw_live_gives_way(const char *config_dir, const char *name)
{
	struct cw_live_folder folder;

	cw_live_look(config_dir, name, &folder);
	return folder.files != 0 && (folder.ours || folder.yields);
}

static int
write_mark(const char *folder, enum cw_origin origin, const char *second, struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *path = cw_format("%s/" CW_ORIGIN_FILE, folder);
	cw_autofree char *text =
		cw_format("%s\n%s%s", origin_names[origin], second != NULL ? second : "",
			  second != NULL ? "\n" : "");

	return cw_file_write(path, text, strlen(text), &mode, error);
}

int
cw_live_mark(const char *config_dir, const char *name, enum cw_origin origin, bool yields,
	     struct cw_error *error)
{
	cw_autofree char *path = live_path(config_dir, name);

	return write_mark(path, origin, yields ? YIELDS : NULL, error);
}

char *
cw_aside_path(const char *config_dir, const char *name, struct cw_error *error)
{
	cw_autofree char *folder = cw_format("%s/" ASIDE, config_dir);
	cw_autofree char *now = cw_format_utc(cw_time());
	char *digit = now;

	for (const char *at = now; *at != '\0'; at++)
		if (*at != '-' && *at != ':')
			*digit++ = *at;
	*digit = '\0';
	if (cw_folder_make(folder, 0700, error) < 0)
		return NULL;
	for (unsigned i = 0;; i++) {
		cw_autofree char *path = i == 0 ? cw_format("%s/%s-%s", folder, name, now)
						: cw_format("%s/%s-%s-%u", folder, name, now, i);

		if (!cw_file_exists(path))
			return cw_take(&path);
	}
}

static int
move_aside(const char *config_dir, const char *name, const char *from, char **aside,
	   struct cw_error *error)
{
	cw_autofree char *to = cw_aside_path(config_dir, name, error);

	if (to == NULL)
		return error != NULL ? error->status : CW_E_IO;
	if (rename(from, to) != 0)
		return cw_fail_path(error, errno, "move aside", from);
	cw_log_warning("moved the files of \"%s\" that are not in use any more to \"%s\"", name,
		       to);
	if (aside != NULL)
		*aside = cw_take(&to);
	return CW_OK;
}

static bool
is_ours_by_name(const char *name)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++)
		if (strcmp(name, cw_kind_link((enum cw_kind)i)) == 0)
			return true;
	return strcmp(name, "README") == 0 || strcmp(name, CW_ORIGIN_FILE) == 0 ||
	       strcmp(name, CW_STAPLE_FILE) == 0 || cw_is_temporary(name);
}

int
cw_live_dispose(const char *config_dir, const char *name, char **aside, struct cw_error *error)
{
	cw_autofree char *path = cw_live_next(config_dir, name);
	cw_autofree char *mark = cw_format("%s/" CW_ORIGIN_FILE, path);
	cw_auto_strv struct cw_strv names = {0};
	struct cw_live_folder folder;
	int status;

	if (!cw_file_exists(path))
		return CW_OK;
	look(path, &folder);
	if (folder.files != 0 && !folder.ours && folder.marked)
		return move_aside(config_dir, name, path, aside, error);
	/* First, as without it the rest is known as ours after a crash. */
	if (unlink(mark) != 0 && errno != ENOENT)
		return cw_fail_path(error, errno, "remove", mark);
	status = cw_folder_list(path, true, &names, error);
	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *file = cw_format("%s/%s", path, names.items[i]);

		if (!is_ours_by_name(names.items[i]))
			return move_aside(config_dir, name, path, aside, error);
		if (unlink(file) != 0 && errno != ENOENT)
			status = cw_fail_path(error, errno, "remove", file);
	}
	if (status == CW_OK && rmdir(path) != 0 && errno != ENOENT)
		status = cw_fail_path(error, errno, "remove the folder", path);
	return status;
}

/* Returns an errno. Where the file system cannot exchange two folders, there is a moment without
 * any. */
static int
exchange(const char *next, const char *live)
{
	cw_autofree char *old = NULL;

	if (rename(next, live) == 0) /* nothing, or an empty folder */
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return errno;
#ifdef RENAME_EXCHANGE
	if (renameat2(AT_FDCWD, next, AT_FDCWD, live, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno != ENOSYS && errno != EINVAL)
		return errno;
#endif
	old = cw_format("%s.old", next);
	if (rename(live, old) != 0 || rename(next, live) != 0 || rename(old, next) != 0)
		return errno;
	return 0;
}

int
cw_live_take_place(const char *config_dir, const char *name, char **aside, struct cw_error *error)
{
	cw_autofree char *next = cw_live_next(config_dir, name);
	cw_autofree char *live = live_path(config_dir, name);
	cw_autofree char *above = cw_format("%s/live", config_dir);
	struct cw_live_folder folder;
	int number, status;

	/* What is not marked could not be told from files of ours that a crash left unfinished. */
	look(live, &folder);
	if (folder.files != 0 && !folder.marked) {
		status = write_mark(live, CW_ORIGIN_PROVIDED, NULL, error);
		if (status < 0)
			return status;
	}
	number = exchange(next, live);
	if (number != 0)
		return cw_fail_path(error, number, "replace the folder", live);
	status = cw_folder_sync(above, error);
	return status < 0 ? status : cw_live_dispose(config_dir, name, aside, error);
}

static int
fill(const char *folder, const struct cw_version_files *files, struct cw_error *error)
{
	const char *const texts[CW_KIND_COUNT] = {[CW_KIND_CERT] = files->cert,
						  [CW_KIND_PRIVKEY] = files->privkey,
						  [CW_KIND_CHAIN] = files->chain,
						  [CW_KIND_FULLCHAIN] = files->fullchain};
	int status = CW_OK;

	for (unsigned i = 0; i < CW_KIND_COUNT && status == CW_OK; i++) {
		const struct cw_file_mode mode = {.mode = i == CW_KIND_PRIVKEY ? 0600 : 0644,
						  .owner = (uid_t)-1,
						  .group = (gid_t)-1};
		cw_autofree char *path = cw_format("%s/%s", folder, cw_kind_link((enum cw_kind)i));

		status = cw_file_write(path, texts[i], strlen(texts[i]), &mode, error);
	}
	return status;
}

int
cw_live_put(const char *config_dir, const char *name, const struct cw_version_files *files,
	    enum cw_origin origin, char **aside, struct cw_error *error)
{
	cw_autofree char *next = cw_live_next(config_dir, name);
	cw_autofree char *above = cw_format("%s/live", config_dir);
	cw_autofree char *digest = NULL;
	int status = cw_lineage_check_name(name, error);

	if (aside != NULL)
		*aside = NULL;
	if (status == CW_OK)
		status = cw_folder_make(above, 0700, error);
	if (status == CW_OK)
		status = cw_live_dispose(config_dir, name, NULL, error);
	if (status == CW_OK)
		status = cw_folder_make(next, 0755, error);
	if (status == CW_OK)
		status = fill(next, files, error);
	if (status < 0)
		return status;
	digest = digest_of(next);
	status = write_mark(next, origin, digest, error);
	return status < 0 ? status : cw_live_take_place(config_dir, name, aside, error);
}

int
cw_lineage_set_aside(const char *config_dir, const char *name, char **aside, struct cw_error *error)
{
	cw_autofree char *renewal = cw_renewal_path(config_dir, name, NULL);
	cw_autofree char *archive = cw_format("%s/archive/%s", config_dir, name);
	cw_autofree char *to = cw_aside_path(config_dir, name, error);
	cw_autofree char *saved_renewal = cw_format("%s/" CW_ASIDE_RENEWAL, to != NULL ? to : "");
	cw_autofree char *saved_archive = cw_format("%s/archive", to != NULL ? to : "");
	int status;

	if (to == NULL)
		return error != NULL ? error->status : CW_E_IO;
	status = cw_folder_make(to, 0700, error);
	if (status == CW_OK && rename(renewal, saved_renewal) != 0)
		status = cw_fail_path(error, errno, "move aside", renewal);
	if (status == CW_OK && rename(archive, saved_archive) != 0 && errno != ENOENT)
		status = cw_fail_path(error, errno, "move aside", archive);
	if (status == CW_OK)
		*aside = cw_take(&to);
	return status;
}
