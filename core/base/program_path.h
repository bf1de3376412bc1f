/* The folders to search for programs: those of PATH, then the folders for administrators
 * (/usr/sbin, /sbin ...), which are not in the PATH of cron and of ordinary users. */
#ifndef CW_BASE_PROGRAM_PATH_H
#define CW_BASE_PROGRAM_PATH_H

#include <stdbool.h>

/* The value of PATH (the system's default when it is unset or empty) with those folders that it
 * lacks appended. Release with free(). */
char *cw_program_path(void);
/* The path of the first executable file NAME (without a slash) in these folders; NULL: there is
 * none. Release with free(). */
char *cw_program_find(const char *name);
/* Whether PATH leads to a regular file that we may execute. */
bool cw_is_executable_file(const char *path);

#endif
