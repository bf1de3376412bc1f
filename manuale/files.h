/* Files. None is ever half-written: each is written under another name and then renamed. */
#ifndef MANUALE_FILES_H
#define MANUALE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* SIZE bytes, zeroed, never NULL; release with free(). */
void *allocate(size_t size);
/* Formats a text, which never fails; release with free(). */
char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

/* The contents of a text file of at most 1 MiB; release with free(). Returns NULL if there is none;
 * any other failure ends the program. WHAT names it in messages: "the account". */
char *read_file(const char *path, const char *what);
bool file_exists(const char *path);
/* Makes the folder, with MODE whatever the umask is, unless it exists. */
void make_folder(const char *path, mode_t mode);

/* A file that takes its place only when others have been written too. */
struct new_file {
	char *path;
	char *temporary;
};
/* Failures end the program, and what has not been placed is removed. Signals that would end it are
 * blocked from the first file that is written until all have been placed. */
struct new_file *new_file_write(const char *path, const char *text, mode_t mode);
void new_file_place(struct new_file *file);

/* Both at once. */
void write_file(const char *path, const char *text, mode_t mode);
/* The same for a file that must not exist, unless it has this text already. */
void write_new_file(const char *path, const char *text, mode_t mode);
void remove_file(const char *path); /* which may be absent */

#endif
