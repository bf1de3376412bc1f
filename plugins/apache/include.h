/* The files that an Include or IncludeOptional directive names. */
#ifndef APACHE_INCLUDE_H
#define APACHE_INCLUDE_H

#include "../common/memory.h"

struct paths {
	char **items;
	size_t count;
};

/*
 * Adds the files of PATTERN, which is absolute, in Apache's order: those that match its wildcards,
 * and of a folder all files in it and below it. A path that does not exist is added if it has no
 * wildcards.
 */
void include_find(const char *pattern, struct paths *paths);
/* Adds PATH at the end. */
void paths_add(struct paths *paths, const char *path);
/* Puts the paths in that order, each once. */
void paths_sort(struct paths *paths);
void paths_clear(struct paths *paths);

#endif
