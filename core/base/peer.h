/*
 * The other end of a socket pair: another process of the run, to which messages go and from which
 * they come (base/message.h), over the event loop, without ever blocking on it.
 *
 * Either side may ask: a request has a number, and the answer to it the same. Answers may come in
 * any order. A peer that breaks the protocol is as good as gone: what waits for its answers fails,
 * with the reason, and nothing is read from it any more.
 */
#ifndef CW_BASE_PEER_H
#define CW_BASE_PEER_H

#include <stdint.h>
#include "base/error.h"
#include "base/loop.h"
#include "base/message.h"

/* The most bytes of one message. A certificate with 100 names and all their errors is far below. */
#define CW_PEER_BYTES_MAX (64 * 1024 * 1024)

struct cw_peer;

struct cw_peer_handler {
	/* A request, or (number 0) a notice. MESSAGE is the callee's to free, and may be answered
	 * later. */
	void (*received)(void *context, struct cw_message *message);
	/* The peer is gone; REASON says how. Called once, from the loop, after the calls that wait
	 * have failed. The peer may be freed here. */
	void (*gone)(void *context, const struct cw_error *reason);
	void *context;
};

/* The end of a request: ANSWER (valid during the call, may be kept by setting *ANSWER to NULL), or
 * *ANSWER is NULL with ERROR when there is none. */
typedef void (*cw_peer_answered)(void *context, struct cw_message **answer,
				 const struct cw_error *error);

/* A connected pair of stream sockets, close-on-exec. */
int cw_peer_pair(int ends[2], struct cw_error *error);
/* Takes over SOCKET. WHAT names the process in messages: "the network process". */
struct cw_peer *cw_peer_new(struct cw_loop *loop, int socket, const char *what,
			    const struct cw_peer_handler *handler);
/* From now on its calls back come from LOOP. Not for use within one of them. */
void cw_peer_move(struct cw_peer *peer, struct cw_loop *loop);
/* Closes the socket. Calls that wait are forgotten without a call back; NULL is allowed. */
void cw_peer_free(struct cw_peer *peer);

/* Sends a notice. MESSAGE is taken, as in all functions below. */
void cw_peer_tell(struct cw_peer *peer, struct cw_message *message);
/* Sends a request; ANSWERED is called from the loop. Returns its number, for cw_peer_forget(). */
uint32_t cw_peer_ask(struct cw_peer *peer, struct cw_message *message, cw_peer_answered answered,
		     void *context);
/* ANSWERED will not be called for this request; an answer that comes is dropped. */
void cw_peer_forget(struct cw_peer *peer, uint32_t number);
/* Sends the answer to REQUEST (borrowed). */
void cw_peer_answer(struct cw_peer *peer, const struct cw_message *request,
		    struct cw_message *message);
/*
 * Sends a request and waits for its answer without turning the loop: what else comes from the peer
 * is kept for the loop. For a process that must not do anything else meanwhile. *ANSWER is the
 * caller's.
 */
int cw_peer_ask_now(struct cw_peer *peer, struct cw_message *message, struct cw_message **answer,
		    struct cw_error *error);
/* Waits until all that was sent has left for the peer, or it is gone. */
void cw_peer_flush(struct cw_peer *peer);

#endif
