/*
 * Edits of files, collected and then made all at once, so that each may be stated by offsets in the
 * text as it was. New lines take the indentation and line ends of those around them; where a block
 * stands on one line, what is added stands there too.
 *
 * LINES is one or more lines of configuration, separated by "\n"; each leading tab is one level of
 * indentation in the file's own style.
 */
#ifndef NGINX_EDIT_H
#define NGINX_EDIT_H

#include "files.h"

struct edits {
	struct edit *items;
	size_t count;
	/* A comment for the last line of what is added, with the blank before it; NULL: none. */
	const char *mark;
};

/* Replaces LENGTH bytes at the offset AT by TEXT. */
void edits_replace(struct edits *edits, struct file *file, size_t at, size_t length,
		   const char *text);
/* Adds LINES at the beginning of BLOCK, at its end, or after DIRECTIVE. */
void edits_first(struct edits *edits, const struct directive *block, const char *lines);
void edits_last(struct edits *edits, const struct directive *block, const char *lines);
void edits_after(struct edits *edits, const struct directive *directive, const char *lines);
/* Removes a directive, with its line when nothing else but a mark of ours is there. */
void edits_remove(struct edits *edits, const struct directive *directive);
/* Replaces all parameters of a directive without a body by WORDS. */
void edits_set(struct edits *edits, const struct directive *directive, const char *words);

/* Makes all edits in memory (files_write() writes them) and forgets them. Each file is parsed
 * again: directives of before are no more. */
int edits_apply(struct edits *edits, struct files *files);
void edits_clear(struct edits *edits);

#endif
