#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/lineage_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without O_PATH, of Linux, the folder must be one that may be read. */
#ifdef O_PATH
#define ANY_FOLDER (O_PATH | O_DIRECTORY | O_CLOEXEC)
#else
#define ANY_FOLDER (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

static const char *const previous_links[CW_KIND_COUNT] = {
	"previous_cert.pem", "previous_privkey.pem", "previous_chain.pem",
	"previous_fullchain.pem"};

/*
 * Where the four links are. Nearly all of the cost of looking at them is finding their folder from
 * the root, so it is opened once; likewise the archive's, once a link is known to be into it. Where
 * they are not together, or the folder is itself a link, FOLDER is AT_FDCWD and the names are the
 * whole paths.
 */
struct place {
	int folder;
	int archive; /* where the link leads that was checked last; -1: it is not open */
	const char *folder_name; /* its own, up to the '/' behind it */
	const char *names[CW_KIND_COUNT];
};

static void
leave_place(struct place *place)
{
	if (place->folder >= 0)
		close(place->folder);
	if (place->archive >= 0)
		close(place->archive);
}
#define auto_place cw_auto(leave_place)

/* Whether the links have one folder, whose name is not "", "." or "..". */
static bool
have_one_folder(const struct cw_lineage *lineage, struct place *place)
{
	const char *first = lineage->live[CW_KIND_CERT];
	const char *end = strrchr(first, '/');
	const char *name = end;
	size_t length = (size_t)(end - first);

	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		const char *path = lineage->live[i];

		if (strncmp(path, first, length + 1) != 0 || strchr(path + length + 1, '/') != NULL)
			return false;
		place->names[i] = path + length + 1;
	}
	while (name > first && name[-1] != '/')
		name--;
	place->folder_name = name;
	return name < end && strspn(name, ".") < (size_t)(end - name);
}

static void
find_place(const struct cw_lineage *lineage, struct place *place)
{
	place->folder = place->archive = -1;
	if (have_one_folder(lineage, place)) {
		const char *cert = lineage->live[CW_KIND_CERT];
		cw_autofree char *path = cw_memdup(cert, (size_t)(strrchr(cert, '/') - cert));

		place->folder = open(path, ANY_FOLDER | O_NOFOLLOW);
	}
	if (place->folder >= 0)
		return;
	place->folder = AT_FDCWD;
	for (unsigned i = 0; i < CW_KIND_COUNT; i++)
		place->names[i] = lineage->live[i];
}

void
cw_live_clear(struct cw_live *live)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++)
		free(live->links[i].target);
	*live = (struct cw_live){0};
}

char *
cw_previous_path(const struct cw_lineage *lineage, enum cw_kind kind)
{
	cw_autofree char *folder = cw_path_folder(lineage->live[kind]);

	return cw_format("%s/%s", folder, previous_links[kind]);
}

char *
cw_successor_path(const struct cw_lineage *lineage)
{
	cw_autofree char *folder = cw_path_folder(lineage->live[CW_KIND_CERT]);
	cw_autofree char *above = cw_path_folder(folder);

	return cw_format("%s/.%s.next", above, cw_path_base(folder));
}

/* NAME, from FOLDER; PATH is its whole one. */
static int
read_link(int folder, const char *name, const char *path, enum cw_kind kind,
	  struct cw_live_link *link, struct cw_error *error)
{
	char target[4096];
	ssize_t length = readlinkat(folder, name, target, sizeof(target));
	enum cw_kind found;

	if (length < 0 && errno == ENOENT)
		return CW_OK;
	if (length < 0 && errno != EINVAL)
		return cw_fail_path(error, errno, "read the link", path);
	if (length < 0 || (size_t)length >= sizeof(target)) {
		cw_fail(error, CW_E_INVALID, "\"%s\" is not a link into the archive", path);
		cw_hint(error, "move that file away and restore the link, like the links of the "
			       "other files beside it");
		return CW_E_INVALID;
	}
	link->target = cw_memdup(target, (size_t)length);
	if (!cw_version_parse(cw_path_base(link->target), &found, &link->version) || found != kind)
		link->version = 0;
	return CW_OK;
}

static int
read_links(const struct cw_lineage *lineage, const struct place *place, struct cw_live *live,
	   struct cw_error *error)
{
	int status = CW_OK;

	*live = (struct cw_live){0};
	for (unsigned i = 0; i < CW_KIND_COUNT && status == CW_OK; i++)
		status = read_link(place->folder, place->names[i], lineage->live[i],
				   (enum cw_kind)i, &live->links[i], error);
	if (status != CW_OK)
		cw_live_clear(live);
	return status;
}

static int
read_previous_links(const struct cw_lineage *lineage, struct cw_live *live, struct cw_error *error)
{
	int status = CW_OK;

	*live = (struct cw_live){0};
	for (unsigned i = 0; i < CW_KIND_COUNT && status == CW_OK; i++) {
		cw_autofree char *path = cw_previous_path(lineage, (enum cw_kind)i);

		status = read_link(AT_FDCWD, path, path, (enum cw_kind)i, &live->links[i], error);
	}
	if (status != CW_OK)
		cw_live_clear(live);
	return status;
}

int
cw_live_read(const struct cw_lineage *lineage, bool previous, struct cw_live *live,
	     struct cw_error *error)
{
	auto_place struct place place = {.folder = -1, .archive = -1};

	if (previous)
		return read_previous_links(lineage, live, error);
	find_place(lineage, &place);
	return read_links(lineage, &place, live, error);
}

unsigned
cw_live_version(const struct cw_live *live)
{
	for (unsigned i = 1; i < CW_KIND_COUNT; i++) {
		if (live->links[i].version != live->links[0].version)
			return 0;
	}
	return live->links[0].version;
}

bool
cw_live_resolves(const struct cw_lineage *lineage, bool previous)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *path =
			previous ? cw_previous_path(lineage, (enum cw_kind)i) : NULL;

		if (access(previous ? path : lineage->live[i], F_OK) != 0)
			return false;
	}
	return true;
}

/* Drops "." and empty parts, and each ".." with the part before it, in place. PATH is absolute. */
static void
fold(char *path)
{
	const char *from = path;
	char *to = path;

	while (*from != '\0') {
		size_t length = strcspn(++from, "/");

		if (length == 2 && from[0] == '.' && from[1] == '.') {
			do {
				to -= to > path;
			} while (to > path && *to != '/');
		} else if (length > 0 && !(length == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, length);
			to += length;
		}
		from += length;
	}
	*to = '\0';
}

static bool
same_folder(const char *a, const char *b)
{
	struct stat first, second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/* By the letters first, which costs nothing and is what Certbot goes by. */
static bool
is_in_archive(const struct cw_lineage *lineage, const char *path, const char *target)
{
	int folder_length = *target == '/' ? 0 : (int)(cw_path_base(path) - path);
	cw_autofree char *written = cw_format("%.*s%s", folder_length, path, target);
	cw_autofree char *whole = cw_strdup(written);
	cw_autofree char *archive = cw_strdup(lineage->archive);
	cw_autofree char *folder = NULL;

	fold(whole);
	fold(archive);
	if (cw_starts_with(whole, archive) && whole[strlen(archive)] == '/' &&
	    strchr(whole + strlen(archive) + 1, '/') == NULL)
		return true;
	folder = cw_path_folder(written);
	return same_folder(folder, lineage->archive);
}

/* Whether two links that are in one folder lead to one. */
static bool
same_target_folder(const struct cw_live_link *a, const struct cw_live_link *b)
{
	size_t length = (size_t)(cw_path_base(a->target) - a->target);

	return b->target != NULL && (size_t)(cw_path_base(b->target) - b->target) == length &&
	       memcmp(a->target, b->target, length) == 0;
}

/* Whether a link leads to a file; errno tells why not. IS_KNOWN: to the folder that the one before
 * leads to, which is not looked for again. */
static bool
leads_to_file(struct place *place, enum cw_kind kind, const char *target, bool is_known)
{
	const char *base = cw_path_base(target);

	if (!is_known && place->archive >= 0) {
		close(place->archive);
		place->archive = -1;
	}
	if (!is_known && place->folder >= 0 && base > target + 1) {
		cw_autofree char *folder = cw_memdup(target, (size_t)(base - 1 - target));

		place->archive = openat(place->folder, folder, ANY_FOLDER);
	}
	if (place->archive >= 0)
		return faccessat(place->archive, base, F_OK, 0) == 0;
	return faccessat(place->folder, place->names[kind], F_OK, 0) == 0;
}

/* Checks an existing link of live/; those of the kinds before it are valid. */
static int
check_link(const struct cw_lineage *lineage, struct place *place, enum cw_kind kind,
	   const struct cw_live *live, struct cw_error *error)
{
	const struct cw_live_link *link = &live->links[kind];
	const char *path = lineage->live[kind];
	bool is_known = kind > 0 && place->folder != AT_FDCWD &&
			same_target_folder(link, &live->links[kind - 1]);

	if (link->version == 0) {
		cw_fail(error, CW_E_INVALID, "the link \"%s\" points to \"%s\", not to %s<N>.pem",
			path, link->target, cw_kind_name(kind));
	} else if (!is_known && !is_in_archive(lineage, path, link->target)) {
		cw_fail(error, CW_E_INVALID,
			"the link \"%s\" points to \"%s\", which is not in the archive folder "
			"\"%s\"",
			path, link->target, lineage->archive);
	} else if (!leads_to_file(place, kind, link->target, is_known)) {
		if (errno != ENOENT)
			return cw_fail_path(error, errno, "follow the link", path);
		cw_fail(error, CW_E_INVALID,
			"the link \"%s\" points to \"%s\", which does not exist", path,
			link->target);
	} else {
		return CW_OK;
	}
	cw_hint(error,
		"make it and the links beside it point to files of the same version in \"%s\"",
		lineage->archive);
	return CW_E_INVALID;
}

/* The links are not of one version: LINEAGE's version is that of the certificate in use when a
 * switch was cut off. */
static int
find_interrupted(struct cw_lineage *lineage, const struct cw_live *live, struct cw_error *error)
{
	const struct cw_live_link *cert = &live->links[CW_KIND_CERT];
	cw_auto_live struct cw_live previous = {0};

	if (cw_live_resolves(lineage, true) &&
	    cw_live_read(lineage, true, &previous, NULL) == CW_OK && cw_live_version(&previous)) {
		lineage->interrupted = true;
		lineage->version =
			cert->target != NULL ? cert->version : cw_live_version(&previous);
		return CW_OK;
	}
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		if (live->links[i].target != NULL)
			continue;
		cw_fail(error, CW_E_INVALID, "the link \"%s\" is missing", lineage->live[i]);
		cw_hint(error, "restore it: it should point to %s<N>.pem in \"%s\"",
			cw_kind_name((enum cw_kind)i), lineage->archive);
		return CW_E_INVALID;
	}
	cw_fail(error, CW_E_INVALID,
		"the links beside \"%s\" point to different versions in \"%s\"",
		lineage->live[CW_KIND_CERT], lineage->archive);
	cw_hint(error, "make all four point to files of the same version");
	return CW_E_INVALID;
}

/* A record is made and removed in the order of the kinds, here as by Certbot: what there is of it
 * has the first or the last. */
static bool
has_record(const struct cw_lineage *lineage, const struct place *place)
{
	static const enum cw_kind ends[] = {CW_KIND_CERT, CW_KIND_FULLCHAIN};

	for (size_t i = 0; i < CW_COUNT(ends); i++) {
		cw_autofree char *path = NULL;
		const char *name = previous_links[ends[i]];
		struct stat status;

		if (place->folder == AT_FDCWD)
			name = path = cw_previous_path(lineage, ends[i]);
		if (fstatat(place->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

static bool
has_successor(const struct cw_lineage *lineage, const struct place *place)
{
	char name[NAME_MAX + sizeof("../.") + sizeof(".next")];
	cw_autofree char *path = NULL;
	struct stat status;
	int length;

	if (place->folder != AT_FDCWD) {
		length = snprintf(name, sizeof(name), "../.%.*s.next",
				  (int)strcspn(place->folder_name, "/"), place->folder_name);
		if (length > 0 && (size_t)length < sizeof(name))
			return fstatat(place->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
	}
	path = cw_successor_path(lineage);
	return cw_file_exists(path);
}

/* Finds the newest version, where the links have one. */
static int
find_newest(struct cw_lineage *lineage, const struct place *place, struct cw_error *error)
{
	cw_auto_archive struct cw_archive archive = {0};
	struct cw_version_name next = cw_version_name(CW_KIND_PRIVKEY, lineage->version + 1);
	cw_autofree char *path = NULL;
	const char *name = next.text;
	int folder = place->archive;
	struct stat found;
	int status;

	/* The key is the first part of a version that is written: without it there is no newer one,
	 * and no need to read the folder. */
	lineage->newest = lineage->version;
	if (folder < 0) {
		folder = AT_FDCWD;
		name = path = cw_lineage_file(lineage, CW_KIND_PRIVKEY, lineage->version + 1);
	}
	if (!lineage->interrupted && fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
		return CW_OK;
	status = cw_archive_read(lineage->archive, false, &archive, error);
	if (status == CW_OK)
		lineage->newest = cw_archive_newest(&archive, lineage->archive);
	return status;
}

int
cw_lineage_refresh(struct cw_lineage *lineage, struct cw_error *error)
{
	cw_auto_live struct cw_live live = {0};
	auto_place struct place place = {.folder = -1, .archive = -1};
	int status;

	find_place(lineage, &place);
	status = read_links(lineage, &place, &live, error);
	for (unsigned i = 0; i < CW_KIND_COUNT && status == CW_OK; i++) {
		if (live.links[i].target != NULL)
			status = check_link(lineage, &place, (enum cw_kind)i, &live, error);
	}
	if (status != CW_OK)
		return status;
	lineage->interrupted = false;
	lineage->version = cw_live_version(&live);
	if (lineage->version == 0)
		status = find_interrupted(lineage, &live, error);
	if (status != CW_OK)
		return status;
	lineage->unsettled = lineage->interrupted || has_record(lineage, &place) ||
			     has_successor(lineage, &place);
	return find_newest(lineage, &place, error);
}
