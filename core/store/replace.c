#include "store/replace.h"

#include "base/file.h"
#include "base/text.h"
#include "crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

enum { LINKS_MAX = 40, ATTRIBUTES_MAX = 64 * 1024 };

/* The one temporary name for PATH: a fixed one, so that it is found after a crash, and of a fixed
 * length. It begins with a dot, so that "include sites-enabled/ *" passes it by. */
static char *
temporary_path(const char *path)
{
	const char *base = cw_path_base(path);
	cw_autofree char *folder = cw_path_folder(path);
	cw_autofree char *digest = cw_sha256_hex(base, strlen(base));

	return cw_format("%s/.cw-%.16s.edit", folder, digest);
}

void
cw_replace_clean(const char *path)
{
	cw_autofree char *temporary = temporary_path(path);

	unlink(temporary);
}

bool
cw_is_unchanged(const struct stat *before, const struct stat *after)
{
	return before->st_dev == after->st_dev && before->st_ino == after->st_ino &&
	       before->st_size == after->st_size &&
	       before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
	       before->st_mtim.tv_nsec == after->st_mtim.tv_nsec &&
	       before->st_ctim.tv_sec == after->st_ctim.tv_sec &&
	       before->st_ctim.tv_nsec == after->st_ctim.tv_nsec;
}

#ifdef __linux__
static const char ACL[] = "system.posix_acl_access";

/* Those of the contents (a signature, say) must not pass on to other contents. */
static bool
belongs_to_contents(const char *name)
{
	return strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0 ||
	       strcmp(name, "security.capability") == 0;
}

/* Those that an administrator set, and would miss. */
static bool
must_be_kept(const char *name)
{
	return strcmp(name, ACL) == 0 || cw_starts_with(name, "user.");
}

static int
copy_attribute(int from, int to, const char *name)
{
	cw_autofree char *value = cw_alloc(ATTRIBUTES_MAX);
	ssize_t length = fgetxattr(from, name, value, ATTRIBUTES_MAX);

	if (length >= 0 && fsetxattr(to, name, value, (size_t)length, 0) == 0)
		return 0;
	return must_be_kept(name) && errno != ENODATA ? errno : 0;
}

/* Returns an errno. */
static int
copy_attributes(int from, int to)
{
	cw_autofree char *names = cw_alloc(ATTRIBUTES_MAX);
	ssize_t length = flistxattr(from, names, ATTRIBUTES_MAX);

	/* A file system without them has none to lose. */
	if (length < 0)
		return errno == ENOTSUP || errno == ENOSYS ? 0 : errno;
	for (const char *name = names; name < names + length; name += strlen(name) + 1) {
		int number = belongs_to_contents(name) ? 0 : copy_attribute(from, to, name);

		if (number != 0)
			return number;
	}
	return 0;
}

/* A new file may have got one from its folder's default. */
static void
drop_acl(int file)
{
	fremovexattr(file, ACL);
}
#else
/* Extended attributes are not portable; only the mode is kept. */
static int
copy_attributes(int from, int to)
{
	(void)from;
	(void)to;
	return 0;
}

static void
drop_acl(int file)
{
	(void)file;
}
#endif

/* Mode and owner that are given: at no time may more people open it. Returns an errno. */
static int
apply_given(int file, const struct cw_replacement *replacement, const struct stat *old)
{
	const struct cw_file_mode *given = replacement->given;
	cw_autoclose int like = -1;
	struct stat now;
	uid_t owner = given->owner;
	gid_t group = given->group;
	int number = 0;

	if (fstat(file, &now) != 0)
		return errno;
	if (owner == (uid_t)-1)
		owner = old != NULL ? old->st_uid : now.st_uid;
	if (group == (gid_t)-1)
		group = old != NULL ? old->st_gid : now.st_gid;
	if (fchmod(file, now.st_mode & given->mode & 07777) != 0)
		return errno;
	if ((owner != now.st_uid || group != now.st_gid) && fchown(file, owner, group) != 0)
		return errno;
	if (replacement->like != NULL)
		like = open(replacement->like, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (like >= 0)
		number = copy_attributes(like, file);
	drop_acl(file);
	if (number == 0 && fchmod(file, given->mode) != 0)
		number = errno;
	return number;
}

/* Makes FILE like REPLACEMENT->like. OLD: the file replaced, NULL when there is none. Returns an
 * errno. */
static int
apply_attributes(int file, const struct cw_replacement *replacement, const struct stat *old)
{
	cw_autoclose int like = -1;
	struct stat model, now;
	bool foreign;

	if (replacement->given != NULL)
		return apply_given(file, replacement, old);
	if (replacement->like == NULL)
		return fchmod(file, 0644) == 0 ? 0 : errno;
	like = open(replacement->like, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (like < 0 || fstat(like, &model) != 0 || fstat(file, &now) != 0)
		return errno;
	if (old != NULL) {
		model.st_uid = old->st_uid;
		model.st_gid = old->st_gid;
	}
	foreign = now.st_uid != model.st_uid || now.st_gid != model.st_gid;
	/* Only a file that is there has an owner to lose. */
	if (foreign && fchown(file, model.st_uid, model.st_gid) != 0 && old != NULL)
		return errno;
	drop_acl(file);
	if (fchmod(file, model.st_mode & 07777) != 0)
		return errno;
	return copy_attributes(like, file);
}

static int
apply_times(int file, const struct cw_replacement *replacement)
{
	struct stat model;

	if (!replacement->times || replacement->like == NULL)
		return 0;
	if (stat(replacement->like, &model) != 0)
		return errno;
	return futimens(file, (struct timespec[]){model.st_atim, model.st_mtim}) == 0 ? 0 : errno;
}

/* Returns an errno. */
static int
write_all(int file, const struct cw_replacement *replacement)
{
	int number = cw_write_all(file, replacement->data, replacement->length);

	if (number != 0)
		return number;
	if (ftruncate(file, (off_t)replacement->length) != 0)
		return errno;
	number = apply_times(file, replacement);
	return number != 0 ? number : (fsync(file) == 0 ? 0 : errno);
}

static int
fail_changed(const char *path, struct cw_error *error)
{
	cw_fail(error, CW_E_BUSY, "\"%s\" was changed by someone else in the meantime", path);
	cw_hint(error, "wait until the other change is finished, then try again");
	return CW_E_BUSY;
}

static bool
is_as_seen(const char *path, const struct cw_replacement *replacement)
{
	struct stat now;

	if (replacement->absent)
		return lstat(path, &now) != 0;
	return replacement->seen == NULL ||
	       (lstat(path, &now) == 0 && cw_is_unchanged(replacement->seen, &now));
}

static int
make_note(const char *path, struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};

	return path == NULL || cw_file_exists(path) ? CW_OK
						    : cw_file_write(path, "", 0, &mode, error);
}

static int
rewrite_in_place(const char *path, const struct cw_replacement *replacement, const struct stat *old,
		 struct cw_error *error)
{
	cw_autoclose int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	int number;

	if (file < 0)
		return cw_fail_path(error, errno, "open", path);
	number = make_note(replacement->note, error);
	if (number != CW_OK)
		return number;
	if (!is_as_seen(path, replacement))
		return fail_changed(path, error);
	if (replacement->given != NULL)
		number = apply_attributes(file, replacement, old);
	if (number != 0)
		return cw_fail_path(error, number, "set the attributes of", path);
	number = write_all(file, replacement);
	if (number != 0)
		return cw_fail_path(error, number, "write", path);
	/* Where we may not, they are the same already, or the owner's business. */
	number = apply_attributes(file, replacement, old);
	if (number != 0 && number != EPERM)
		return cw_fail_path(error, number, "set the attributes of", path);
	return CW_OK;
}

struct temporary {
	char *path;
	int file;
};

static void
end_temporary(struct temporary *temporary)
{
	if (temporary->file >= 0)
		close(temporary->file);
	if (temporary->path != NULL)
		unlink(temporary->path);
	free(temporary->path);
}

/* Returns an errno. */
static int
make_temporary(const char *path, struct temporary *temporary)
{
	temporary->path = temporary_path(path);
	if (unlink(temporary->path) != 0 && errno != ENOENT)
		return errno;
	temporary->file =
		open(temporary->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return temporary->file >= 0 ? 0 : errno;
}

/* What a rename cannot keep, or is not allowed. */
static bool
needs_place(int number)
{
	return number == EPERM || number == EACCES || number == EROFS || number == EBUSY ||
	       number == EXDEV || number == ENOTSUP;
}

int
cw_replace_file(const char *path, const struct cw_replacement *replacement, struct cw_error *error)
{
	cw_auto(end_temporary) struct temporary temporary = {.file = -1};
	cw_autofree char *folder = cw_path_folder(path);
	struct stat status;
	const struct stat *old = NULL;
	int number;

	if (lstat(path, &status) == 0)
		old = &status;
	else if (errno != ENOENT)
		return cw_fail_path(error, errno, "look at", path);
	if (old != NULL && !S_ISREG(old->st_mode))
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not a regular file", path);
	if (old != NULL && old->st_nlink > 1)
		return rewrite_in_place(path, replacement, old, error);
	number = make_temporary(path, &temporary);
	if (number == 0)
		number = apply_attributes(temporary.file, replacement, old);
	if (old != NULL && needs_place(number))
		return rewrite_in_place(path, replacement, old, error);
	if (number == 0)
		number = write_all(temporary.file, replacement);
	if (number != 0)
		return cw_fail_path(error, number, "write", path);
	if (!is_as_seen(path, replacement))
		return fail_changed(path, error);
	if (rename(temporary.path, path) != 0) {
		if (old != NULL && needs_place(errno))
			return rewrite_in_place(path, replacement, old, error);
		return cw_fail_path(error, errno, "replace", path);
	}
	free(cw_take(&temporary.path));
	return cw_folder_sync(folder, error);
}

/* TARGET as seen from the folder that LINK is in; release with free(). */
static char *
target_path(const char *link, const char *target)
{
	cw_autofree char *folder = cw_path_folder(link);

	return *target == '/' ? cw_strdup(target) : cw_format("%s/%s", folder, target);
}

int
cw_resolve_links(const char *path, char **real, struct cw_error *error)
{
	cw_autofree char *present = cw_path_absolute(path);

	*real = NULL;
	/* realpath(3) alone would refuse a link to a file that does not exist yet. */
	for (int links = 0; links < LINKS_MAX; links++) {
		cw_autofree char *folder = cw_path_folder(present);
		cw_autofree char *real_folder = realpath(folder, NULL);
		cw_autofree char *target = NULL;
		cw_autofree char *next = NULL;
		struct stat status;
		int result;

		if (real_folder == NULL)
			return cw_fail_path(error, errno, "use the folder", folder);
		next = cw_format("%s/%s", strcmp(real_folder, "/") == 0 ? "" : real_folder,
				 cw_path_base(present));
		if (lstat(next, &status) != 0 || !S_ISLNK(status.st_mode)) {
			*real = cw_take(&next);
			return CW_OK;
		}
		result = cw_file_readlink(next, &target, error);
		if (result != CW_OK)
			return result;
		free(present);
		present = target_path(next, target);
	}
	return cw_fail_path(error, ELOOP, "follow the links of", path);
}
