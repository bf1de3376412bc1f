/* Deletion of lineages, and of what crashed runs left. */
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/lineage_files.h"
#include "store/stand_in.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALL_LINKS = (1 << CW_KIND_COUNT) - 1 };

static bool
is_archive_name(const char *name)
{
	enum cw_kind kind;
	unsigned version;

	return cw_version_parse(name, &kind, &version);
}

static bool
is_live_name(const char *name)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		const char *link = cw_kind_link((enum cw_kind)i);

		if (strcmp(name, link) == 0 || (cw_starts_with(name, "previous_") &&
						strcmp(name + strlen("previous_"), link) == 0))
			return true;
	}
	return strcmp(name, "README") == 0 || strcmp(name, CW_ORIGIN_FILE) == 0 ||
	       strcmp(name, CW_STAPLE_FILE) == 0;
}

static void
add_files(const char *folder, bool (*is_ours)(const char *name), struct cw_strv *files)
{
	cw_auto_strv struct cw_strv names = {0};

	if (cw_folder_list(folder, true, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (is_ours(names.items[i]))
			cw_strv_addf(files, "%s/%s", folder, names.items[i]);
}

void
cw_lineage_files(const struct cw_lineage *lineage, struct cw_strv *files)
{
	cw_autofree char *live = cw_path_folder(lineage->live[CW_KIND_CERT]);

	if (cw_file_exists(lineage->renewal_path))
		cw_strv_add(files, lineage->renewal_path);
	add_files(live, is_live_name, files);
	add_files(lineage->archive, is_archive_name, files);
}

/* Removes what in a folder is ours, then the folder if nothing else is in it. */
static int
remove_folder(const char *path, bool (*is_ours)(const char *name), struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_folder_list(path, true, &names, error);
	size_t kept = 0;

	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *file = cw_format("%s/%s", path, names.items[i]);

		if (!is_ours(names.items[i]) && !cw_is_temporary(names.items[i]))
			kept++;
		else if (unlink(file) != 0 && errno != ENOENT)
			status = cw_fail_path(error, errno, "remove", file);
	}
	if (status != CW_OK)
		return status;
	if (kept > 0)
		cw_log_warning("\"%s\" stays because it contains other files", path);
	else if (rmdir(path) != 0 && errno != ENOENT && errno != ENOTDIR)
		return cw_fail_path(error, errno, "remove the folder", path);
	return CW_OK;
}

static int
remove_file(const char *path, struct cw_error *error)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return CW_OK;
	return cw_fail_path(error, errno, "remove", path);
}

int
cw_lineage_unmake(const char *config_dir, const char *name, struct cw_error *error)
{
	cw_autofree char *mark = cw_renewal_path(config_dir, name, "new");
	cw_autofree char *path = cw_renewal_path(config_dir, name, NULL);
	cw_autofree char *live = cw_format("%s/live/%s", config_dir, name);
	cw_autofree char *archive = cw_format("%s/archive/%s", config_dir, name);
	int status = CW_OK;

	/* With a renewal file it is finished, or another's. */
	if (!cw_file_exists(path)) {
		struct cw_live_folder folder;

		status = cw_live_dispose(config_dir, name, NULL, error);
		/* What the lineage was to take the place of stays. */
		cw_live_look(config_dir, name, &folder);
		if (status == CW_OK && folder.files == 0)
			status = remove_folder(live, is_live_name, error);
		if (status == CW_OK)
			status = remove_folder(archive, is_archive_name, error);
	}
	return status == CW_OK ? remove_file(mark, error) : status;
}

/* The links, where their paths say; the folder, where all were in one that has nothing else. */
static int
remove_live(const struct cw_lineage *lineage, struct cw_error *error)
{
	cw_autofree char *successor = cw_successor_path(lineage);
	cw_auto_strv struct cw_strv folders = {0};
	int status = remove_folder(successor, is_live_name, error);

	for (unsigned i = 0; i < CW_KIND_COUNT && status == CW_OK; i++) {
		cw_autofree char *previous = cw_previous_path(lineage, (enum cw_kind)i);
		cw_autofree char *folder = cw_path_folder(lineage->live[i]);
		struct stat link;

		cw_strv_add_unique(&folders, folder);
		if (lstat(lineage->live[i], &link) == 0 && S_ISLNK(link.st_mode))
			status = remove_file(lineage->live[i], error);
		if (status == CW_OK)
			status = remove_file(previous, error);
	}
	if (status == CW_OK && folders.count == 1)
		status = remove_folder(folders.items[0], is_live_name, error);
	return status;
}

static int
remove_parts(const struct cw_lineage *lineage, struct cw_error *error)
{
	int status = remove_live(lineage, error);

	if (status == CW_OK && !cw_lineage_archive_is_shared(lineage))
		status = remove_folder(lineage->archive, is_archive_name, error);
	return status;
}

int
cw_lineage_delete(struct cw_lineage *lineage, struct cw_error *error)
{
	cw_autofree char *mark = cw_renewal_path(lineage->config_dir, lineage->name, "del");
	cw_autofree char *folder = cw_path_folder(lineage->renewal_path);
	int status;

	/* From here on, the lineage does not exist; its paths stay recorded until all files are
	 * removed. */
	if (rename(lineage->renewal_path, mark) != 0)
		return cw_fail_path(error, errno, "remove", lineage->renewal_path);
	status = cw_folder_sync(folder, error);
	if (status == CW_OK)
		status = remove_parts(lineage, error);
	if (status == CW_OK)
		status = remove_file(mark, error);
	return status == CW_OK ? cw_folder_sync(folder, error) : status;
}

/* Goes on with a deletion. */
static int
finish_delete(const char *config_dir, const char *name, struct cw_error *error)
{
	cw_autofree char *mark = cw_renewal_path(config_dir, name, "del");
	cw_autofree char *path = cw_renewal_path(config_dir, name, NULL);
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	int status;

	/* Created again since, perhaps by Certbot: these files belong to the new one. */
	if (cw_file_exists(path))
		return remove_file(mark, error);
	if (rename(mark, path) != 0)
		return cw_fail_path(error, errno, "continue the deletion of", path);
	status = cw_lineage_open(config_dir, name, &lineage, error);
	if (status == CW_E_INVALID)
		status = cw_lineage_open_damaged(config_dir, name, &lineage, error);
	return status == CW_OK ? cw_lineage_delete(lineage, error) : status;
}

/* Adds the names in a folder that begin with a '.', as all do that are left over. */
static int
list_hidden(const char *path, struct cw_strv *names, struct cw_error *error)
{
	cw_auto_strv struct cw_strv found = {0};
	int status = cw_folder_list(path, true, &found, error);

	for (size_t i = 0; i < found.count; i++)
		if (*found.items[i] == '.')
			cw_strv_add(names, found.items[i]);
	return status;
}

/* NAME of ".NAME" and SUFFIX, NULL when it is not of that form; release with free(). */
static char *
between(const char *hidden, const char *suffix)
{
	size_t length = strlen(hidden), behind = strlen(suffix);

	if (length < behind + 2 || !cw_ends_with(hidden, suffix))
		return NULL;
	return cw_memdup(hidden + 1, length - behind - 1);
}

/* What has a mark is dealt with; HIDDEN is a name in renewal/. */
static int
sweep_mark(const char *config_dir, const char *hidden, struct cw_error *error)
{
	cw_autofree char *made = between(hidden, ".conf.new");
	cw_autofree char *deleted = between(hidden, ".conf.del");

	if (made != NULL && cw_lineage_check_name(made, NULL) == CW_OK) {
		cw_log_info("removing the rest of \"%s\", which was never completed", made);
		return cw_lineage_unmake(config_dir, made, error);
	}
	if (deleted != NULL && cw_lineage_check_name(deleted, NULL) == CW_OK) {
		cw_log_info("continuing the deletion of \"%s\"", deleted);
		return finish_delete(config_dir, deleted, error);
	}
	return CW_OK;
}

/* A successor of live/NAME. If there is a lineage whose live/ was not switched to it, it recovers
 * that itself. */
static int
sweep_successor(const char *config_dir, const char *hidden, struct cw_error *error)
{
	cw_autofree char *name = between(hidden, ".next");
	cw_autofree char *path = cw_format("%s/live/%s", config_dir, hidden);
	cw_autofree char *renewal = NULL;
	struct cw_live_folder next;

	if (name == NULL || !cw_is_folder(path))
		return CW_OK;
	renewal = cw_renewal_path(config_dir, name, NULL);
	if (!cw_file_exists(renewal))
		return cw_live_dispose(config_dir, name, NULL, error);
	cw_live_look(config_dir, hidden, &next);
	if (cw_live_gives_way(config_dir, name) && next.files == 0 && next.links == ALL_LINKS)
		return cw_live_take_place(config_dir, name, NULL, error);
	return next.links == 0 ? cw_live_dispose(config_dir, name, NULL, error) : CW_OK;
}

int
cw_lineage_sweep(const char *config_dir, struct cw_error *error)
{
	static const char *const parts[] = {"renewal", "archive", "live"};
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(parts) && status == CW_OK; i++) {
		cw_autofree char *path = cw_format("%s/%s", config_dir, parts[i]);
		cw_auto_strv struct cw_strv names = {0};

		status = list_hidden(path, &names, error);
		for (size_t j = 0; j < names.count && status == CW_OK; j++) {
			cw_autofree char *file = cw_format("%s/%s", path, names.items[j]);

			if (cw_is_temporary(names.items[j]))
				status = remove_file(file, error);
			else if (i == 0)
				status = sweep_mark(config_dir, names.items[j], error);
			else if (i == 2)
				status = sweep_successor(config_dir, names.items[j], error);
		}
	}
	return status;
}
