#include "base/permissions.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { LINKS_MAX = 40 }; /* as Linux has it */

static struct {
	bool strict;
	void *warned;               /* a tree of paths, see tsearch(3) */
	char *folder;               /* the folder of the last file that had been read */
	struct cw_exposure exposed; /* what lets others change that folder */
} state;

void
cw_exposure_clear(struct cw_exposure *exposure)
{
	free(exposure->path);
	*exposure = (struct cw_exposure){0};
}

void
cw_permissions_set_strict(bool strict)
{
	state.strict = strict;
}

bool
cw_permissions_are_strict(void)
{
	return state.strict;
}

static bool
is_foreign(const struct stat *status)
{
	return status->st_uid != 0 && status->st_uid != geteuid();
}

static bool
is_writable(const struct stat *status)
{
	return (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static bool
expose(struct cw_exposure *exposure, const char *path, bool foreign)
{
	exposure->path = cw_strdup(path);
	exposure->foreign = foreign;
	return true;
}

/* Whether others can change where the entry NEXT of the folder at PATH leads; CHILD is its path.
 * Who owns what is not a link is seen when it is reached. */
static bool
is_replaceable(const char *path, const struct stat *folder, const char *child,
	       const struct stat *next, struct cw_exposure *exposure)
{
	if (is_foreign(folder))
		return expose(exposure, path, true);
	if (!is_writable(folder))
		return false;
	if ((folder->st_mode & S_ISVTX) == 0)
		return expose(exposure, path, false);
	return S_ISLNK(next->st_mode) && is_foreign(next) && expose(exposure, child, true);
}

/* Takes the first part off the path *REST; NULL at its end. Release with free(). */
static char *
take_part(char **rest)
{
	char *start = *rest + strspn(*rest, "/");
	size_t length = strcspn(start, "/");

	*rest = start + length;
	return length > 0 ? cw_memdup(start, length) : NULL;
}

/* Where a path has led so far. */
struct walk {
	char *at; /* without links */
	struct stat status;
	char *text, *rest; /* what is still to go, and the memory that it is in */
	unsigned links;
};

static void
clear_walk(struct walk *walk)
{
	free(walk->at);
	free(walk->text);
}

static bool
go_to(struct walk *walk, char *path)
{
	free(walk->at);
	walk->at = path;
	walk->status = (struct stat){0};
	return lstat(path, &walk->status) == 0;
}

static bool
follow(struct walk *walk, const char *link)
{
	cw_autofree char *target = NULL;
	char *text;

	walk->status = (struct stat){0};
	if (++walk->links > LINKS_MAX || cw_file_readlink(link, &target, NULL) != CW_OK)
		return false;
	text = cw_format("%s/%s", target, walk->rest);
	free(walk->text);
	walk->text = walk->rest = text;
	return go_to(walk, cw_strdup(*target == '/' ? "/" : walk->at));
}

/* Goes to the next part of the path; false at its end, also where others could lead it elsewhere.
 */
static bool
step(struct walk *walk, struct cw_exposure *exposure)
{
	cw_autofree char *part = take_part(&walk->rest);
	cw_autofree char *child = NULL;
	struct stat next;

	if (part == NULL)
		return false;
	if (strcmp(part, ".") == 0)
		return true;
	if (strcmp(part, "..") == 0)
		return go_to(walk, cw_path_folder(walk->at));
	child = cw_format("%s/%s", strcmp(walk->at, "/") == 0 ? "" : walk->at, part);
	if (lstat(child, &next) != 0) {
		walk->status = (struct stat){0};
		return false;
	}
	if (is_replaceable(walk->at, &walk->status, child, &next, exposure))
		return false;
	if (S_ISLNK(next.st_mode))
		return follow(walk, child);
	return go_to(walk, cw_take(&child));
}

void
cw_permissions_look(const char *path, struct cw_exposure *exposure)
{
	struct walk walk = {0};

	walk.text = walk.rest = cw_path_absolute(path);
	if (go_to(&walk, cw_strdup("/")))
		while (step(&walk, exposure)) {
		}
	if (exposure->path == NULL && (is_foreign(&walk.status) || is_writable(&walk.status))) {
		expose(exposure, walk.at, is_foreign(&walk.status));
		exposure->itself = true;
	}
	clear_walk(&walk);
}

static int
refuse(const char *what, const char *path, const struct cw_exposure *found, struct cw_error *error)
{
	if (found->itself)
		cw_fail(error, CW_E_PERMISSION,
			found->foreign ? "%s \"%s\" belongs to another user"
				       : "other users can write to %s \"%s\"",
			what, path);
	else
		cw_fail(error, CW_E_PERMISSION,
			found->foreign ? "other users can replace %s \"%s\": \"%s\" belongs to "
					 "another user"
				       : "other users can replace %s \"%s\": they can write to "
					 "\"%s\"",
			what, path, found->path);
	cw_hint(error, "run \"%s '%s'\", or leave out --strict-permissions",
		found->foreign ? "chown -h root" : "chmod go-w", found->path);
	return CW_E_PERMISSION;
}

static int
compare(const void *left, const void *right)
{
	return strcmp(left, right);
}

/* Thousands of renewal files may have the same fault. */
static bool
is_new(const char *path)
{
	char *copy = cw_strdup(path);
	char *const *found = tsearch(copy, &state.warned, compare);

	if (found != NULL && *found == copy)
		return true;
	free(copy);
	return false;
}

static void
warn(const char *what, const char *path, const struct cw_exposure *found)
{
	const char *remedy = found->foreign ? "chown -h root" : "chmod go-w";

	if (!is_new(found->path))
		return;
	if (found->itself)
		cw_log_warning(found->foreign
				       ? "%s \"%s\" belongs to another user, who can change what "
					 "this command does; run \"%s '%s'\""
				       : "other users can write to %s \"%s\" and change what this "
					 "command does; run \"%s '%s'\"",
			       what, path, remedy, found->path);
	else
		cw_log_warning(found->foreign ? "\"%s\" belongs to another user, who can replace "
						"%s \"%s\"; run \"%s '%s'\""
					      : "other users can write to \"%s\" and replace %s "
						"\"%s\"; run \"%s '%s'\"",
			       found->path, what, path, remedy, found->path);
}

static int
report(const char *what, const char *path, const struct cw_exposure *found, struct cw_error *error)
{
	if (found->path == NULL)
		return CW_OK;
	if (state.strict)
		return refuse(what, path, found, error);
	warn(what, path, found);
	return CW_OK;
}

int
cw_permissions_check(const char *what, const char *path, struct cw_error *error)
{
	cw_auto_exposure struct cw_exposure found = {0};

	cw_permissions_look(path, &found);
	return report(what, path, &found, error);
}

static void
look_at_folder(const char *path)
{
	cw_autofree char *folder = cw_path_folder(path);

	if (cw_equal(folder, state.folder))
		return;
	free(state.folder);
	state.folder = cw_take(&folder);
	cw_exposure_clear(&state.exposed);
	cw_permissions_look(state.folder, &state.exposed);
	state.exposed.itself = false;
}

int
cw_permissions_check_read(const char *what, const char *path, const struct stat *status,
			  struct cw_error *error)
{
	struct cw_exposure found = {.foreign = is_foreign(status), .itself = true};

	look_at_folder(path);
	if (state.exposed.path != NULL)
		return report(what, path, &state.exposed, error);
	if (S_ISLNK(status->st_mode))
		return cw_permissions_check(what, path, error);
	if (!found.foreign && !is_writable(status))
		return CW_OK;
	found.path = (char *)path;
	return report(what, path, &found, error);
}

void
cw_permissions_warn_readable(const char *what, const char *path, mode_t mode)
{
	if ((mode & (S_IRGRP | S_IROTH)) != 0)
		cw_log_warning("other users can read %s \"%s\"; run \"chmod 600 '%s'\"", what, path,
			       path);
}
