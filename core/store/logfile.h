/* The log file: LOGS/letsencrypt.log, rotated at each run to letsencrypt.log.1 ... */
#ifndef CW_STORE_LOGFILE_H
#define CW_STORE_LOGFILE_H

#include "base/error.h"

/*
 * Rotates and opens the log (mode 0600, O_APPEND), and makes it the log's file (base/log.h), in the
 * place of the one of an earlier call. BACKUPS older files are kept (--max-log-backups); 0: no
 * rotation, the file is appended to. Only the files up to the first gap in the numbers are renamed;
 * an empty log is not rotated.
 */
int cw_logfile_open(const char *logs, unsigned backups, struct cw_error *error);
/* The path of the log that is open; NULL: none was opened. */
const char *cw_logfile_current(void);
/* LOGS/letsencrypt.log */
char *cw_logfile_path(const char *logs);

#endif
