/* Signing and checking DNS messages with a shared key (TSIG, RFC 8945). */
#ifndef RFC2136_TSIG_H
#define RFC2136_TSIG_H

#include <stddef.h>
#include <stdint.h>
#include "credentials.h"

enum { TSIG_MAC_MAX = 64 };

/* The MAC of a request, which is part of the input of the answer's MAC. */
struct tsig_mac {
	uint8_t bytes[TSIG_MAC_MAX];
	size_t length;
};

/* What an answer's signature says. */
enum tsig_verdict {
	TSIG_GOOD,
	TSIG_UNSIGNED, /* there is none */
	TSIG_BAD,      /* not by our key, or too old or new */
	TSIG_REFUSED   /* the server rejects our signature: *ERROR says why */
};

/* Checks that the algorithm is known, the secret is base64 and the name is a domain name. CW_OK,
 * or fails through the host with CW_E_INVALID. */
int tsig_check(const struct cw_host *host, const struct credentials *credentials);
/* Signs the message at *WIRE, which grows (release with free()), and gives its MAC. Returns 0 if
 * the library fails. */
int tsig_sign(const struct credentials *credentials, uint8_t **wire, size_t *length,
	      struct tsig_mac *mac);
/* Checks the answer to the request with MAC. ERROR: the code of RFC 8945 section 3. */
enum tsig_verdict tsig_verify(const struct credentials *credentials, const uint8_t *wire,
			      size_t length, const struct tsig_mac *mac, unsigned *error);

#endif
