/* TLS for tls-alpn-01 challenges (RFC 8737): only a handshake that presents a certificate. */
#ifndef STANDALONE_ALPN_H
#define STANDALONE_ALPN_H

#include "answers.h"
#include "server.h"

/* Keys and settings of TLS. */
struct alpn;

/* NULL if the library fails. */
struct alpn *alpn_new(const struct cw_host *host);
void alpn_free(struct alpn *alpn); /* NULL is allowed */

/* Its context is a struct alpn. */
extern const struct protocol alpn_protocol;

/* Presents the challenge's certificate to clients that send its name in SNI. CW_OK, or the
 * service's status. */
int alpn_put(const struct cw_host *host, const struct cw_challenge *challenge);
int alpn_remove(const struct cw_host *host, const struct cw_challenge *challenge);

#endif
