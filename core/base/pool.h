/*
 * Memory for many small things that go together: each is taken from a block and none is released
 * by itself. The zeroed struct is an empty pool.
 */
#ifndef CW_BASE_POOL_H
#define CW_BASE_POOL_H

#include <stddef.h>

struct cw_pool_block;

struct cw_pool {
	struct cw_pool_block *blocks; /* the one that is being filled first */
	size_t left;                  /* bytes of that */
};

/* A NUL-terminated copy of the LENGTH bytes at DATA; lives as long as the pool. */
char *cw_pool_memdup(struct cw_pool *pool, const void *data, size_t length)
	__attribute__((warn_unused_result));
/* A copy of TEXT; NULL for NULL. */
char *cw_pool_strdup(struct cw_pool *pool, const char *text) __attribute__((warn_unused_result));
/* As cw_format(), but in the pool. */
char *cw_pool_format(struct cw_pool *pool, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));
/* Releases all that was taken from it. */
void cw_pool_clear(struct cw_pool *pool);

#endif
