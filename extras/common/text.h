/* Texts that grow, and files that are read into them. */
#ifndef EXTRAS_TEXT_H
#define EXTRAS_TEXT_H

#include <certwright/plugin.h>

/* Begins as {NULL, 0}. DATA ends with NUL, or is NULL. */
struct text {
	char *data;
	size_t length;
};

/* Overwrites the text, which may have a key, releases it, and makes it empty. */
void text_free(struct text *text);

/* Each of these returns CW_OK, or fails through the host. */

int text_add(const struct cw_host *host, struct text *text, const char *data, size_t length);
/* Adds the contents of the file PATH, at most 1 MiB. CW_E_NOT_FOUND if there is none. */
int text_add_file(const struct cw_host *host, struct text *text, const char *path);

#endif
