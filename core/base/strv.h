/* A list that owns its strings; items is NULL-terminated. A zeroed struct is empty. */
#ifndef CW_BASE_STRV_H
#define CW_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

struct cw_strv {
	char **items; /* NULL while empty from the start; see cw_strv_items() */
	size_t count;
	size_t capacity;
};

#define cw_auto_strv cw_auto(cw_strv_clear)

void cw_strv_add(struct cw_strv *strv, const char *text); /* copies */
void cw_strv_addn(struct cw_strv *strv, const char *text, size_t length);
void cw_strv_addf(struct cw_strv *strv, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void cw_strv_take(struct cw_strv *strv, char *text); /* takes ownership */
void cw_strv_add_all(struct cw_strv *strv, const struct cw_strv *others);
/* Adds the parts of TEXT between SEPARATORs, blanks around them dropped, empty ones left out. */
void cw_strv_split(struct cw_strv *strv, const char *text, char separator);
/* Adds TEXT unless it is there already; returns whether it was added. */
bool cw_strv_add_unique(struct cw_strv *strv, const char *text);
bool cw_strv_contains(const struct cw_strv *strv, const char *text);
void cw_strv_remove(struct cw_strv *strv, size_t index);
void cw_strv_sort(struct cw_strv *strv); /* by strcmp() */
/* The parts joined with SEPARATOR; release with free(). */
char *cw_strv_join(const struct cw_strv *strv, const char *separator);
/* NULL-terminated, never NULL. */
char *const *cw_strv_items(const struct cw_strv *strv);
void cw_strv_copy(struct cw_strv *to, const struct cw_strv *from); /* replaces what TO has */
void cw_strv_clear(struct cw_strv *strv);

#endif
