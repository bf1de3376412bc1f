/* The journals of undo.c: their format, and whose they are. For undo*.c only. */
#ifndef CW_STORE_UNDO_JOURNAL_H
#define CW_STORE_UNDO_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A journal is made of records "WORD ID COUNT LENGTH:BYTES LENGTH:BYTES ...\n". The first is
 * "boot 0 1", with the kernel's boot id; then come "path ID 1", "command ID COUNT" and "done ID 0".
 * Lengths, since a path may hold any byte. A record that is cut off was never acted on.
 */
#define CW_UNDO_FOLDER "undo"
#define CW_UNDO_ARGUMENTS_MAX 4096

/* A process, told from later ones with the same number by when it started. */
struct cw_undo_owner {
	pid_t pid;
	uint64_t start; /* in ticks since the boot; 0 where the system does not tell */
	bool ended;     /* gone, or waiting for its parent to notice */
};

struct cw_undo_owner cw_undo_look_up(pid_t pid);
/* The kernel's boot id, "" where the system has none; release with free(). */
char *cw_undo_boot_id(void);

#endif
