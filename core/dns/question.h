/* Asks DNS questions on the event loop. Messages are written and read with libldns, which is loaded
 * when it is first needed. */
#ifndef CW_DNS_QUESTION_H
#define CW_DNS_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/loop.h"
#include "dns/address.h"

struct cw_dns;

enum cw_dns_type {
	CW_DNS_A = 1,
	CW_DNS_NS = 2,
	CW_DNS_CNAME = 5,
	CW_DNS_SOA = 6,
	CW_DNS_TXT = 16,
	CW_DNS_AAAA = 28,
	CW_DNS_CAA = 257
};

/* The RCODEs that we distinguish (RFC 1035 section 4.1.1). */
enum cw_dns_code {
	CW_DNS_NO_ERROR = 0,
	CW_DNS_SERVER_FAILURE = 2,
	CW_DNS_NO_SUCH_NAME = 3,
	CW_DNS_NOT_IMPLEMENTED = 4,
	CW_DNS_REFUSED = 5
};

/* A record of one of the types above. Names are without a trailing dot. */
struct cw_dns_record {
	char *owner;
	enum cw_dns_type type;
	bool authority; /* from the authority section, not the answer section */
	char *text;     /* NS and CNAME: the name; TXT: the joined strings; CAA: "FLAGS TAG VALUE";
			       others: NULL */
	struct cw_dns_address address; /* for A and AAAA, without a port */
};

struct cw_dns_answer {
	unsigned code; /* the RCODE */
	struct cw_dns_record *records;
	size_t count;
};

/* Called when a question ends. If ANSWER is NULL, WHY says why ("no answer", "connection refused").
 * Both are valid only during the call. */
typedef void (*cw_dns_callback)(void *context, const struct cw_dns_answer *answer, const char *why);

/* Loads libldns if needed. Returns false if it is not installed. */
bool cw_dns_library(struct cw_error *error);
/* CW_E_UNSUPPORTED if libldns is not installed. */
int cw_dns_new(struct cw_loop *loop, struct cw_dns **dns, struct cw_error *error);
/* Cancels all questions. Their callbacks are not called. NULL is allowed. */
void cw_dns_free(struct cw_dns *dns);
/* Asks SERVER for the records of NAME. CALLBACK is called from the loop, within 6 seconds after the
 * question was sent. The number of questions in flight is limited; further ones wait. */
void cw_dns_ask(struct cw_dns *dns, const struct cw_dns_address *server, const char *name,
		enum cw_dns_type type, bool recurse, cw_dns_callback callback, void *context);

/* message.c: writes a question (release *WIRE with free()) and reads an answer. cw_dns_decode()
 * returns false if the answer is malformed, or does not answer the question with this ID. */
bool cw_dns_encode(const char *name, enum cw_dns_type type, bool recurse, uint16_t id,
		   uint8_t **wire, size_t *length);
bool cw_dns_decode(const uint8_t *wire, size_t length, uint16_t id, const char *name,
		   enum cw_dns_type type, struct cw_dns_answer *answer);
void cw_dns_answer_clear(struct cw_dns_answer *answer);

#endif
