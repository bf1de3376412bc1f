/* Edits of files, collected and then made at once, so offsets are those of the text before. */
#ifndef COMMON_EDITS_H
#define COMMON_EDITS_H

#include "files.h"

struct edits {
	struct edit *items;
	size_t count;
	/* A comment to put after additions, with the blank before it; NULL: none. */
	const char *mark;
};

/* Replaces LENGTH bytes at the offset AT by TEXT. */
void edits_replace(struct edits *edits, struct file *file, size_t at, size_t length,
		   const char *text);
/*
 * Makes all edits in memory (files_write() writes them) and forgets them. Parses each file again,
 * which frees what was parsed before. An edit that is there twice is made once: a file that is
 * included twice has its directives twice.
 */
int edits_apply(struct edits *edits);
void edits_clear(struct edits *edits);

#endif
