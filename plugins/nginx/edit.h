/*
 * Edits of directives. New lines take the indentation and line ends of the lines around them. In a
 * block on one line, additions go on that line.
 *
 * LINES is one or more lines of configuration, separated by "\n"; each leading tab is one level of
 * indentation in the file's own style.
 */
#ifndef NGINX_EDIT_H
#define NGINX_EDIT_H

#include "../common/edits.h"
#include "files.h"

/* Adds LINES at the beginning of BLOCK, at its end, or after DIRECTIVE. */
void edits_first(struct edits *edits, const struct directive *block, const char *lines);
void edits_last(struct edits *edits, const struct directive *block, const char *lines);
void edits_after(struct edits *edits, const struct directive *directive, const char *lines);
/* Removes a directive, and its line if nothing else but our mark is on it. */
void edits_remove(struct edits *edits, const struct directive *directive);
/* Replaces all parameters of a directive without a body by WORDS. */
void edits_set(struct edits *edits, const struct directive *directive, const char *words);

#endif
