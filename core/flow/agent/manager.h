/* What a service manager gives a service, and wants to hear: sd_notify(3), sd_watchdog_enabled(3)
 * and sd_listen_fds(3), without the library. */
#ifndef CW_FLOW_AGENT_MANAGER_H
#define CW_FLOW_AGENT_MANAGER_H

#include <stdint.h>

/* Sends "READY=1", "STATUS=..." and the like; does nothing if nobody wants to hear it. */
void cw_manager_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Seconds between two signs of life; 0: nobody waits for them. */
int64_t cw_manager_watchdog(void);
/* The number of listening sockets that were passed, from descriptor 3 on. They are close-on-exec
 * then, and known to flow/work/given_sockets.h. */
int cw_manager_take_sockets(void);

#endif
