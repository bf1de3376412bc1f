/* What protects the memory of a process from others. */
#ifndef CW_BASE_SANDBOX_H
#define CW_BASE_SANDBOX_H

/* No core file of this process, and no other process of the same user may look into it (ptrace,
 * /proc/PID/mem): for every process of a run, before a key is in its memory. Programs that it
 * executes are not concerned. */
void cw_keep_memory_private(void);

#endif
