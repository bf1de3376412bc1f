/* Other processes, as /proc shows them (proc(5)). */
#ifndef CW_BASE_PROCESS_STAT_H
#define CW_BASE_PROCESS_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cw_process_stat {
	bool ended; /* it is only waited for */
	pid_t session;
	uint64_t start; /* clock ticks since boot; tells it from later processes with its number */
};

/* False: there is no such process, or no /proc. */
bool cw_process_stat(pid_t pid, struct cw_process_stat *stat);
/* Sends the signal NUMBER (0: none) to all processes of SESSION except its leader, and returns how
 * many there are. Those that have ended do not count. Without /proc: 0. */
size_t cw_session_signal(pid_t session, int number);

#endif
