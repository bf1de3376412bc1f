/* Changes of the running HAProxy, over its socket and without a reload. */
#ifndef HAPROXY_RUNTIME_H
#define HAPROXY_RUNTIME_H

#include <certwright/plugin.h>

/* Each of these returns CW_OK, or fails through the host. */

/*
 * Has HAProxy use what the file PATH says now. If it does not know that file yet, it gets it as one
 * of LIST, the folder or the crt-list that haproxy.cfg names. If the file is gone, HAProxy forgets
 * it. Does no harm if HAProxy has it so already.
 */
int runtime_take(const struct cw_host *host, const char *list, const char *path);

/* Adds to the map file MAP of haproxy.cfg, in HAProxy's memory only. */
int runtime_map_add(const struct cw_host *host, const char *map, const char *key,
		    const char *value);
/* CW_OK too if the map does not have the key. */
int runtime_map_remove(const struct cw_host *host, const char *map, const char *key);

#endif
