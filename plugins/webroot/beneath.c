/*
 * openat2(2) settles what lies beneath the root in one step, races included. It refuses an absolute
 * link even if that leads back in, and older kernels and some sandboxes have no openat2; then the
 * folder is opened as it comes, and the kernel's own name for what was opened must lie within that
 * of the root.
 */
#include "beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/version.h>
#include <sys/syscall.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 6, 0) && defined(SYS_openat2)
#include <linux/openat2.h>
#define HAVE_OPENAT2 1
#endif
#endif

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK };

/* The path by which the kernel knows DESCRIPTOR; 0, or -1. */
static int
real_path(int descriptor, char *path, size_t size)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
	length = readlink(link, path, size - 1);
	if (length <= 0 || (size_t)length == size - 1 || path[0] != '/')
		return -1;
	path[length] = '\0';
	return 0;
}

static int
is_within(int root, int descriptor)
{
	char root_path[PATH_MAX], path[PATH_MAX];
	size_t length;

	if (real_path(root, root_path, sizeof(root_path)) != 0 ||
	    real_path(descriptor, path, sizeof(path)) != 0)
		return 0;
	length = strlen(root_path);
	if (length == 1)
		return 1;
	return strncmp(path, root_path, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

/* One component after the other, following no link: for systems without /proc. */
static int
open_without_links(int root, const char *path)
{
	char copy[PATH_MAX];
	char *rest = copy, *part;
	int folder = dup(root);

	if (folder < 0 || strlen(path) >= sizeof(copy)) {
		if (folder >= 0)
			close(folder);
		errno = ENAMETOOLONG;
		return -1;
	}
	fcntl(folder, F_SETFD, FD_CLOEXEC);
	memcpy(copy, path, strlen(path) + 1);
	while (folder >= 0 && (part = strsep(&rest, "/")) != NULL) {
		int next = openat(folder, part, FOLDER_FLAGS | O_NOFOLLOW);

		close(folder);
		folder = next;
	}
	return folder;
}

static int
open_and_check(int root, const char *path)
{
	int folder = openat(root, path, FOLDER_FLAGS);

	if (folder < 0 || is_within(root, folder))
		return folder;
	close(folder);
	folder = open_without_links(root, path);
	if (folder < 0)
		errno = EXDEV;
	return folder;
}

int
open_beneath(int root, const char *path)
{
#ifdef HAVE_OPENAT2
	struct open_how how = {.flags = FOLDER_FLAGS,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	long folder = syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (folder >= 0 || (errno != EXDEV && errno != ENOSYS && errno != EPERM &&
			    errno != EAGAIN && errno != EINVAL && errno != E2BIG))
		return (int)folder;
#endif
	return open_and_check(root, path);
}
