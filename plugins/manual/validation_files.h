/* The certificate and key that the user's server needs for a tls-alpn-01 challenge. */
#ifndef MANUAL_VALIDATION_FILES_H
#define MANUAL_VALIDATION_FILES_H

#include <certwright/plugin.h>

/* A folder with cert.pem and key.pem; {0}: none. */
struct validation_files {
	char *folder, *certificate, *key;
	unsigned undo[3];
	unsigned undo_count;
};

/* Makes them below the work directory, readable by their owner only. CW_OK, or fails through the
 * host. Remove them in either case. */
int validation_files_make(const struct cw_host *host, const struct cw_challenge *challenge,
			  struct validation_files *files);
void validation_files_remove(const struct cw_host *host, struct validation_files *files);

#endif
