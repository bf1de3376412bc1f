/*
 * What a run learns of servers and the next one uses: their directories, and a nonce of each. A run
 * that writes keeps it in WORK/certwright/directory. Else a call of the library keeps it for the
 * next call of the same client, which is another process.
 */
#ifndef CW_FLOW_WORK_CA_MEMORY_H
#define CW_FLOW_WORK_CA_MEMORY_H

#include <stdatomic.h>
#include <stddef.h>

/* The calls of a client share it, and only one of them runs. Filled with zeros it is empty. */
struct cw_ca_memory {
	atomic_size_t length; /* 0 while the text is written: the process may be killed */
	char text[64 * 1024];
};

#endif
