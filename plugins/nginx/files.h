/* The files of nginx's configuration. include directives are resolved as nginx does. */
#ifndef NGINX_FILES_H
#define NGINX_FILES_H

#include "../common/files.h"
#include "syntax.h"

/* The files that an include names. */
struct file_list {
	struct file **items;
	size_t count;
	bool walking; /* set by the walk, to detect loops */
};

/* The files of an include directive, in nginx's order; a pattern may match none. */
int files_include(struct files *files, const struct directive *include, struct file_list **list);

struct file *file_of(const struct directive *directive);
/* "FILE:LINE" of a directive, for messages. Release with free(). */
char *file_place(const struct directive *directive);

#endif
