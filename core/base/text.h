/* String functions. */
#ifndef CW_BASE_TEXT_H
#define CW_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mem.h"

bool cw_starts_with(const char *text, const char *prefix);
bool cw_ends_with(const char *text, const char *suffix);
/* Equal but for the case of ASCII letters. */
bool cw_equal_nocase(const char *a, const char *b);
/* Both NULL, or equal. */
bool cw_equal(const char *a, const char *b);
/* Lower-cases ASCII letters in place; returns TEXT. */
char *cw_lower(char *text);
/* Cuts blanks and line ends off both ends in place; returns the first other character. */
char *cw_trim(char *text);
/* Every FROM replaced by TO, in place; returns TEXT. */
char *cw_replace_char(char *text, char from, char to);
/* The text after the last C in TEXT; TEXT itself if there is none or if it is NULL. */
const char *cw_after_last(const char *text, char c);
/* A decimal number without sign or blanks, up to MAX. */
bool cw_parse_uint(const char *text, uint64_t max, uint64_t *value);
/* The candidate nearest to WORD by edit distance; NULL if none is near. CANDIDATES is
 * NULL-terminated. */
const char *cw_nearest(const char *word, const char *const *candidates);

/* Base64url without padding (RFC 4648 section 5); release with free(). */
char *cw_base64url(const void *data, size_t length);
/* Its inverse; NULL when TEXT is not that. NUL-terminated, *LENGTH bytes. */
unsigned char *cw_base64url_decode(const char *text, size_t *length);
/* The same for base64 with padding (RFC 4648 section 4). */
unsigned char *cw_base64_decode(const char *text, size_t *length);
/* Lower-case hexadecimal; release with free(). */
char *cw_hex(const void *data, size_t length);

/* TEXT as one word of a shell command, quoted if needed. Release with free(). */
char *cw_shell_word(const char *text);

#endif
