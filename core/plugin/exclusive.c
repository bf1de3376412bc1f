/*
 * The locks of exclusive directories. An authenticator and an installer of one process may be two
 * instances over the same directory: they share the lock.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "plugin/instance_internal.h"

struct cw_exclusive {
	char *directory;
	struct cw_lock *lock;
	unsigned users;
	pid_t process; /* a forked worker takes its own */
	struct cw_exclusive *next;
};

static struct cw_exclusive *held;

int
cw_exclusive_take(const char *directory, int64_t timeout, struct cw_exclusive **exclusive,
		  struct cw_error *error)
{
	cw_autofree char *real = realpath(directory, NULL);
	const char *path = real != NULL ? real : directory;
	struct cw_lock *lock;
	int status;

	for (struct cw_exclusive *one = held; one != NULL; one = one->next)
		if (one->process == getpid() && strcmp(one->directory, path) == 0) {
			one->users++;
			*exclusive = one;
			return CW_OK;
		}
	status = cw_lock_take(path, timeout, &lock, error);
	if (status != CW_OK)
		return status;
	*exclusive = cw_alloc(sizeof(**exclusive));
	(*exclusive)->directory = cw_strdup(path);
	(*exclusive)->lock = lock;
	(*exclusive)->users = 1;
	(*exclusive)->process = getpid();
	(*exclusive)->next = held;
	held = *exclusive;
	return CW_OK;
}

void
cw_exclusive_release(struct cw_exclusive *exclusive)
{
	struct cw_exclusive **link = &held;

	if (exclusive == NULL || --exclusive->users > 0)
		return;
	while (*link != exclusive)
		link = &(*link)->next;
	*link = exclusive->next;
	if (exclusive->process == getpid())
		cw_lock_release(exclusive->lock);
	else
		cw_lock_abandon(exclusive->lock);
	free(exclusive->directory);
	free(exclusive);
}
