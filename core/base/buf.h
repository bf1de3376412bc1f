/* A growing byte string, always NUL-terminated. A zeroed struct is empty. */
#ifndef CW_BASE_BUF_H
#define CW_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct cw_buf {
	char *data;    /* never NULL after the first call on it; see cw_buf_text() */
	size_t length; /* bytes, without the terminating NUL */
	size_t capacity;
};

#define cw_auto_buf cw_auto(cw_buf_clear)

void cw_buf_add(struct cw_buf *buf, const void *data, size_t length);
void cw_buf_add_text(struct cw_buf *buf, const char *text);
void cw_buf_add_char(struct cw_buf *buf, char character);
void cw_buf_addf(struct cw_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cw_buf_vaddf(struct cw_buf *buf, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
/* Makes room for MORE bytes after the contents. Write there, then add to length (cw_buf_grown). */
char *cw_buf_reserve(struct cw_buf *buf, size_t more);
void cw_buf_grown(struct cw_buf *buf, size_t more);
/* Shortens the contents to LENGTH bytes. */
void cw_buf_truncate(struct cw_buf *buf, size_t length);
/* The contents, "" if empty; valid until the next change. */
const char *cw_buf_text(const struct cw_buf *buf);
/* Returns the contents (never NULL), which the caller then owns, and empties BUF. */
char *cw_buf_take(struct cw_buf *buf);
/* Releases the contents. BUF can be used again. */
void cw_buf_clear(struct cw_buf *buf);
/* The same, wiping them first. */
void cw_buf_wipe(struct cw_buf *buf);

#endif
