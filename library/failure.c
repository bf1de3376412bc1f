#include "library/failure.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* strerror_r() returns a text with the GNU C library, and an int with others, as POSIX says. */
static inline const char *
text_of_gnu(const char *text, const char *buffer)
{
	(void)buffer;
	return text;
}

static inline const char *
text_of_posix(int number, const char *buffer)
{
	return number == 0 ? buffer : "unknown error";
}

const char *
cw_failure_reason(int code, char buffer[CW_REASON_SIZE])
{
	return _Generic(strerror_r(code, buffer, CW_REASON_SIZE), int
			: text_of_posix, char *
			: text_of_gnu)(strerror_r(code, buffer, CW_REASON_SIZE), buffer);
}

int
cw_failure_set(struct cw_failure *failure, const char *status, const char *hint, const char *format,
	       ...)
{
	va_list arguments;

	failure->status = status;
	failure->hint = hint;
	va_start(arguments, format);
	vsnprintf(failure->message, sizeof(failure->message), format, arguments);
	va_end(arguments);
	return -1;
}

/* Writes TEXT as a JSON string. Bytes beyond ASCII could be cut or foreign: they become "?". */
static void
put_string(FILE *out, const char *text)
{
	if (text == NULL) {
		fputs("null", out);
		return;
	}
	putc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			fprintf(out, "\\%c", byte);
		else
			putc(byte < ' ' || byte > '~' ? '?' : byte, out);
	}
	putc('"', out);
}

char *
cw_failure_answer(const struct cw_failure *failure)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	bool complete;

	if (out == NULL)
		return NULL;
	fputs("{\"verb\":null,\"ok\":false,\"error\":{\"status\":", out);
	put_string(out, failure->status);
	fputs(",\"message\":", out);
	put_string(out, failure->message);
	fputs(",\"hint\":", out);
	put_string(out, failure->hint);
	fputs(",\"identifier\":null,\"problem\":null,\"parts\":[]},\"exit_status\":1}", out);
	complete = ferror(out) == 0;
	if (fclose(out) == 0 && complete)
		return text;
	free(text);
	return NULL;
}
