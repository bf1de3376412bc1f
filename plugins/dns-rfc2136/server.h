/* Messages to the name server and back, signed and checked; the host carries them. */
#ifndef RFC2136_SERVER_H
#define RFC2136_SERVER_H

#include <ldns/ldns.h>
#include "credentials.h"

struct server;

/* Why a call failed. */
struct failure {
	char message[1024];
	const char *hint; /* static, or NULL */
};

/* A server that was not asked yet; UDP 1: over UDP. NULL when memory is out. */
struct server *server_new(const struct cw_host *host, const struct credentials *credentials,
			  int udp);
void server_free(struct server *server); /* NULL is allowed */
/*
 * Sends PACKET, signed with the key if SIGN, and waits for the answer; release that with
 * ldns_pkt_free(). Returns CW_OK whatever the answer says. Without an answer server_failure() says
 * why: CW_E_NETWORK, CW_E_TIMEOUT, CW_E_PROTOCOL, or CW_E_PERMISSION if the server rejects our
 * signature. A server that could not be reached is not tried again.
 */
int server_ask(struct server *server, ldns_pkt *packet, int sign, ldns_pkt **answer);
/* Why the last failed call failed. */
const struct failure *server_failure(const struct server *server);
/* Sets the failure; returns STATUS. */
CW_PRINTF(4, 5)
int server_fail(struct server *server, int status, const char *hint, const char *format, ...);

#endif
