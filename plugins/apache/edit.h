/*
 * Edits of directives. New lines take the indentation and line ends of the lines around them.
 *
 * LINES is one or more lines of configuration, separated by "\n"; each leading tab is one more
 * level of indentation.
 */
#ifndef APACHE_EDIT_H
#define APACHE_EDIT_H

#include "../common/edits.h"
#include "config.h"

/* Adds LINES at the beginning of a section, or at its end. */
void edits_first(struct edits *edits, const struct directive *section, const char *lines);
void edits_last(struct edits *edits, const struct directive *section, const char *lines);
/* Adds LINES behind a section, without more indentation. */
void edits_behind(struct edits *edits, const struct directive *section, const char *lines);
/* Adds LINES at the beginning of a file, or at its end. */
void edits_begin_file(struct edits *edits, struct file *file, const char *lines);
void edits_end_file(struct edits *edits, struct file *file, const char *lines);
/* Removes a directive with its line. */
void edits_remove(struct edits *edits, const struct directive *directive);
/* Replaces the arguments of a directive. */
void edits_set(struct edits *edits, const struct directive *directive, const char *arguments);

#endif
