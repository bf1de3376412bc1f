/*
 * Which Host a request may name. A web page of somebody else can make a browser ask this server
 * under that page's own name (DNS rebinding), and could read the answer then. So a name that others
 * can own is refused: allowed are IP addresses, names without a dot (localhost, a container's
 * name), and the names of this machine.
 */
#ifndef CW_FLOW_STATUS_HOSTS_H
#define CW_FLOW_STATUS_HOSTS_H

#include <stdbool.h>
#include "base/strv.h"

/* Adds the names of this machine, in lower case. Asks no network. */
void cw_status_own_names(struct cw_strv *names);
/* Whether HOST, a Host field with or without a port (RFC 9110 section 7.2), is allowed. NULL is: a
 * browser always sends one. */
bool cw_status_host_is_allowed(const char *host, const struct cw_strv *own_names);

#endif
