/* Redirects to https, which a host with TLS would answer with a redirect to itself. */
#ifndef APACHE_LOOP_H
#define APACHE_LOOP_H

#include "model.h"

/* Whether LINE, as in the configuration, redirects requests to https for a name of the host. */
bool loop_is_redirect(const struct host *host, const char *line);
/* Whether the host redirects all requests for NAME to https. */
bool loop_redirects_all(const struct host *host, const char *name);
/* Whether LINE begins with the directive NAME. */
bool line_is(const char *line, const char *name);

#endif
