/* One DNS message to a server and the answer to it, as bytes, on the event loop: over UDP, and over
 * TCP where the answer is cut short, or from the beginning. */
#ifndef CW_DNS_EXCHANGE_H
#define CW_DNS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/loop.h"
#include "dns/address.h"

/* The bytes of a message at most, and of its header (RFC 1035 section 4). */
enum { CW_DNS_MESSAGE_MAX = 65535, CW_DNS_HEADER_SIZE = 12 };

struct cw_dns_exchange;

struct cw_dns_request {
	struct cw_dns_address server;
	const uint8_t *query; /* copied */
	size_t length;        /* CW_DNS_HEADER_SIZE to CW_DNS_MESSAGE_MAX */
	bool stream;          /* over TCP from the beginning */
	int64_t limit;        /* milliseconds for an answer, over UDP and again over TCP */
	/* Whether ANSWER, a response with the query's ID, is one to it; NULL: it is. What is not
	 * may be forged, and is not the end: the right one may still come. */
	bool (*belongs)(void *context, const uint8_t *answer, size_t length);
};

/* The end of an exchange, which is gone then: ANSWER, valid during the call, or NULL and why none
 * came ("it did not answer", CW_E_TIMEOUT, or CW_E_NETWORK). Called from the loop. */
typedef void (*cw_dns_exchanged)(void *context, const uint8_t *answer, size_t length,
				 const struct cw_error *error);

/* CONTEXT is given to EXCHANGED and to the request's belongs(). */
struct cw_dns_exchange *cw_dns_exchange_start(struct cw_loop *loop,
					      const struct cw_dns_request *request,
					      cw_dns_exchanged exchanged, void *context);
/* Ends it without calling back; NULL is allowed. */
void cw_dns_exchange_cancel(struct cw_dns_exchange *exchange);

#endif
