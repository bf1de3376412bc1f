/* The crt-list that haproxy.cfg names after "crt-list": a text file with a certificate a line. */
#ifndef HAPROXY_CRT_LIST_H
#define HAPROXY_CRT_LIST_H

#include <certwright/plugin.h>

/* Has LIST say that the certificate PATH is one of it (WANTED), or that it is not, under the
 * current checkpoint. Other lines stay as they are. Returns CW_OK, or fails through the host. */
int crt_list_set(const struct cw_host *host, const char *list, const char *path, int wanted);

#endif
