/*
 * Files in ConfigObj's format: key = value lines, [section] and [[nested]] headers, comments,
 * lists, quoting ('...', "...", triple quotes). Every line that is not changed is written back as
 * it was read. What Python's configobj reads is read alike, but for %(name)s, which stays as it is,
 * and for lines that are malformed in ways that configobj happens to accept.
 */
#ifndef CW_STORE_CONFIGOBJ_H
#define CW_STORE_CONFIGOBJ_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

struct cw_configobj;

struct cw_configobj *cw_configobj_new(void);
/* WHAT names the file in messages, which give the line. A NUL, bytes that are not UTF-8, a key
 * given twice in a section, an unclosed quote are errors (CW_E_INVALID). */
int cw_configobj_parse(const char *text, size_t length, const char *what,
		       struct cw_configobj **config, struct cw_error *error);
int cw_configobj_load(const char *path, struct cw_configobj **config, struct cw_error *error);
struct cw_configobj *cw_configobj_copy(const struct cw_configobj *config);
/* The file's text, appended to BUF. */
void cw_configobj_write(const struct cw_configobj *config, struct cw_buf *buf);
/* CW_E_INVALID when a key or value that was set since CONFIG was made cannot be spelled in this
 * format (both kinds of triple quotes in one value, both kinds of quotes or a line end in a value
 * of a list, a NUL or bytes that are not UTF-8); it was left out then. To be asked before writing.
 */
int cw_configobj_check(const struct cw_configobj *config, struct cw_error *error);
void cw_configobj_free(struct cw_configobj *config); /* NULL is allowed */
#define cw_auto_configobj cw_auto(cw_configobj_cleanup)
void cw_configobj_cleanup(struct cw_configobj **config);

/* SECTION: "" for the top level, "renewalparams", "renewalparams/webroot_map" for a nested one. */

/* A scalar, unquoted; a list's values joined by ","; NULL when absent. Lives until the next change.
 */
const char *cw_configobj_get(const struct cw_configobj *config, const char *section,
			     const char *key);
/* Adds to VALUES those of a list, or the one of a scalar. False when absent. `a,` is a list of one;
 * `,` an empty one. */
bool cw_configobj_get_list(const struct cw_configobj *config, const char *section, const char *key,
			   struct cw_strv *values);

struct cw_configobj_entry {
	const char *key;
	const char *text;           /* as cw_configobj_get() has it */
	const struct cw_strv *list; /* NULL: it is a scalar */
};
/* The keys of a section with their values, in order: *AT is 0 for the first. False behind the last.
 * What it gives lives until the next change. */
bool cw_configobj_next(const struct cw_configobj *config, const char *section, size_t *at,
		       struct cw_configobj_entry *entry);
bool cw_configobj_is_list(const struct cw_configobj *config, const char *section, const char *key);
/* Keys (not sections) of a section, in order; sections beneath it likewise (their last parts). */
void cw_configobj_keys(const struct cw_configobj *config, const char *section,
		       struct cw_strv *keys);
void cw_configobj_sections(const struct cw_configobj *config, const char *section,
			   struct cw_strv *names);
bool cw_configobj_has_section(const struct cw_configobj *config, const char *section);
/* The place of a scalar in the output of cw_configobj_write(), with its quotes: offset and length.
 * False if it is absent or a list. */
bool cw_configobj_place(const struct cw_configobj *config, const char *section, const char *key,
			size_t *offset, size_t *length);
/* Sets, quoting as ConfigObj does; a new key goes to the end of its section, a new section to the
 * end of its parent. An unchanged value leaves the line as it is; a changed one keeps the comment
 * behind it. A section of the key's name goes. See cw_configobj_check(). */
void cw_configobj_set(struct cw_configobj *config, const char *section, const char *key,
		      const char *value);
void cw_configobj_set_list(struct cw_configobj *config, const char *section, const char *key,
			   const struct cw_strv *values);
/* Remove a key, a section with all beneath it; absent is fine. Comments above them stay. */
void cw_configobj_remove(struct cw_configobj *config, const char *section, const char *key);
void cw_configobj_remove_section(struct cw_configobj *config, const char *section);
/* Adds a comment line ("# ..."; "" for an empty one) at the end of a section's keys. What is added
 * to the section next follows it. */
void cw_configobj_add_comment(struct cw_configobj *config, const char *section, const char *text);

#endif
