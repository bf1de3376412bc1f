/* Adds TLS to a server. */
#ifndef NGINX_TLS_H
#define NGINX_TLS_H

#include "edit.h"
#include "plugin.h"

/* Whether the server has a TLS listener on any port. */
bool tls_listens(const struct server *server);
/* Adds TLS listeners for the addresses on which the server takes plain requests, and the TLS
 * parameters unless it has its own. */
int tls_add(struct nginx *nginx, struct edits *edits, const struct server *server);

/* Fails if an address got TLS and a server there has no certificate: nginx has TLS for all
 * servers of an address or for none. */
int tls_check_shared(struct nginx *nginx);

/*
 * Writes options-ssl-nginx.conf and ssl-dhparams.pem to the configuration directory if they are
 * missing, and updates them unless the user edited them. Release their paths with free().
 */
int tls_options_install(struct nginx *nginx, char **options, char **parameters);

#endif
