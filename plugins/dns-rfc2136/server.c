#include "server.h"
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "tsig.h"

enum { WHY_SIZE = 256, ADDRESS_SIZE = 64, MESSAGE_MAX = 65535 };

struct server {
	const struct cw_host *host;
	const struct credentials *credentials;
	int udp;
	int failed; /* the status that the server could not be reached with */
	char why[WHY_SIZE];
	char address[ADDRESS_SIZE];
	struct failure failure;
};

/* A message on its way. */
struct exchange {
	uint8_t *wire;
	size_t length;
	struct tsig_mac mac;
	int sign;
	struct cw_dns_query query; /* with the answer */
};

struct server *
server_new(const struct cw_host *host, const struct credentials *credentials, int udp)
{
	struct server *server = calloc(1, sizeof(*server));
	int is_ipv6 = strchr(credentials->server, ':') != NULL;

	if (server == NULL)
		return NULL;
	server->host = host;
	server->credentials = credentials;
	server->udp = udp;
	snprintf(server->address, sizeof(server->address), is_ipv6 ? "[%s]:%u" : "%s:%u",
		 credentials->server, credentials->port);
	return server;
}

void
server_free(struct server *server)
{
	free(server);
}

int
server_fail(struct server *server, int status, const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(server->failure.message, sizeof(server->failure.message), format, arguments);
	va_end(arguments);
	server->failure.hint = hint;
	return status;
}

const struct failure *
server_failure(const struct server *server)
{
	return &server->failure;
}

static int
still_unreachable(struct server *server)
{
	return server_fail(server, server->failed,
			   "check dns_rfc2136_server and dns_rfc2136_port in the credentials "
			   "file, and that the server runs and is not behind a firewall",
			   "cannot ask the name server %s, port %u: %s",
			   server->credentials->server, server->credentials->port, server->why);
}

/* The server is asked by the host, over UDP or TCP. */
static int
transmit(struct server *server, struct exchange *exchange)
{
	struct cw_dns_query *query = &exchange->query;
	int status;

	query->size = sizeof(*query);
	query->server = server->address;
	query->tcp = !server->udp;
	query->message = exchange->wire;
	query->message_length = exchange->length;
	status = cw_host_dns_exchange(server->host, query);
	if (status == CW_OK)
		return CW_OK;
	server->failed = status;
	snprintf(server->why, sizeof(server->why), "%s",
		 query->reason != NULL ? query->reason
				       : "this certwright sends no DNS messages for plugins");
	return still_unreachable(server);
}

static int
key_refused(struct server *server, unsigned error)
{
	const struct credentials *credentials = server->credentials;
	const char *why = "it refuses the signature";
	const char *hint = "compare the name, secret and algorithm in the credentials file with "
			   "the server's key";

	switch (error) {
	case 16: why = "the signature is wrong (BADSIG): the secrets differ"; break;
	case 17: why = "it does not know the key for this algorithm (BADKEY)"; break;
	case 18:
		why = "its clock and ours are too far apart (BADTIME)";
		hint = "set the clocks of both machines";
		break;
	case 22: why = "the signature is too short (BADTRUNC)"; break;
	default: break;
	}
	return server_fail(server, CW_E_PERMISSION, hint,
			   "the name server %s, port %u, does not accept the TSIG key \"%s\": %s",
			   credentials->server, credentials->port, credentials->name, why);
}

static int
check_signature(struct server *server, const struct exchange *exchange, const ldns_pkt *answer)
{
	unsigned error = 0;
	enum tsig_verdict verdict = TSIG_GOOD;

	if (exchange->sign)
		verdict = tsig_verify(server->credentials, exchange->query.answer,
				      exchange->query.answer_length, &exchange->mac, &error);
	if (verdict == TSIG_REFUSED)
		return key_refused(server, error);
	if (verdict == TSIG_GOOD)
		return CW_OK;
	/* An unsigned refusal is harmless, and its code says more. */
	if (verdict == TSIG_UNSIGNED && ldns_pkt_get_rcode(answer) != LDNS_RCODE_NOERROR)
		return CW_OK;
	return server_fail(server, CW_E_PROTOCOL,
			   "check whether something on the way to the server changes messages",
			   "the answer of the name server %s, port %u, is not signed with the "
			   "TSIG key \"%s\"",
			   server->credentials->server, server->credentials->port,
			   server->credentials->name);
}

static int
prepare(struct exchange *exchange, const struct credentials *credentials, ldns_pkt *packet)
{
	uint16_t id = 0;

	RAND_bytes((unsigned char *)&id, sizeof(id));
	ldns_pkt_set_id(packet, id);
	if (ldns_pkt2wire(&exchange->wire, packet, &exchange->length) != LDNS_STATUS_OK)
		exchange->wire = NULL;
	if (exchange->wire == NULL)
		return 0;
	if (exchange->sign &&
	    !tsig_sign(credentials, &exchange->wire, &exchange->length, &exchange->mac))
		return 0;
	return exchange->length <= MESSAGE_MAX;
}

int
server_ask(struct server *server, ldns_pkt *packet, int sign, ldns_pkt **answer)
{
	struct exchange exchange = {.sign = sign};
	int status;

	*answer = NULL;
	if (server->failed != 0)
		return still_unreachable(server);
	if (!prepare(&exchange, server->credentials, packet))
		status = server_fail(server, CW_E_CRYPTO, NULL,
				     "cannot make or sign the message to the name server");
	else
		status = transmit(server, &exchange);
	if (status == CW_OK && ldns_wire2pkt(answer, exchange.query.answer,
					     exchange.query.answer_length) != LDNS_STATUS_OK) {
		*answer = NULL;
		status = server_fail(
			server, CW_E_PROTOCOL, NULL,
			"the name server %s, port %u, sent an answer that is not a DNS message",
			server->credentials->server, server->credentials->port);
	}
	if (status == CW_OK)
		status = check_signature(server, &exchange, *answer);
	if (status != CW_OK) {
		ldns_pkt_free(*answer);
		*answer = NULL;
	}
	free(exchange.wire);
	cw_host_release(server->host, exchange.query.answer);
	cw_host_release(server->host, exchange.query.reason);
	return status;
}
