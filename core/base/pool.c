#include "base/pool.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 2000 }; /* bytes; with its header and malloc()'s it stays below half a page */

struct cw_pool_block {
	struct cw_pool_block *next;
	size_t size;
	char data[];
};

static void
add_block(struct cw_pool *pool, size_t needed)
{
	size_t size = needed > BLOCK ? needed : BLOCK;
	struct cw_pool_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		cw_nomem();
	block = cw_realloc(NULL, 1, sizeof(*block) + size);
	block->next = pool->blocks;
	block->size = size;
	pool->blocks = block;
	pool->left = size;
}

char *
cw_pool_memdup(struct cw_pool *pool, const void *data, size_t length)
{
	char *copy;

	if (length == SIZE_MAX)
		cw_nomem();
	if (length >= pool->left)
		add_block(pool, length + 1);
	copy = pool->blocks->data + pool->blocks->size - pool->left;
	pool->left -= length + 1;
	if (length > 0)
		memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

char *
cw_pool_strdup(struct cw_pool *pool, const char *text)
{
	return text == NULL ? NULL : cw_pool_memdup(pool, text, strlen(text));
}

char *
cw_pool_format(struct cw_pool *pool, const char *format, ...)
{
	cw_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = cw_vformat(format, arguments);
	va_end(arguments);
	return cw_pool_strdup(pool, text);
}

void
cw_pool_clear(struct cw_pool *pool)
{
	while (pool->blocks != NULL) {
		struct cw_pool_block *block = pool->blocks;

		pool->blocks = block->next;
		free(block);
	}
	*pool = (struct cw_pool){0};
}
