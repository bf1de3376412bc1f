/* icecast.xml, as far as certificates are concerned. */
#ifndef ICECAST_CONFIG_H
#define ICECAST_CONFIG_H

#include <certwright/plugin.h>

/* *PATH: what <ssl-certificate> in the file of --icecast-config names, to be released with free().
 * Returns CW_OK, or fails through the host. */
int config_certificate(const struct cw_host *host, char **path);

#endif
