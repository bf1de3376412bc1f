/* Files with private keys, which only their owner may read. */
#ifndef DJANGO_KEY_FILE_H
#define DJANGO_KEY_FILE_H

#include <certwright/plugin.h>
#include <sys/types.h>

/* Makes the folder PATH, with mode 0700, unless it is there. CW_OK, or fails through the host, also
 * if other users can write to it. */
int key_folder_make(const struct cw_host *host, const char *path);
/*
 * Reads PATH, at most SIZE - 1 bytes, which become a string. CW_E_NOT_FOUND without an error if
 * there is no such file; otherwise fails through the host, also if other users own it or have any
 * right to it.
 */
int key_file_read(const struct cw_host *host, const char *path, char *text, size_t size);
/*
 * Makes the file PATH, which is complete from its first moment on. CW_E_EXISTS without an error if
 * there is one; otherwise fails through the host.
 */
int key_file_make(const struct cw_host *host, const char *path, mode_t mode, const char *text);

#endif
