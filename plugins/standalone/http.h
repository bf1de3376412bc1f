/* HTTP/1.1 for http-01 challenges (RFC 8555 section 8.3, RFC 9112): one request per connection. */
#ifndef STANDALONE_HTTP_H
#define STANDALONE_HTTP_H

#include "server.h"

/* Its context is the host (a const struct cw_host *). */
extern const struct protocol http_protocol;

#endif
