/* The instructions for a person. */
#ifndef MANUAL_INSTRUCTIONS_H
#define MANUAL_INSTRUCTIONS_H

#include "validation_files.h"

/* One challenge to show; FILES are for tls-alpn-01 only. */
struct instruction {
	const struct cw_challenge *challenge;
	const struct validation_files *files;
};

/* The text for all of them; release with free(). NULL if out of memory. */
char *instructions_text(const struct cw_host *host, const struct instruction *instructions,
			size_t count);

#endif
