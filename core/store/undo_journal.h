/* The format and the owners of the journals of undo.c. For undo*.c only. */
#ifndef CW_STORE_UNDO_JOURNAL_H
#define CW_STORE_UNDO_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/error.h"

/*
 * A journal is a list of records "WORD ID COUNT LENGTH:BYTES LENGTH:BYTES ...\n". The first is
 * "boot 0 1", with the kernel's boot ID. Then come "place ID 4" (the values of struct
 * cw_undo_place), "command ID COUNT", "plugin ID COUNT" (its name, its data, its options) and "done
 * ID 0". Values have lengths because a path may contain any byte. If the last record is incomplete,
 * its change was never made.
 */
#define CW_UNDO_FOLDER "undo"
#define CW_UNDO_ARGUMENTS_MAX 4096

/* A process. Its start time distinguishes it from later processes with the same number. */
struct cw_undo_owner {
	pid_t pid;
	uint64_t start; /* in ticks since boot; 0 if unknown */
	bool ended;     /* gone, or a zombie */
};

struct cw_undo_owner cw_undo_look_up(pid_t pid);
/*
 * The place of something that must be removed. Other users may own folders on the way to it, and
 * may replace one by a link in the meantime. So the folder is identified by device and inode, and
 * is reached without following links.
 */
struct cw_undo_place {
	/* The folder that existed when this was written: its path without links. */
	char *folder;
	uint64_t device, inode;
	/* The path below the folder: folders that did not exist yet, then the name. */
	char *rest;
};

/* Finds the place of the absolute PATH. No part of PATH has to exist. Clear PLACE in any case. */
int cw_undo_place_find(const char *path, struct cw_undo_place *place, struct cw_error *error);
/* Opens the place's folder, for looking and removing. Returns -1 with errno on failure: ESTALE if
 * another folder is there now. The device number may change at a reboot; SAME_BOOT says that there
 * was none. */
int cw_undo_place_open(const struct cw_undo_place *place, bool same_boot);
void cw_undo_place_clear(struct cw_undo_place *place);

/* The kernel's boot ID; "" if the system has none. Release with free(). */
char *cw_undo_boot_id(void);

#endif
