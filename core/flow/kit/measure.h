/* What a process holds, and what folders contain: to be compared with what it was before. */
#ifndef CW_FLOW_KIT_MEASURE_H
#define CW_FLOW_KIT_MEASURE_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/error.h"
#include "base/strv.h"

/* Of process PID: open descriptors; bytes of memory that are its own. -1: not known. */
long cw_measure_descriptors(pid_t pid);
long cw_measure_memory(pid_t pid);
/* The name and number of a process that PID started, or of one in its process group; NULL: there is
 * none. Release with free(). */
char *cw_measure_child(pid_t pid);

/* Adds one line for each file, link and folder below ROOTS (files or folders; those that are
 * missing count as empty), with all that matters of it. */
int cw_snapshot(const struct cw_strv *roots, struct cw_strv *lines, struct cw_error *error);
/* The path of the first difference between two snapshots; NULL: they are equal. BUT_SECRETS: files
 * with private keys do not count. Release with free(). */
char *cw_snapshot_difference(const struct cw_strv *before, const struct cw_strv *after,
			     bool but_secrets);

#endif
