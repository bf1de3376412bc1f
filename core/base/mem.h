/*
 * Memory. These functions never return NULL: when memory cannot be had they call the handler that
 * cw_set_nomem_handler() set, which must not return. The command's prints a sentence and exits; the
 * library's entry points (certwright.h) unwind and return CW_E_NOMEM.
 */
#ifndef CW_BASE_MEM_H
#define CW_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

typedef void (*cw_nomem_handler)(void);

/* Sets what is called when memory cannot be had; NULL: abort(). */
void cw_set_nomem_handler(cw_nomem_handler handler);
/* Calls the handler. For code whose library reports failed allocations (OpenSSL, json-c). */
_Noreturn void cw_nomem(void);

/* SIZE bytes, zeroed. Release with free(). */
void *cw_alloc(size_t size) __attribute__((malloc, warn_unused_result));
/* COUNT elements of SIZE bytes, zeroed; an overflow of the product is a failed allocation. */
void *cw_calloc(size_t count, size_t size) __attribute__((malloc, warn_unused_result));
/* Resizes POINTER (may be NULL) to COUNT elements of SIZE bytes; new bytes are not zeroed. */
void *cw_realloc(void *pointer, size_t count, size_t size) __attribute__((warn_unused_result));
/* A copy of TEXT; NULL for NULL. */
char *cw_strdup(const char *text) __attribute__((warn_unused_result));
/* A NUL-terminated copy of the LENGTH bytes at DATA. */
char *cw_memdup(const void *data, size_t length) __attribute__((warn_unused_result));
char *cw_format(const char *format, ...) __attribute__((format(printf, 1, 2), warn_unused_result));
char *cw_vformat(const char *format, va_list arguments)
	__attribute__((format(printf, 1, 0), warn_unused_result));
/* Overwrites a secret of LENGTH bytes in a way that the compiler keeps. */
void cw_wipe(void *data, size_t length);
/* Wipes and releases a NUL-terminated secret; NULL is allowed. */
void cw_free_secret(char *text);

/*
 * Scope-bound release. cw_auto(TYPE_cleanup) before a declaration calls that function with the
 * variable's address when the scope is left:
 *
 *     cw_autofree char *path = cw_format("%s/%s", folder, name);
 */
#define cw_auto(function) __attribute__((cleanup(function)))
#define cw_autofree cw_auto(cw_cleanup_free)
#define cw_autosecret cw_auto(cw_cleanup_secret)
#define cw_autoclose cw_auto(cw_cleanup_close)
#define cw_autofile cw_auto(cw_cleanup_file)

void cw_cleanup_free(void *pointer);
void cw_cleanup_secret(char **text);
void cw_cleanup_close(int *descriptor); /* closes when >= 0 */
void cw_cleanup_file(FILE **file);

/* Gives *POINTER away and sets it to NULL: return cw_take(&result); */
#define cw_take(pointer)                                                                           \
	({                                                                                         \
		__typeof__(*(pointer)) cw_taken_ = *(pointer);                                     \
		*(pointer) = NULL;                                                                 \
		cw_taken_;                                                                         \
	})

#define CW_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
