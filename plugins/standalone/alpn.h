/* TLS for tls-alpn-01 challenges (RFC 8737): a handshake that shows a certificate, and no more. */
#ifndef STANDALONE_ALPN_H
#define STANDALONE_ALPN_H

#include "answers.h"
#include "server.h"

/* Keys and settings of TLS. */
struct alpn;

/* NULL when the library fails. */
struct alpn *alpn_new(const struct cw_host *host);
void alpn_free(struct alpn *alpn); /* NULL is allowed */

/* Its context is a struct alpn. */
extern const struct protocol alpn_protocol;

/* Has who asks for the challenge's name by SNI get the certificate of the challenge. CW_OK, or what
 * the service failed with. */
int alpn_put(const struct cw_host *host, const struct cw_challenge *challenge);
int alpn_remove(const struct cw_host *host, const struct cw_challenge *challenge);

#endif
