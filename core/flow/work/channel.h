/*
 * Messages between the coordinator and a worker: JSON objects, one a datagram, over a pair of
 * SOCK_SEQPACKET sockets; one may carry a descriptor.
 */
#ifndef CW_FLOW_WORK_CHANNEL_H
#define CW_FLOW_WORK_CHANNEL_H

#include "base/error.h"
#include "base/json.h"

/* The longest message, in bytes; a result with a thousand names fits. */
#define CW_CHANNEL_MAX (160 * 1024)

int cw_channel_make(int ends[2], struct cw_error *error);
/* Sends MESSAGE (not taken), with DESCRIPTOR unless it is -1. Blocks while the peer is behind. */
int cw_channel_send(int channel, struct json_object *message, int descriptor,
		    struct cw_error *error);
/* Waits for a message. *DESCRIPTOR is -1 or the receiver's to close; DESCRIPTOR may be NULL where
 * none can come. *MESSAGE is NULL when the peer is gone. */
int cw_channel_receive(int channel, struct json_object **message, int *descriptor,
		       struct cw_error *error);

#endif
