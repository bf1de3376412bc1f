/* The files of Apache's configuration, divided into lines as Apache does. */
#ifndef APACHE_FILES_H
#define APACHE_FILES_H

#include <stdint.h>
#include "../common/files.h"
#include "include.h"

/* A line with a directive, with the lines that continue it after a "\". */
struct line {
	uint32_t start, end; /* bytes; END is after the last line's end */
	uint32_t number;     /* of its last line in the file, as Apache counts */
	const char *text;    /* without continuations, indentation and blanks at the end */
};

/* Adds the new files that an Include of PATTERN will find. */
void files_add_created(const struct files *files, const char *pattern, struct paths *paths);

#endif
