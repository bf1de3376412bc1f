/*
 * Files. They are never half-written: a file is written under a temporary name in the same folder,
 * synced, renamed, and the folder is synced. All descriptors are close-on-exec.
 */
#ifndef CW_BASE_FILE_H
#define CW_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "buf.h"
#include "error.h"
#include "strv.h"

/* Fails with `cannot ACTION "PATH": REASON`, the reason being that of the errno NUMBER, and with a
 * hint if there is one for it; returns the status. */
int cw_fail_path(struct cw_error *error, int number, const char *action, const char *path);

/* Appends the file's contents to BUF. CW_E_INVALID if it is longer than MAX bytes or not a regular
 * file. */
int cw_file_read(const char *path, size_t max, struct cw_buf *buf, struct cw_error *error);
/* The same. *STATUS gets that of the file, or that of the link if PATH is one. */
int cw_file_read_and_stat(const char *path, size_t max, struct cw_buf *buf, struct stat *status,
			  struct cw_error *error);

/* The same for PATH, relative and without "..", below FOLDER, where no part of it may be a link. */
int cw_file_read_below(const char *folder, const char *path, size_t max, struct cw_buf *buf,
		       struct cw_error *error);

/* Writes all of DATA, even if signals interrupt write(2). Returns 0 or an errno. */
int cw_write_all(int descriptor, const void *data, size_t length);

/* How cw_file_write() creates the file. */
struct cw_file_mode {
	mode_t mode;    /* set before anything is written; the umask is ignored */
	uid_t owner;    /* (uid_t)-1: ours */
	gid_t group;    /* (gid_t)-1: ours */
	bool exclusive; /* CW_E_EXISTS if PATH exists, instead of replacing it */
	bool unsynced;  /* for what can be had anew: a power cut may leave it empty or undone */
};

/* Replaces PATH atomically and durably. */
int cw_file_write(const char *path, const void *data, size_t length,
		  const struct cw_file_mode *mode, struct cw_error *error);
/* Creates a link at PATH to TARGET; atomically replaces what is there. Does not sync the folder. */
int cw_file_symlink(const char *target, const char *path, struct cw_error *error);
/* readlink(2); release *TARGET with free(). */
int cw_file_readlink(const char *path, char **target, struct cw_error *error);
/* Syncs a folder, so that new and renamed entries in it are durable. */
int cw_folder_sync(const char *path, struct cw_error *error);
/* Creates PATH with MODE and its missing parents with 0755; the umask is ignored. An existing
 * folder is not changed. */
int cw_folder_make(const char *path, mode_t mode, struct cw_error *error);
/* Checks that PATH, or its nearest existing parent, can be written to; PATH is absolute. */
int cw_folder_check_writable(const char *path, struct cw_error *error);
/* The entries' names without "." and "..", sorted; a missing folder is empty when MISSING_OK. */
int cw_folder_list(const char *path, bool missing_ok, struct cw_strv *names,
		   struct cw_error *error);
/* Removes a file, or a folder with all its contents, without following links. It may be absent. */
int cw_tree_remove(const char *path, struct cw_error *error);
bool cw_file_exists(const char *path); /* without following a link */
bool cw_is_folder(const char *path);
/* PATH made absolute against the working directory, "." and empty parts dropped ("..", links kept).
 */
char *cw_path_absolute(const char *path);
/* The part after the last '/'. */
const char *cw_path_base(const char *path);
/* The part before the last '/', "/" or "." where there is none; release with free(). */
char *cw_path_folder(const char *path);

#endif
