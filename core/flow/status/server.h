/*
 * The status server: a process of its own (base/role.h) that serves the status document as a page,
 * as JSON, as metrics and as a health check over HTTP:
 *
 *     GET /              the page (flow/report/page.h)
 *     GET /status.json   the document itself
 *     GET /metrics       OpenMetrics (flow/report/metrics.h)
 *     GET /healthz       200 "ok", or 503 and why (flow/report/health.h)
 *
 * It only reads. It has the listening socket and a socket to its owner, and gives up all other
 * rights (base/sandbox.h): no files, no other sockets, no processes. It asks its owner for the
 * document when somebody wants something, at most once a second.
 */
#ifndef CW_FLOW_STATUS_SERVER_H
#define CW_FLOW_STATUS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "flow/report/health.h"

struct cw_status_server;

struct cw_status_server_start {
	/* Where it listens: "127.0.0.1:9402", "[::1]:9402", ":9402" (all addresses), "9402" (the
	 * same as 127.0.0.1:9402). */
	const char *address;
	const struct cw_health_limits *limits; /* of /healthz and the page; NULL: the defaults */
	bool require_sandbox;                  /* an incomplete sandbox is an error */
	/* Returns the document, which is released afterwards; NULL: not yet. Called from the loop.
	 */
	struct json_object *(*document)(void *user);
	void *user;
};

/*
 * Listens, and starts the process. CW_E_USAGE if the address cannot be understood, CW_E_BUSY if it
 * is taken, CW_E_UNSUPPORTED if this certwright was built without the server. If the process ends,
 * it is started again, after a second at first and after a minute at last; requests wait meanwhile.
 */
int cw_status_server_new(struct cw_loop *loop, const struct cw_status_server_start *start,
			 struct cw_status_server **server, struct cw_error *error);
/* From now on the document is judged with these. */
void cw_status_server_set_limits(struct cw_status_server *server,
				 const struct cw_health_limits *limits);
/* Ends the process and closes the socket; NULL is allowed. */
void cw_status_server_free(struct cw_status_server *server);
/* The process; 0: it does not run, or SERVER is NULL. */
pid_t cw_status_server_pid(const struct cw_status_server *server);
/* The port that it listens on. */
unsigned cw_status_server_port(const struct cw_status_server *server);

/* Whether only programs on this machine can reach ADDRESS. False also if it cannot be understood.
 */
bool cw_status_address_is_local(const char *address);

/* The process itself, for main() in cli/. */
int cw_status_main(int socket);

#endif
