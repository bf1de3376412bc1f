/* What a server needs to answer TLS. */
#ifndef NGINX_TLS_H
#define NGINX_TLS_H

#include "edit.h"
#include "plugin.h"

/* Whether the server has a TLS listener, on whatever port. */
bool tls_listens(const struct server *server);
/* Adds TLS listeners for the addresses on which the server takes plain requests, and the TLS
 * parameters unless it has its own. */
int tls_add(struct nginx *nginx, struct edits *edits, const struct server *server);

/* Fails when a server that shares an address with one that was given TLS, where there was none, has
 * no certificate: nginx has TLS for all servers of an address or for none. */
int tls_check_shared(struct nginx *nginx);

/*
 * Writes options-ssl-nginx.conf and ssl-dhparams.pem to the configuration directory when they are
 * missing, or brings them up to date when they are as a release left them; what the user edited
 * stays. Their paths are to be released with free().
 */
int tls_options_install(struct nginx *nginx, char **options, char **parameters);

#endif
