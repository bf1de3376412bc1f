/* Listening sockets that a service manager has passed to this process (sd_listen_fds(3)): they are
 * used instead of new ones for their ports. */
#ifndef CW_FLOW_WORK_GIVEN_SOCKETS_H
#define CW_FLOW_WORK_GIVEN_SOCKETS_H

#include <stdbool.h>

/* COUNT descriptors from FIRST on, for the whole process and its forked children. */
void cw_given_sockets_set(int first, int count);
/* Another descriptor of the one that listens on PORT of ADDRESS, or of all addresses; the caller's.
 * -1: there is none. */
int cw_given_socket(const char *address, unsigned port);

#endif
