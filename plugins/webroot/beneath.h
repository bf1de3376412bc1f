/* Folders below a webroot, without being led out of it by a symbolic link. */
#ifndef WEBROOT_BENEATH_H
#define WEBROOT_BENEATH_H

/*
 * Opens the folder PATH, relative to the folder open at ROOT, for reading and close-on-exec. Links
 * are followed as long as they end within ROOT. Returns the descriptor, or -1 with errno: ENOENT,
 * EXDEV when a link leads out, ...
 */
int open_beneath(int root, const char *path);

#endif
