/*
 * The locks that exclude another run, Certbot's included: an open file description lock
 * (F_OFD_SETLK; record locks where a system lacks those) on FOLDER/.certbot.lock. The file holds
 * the holder's process id. It is unlinked before the lock is released, so whoever gets the lock
 * checks that the path still names the inode that it holds.
 */
#ifndef CW_STORE_LOCK_H
#define CW_STORE_LOCK_H

#include "base/error.h"
#include "base/loop.h"
#include "store/directories.h"

struct cw_lock;

/*
 * Locks FOLDER. If another process holds the lock, waits up to TIMEOUT milliseconds (0: does not
 * wait, -1: no limit). Then CW_E_BUSY: the message names the folder and the holder's process ID and
 * program; the hint names --lock-timeout. (Certbot writes no process ID; the kernel tells it.)
 * CW_E_CANCELLED if a signal ends the wait.
 */
int cw_lock_take(const char *folder, int64_t timeout, struct cw_lock **lock,
		 struct cw_error *error);
/* Unlinks the file and releases the lock, also for processes that inherited it across fork(); NULL
 * is allowed. */
void cw_lock_release(struct cw_lock *lock);
/*
 * In a forked child: forgets the lock without unlinking or releasing it. Its descriptor stays open
 * until the child ends or executes a program, so that the lock outlives a parent that was killed
 * while the child works on. NULL is allowed.
 */
void cw_lock_abandon(struct cw_lock *lock);

/* The three locks of a run, logs first, then config, then work, as Certbot takes them. A folder
 * that is two of them is locked once, and the second lock is NULL. */
struct cw_run_locks {
	struct cw_lock *logs, *config, *work;
};
/* TIMEOUT is for all three together. After a failure, none is held. */
int cw_run_locks_take(const struct cw_directories *directories, int64_t timeout,
		      struct cw_run_locks *locks, struct cw_error *error);
void cw_run_locks_release(struct cw_run_locks *locks);

/*
 * A plugin process with the user's rights outlives a run that is killed, for as long as it takes to
 * undo what it began. It marks its presence below WORK until *DESCRIPTOR is closed, and the next
 * run waits before it restores the same files.
 */
int cw_presence_mark(const char *work, int *descriptor, struct cw_error *error);
/* Waits up to TIMEOUT milliseconds until nobody is present: then CW_OK, else CW_E_BUSY.
 * CW_E_CANCELLED if a signal ends the wait. */
int cw_presence_wait(const char *work, int64_t timeout, struct cw_error *error);

#endif
