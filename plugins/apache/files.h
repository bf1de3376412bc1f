/*
 * The files of a configuration: read once each, divided into lines as Apache does, edited in
 * memory, written through the host's checkpoint services.
 */
#ifndef APACHE_FILES_H
#define APACHE_FILES_H

#include <certwright/plugin.h>
#include <stdint.h>
#include <sys/types.h>
#include "../common/memory.h"
#include "include.h"

/* A line with a directive, with the lines that continue it after a "\". */
struct line {
	uint32_t start, end; /* bytes; END is after the last line's end */
	uint32_t number;     /* of its last line in the file, as Apache counts */
	const char *text;    /* without continuations, indentation and blanks at the end */
};

struct file {
	char *path; /* absolute; links not resolved */
	char *text; /* the new contents */
	size_t length;
	char *disk; /* the contents on disk as read or last written; NULL: as TEXT */
	size_t disk_length;
	bool created; /* there is no such file on disk yet */
	char *link;   /* of a new file: a symbolic link to make; NULL: none */
	char *target; /* what is in the link */
	bool walking; /* set by the reader, to detect loops */
	struct line *lines;
	size_t line_count;
	struct arena *arena; /* of the lines */
	unsigned uses;       /* how often Apache reads it */
};

struct files {
	const struct cw_host *host;
	struct file **items;
	size_t count;
	struct map by_identity; /* "device:inode" */
	struct arena *arena;
};

void files_init(struct files *files, const struct cw_host *host);
void files_clear(struct files *files);

/* Reads PATH, unless it was read already. PLACE, "FILE:LINE", includes it; NULL: none does. */
int files_read(struct files *files, const char *path, const char *place, struct file **file);
/* Adds an empty file that does not exist on disk. LINK and TARGET are as in struct file, or NULL.
 */
struct file *files_create(struct files *files, const char *path, const char *link,
			  const char *target);
/* Adds the new files that an Include of PATTERN will find. */
void files_add_created(const struct files *files, const char *pattern, struct paths *paths);
/* Whether PATH exists or is a new file. */
bool files_exist(const struct files *files, const char *path);
/* Takes over TEXT as the file's text and divides it into lines, which frees the old ones. */
void files_set_text(struct file *file, char *text, size_t length);
bool files_changed(const struct files *files);
/* Writes the changed files. Leaves a file alone that another program changed meanwhile
 * (CW_E_BUSY). */
int files_write(struct files *files);

#endif
