#include "store/lineage_files.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEEP_VERSIONS = 6, ALL_KINDS = (1 << CW_KIND_COUNT) - 1 };

static const char *const kind_names[CW_KIND_COUNT] = {"cert", "privkey", "chain", "fullchain"};
static const char *const kind_links[CW_KIND_COUNT] = {"cert.pem", "privkey.pem", "chain.pem",
						      "fullchain.pem"};

/* As Certbot does: so the existence of the first tells whether there is anything of a version. */
static const enum cw_kind writing_order[CW_KIND_COUNT] = {CW_KIND_PRIVKEY, CW_KIND_CERT,
							  CW_KIND_CHAIN, CW_KIND_FULLCHAIN};

const char *
cw_kind_name(enum cw_kind kind)
{
	return kind_names[kind];
}

const char *
cw_kind_link(enum cw_kind kind)
{
	return kind_links[kind];
}

struct cw_version_name
cw_version_name(enum cw_kind kind, unsigned version)
{
	struct cw_version_name name;

	snprintf(name.text, sizeof(name.text), "%s%u.pem", kind_names[kind], version);
	return name;
}

bool
cw_version_parse(const char *name, enum cw_kind *kind, unsigned *version)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		size_t length = strlen(kind_names[i]);
		char *end;
		unsigned long number;

		/* A leading 0 would be another name for the same version. */
		if (strncmp(name, kind_names[i], length) != 0 || name[length] < '1' ||
		    name[length] > '9')
			continue;
		number = strtoul(name + length, &end, 10);
		if (strcmp(end, ".pem") != 0 || number > CW_VERSION_MAX)
			return false;
		*kind = (enum cw_kind)i;
		*version = (unsigned)number;
		return true;
	}
	return false;
}

bool
cw_is_temporary(const char *name)
{
	return cw_starts_with(name, ".cw-") && cw_ends_with(name, ".tmp");
}

void
cw_archive_clear(struct cw_archive *archive)
{
	free(archive->versions);
	*archive = (struct cw_archive){0};
}

static int
compare_versions(const void *first, const void *second)
{
	const struct cw_archive_version *a = first, *b = second;

	return a->version < b->version ? -1 : a->version > b->version;
}

/* Makes one entry of those that have the same version. */
static void
merge(struct cw_archive *archive)
{
	size_t kept = 0;

	if (archive->count == 0)
		return;
	qsort(archive->versions, archive->count, sizeof(*archive->versions), compare_versions);
	for (size_t i = 1; i < archive->count; i++) {
		if (archive->versions[i].version == archive->versions[kept].version)
			archive->versions[kept].kinds |= archive->versions[i].kinds;
		else
			archive->versions[++kept] = archive->versions[i];
	}
	archive->count = kept + 1;
}

static void
close_folder(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}

int
cw_archive_read(const char *path, bool sweep, struct cw_archive *archive, struct cw_error *error)
{
	cw_auto(close_folder) DIR *folder = opendir(path);
	const struct dirent *entry;
	size_t capacity = 0;

	*archive = (struct cw_archive){0};
	if (folder == NULL)
		return cw_fail_path(error, errno, "open the folder", path);
	while (errno = 0, (entry = readdir(folder)) != NULL) {
		struct cw_archive_version found;
		enum cw_kind kind;

		if (sweep && cw_is_temporary(entry->d_name))
			unlinkat(dirfd(folder), entry->d_name, 0);
		if (!cw_version_parse(entry->d_name, &kind, &found.version))
			continue;
		found.kinds = 1u << kind;
		if (archive->count == capacity) {
			capacity = capacity == 0 ? 32 : capacity * 2;
			archive->versions =
				cw_realloc(archive->versions, capacity, sizeof(*archive->versions));
		}
		archive->versions[archive->count++] = found;
	}
	if (errno != 0) {
		int number = errno;

		cw_archive_clear(archive);
		return cw_fail_path(error, number, "read the folder", path);
	}
	merge(archive);
	return CW_OK;
}

bool
cw_archive_has(const char *path, unsigned version)
{
	for (unsigned kind = 0; kind < CW_KIND_COUNT; kind++) {
		struct cw_version_name name = cw_version_name((enum cw_kind)kind, version);
		cw_autofree char *file = cw_format("%s/%s", path, name.text);

		if (access(file, F_OK) != 0)
			return false;
	}
	return true;
}

unsigned
cw_archive_newest(const struct cw_archive *archive, const char *path)
{
	for (size_t i = archive->count; i > 0; i--) {
		const struct cw_archive_version *version = &archive->versions[i - 1];

		/* The key may be a link to one that is gone. */
		if (version->kinds == ALL_KINDS && cw_archive_has(path, version->version))
			return version->version;
	}
	return 0;
}

static struct cw_version_name
temporary_name(enum cw_kind kind, unsigned version)
{
	struct cw_version_name name;

	snprintf(name.text, sizeof(name.text), ".cw-%s%u.tmp", kind_names[kind], version);
	return name;
}

/* The group and what the group and others may do are taken over from the previous key: an
 * administrator has let a server's group read it. Returns an errno. */
static int
set_key_mode(int file, const struct stat *previous, const char *path)
{
	mode_t taken = S_IRWXG | S_IROTH;
	struct stat status;

	if (previous == NULL)
		return 0;
	if (fstat(file, &status) != 0)
		return errno;
	if (status.st_gid != previous->st_gid && fchown(file, (uid_t)-1, previous->st_gid) != 0) {
		cw_log_warning("cannot give the new key in \"%s\" to group %lu, so only its owner "
			       "can read it",
			       path, (unsigned long)previous->st_gid);
		return 0;
	}
	if (fchmod(file, S_IRUSR | S_IWUSR | (previous->st_mode & taken)) != 0)
		return errno;
	return 0;
}

static const char *
contents(const struct cw_version_files *files, enum cw_kind kind)
{
	switch (kind) {
	case CW_KIND_CERT: return files->cert;
	case CW_KIND_PRIVKEY: return files->privkey;
	case CW_KIND_CHAIN: return files->chain;
	default: return files->fullchain;
	}
}

/* Leaves the file open, in *FILE. Returns an errno. */
static int
stage_file(int folder, const char *temporary, const char *text, bool key,
	   const struct stat *key_status, const char *path, int *file)
{
	int number;

	*file = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		       S_IRUSR | S_IWUSR);
	if (*file < 0)
		return errno;
	if (key)
		number = set_key_mode(*file, key_status, path);
	else
		number = fchmod(*file, 0644) == 0 ? 0 : errno;
	return number == 0 ? cw_write_all(*file, text, strlen(text)) : number;
}

/* Brings the files to the disk and closes them, unless NUMBER, an errno, is set already. After all
 * are written: a file system with a journal then writes it once. Returns an errno. */
static int
sync_and_close(const int *files, size_t count, int number)
{
	for (size_t i = 0; i < count; i++) {
		if (files[i] < 0)
			continue;
		if (number == 0 && fsync(files[i]) != 0)
			number = errno;
		close(files[i]);
	}
	return number;
}

/* Returns an errno. */
static int
move_into_place(int folder, const char *temporary, const char *name)
{
#ifdef RENAME_NOREPLACE
	if (renameat2(folder, temporary, folder, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
#endif
	return renameat(folder, temporary, folder, name) == 0 ? 0 : errno;
}

/* Returns an errno. */
static int
add_version(int folder, unsigned version, const struct cw_version_files *files,
	    const struct stat *key_status, const char *key_target, const char *path)
{
	int open_files[CW_KIND_COUNT] = {-1, -1, -1, -1};
	int number = 0;

	for (size_t i = 0; i < CW_KIND_COUNT && number == 0; i++) {
		enum cw_kind kind = writing_order[i];
		struct cw_version_name temporary = temporary_name(kind, version);
		bool key = kind == CW_KIND_PRIVKEY;

		unlinkat(folder, temporary.text, 0);
		if (key && key_target != NULL)
			number = symlinkat(key_target, folder, temporary.text) == 0 ? 0 : errno;
		else
			number = stage_file(folder, temporary.text, contents(files, kind), key,
					    key_status, path, &open_files[i]);
	}
	number = sync_and_close(open_files, CW_KIND_COUNT, number);
	for (size_t i = 0; i < CW_KIND_COUNT && number == 0; i++) {
		struct cw_version_name temporary = temporary_name(writing_order[i], version);
		struct cw_version_name name = cw_version_name(writing_order[i], version);

		number = move_into_place(folder, temporary.text, name.text);
	}
	if (number == 0 && fsync(folder) != 0 && errno != EINVAL)
		number = errno;
	return number;
}

int
cw_archive_add(const char *path, unsigned version, const struct cw_version_files *files,
	       const struct stat *key_status, const char *key_target, struct cw_error *error)
{
	cw_autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int number;

	if (folder < 0)
		return cw_fail_path(error, errno, "open the folder", path);
	number = add_version(folder, version, files, key_status, key_target, path);
	if (number == 0)
		return CW_OK;
	for (unsigned kind = 0; kind < CW_KIND_COUNT; kind++) {
		struct cw_version_name temporary = temporary_name((enum cw_kind)kind, version);

		unlinkat(folder, temporary.text, 0);
		/* What was there under the final name is not ours. */
		if (number != EEXIST)
			unlinkat(folder, cw_version_name((enum cw_kind)kind, version).text, 0);
	}
	return cw_fail_path(error, number, "write the new certificate into", path);
}

void
cw_archive_prune(const char *path, const struct cw_archive *archive, unsigned current)
{
	cw_autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t old = archive->count > KEEP_VERSIONS ? archive->count - KEEP_VERSIONS : 0;
	cw_auto_strv struct cw_strv keys = {0};

	if (folder < 0 || old == 0)
		return;
	/* With --reuse-key the key of a version that stays is a link to that of an old one. */
	for (size_t i = 0; i < archive->count; i++) {
		unsigned version = archive->versions[i].version;
		struct cw_version_name name = cw_version_name(CW_KIND_PRIVKEY, version);
		char target[4096];
		ssize_t length;

		if (i < old && version != current)
			continue;
		length = readlinkat(folder, name.text, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		cw_strv_add(&keys, cw_path_base(target));
	}
	for (size_t i = 0; i < old; i++) {
		unsigned version = archive->versions[i].version;

		for (unsigned kind = 0; kind < CW_KIND_COUNT && version != current; kind++) {
			struct cw_version_name name = cw_version_name((enum cw_kind)kind, version);

			if (!cw_strv_contains(&keys, name.text))
				unlinkat(folder, name.text, 0);
		}
	}
}

char *
cw_lineage_file(const struct cw_lineage *lineage, enum cw_kind kind, unsigned version)
{
	struct cw_version_name name = cw_version_name(kind, version);

	return cw_format("%s/%s", lineage->archive, name.text);
}
