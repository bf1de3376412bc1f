#include "base/buf.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

/* Not realloc(), which would leave a copy behind: what grows here may be a secret. */
static void
move_to(struct cw_buf *buf, size_t capacity)
{
	char *data = cw_realloc(NULL, capacity, 1);

	if (buf->data != NULL) {
		memcpy(data, buf->data, buf->length);
		cw_wipe(buf->data, buf->length);
		free(buf->data);
	}
	buf->data = data;
	buf->capacity = capacity;
}

char *
cw_buf_reserve(struct cw_buf *buf, size_t more)
{
	size_t needed, capacity;

	if (more > SIZE_MAX / 2 - 1 || buf->length > SIZE_MAX / 2 - 1 - more)
		cw_nomem();
	needed = buf->length + more + 1;
	if (needed > buf->capacity) {
		capacity = buf->capacity * 2 > FIRST_CAPACITY ? buf->capacity * 2 : FIRST_CAPACITY;
		if (capacity < needed)
			capacity = needed;
		move_to(buf, capacity);
	}
	buf->data[buf->length] = '\0';
	return buf->data + buf->length;
}

void
cw_buf_grown(struct cw_buf *buf, size_t more)
{
	/* Writing behind the reserved room has broken the heap already: do not go on. */
	if (buf->length + more < buf->length || buf->length + more >= buf->capacity) {
		if (more == 0)
			return;
		abort();
	}
	buf->length += more;
	buf->data[buf->length] = '\0';
}

void
cw_buf_add(struct cw_buf *buf, const void *data, size_t length)
{
	char *end = cw_buf_reserve(buf, length);

	if (length > 0)
		memcpy(end, data, length);
	cw_buf_grown(buf, length);
}

void
cw_buf_add_text(struct cw_buf *buf, const char *text)
{
	cw_buf_add(buf, text, text == NULL ? 0 : strlen(text));
}

void
cw_buf_add_char(struct cw_buf *buf, char character)
{
	cw_buf_add(buf, &character, 1);
}

void
cw_buf_addf(struct cw_buf *buf, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cw_buf_vaddf(buf, format, arguments);
	va_end(arguments);
}

void
cw_buf_vaddf(struct cw_buf *buf, const char *format, va_list arguments)
{
	va_list again;
	size_t room;
	char *end;
	int length;

	va_copy(again, arguments);
	end = cw_buf_reserve(buf, 0);
	room = buf->capacity - buf->length;
	length = vsnprintf(end, room, format, arguments);
	if (length < 0)
		cw_nomem();
	if ((size_t)length >= room) {
		end = cw_buf_reserve(buf, (size_t)length);
		if (vsnprintf(end, (size_t)length + 1, format, again) != length)
			cw_nomem();
	}
	va_end(again);
	cw_buf_grown(buf, (size_t)length);
}

void
cw_buf_truncate(struct cw_buf *buf, size_t length)
{
	if (length > buf->length)
		abort();
	if (buf->data == NULL)
		return;
	buf->length = length;
	buf->data[length] = '\0';
}

const char *
cw_buf_text(const struct cw_buf *buf)
{
	return buf->data == NULL ? "" : buf->data;
}

char *
cw_buf_take(struct cw_buf *buf)
{
	char *data;

	cw_buf_reserve(buf, 0);
	data = buf->data;
	*buf = (struct cw_buf){0};
	return data;
}

void
cw_buf_clear(struct cw_buf *buf)
{
	free(buf->data);
	*buf = (struct cw_buf){0};
}

void
cw_buf_wipe(struct cw_buf *buf)
{
	/* All of the capacity: a truncation may have left secrets behind the length. */
	cw_wipe(buf->data, buf->capacity);
	cw_buf_clear(buf);
}
