/* What a person is told to put where. */
#ifndef MANUAL_INSTRUCTIONS_H
#define MANUAL_INSTRUCTIONS_H

#include "validation_files.h"

/* One challenge to be shown; FILES are those of a tls-alpn-01 challenge. */
struct instruction {
	const struct cw_challenge *challenge;
	const struct validation_files *files;
};

/* The text for all of them at once; release with free(); NULL when memory is out. */
char *instructions_text(const struct cw_host *host, const struct instruction *instructions,
			size_t count);

#endif
