/*
 * The files of a configuration: read once each, parsed, edited in memory, written through the
 * host's checkpoint services. include directives are resolved as nginx does.
 */
#ifndef NGINX_FILES_H
#define NGINX_FILES_H

#include <certwright/plugin.h>
#include <sys/types.h>
#include "syntax.h"

struct file {
	char *path; /* absolute; links not resolved */
	dev_t device;
	ino_t inode;
	char *text; /* the new contents */
	size_t length;
	char *disk; /* the contents on disk as read or last written; NULL: as TEXT */
	size_t disk_length;
	struct arena *arena;
	struct syntax *syntax; /* of TEXT */
	unsigned uses;         /* how often includes lead here */
};

/* The files that an include names. */
struct file_list {
	struct file **items;
	size_t count;
	bool walking; /* set by the walk, to detect loops */
};

struct files {
	const struct cw_host *host;
	char *root; /* nginx.conf's folder; paths are relative to it */
	struct file **items;
	size_t count;
	struct map by_identity; /* "device:inode" */
	struct map by_pattern;  /* full pattern -> struct file_list * */
	struct arena *arena;    /* of the keys and lists */
};

void files_init(struct files *files, const struct cw_host *host, const char *root);
void files_clear(struct files *files);

/* PATH relative to the configuration's folder, made absolute. Release with free(). */
char *files_path(const struct files *files, const char *path);
/* Reads and parses PATH, unless it was read already. INCLUDED is the directive that names it, or
 * NULL. Errors name FILE:LINE:COLUMN and what was expected. */
int files_read(struct files *files, const char *path, const struct directive *included,
	       struct file **file);
/* The files of an include directive, in nginx's order; a pattern may match none. */
int files_include(struct files *files, const struct directive *include, struct file_list **list);

struct file *file_of(const struct directive *directive);
/* "FILE:LINE" of a directive, for messages. Release with free(). */
char *file_place(const struct directive *directive);

/* Takes over TEXT as the file's text and parses it. On failure the old text stays. */
int files_set_text(struct files *files, struct file *file, char *text, size_t length);
bool files_changed(const struct files *files);
/* Writes the changed files. Leaves a file alone that another program changed meanwhile
 * (CW_E_BUSY). */
int files_write(struct files *files);

#endif
