/*
 * Giving up rights for good: what a process that reads what strangers send keeps is what it needs
 * for that, and nothing else. All of it is there on Linux; elsewhere only the user changes.
 *
 * What is left in it: memory and threads; its descriptors; time, random numbers and waiting; to
 * read the files named; with "network", TCP and UDP to wherever it likes. It cannot make, change
 * or remove files, execute, make processes or listening sockets, talk to Unix sockets other than
 * those it has, look into or signal other processes, or change its limits.
 */
#ifndef CW_BASE_SANDBOX_H
#define CW_BASE_SANDBOX_H

#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"

struct cw_sandbox {
	/* Whom to become where we are root: its user, its primary group, no other groups. NULL:
	 * stay. Ordinary users stay who they are. */
	const char *user;
	/* Files and folders that may be read, all below them included; a path that does not exist
	 * is left out. The rules hold for the files that are there now: one that is replaced later
	 * can be read only below a folder that is named. NULL-terminated; NULL: none. */
	const char *const *readable;
	/* May make sockets of AF_INET and AF_INET6, and connect them. false: it may only use the
	 * sockets that it has or gets, and accept connections on them. */
	bool network;
	/* For tests, and for finding out what a failure is due to: leave a part out. */
	bool without_landlock;
	bool without_seccomp;
};

/* The names of the parts in MISSING and in docs/security.md. */
#define CW_SANDBOX_USER "user"
#define CW_SANDBOX_PRIVILEGES "no-new-privileges"
#define CW_SANDBOX_LANDLOCK "landlock"
#define CW_SANDBOX_SECCOMP "seccomp"
#define CW_SANDBOX_CORE "no-core-dump"

/* What looking up names reads, for "readable": the resolver's files, and the libraries that
 * nsswitch.conf may name. NULL-terminated. */
extern const char *const cw_sandbox_resolver_files[];

/*
 * Enters it; there is no way back. What the kernel or the user lacks is left out, and a line of the
 * form "landlock: why" is added to MISSING. CW_OK unless something that began could not be ended
 * (a user that was changed by half), or there are other threads, which it would not concern: then
 * the process must end.
 *
 * Libraries must be mapped and what they read (certificates, configuration) must be read before;
 * threads may be made after.
 */
int cw_sandbox_enter(const struct cw_sandbox *sandbox, struct cw_strv *missing,
		     struct cw_error *error);

/* The user that the network process becomes by default: "_certwright" where there is one, else
 * "nobody". A string that lives for ever. */
const char *cw_sandbox_default_user(void);

/* No core file of this process, and no other process of the same user may look into it (ptrace,
 * /proc/PID/mem): for every process of a run, before a key is in its memory. Programs that it
 * executes are not concerned. */
void cw_keep_memory_private(void);

#endif
