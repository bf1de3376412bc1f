/*
 * Files in ConfigObj's format: key = value lines, [section] and [[nested]] headers, comments,
 * lists, quoting ('...', "...", triple quotes). Lines that are not changed are written back exactly
 * as they were read. Files are read as Python's configobj reads them, with two exceptions: %(name)s
 * is not replaced, and some malformed lines that configobj accepts are errors.
 */
#ifndef CW_STORE_CONFIGOBJ_H
#define CW_STORE_CONFIGOBJ_H

#include <stdbool.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

struct cw_configobj;

struct cw_configobj *cw_configobj_new(void);
/* Parses TEXT. WHAT names the file in messages, which also have the line. These are errors
 * (CW_E_INVALID): a NUL, bytes that are not UTF-8, a key given twice in a section, an unclosed
 * quote. */
int cw_configobj_parse(const char *text, size_t length, const char *what,
		       struct cw_configobj **config, struct cw_error *error);
int cw_configobj_load(const char *path, struct cw_configobj **config, struct cw_error *error);
/* The same. *FILE gets the status of the file, or that of the link if PATH is one. */
int cw_configobj_load_and_stat(const char *path, struct cw_configobj **config, struct stat *file,
			       struct cw_error *error);
struct cw_configobj *cw_configobj_copy(const struct cw_configobj *config);
/* Appends the file's text to BUF. */
void cw_configobj_write(const struct cw_configobj *config, struct cw_buf *buf);
/* Call this before writing. CW_E_INVALID if a key or value that was set since CONFIG was made
 * cannot be written in this format; it was left out. That is: both kinds of triple quotes in one
 * value, both kinds of quotes or a line end in a value of a list, a NUL, or bytes that are not
 * UTF-8. */
int cw_configobj_check(const struct cw_configobj *config, struct cw_error *error);
void cw_configobj_free(struct cw_configobj *config); /* NULL is allowed */
#define cw_auto_configobj cw_auto(cw_configobj_cleanup)
void cw_configobj_cleanup(struct cw_configobj **config);

/* In all functions SECTION is "" for the top level, "renewalparams", or "renewalparams/webroot_map"
 * for a nested section. */

/* Returns a scalar without quotes, or a list's values joined by ",". NULL if the key is absent.
 * Valid until the next change. */
const char *cw_configobj_get(const struct cw_configobj *config, const char *section,
			     const char *key);
/* Adds to VALUES the values of a list, or the one value of a scalar. Returns false if the key is
 * absent. `a,` is a list of one value; `,` is an empty list. */
bool cw_configobj_get_list(const struct cw_configobj *config, const char *section, const char *key,
			   struct cw_strv *values);

struct cw_configobj_entry {
	const char *key;
	const char *text;           /* as cw_configobj_get() returns it */
	const struct cw_strv *list; /* NULL: it is a scalar */
};
/* Iterates over the keys and values of a section, in order. *AT is 0 for the first. Returns false
 * after the last. What it returns is valid until the next change. */
bool cw_configobj_next(const struct cw_configobj *config, const char *section, size_t *at,
		       struct cw_configobj_entry *entry);
bool cw_configobj_is_list(const struct cw_configobj *config, const char *section, const char *key);
/* Adds the keys (not sections) of a section, in order. The second function does the same for the
 * sections below it (only the last part of their names). */
void cw_configobj_keys(const struct cw_configobj *config, const char *section,
		       struct cw_strv *keys);
void cw_configobj_sections(const struct cw_configobj *config, const char *section,
			   struct cw_strv *names);
bool cw_configobj_has_section(const struct cw_configobj *config, const char *section);
/* Finds a scalar, with its quotes, in the output of cw_configobj_write(): offset and length.
 * Returns false if it is absent or a list. */
bool cw_configobj_place(const struct cw_configobj *config, const char *section, const char *key,
			size_t *offset, size_t *length);
/* Set a value, quoted as ConfigObj does. A new key goes to the end of its section, and a new
 * section to the end of its parent. If the value is the same, the line is not changed. If it
 * differs, the comment after it is kept. A section with the same name as the key is removed. See
 * cw_configobj_check(). */
void cw_configobj_set(struct cw_configobj *config, const char *section, const char *key,
		      const char *value);
void cw_configobj_set_list(struct cw_configobj *config, const char *section, const char *key,
			   const struct cw_strv *values);
/* Remove a key, or a section with everything below it. It may be absent. Comments above it stay. */
void cw_configobj_remove(struct cw_configobj *config, const char *section, const char *key);
void cw_configobj_remove_section(struct cw_configobj *config, const char *section);
/* Adds a comment line ("# ..."; "" for an empty line) after the last key of a section. The next key
 * that is added to the section follows it. */
void cw_configobj_add_comment(struct cw_configobj *config, const char *section, const char *text);

#endif
