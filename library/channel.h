/*
 * A socket on which messages come and go (protocol.h). Both sides use it. It needs nothing but the
 * C library, and never aborts: out of memory is an error like others.
 */
#ifndef CW_LIBRARY_CHANNEL_H
#define CW_LIBRARY_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

/* Sending and receiving do not share what they change, so two threads can do them at once. */
struct cw_channel {
	int socket;
	size_t limit;         /* bytes that a received text may have */
	int send_limit;       /* milliseconds to wait for room */
	bool *cut;            /* true while only a part of a message is sent; NULL: not noted */
	unsigned char *input; /* what was received but not taken */
	size_t length;
	size_t capacity;
};

void cw_channel_close(struct cw_channel *channel);
/* Sends a message. Returns 0, or -1 with errno; ETIMEDOUT: there was no room in time. After a
 * failure nothing more can be sent. */
int cw_channel_send(struct cw_channel *channel, char kind, const char *text, size_t length);
/*
 * Takes the next message without waiting. Returns its kind, with *TEXT for free(). 0: there is none
 * yet. -1: errno is ENOMEM (nothing is lost), EPIPE (the other side has closed the socket), EPROTO
 * (this is no message), EMSGSIZE (it is longer than the limit), or what recv() said. Nothing of the
 * message after it is received: another process can go on from there.
 */
int cw_channel_take(struct cw_channel *channel, char **text);
/* Waits until there may be a message. MILLISECONDS -1: no limit. Returns false when time is up. */
bool cw_channel_wait(const struct cw_channel *channel, int milliseconds);

#endif
