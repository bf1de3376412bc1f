/*
 * The network process: the one process of a run that reads what the network sends. It has no key,
 * no account, no file and, where the kernel can take them away, no right but to talk to hosts; what
 * is to be signed it asks of the coordinator, which started it (flow/issue/server.h).
 */
#ifndef CW_NETWORK_NETWORK_H
#define CW_NETWORK_NETWORK_H

/* Serves the coordinator at the other end of SOCKET until that is gone. Returns the exit status. */
int cw_network_main(int socket);

#endif
