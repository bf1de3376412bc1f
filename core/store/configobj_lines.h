/* The lines of a file in ConfigObj's format. For configobj*.c only. */
#ifndef CW_STORE_CONFIGOBJ_LINES_H
#define CW_STORE_CONFIGOBJ_LINES_H

#include <stddef.h>
#include "base/pool.h"
#include "store/configobj.h"

enum configobj_kind {
	CONFIGOBJ_COMMENT, /* or a blank line */
	CONFIGOBJ_SECTION,
	CONFIGOBJ_KEY
};

/* A header, a comment, or a key with its value, which may span several lines of the file. Its
 * strings are in the pool of its owner. */
struct configobj_line {
	enum configobj_kind kind;
	const char *raw;  /* as in the file, including line ends */
	size_t number;    /* line number in the file, from 1; 0: added later */
	const char *name; /* of a key or section, unquoted */
	const char *path; /* of a section, "a/b" */
	unsigned depth;
	size_t value_start, value_end; /* the value in raw, including quotes */
	bool is_list;
	struct cw_strv list;
	const char *text; /* a scalar, or the list joined by "," */
	bool added;       /* a comment for what will be added below it */
};

struct cw_configobj {
	struct configobj_line *lines;
	size_t count, capacity;
	struct cw_pool pool;
	bool byte_order_mark;
	const char *line_end;
	const char *unwritable; /* the first key that could not be set; NULL: none */
};

/* Inserts an empty line at INDEX. The lines from there on move down. */
struct configobj_line *cw_configobj_insert(struct cw_configobj *config, size_t index);

/* Returns the length in bytes of the blank at TEXT (also Unicode's blanks, as in Python). 0: no
 * blank. */
size_t cw_configobj_blank(const char *text, const char *end);
/* Returns the first character from TEXT on that is not a blank; END if there is none. */
const char *cw_configobj_skip(const char *text, const char *end);
/* Returns the new end of the text without the blanks before END. */
const char *cw_configobj_cut(const char *text, const char *end);

/* If there are quotes around the text, moves *TEXT and *END inwards past them. */
void cw_configobj_unquote(const char **text, const char **end);

/* Parses a value without blanks around it. Sets LINE's is_list, list and text (in POOL). Returns
 * the length of the value in bytes; blanks and a comment may follow it. -1 if it is malformed. */
ptrdiff_t cw_configobj_parse_value(struct cw_pool *pool, const char *text, size_t length,
				   struct configobj_line *line);

/*
 * Appends VALUE as it is written in a file. Returns false if it cannot be written. SINGLE_LINE: for
 * a key, a section or a value of a list, where triple quotes are not allowed. QUOTED: use quotes
 * even if ConfigObj would not.
 */
bool cw_configobj_quote(struct cw_buf *buf, const char *value, bool single_line, bool quoted);
/* Append a header or key line without indentation. Return false if NAME or KEY cannot be
 * written. */
bool cw_configobj_spell_section(struct cw_buf *buf, const char *name, unsigned depth);
bool cw_configobj_spell_scalar(struct cw_buf *buf, const char *key, const char *value);
bool cw_configobj_spell_list(struct cw_buf *buf, const char *key, const struct cw_strv *values);

#endif
