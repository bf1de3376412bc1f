/* The log file: LOGS/letsencrypt.log, rotated at each run to letsencrypt.log.1 ... */
#ifndef CW_STORE_LOGFILE_H
#define CW_STORE_LOGFILE_H

#include "base/error.h"

/*
 * Rotates and opens the log (mode 0600, O_APPEND) and makes it the file of base/log.h, instead of
 * that of an earlier call. Keeps BACKUPS older files (--max-log-backups); 0: appends without
 * rotation. Renames only the files up to the first gap in the numbers. An empty log is not rotated.
 */
int cw_logfile_open(const char *logs, unsigned backups, struct cw_error *error);
/* The path of the open log; NULL: none. */
const char *cw_logfile_current(void);
/* LOGS/letsencrypt.log */
char *cw_logfile_path(const char *logs);

#endif
