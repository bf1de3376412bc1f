/*
 * The control socket, WORK/certwright/agent/control (0600): a client sends one JSON object in a
 * line, {"command": "status", "renew" or "reload", "name"}, and gets one JSON object in a line.
 * Only root and the agent's own user may use it (SO_PEERCRED).
 */
#ifndef CW_FLOW_AGENT_CONTROL_H
#define CW_FLOW_AGENT_CONTROL_H

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"

struct cw_control;
struct cw_control_client;

/* A request. It is answered with cw_control_answer(), now or later. */
typedef void (*cw_control_request)(void *context, struct cw_control_client *client,
				   const char *command, const char *name);
/* CLIENT went away before it was answered. */
typedef void (*cw_control_gone)(void *context, struct cw_control_client *client);

/* FOLDER: WORK/certwright/agent. */
int cw_control_open(struct cw_loop *loop, const char *folder, cw_control_request request,
		    cw_control_gone gone, void *context, struct cw_control **control,
		    struct cw_error *error);
void cw_control_close(struct cw_control *control); /* NULL is allowed */
/* Sends {"ok", "error", KEY: VALUE}. Takes VALUE; KEY NULL: there is none. ERROR may be NULL. */
void cw_control_answer(struct cw_control_client *client, const char *key, struct json_object *value,
		       const struct cw_error *error);

/* In a client: whether an agent of FOLDER runs, as far as this user may know. */
bool cw_control_answers(const char *folder);
/* In a client: asks the agent of FOLDER. *ANSWER is released by the caller. CW_E_NOT_FOUND if no
 * agent runs. */
int cw_control_ask(const char *folder, const char *command, const char *name,
		   struct json_object **answer, struct cw_error *error);

#endif
