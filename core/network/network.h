/*
 * The network process. It is the only process of a run that reads data from the network. It has no
 * key, no account and no file. If the kernel supports it, it has no right except to talk to hosts.
 * The coordinator starts it (flow/work/network_process.h), and signs what it asks for.
 */
#ifndef CW_NETWORK_NETWORK_H
#define CW_NETWORK_NETWORK_H

/* Serves the coordinator at the other end of SOCKET until that is gone. Returns the exit status. */
int cw_network_main(int socket);

#endif
