/* Sends one DNS message to a server and receives the answer, as bytes, on the event loop. It uses
 * UDP, and TCP if the answer is truncated or if the caller asks for TCP. */
#ifndef CW_DNS_EXCHANGE_H
#define CW_DNS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/loop.h"
#include "dns/address.h"

/* The maximum size of a message and the size of its header, in bytes (RFC 1035 section 4). */
enum { CW_DNS_MESSAGE_MAX = 65535, CW_DNS_HEADER_SIZE = 12 };

struct cw_dns_exchange;

struct cw_dns_request {
	struct cw_dns_address server;
	const uint8_t *query; /* copied */
	size_t length;        /* CW_DNS_HEADER_SIZE to CW_DNS_MESSAGE_MAX */
	bool stream;          /* use TCP only */
	int64_t limit;        /* milliseconds to wait for an answer, for UDP and again for TCP */
	/* Whether ANSWER, a response with the query's ID, answers the query. An answer that does
	 * not may be forged: it is ignored, because the right one can still come. NULL: every
	 * answer is accepted. */
	bool (*belongs)(void *context, const uint8_t *answer, size_t length);
};

/* Called from the loop when an exchange ends. ANSWER is valid only during the call. If it is NULL,
 * ERROR says why ("it did not answer", CW_E_TIMEOUT, or CW_E_NETWORK). The exchange is freed after
 * the call. */
typedef void (*cw_dns_exchanged)(void *context, const uint8_t *answer, size_t length,
				 const struct cw_error *error);

/* Starts an exchange. CONTEXT is passed to EXCHANGED and to the request's belongs(). */
struct cw_dns_exchange *cw_dns_exchange_start(struct cw_loop *loop,
					      const struct cw_dns_request *request,
					      cw_dns_exchanged exchanged, void *context);
/* Cancels an exchange. Its callback is not called. NULL is allowed. */
void cw_dns_exchange_cancel(struct cw_dns_exchange *exchange);

#endif
