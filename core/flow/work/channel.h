/*
 * Messages between the coordinator and a worker: JSON objects over a pair of stream sockets, each
 * behind its length (four bytes); one may carry a descriptor.
 */
#ifndef CW_FLOW_WORK_CHANNEL_H
#define CW_FLOW_WORK_CHANNEL_H

#include "base/error.h"
#include "base/json.h"

/* The longest message, in bytes. It keeps a peer that has gone mad from filling the memory; what
 * the errors of thousands of names need is far below. */
#define CW_CHANNEL_MAX (64 * 1024 * 1024)

struct cw_channel;

int cw_channel_pair(int ends[2], struct cw_error *error);
/* The channel over one end, which it owns. A send fails with CW_E_TIMEOUT when the peer takes
 * nothing for PATIENCE milliseconds; -1: it waits as long as the peer lives. */
struct cw_channel *cw_channel_open(int end, int64_t patience);
void cw_channel_close(struct cw_channel *channel); /* NULL is allowed */
int cw_channel_descriptor(const struct cw_channel *channel);
/* The peer has closed its end. */
bool cw_channel_ended(const struct cw_channel *channel);
/* Sends MESSAGE (not taken), with DESCRIPTOR unless it is -1. After a failure the channel is of no
 * more use. */
int cw_channel_send(struct cw_channel *channel, struct json_object *message, int descriptor,
		    struct cw_error *error);
/* Reads what has arrived, without waiting. *MESSAGE is NULL when no message is complete yet, and
 * when the peer is gone. *DESCRIPTOR is -1 or the receiver's to close; DESCRIPTOR may be NULL where
 * none can come. */
int cw_channel_receive(struct cw_channel *channel, struct json_object **message, int *descriptor,
		       struct cw_error *error);
/* The same, waiting until a message is complete or the peer gone. */
int cw_channel_wait(struct cw_channel *channel, struct json_object **message, int *descriptor,
		    struct cw_error *error);

#endif
