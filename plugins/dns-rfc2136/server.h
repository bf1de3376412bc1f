/* Messages to the name server and back, over TCP or UDP. */
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

/* A server that has not been connected to; UDP 1: over UDP. NULL when memory is out. */
struct server *server_new(const struct credentials *credentials, int udp);
void server_free(struct server *server); /* NULL is allowed */
/*
 * Sends PACKET, with SIGN signed by the key, and waits for the answer, to be released with
 * ldns_pkt_free(). CW_OK whatever the answer says, else server_failure() says why there is none:
 * CW_E_NETWORK, CW_E_TIMEOUT, CW_E_PROTOCOL, CW_E_PERMISSION (it has something against our
 * signature). A server that could not be reached is not tried again.
 */
int server_ask(struct server *server, ldns_pkt *packet, int sign, ldns_pkt **answer);
/* Why the last call that failed did. */
const struct failure *server_failure(const struct server *server);
/* Says so; returns STATUS. */
CW_PRINTF(4, 5)
int server_fail(struct server *server, int status, const char *hint, const char *format, ...);

#endif
