/*
 * The coordinator's side of the network process: started when the first request needs it, or before
 * that where one is sure to come, and once more when it has died. What it says is checked field by
 * field; what it wants signed is judged by the CA that it is for (ca.h).
 */
#ifndef CW_FLOW_WORK_NETWORK_PROCESS_H
#define CW_FLOW_WORK_NETWORK_PROCESS_H

#include <stdbool.h>
#include "base/loop.h"
#include "base/message.h"
#include "base/option.h"

struct cw_network;
struct cw_network_call; /* a request under way */

/* Nothing is started yet. LOOP and SETTINGS (--user-agent, --no-verify-ssl,
 * --network-user, --require-sandbox) must outlive it. */
struct cw_network *cw_network_new(struct cw_loop *loop, const struct cw_settings *settings);
/* Starts the process now, so that it is ready for the first request. What fails is told then. */
void cw_network_start(struct cw_network *network);
/* Ends the process. Calls under way are forgotten; NULL is allowed. */
void cw_network_free(struct cw_network *network);
struct cw_loop *cw_network_loop(const struct cw_network *network);
/* Whether there is a process now. */
bool cw_network_is_there(const struct cw_network *network);
/* How many processes there have been: what one of them knew, the next does not. */
unsigned cw_network_generation(const struct cw_network *network);

/*
 * The end of a request: ANSWER, whose fields behind the error are to be read, or NULL with ERROR.
 * The callee judges ANSWER with cw_message_finish(). Both are valid during the call.
 */
typedef void (*cw_network_done)(void *context, struct cw_message *answer,
				const struct cw_error *error);
/* Sends MESSAGE (taken), one of acme/wire.h. DONE comes from the loop, once. */
struct cw_network_call *cw_network_ask(struct cw_network *network, struct cw_message *message,
				       cw_network_done done, void *context);
/* DONE is not called; the process is told that nobody waits. NULL is allowed. */
void cw_network_cancel(struct cw_network_call *call);
/* Sends a notice. It is lost when the process is gone. */
void cw_network_tell(struct cw_network *network, struct cw_message *message);

/* What a CA is asked by the process. REQUEST has been read up to behind the CA's number; what is
 * returned is the answer. */
struct cw_network_ca {
	uint32_t number; /* in */
	struct cw_message *(*sign)(struct cw_network_ca *ca, struct cw_message *request);
	struct cw_message *(*created)(struct cw_network_ca *ca, struct cw_message *request);
	struct cw_network_ca *next;
};
/* CA gets a number, and what concerns it from now on. */
void cw_network_add_ca(struct cw_network *network, struct cw_network_ca *ca);
void cw_network_remove_ca(struct cw_network *network, struct cw_network_ca *ca);

#endif
