/*
 * What others say (a CA, a hook, a plugin, a file name), for people to read: nothing in it can
 * command the terminal, forge a line or make a text look like another one.
 */
#ifndef CW_BASE_PRINTABLE_H
#define CW_BASE_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

/* The length of the UTF-8 character with which TEXT, SIZE > 0 bytes, begins; 0 when it is none (RFC
 * 3629 section 4). */
size_t cw_utf8_length(const char *text, size_t size);
/* Whether TEXT has only visible ASCII characters and blanks: the following leave it as it is. */
bool cw_is_plain(const char *text);
/*
 * Adds TEXT with control characters, line and paragraph separators, bidirectional controls and all
 * else that is not seen escaped as \n, \x1b or \u202e, and bytes that are not UTF-8 as \xff. LINES:
 * line ends and tabs stay, for texts of several lines.
 */
void cw_add_printable(struct cw_buf *buf, const char *text, bool lines);
/* The same as a text of its own; NULL gives NULL; release with free(). */
char *cw_printable(const char *text, bool lines);

#endif
