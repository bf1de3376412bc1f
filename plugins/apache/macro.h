/* Macros of mod_macro: <Macro NAME PARAMETER ...> and Use NAME ARGUMENT ... */
#ifndef APACHE_MACRO_H
#define APACHE_MACRO_H

#include "config.h"

struct macro {
	struct file *file;
	const struct line *lines; /* its contents */
	size_t line_count;
	struct words parameters; /* with their "$", "@" or "%" */
	bool walking;            /* set by the reader, to detect loops */
};

/* Remembers a macro whose head is ARGUMENTS, "NAME PARAMETER ...". */
void macro_define(struct config *config, const char *arguments, struct file *file,
		  const struct line *lines, size_t line_count);
void macro_forget(struct config *config, const char *name);
/* The macro of a Use directive; NULL: there is none. */
struct macro *macro_find(struct config *config, const char *arguments);
/* Its lines with the ARGUMENTS of the Use directive in them; NULL: they are too large. */
const struct line *macro_expand(struct config *config, const struct macro *macro,
				const char *arguments);

#endif
