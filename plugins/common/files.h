/*
 * The files of a server's configuration: read once each, parsed, edited in memory, written through
 * the host's checkpoint services.
 */
#ifndef COMMON_FILES_H
#define COMMON_FILES_H

#include <certwright/plugin.h>
#include <stdint.h>
#include "memory.h"

struct file {
	struct files *files;
	char *path;           /* absolute; links not resolved */
	const char *identity; /* its key in the map; NULL: it is not on disk */
	char *text;           /* the new contents */
	size_t length;
	char *disk; /* the contents on disk as read or last written; NULL: as TEXT */
	size_t disk_length;
	bool created;  /* there is no such file on disk yet */
	char *link;    /* of a new file: a symbolic link to make; NULL: none */
	char *target;  /* what is in the link */
	unsigned uses; /* how often includes lead here */
	bool walking;  /* set by the reader, to detect loops */
	/* What the parser made of TEXT: a tree in nginx's plugin, lines in Apache's. */
	struct syntax *syntax;
	struct line *lines;
	size_t line_count;
	struct arena *arena; /* of SYNTAX, or of the texts of LINES */
};

struct files {
	const struct cw_host *host;
	struct file **items;
	size_t count;
	struct map by_path;     /* those that were read */
	struct map by_identity; /* "device:inode" */
	char *root;             /* a folder that paths are relative to; NULL: there is none */
	struct map by_pattern;  /* nginx: an include's full pattern -> struct file_list * */
	struct arena *arena;    /* of the keys and lists */
};

/* What differs from server to server about its files and its program. Each plugin that has such
 * files defines one. */
struct dialect {
	const char *server;         /* its name in messages */
	const char *root_option;    /* the option that gives its folder */
	const char *program;        /* that tests the files and starts the server */
	const char *program_option; /* the option that gives its path */
	/* Parses the text of FILE, and releases what was parsed before unless it fails. */
	int (*parse)(struct file *file);
};
extern const struct dialect dialect;

/* ROOT may be NULL. */
void files_init(struct files *files, const struct cw_host *host, const char *root);
void files_clear(struct files *files);

/* PATH relative to the root, made absolute. Release with free(). */
char *files_path(const struct files *files, const char *path);
/* Reads and parses PATH, unless it was read already. PLACE, "FILE:LINE", includes it; NULL: none
 * does. */
int files_read(struct files *files, const char *path, const char *place, struct file **file);
/* Adds an empty file that does not exist on disk. LINK and TARGET are as in struct file, or NULL.
 */
struct file *files_create(struct files *files, const char *path, const char *link,
			  const char *target);
/* The path by which an include finds a file. */
const char *files_found_as(const struct file *file);
/* The file at PATH on disk; NULL: it was not read, or there is none. */
struct file *files_on_disk(const struct files *files, const char *path);
/* Whether PATH exists or is a new file. */
bool files_exist(const struct files *files, const char *path);
/* The line end that a file has: "\n" or "\r\n". */
const char *files_line_end(const struct file *file);

/* Takes over TEXT as the file's text and parses it. On failure the old text stays. */
int files_set_text(struct file *file, char *text, size_t length);
bool files_changed(const struct files *files);
/* A number that changes with the paths and the contents of the files, as they are in memory. */
uint64_t files_fingerprint(const struct files *files);
/* Writes the changed files. Leaves a file alone that another program changed meanwhile
 * (CW_E_BUSY). */
int files_write(struct files *files);

#endif
