/* The journals of undo.c: their format, and whose they are. For undo*.c only. */
#ifndef CW_STORE_UNDO_JOURNAL_H
#define CW_STORE_UNDO_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/error.h"

/*
 * A journal is made of records "WORD ID COUNT LENGTH:BYTES LENGTH:BYTES ...\n". The first is
 * "boot 0 1", with the kernel's boot id; then come "place ID 4" (the values of struct
 * cw_undo_place), "command ID COUNT", "plugin ID COUNT" (its name, its data, its options) and "done
 * ID 0". Lengths, since a path may hold any byte. A record that is cut off was never acted on.
 */
#define CW_UNDO_FOLDER "undo"
#define CW_UNDO_ARGUMENTS_MAX 4096

/* A process. Its start time tells it from later ones with the same number. */
struct cw_undo_owner {
	pid_t pid;
	uint64_t start; /* in ticks since boot; 0 if unknown */
	bool ended;     /* gone, or a zombie */
};

struct cw_undo_owner cw_undo_look_up(pid_t pid);
/*
 * Where something is that is to be removed. Others may own the folders on the way to it, and put a
 * link in the place of one until it is removed: so the folder is known by its numbers, and reached
 * through no link.
 */
struct cw_undo_place {
	char *folder; /* that was there when this was written, its path without links */
	uint64_t device, inode;
	char *rest; /* below it: the name, behind those of folders that were not there yet */
};

/* Finds the place of the absolute PATH, none of which has to exist. PLACE must be cleared in any
 * case. */
int cw_undo_place_find(const char *path, struct cw_undo_place *place, struct cw_error *error);
/* Opens the folder that has the thing, for looking and removing; -1 with errno: ESTALE when another
 * folder is there now. The device's number may change when the system is booted. */
int cw_undo_place_open(const struct cw_undo_place *place, bool same_boot);
void cw_undo_place_clear(struct cw_undo_place *place);

/* The kernel's boot ID; "" if the system has none. Release with free(). */
char *cw_undo_boot_id(void);

#endif
