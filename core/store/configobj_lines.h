/* The lines of a file in ConfigObj's format: what configobj*.c share. */
#ifndef CW_STORE_CONFIGOBJ_LINES_H
#define CW_STORE_CONFIGOBJ_LINES_H

#include <stddef.h>
#include "base/pool.h"
#include "store/configobj.h"

enum configobj_kind {
	CONFIGOBJ_COMMENT, /* or blank */
	CONFIGOBJ_SECTION,
	CONFIGOBJ_KEY
};

/* A header, a comment, or a key with its value, which may span lines of the file. Its strings are
 * in the pool of what it belongs to. */
struct configobj_line {
	enum configobj_kind kind;
	const char *raw;  /* as in the file, line ends included */
	size_t number;    /* in the file, from 1; 0: added since */
	const char *name; /* of a key or section, unquoted */
	const char *path; /* of a section, "a/b" */
	unsigned depth;
	size_t value_start, value_end; /* of the value in RAW, quotes included */
	bool is_list;
	struct cw_strv list;
	const char *text; /* a scalar, or the list joined by "," */
	bool added;       /* a comment that belongs to what will be added below it */
};

struct cw_configobj {
	struct configobj_line *lines;
	size_t count, capacity;
	struct cw_pool pool;
	bool byte_order_mark;
	const char *line_end;
	const char *unwritable; /* the first key that could not be set; NULL: none */
};

/* An empty line at INDEX, those from there on moving down. */
struct configobj_line *cw_configobj_insert(struct cw_configobj *config, size_t index);

/* The bytes of the blank (Unicode's too, as Python sees it) at TEXT, 0: none there. */
size_t cw_configobj_blank(const char *text, const char *end);
/* The first character from TEXT on that is not a blank; END if none. */
const char *cw_configobj_skip(const char *text, const char *end);
/* The end of what is left without the blanks before END. */
const char *cw_configobj_cut(const char *text, const char *end);

/* Moves *TEXT and *END inwards past the quotes around what is between them, if there are any. */
void cw_configobj_unquote(const char **text, const char **end);

/* Takes a value, without the blanks around it, apart: LINE's is_list, list and text (in POOL).
 * Returns the number of bytes that are the value (blanks and a comment may follow), -1 when it is
 * malformed. */
ptrdiff_t cw_configobj_parse_value(struct cw_pool *pool, const char *text, size_t length,
				   struct configobj_line *line);

/*
 * The spelling of VALUE, appended; false when there is none. SINGLE_LINE: of a key, section or
 * value of a list, where triple quotes are not allowed. QUOTED: also where ConfigObj sees no need.
 */
bool cw_configobj_quote(struct cw_buf *buf, const char *value, bool single_line, bool quoted);
/* A header or key line at INDEX, without indentation; false when NAME cannot be spelled. The
 * value's spelling is given. */
bool cw_configobj_spell_section(struct cw_buf *buf, const char *name, unsigned depth);
bool cw_configobj_spell_scalar(struct cw_buf *buf, const char *key, const char *value);
bool cw_configobj_spell_list(struct cw_buf *buf, const char *key, const struct cw_strv *values);

#endif
