/*
 * The coordinator's side of the network process. The process is started when the first request
 * needs it, or earlier if one is sure to come. It is started once more if it dies. Every field of
 * its messages is checked. The CA decides whether to sign what the process asks for (ca.h).
 */
#ifndef CW_FLOW_WORK_NETWORK_PROCESS_H
#define CW_FLOW_WORK_NETWORK_PROCESS_H

#include <stdbool.h>
#include "base/loop.h"
#include "base/message.h"
#include "base/option.h"

struct cw_network;
struct cw_network_call; /* a request in progress */

/* Does not start the process yet. LOOP and SETTINGS (--user-agent, --no-verify-ssl, --network-user,
 * --require-sandbox) must outlive the network. */
struct cw_network *cw_network_new(struct cw_loop *loop, const struct cw_settings *settings);
/* From now on COUNTED is told how many HTTP requests were sent to the CA at SERVER, and how many of
 * them failed, as they are answered. */
void cw_network_count(struct cw_network *network,
		      void (*counted)(void *context, const char *server, int64_t sent,
				      int64_t failed),
		      void *context);
/* Starts the process now, so that it is ready for the first request. If that fails, the first
 * request reports it. */
void cw_network_start(struct cw_network *network);
/* Ends the process. The callbacks of pending calls are not called. NULL is allowed. */
void cw_network_free(struct cw_network *network);
struct cw_loop *cw_network_loop(const struct cw_network *network);
/* Whether the process is running. */
bool cw_network_is_there(const struct cw_network *network);
/* The number of processes so far. A new process does not know what an earlier one knew. */
unsigned cw_network_generation(const struct cw_network *network);

/*
 * Called when a request ends. ANSWER is positioned after its error field, or is NULL with ERROR.
 * The callee must check it with cw_message_finish(). Both are valid only during the call.
 */
typedef void (*cw_network_done)(void *context, struct cw_message *answer,
				const struct cw_error *error);
/* Sends MESSAGE, one of those in acme/wire.h, and takes ownership of it. DONE is called once from
 * the loop. */
struct cw_network_call *cw_network_ask(struct cw_network *network, struct cw_message *message,
				       cw_network_done done, void *context);
/* Cancels CALL. DONE is not called, and the process is told that no answer is needed. NULL is
 * allowed. */
void cw_network_cancel(struct cw_network_call *call);
/* Sends a notice. It is lost if the process is gone. */
void cw_network_tell(struct cw_network *network, struct cw_message *message);

/* The requests of the process about a CA. REQUEST was read up to and including the CA's number. The
 * functions return the answer. */
struct cw_network_ca {
	uint32_t number; /* set by cw_network_add_ca() */
	const char *server;
	struct cw_message *(*sign)(struct cw_network_ca *ca, struct cw_message *request);
	struct cw_message *(*created)(struct cw_network_ca *ca, struct cw_message *request);
	struct cw_network_ca *next;
};
/* Gives CA a number. From now on it gets the requests for that number. */
void cw_network_add_ca(struct cw_network *network, struct cw_network_ca *ca);
void cw_network_remove_ca(struct cw_network *network, struct cw_network_ca *ca);

#endif
