/*
 * Messages between the processes of a run: a type, a number, and typed fields one after the other.
 * Whoever reads takes the fields in the order in which they were written, and names a bound for
 * each that can grow. A field of another kind, one beyond its bound, or none at all breaks the
 * message: that and every later read gives nothing (0, NULL, an empty list), and
 * cw_message_finish() says so. So a reader takes all fields first and judges once.
 *
 * Nothing of a message is trusted: it comes from a process that may have been taken over.
 */
#ifndef CW_BASE_MESSAGE_H
#define CW_BASE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

/* Bounds for common fields, in bytes: names, URLs, sentences; PEM, JSON, bodies. */
enum {
	CW_MESSAGE_NAME = 1024,
	CW_MESSAGE_LINE = 64 * 1024,
	CW_MESSAGE_BODY = 16 * 1024 * 1024,
	CW_MESSAGE_ITEMS = 100000 /* of a list */
};

struct cw_message {
	unsigned type;   /* 0 to 65535, the peers' own */
	uint32_t number; /* of a request and its answer; set by base/peer.h */
	int descriptor;  /* that travels with it; -1: none. Closed by cw_message_free() */
	struct cw_buf fields;
	size_t read; /* bytes of the fields that were read */
	bool broken;
};

/* An empty message. */
struct cw_message *cw_message_new(unsigned type);
/* Wipes and releases it; NULL is allowed. */
void cw_message_free(struct cw_message *message);
#define cw_auto_message cw_auto(cw_message_cleanup)
void cw_message_cleanup(struct cw_message **message);

/* Writing. Texts and lists may be NULL (a list then is empty). */
void cw_message_put_bool(struct cw_message *message, bool value);
void cw_message_put_int(struct cw_message *message, int64_t value);
void cw_message_put_text(struct cw_message *message, const char *text);
void cw_message_put_bytes(struct cw_message *message, const void *data, size_t length);
void cw_message_put_list(struct cw_message *message, const struct cw_strv *list);
void cw_message_put_error(struct cw_message *message, const struct cw_error *error);

/* Reading. */
bool cw_message_get_bool(struct cw_message *message);
/* A number from LEAST to MOST. */
int64_t cw_message_get_int(struct cw_message *message, int64_t least, int64_t most);
/* A text of at most LIMIT bytes without NUL, the caller's; NULL where NULL was written. */
char *cw_message_get_text(struct cw_message *message, size_t limit);
/* The same where NULL breaks the message; never NULL: "" when broken. */
char *cw_message_need_text(struct cw_message *message, size_t limit);
/* Adds to BUF. */
void cw_message_get_bytes(struct cw_message *message, size_t limit, struct cw_buf *buf);
/* Adds to LIST, at most ITEMS of LIMIT bytes each. */
void cw_message_get_list(struct cw_message *message, size_t items, size_t limit,
			 struct cw_strv *list);
/* Fills ERROR, which may be "no error". Its status is a valid one. */
void cw_message_get_error(struct cw_message *message, struct cw_error *error);
/* How many of something follow: at most MOST, and not more than bytes are left. */
size_t cw_message_get_count(struct cw_message *message, size_t most);
/* CW_OK when all fields were read and none broke it; else CW_E_PROTOCOL that names WHAT. */
int cw_message_finish(const struct cw_message *message, const char *what, struct cw_error *error);

#endif
