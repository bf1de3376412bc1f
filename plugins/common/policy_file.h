/* Files of TLS parameters in the configuration directory, with the same names as Certbot's. */
#ifndef COMMON_POLICY_FILE_H
#define COMMON_POLICY_FILE_H

#include <certwright/plugin.h>

struct policy_file {
	const char *name; /* in the configuration directory */
	const char *contents;
	const char *const *known; /* SHA-256 of other versions nobody edited, NULL-terminated */
};

/*
 * Makes the file, or updates it unless it was edited; then the user is told once. A file beside it,
 * ".updated-NAME-digest.txt" with "-" for ".", has the SHA-256 of the newest version that was
 * written or that the user was told about. Not part of a checkpoint: other sites may use the file
 * when that is rolled back. *PATH is its path; release with free().
 */
int policy_file_install(const struct cw_host *host, const struct policy_file *file, char **path);

#endif
