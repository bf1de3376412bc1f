/*
 * The answers of other runs of this user: in a folder that only the user can enter, below which
 * each process that gives answers has a folder with a file for each. A process holds a lock on its
 * folder; the folder of one that is gone is removed by the next.
 */
#ifndef STANDALONE_NEIGHBOURS_H
#define STANDALONE_NEIGHBOURS_H

#include <stddef.h>

/* The folder of this process. */
struct neighbour;

/* NULL when there can be none; other runs then cannot answer for this one. */
struct neighbour *neighbour_new(void);
/* Removes the folder; NULL is allowed. */
void neighbour_free(struct neighbour *neighbour);
/* Puts or, with VALUE NULL, removes the file KEY, a file name without '/'; 0 when that fails. */
int neighbour_put(const struct neighbour *neighbour, const char *key, const char *value,
		  size_t length);
/* The first file KEY that a process has, for which RIGHT says 1; NUL-terminated, to be released
 * with free(); NULL: there is none. */
char *neighbours_get(const char *key, int (*right)(const char *value, size_t length, void *context),
		     void *context, size_t *length);

#endif
