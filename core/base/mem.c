#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static cw_nomem_handler nomem_handler;

void
cw_set_nomem_handler(cw_nomem_handler handler)
{
	nomem_handler = handler;
}

void
cw_nomem(void)
{
	if (nomem_handler != NULL)
		nomem_handler();
	abort();
}

void *
cw_alloc(size_t size)
{
	return cw_calloc(1, size);
}

/* 0 when it does not fit. */
static size_t
product(size_t count, size_t size)
{
	return count > SIZE_MAX / size ? 0 : count * size;
}

void *
cw_calloc(size_t count, size_t size)
{
	size_t bytes;
	void *memory;

	if (count == 0 || size == 0)
		count = size = 1;
	bytes = product(count, size);
	memory = bytes == 0 ? NULL : calloc(bytes, 1);
	if (memory == NULL)
		cw_nomem();
	return memory;
}

void *
cw_realloc(void *pointer, size_t count, size_t size)
{
	size_t bytes;
	void *memory;

	/* realloc(pointer, 0) may free and return NULL. */
	if (count == 0 || size == 0)
		count = size = 1;
	bytes = product(count, size);
	memory = bytes == 0 ? NULL : realloc(pointer, bytes);
	if (memory == NULL)
		cw_nomem();
	return memory;
}

char *
cw_strdup(const char *text)
{
	return text == NULL ? NULL : cw_memdup(text, strlen(text));
}

char *
cw_memdup(const void *data, size_t length)
{
	char *copy;

	if (length == SIZE_MAX)
		cw_nomem();
	copy = malloc(length + 1);
	if (copy == NULL)
		cw_nomem();
	if (length > 0)
		memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

char *
cw_format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = cw_vformat(format, arguments);
	va_end(arguments);
	return text;
}

char *
cw_vformat(const char *format, va_list arguments)
{
	char small[256];
	va_list again;
	char *text;
	int length;

	/* Nearly all is short, and vasprintf() would grow its memory step by step. */
	va_copy(again, arguments);
	length = vsnprintf(small, sizeof(small), format, again);
	va_end(again);
	text = length >= 0 && (size_t)length < sizeof(small) ? cw_memdup(small, (size_t)length)
							     : NULL;
	cw_wipe(small, sizeof(small)); /* it may be a secret */
	if (text != NULL)
		return text;
	if (vasprintf(&text, format, arguments) < 0)
		cw_nomem();
	return text;
}

void
cw_wipe(void *data, size_t length)
{
	if (length > 0)
		explicit_bzero(data, length);
}

void
cw_free_secret(char *text)
{
	if (text == NULL)
		return;
	cw_wipe(text, strlen(text));
	free(text);
}

void
cw_cleanup_free(void *pointer)
{
	void *memory;

	/* POINTER is the address of a pointer of any type; memcpy() reads it without aliasing. */
	memcpy(&memory, pointer, sizeof(memory));
	free(memory);
}

void
cw_cleanup_secret(char **text)
{
	cw_free_secret(*text);
}

void
cw_cleanup_close(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
}

void
cw_cleanup_file(FILE **file)
{
	if (*file != NULL)
		fclose(*file);
}
