/*
 * Tar archives (POSIX ustar and pax, GNU long names), in memory: nothing is unpacked to the disk.
 * Archives that could mislead whoever unpacks them are refused as a whole: members with absolute
 * paths or "..", links that lead out of the archive, hard links, devices.
 */
#ifndef CW_FLOW_MOVING_TAR_H
#define CW_FLOW_MOVING_TAR_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

struct cw_tar;

/* Reads the LENGTH bytes at DATA, of the archive that messages call WHAT. */
int cw_tar_read(const char *what, const char *data, size_t length, struct cw_tar **tar,
		struct cw_error *error);
/* Reads the file PATH; gzip, bzip2, xz and zstd are started for one that is compressed. */
int cw_tar_open(const char *path, struct cw_tar **tar, struct cw_error *error);
void cw_tar_free(struct cw_tar *tar); /* NULL is allowed */
#define cw_auto_tar cw_auto(cw_tar_cleanup)
void cw_tar_cleanup(struct cw_tar **tar);

/* Adds the paths of all members, sorted and each once, without "./" in front and '/' at the end. */
void cw_tar_paths(const struct cw_tar *tar, struct cw_strv *paths);
/* The contents of a regular file, links on the way to it followed; NULL: there is none.
 * NUL-terminated; valid as long as TAR. */
const char *cw_tar_file(const struct cw_tar *tar, const char *path, size_t *length);

#endif
