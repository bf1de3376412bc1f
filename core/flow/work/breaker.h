/* The CAs that gave no answer in this run: nobody waits for them again. */
#ifndef CW_FLOW_WORK_BREAKER_H
#define CW_FLOW_WORK_BREAKER_H

#include <stddef.h>
#include "base/error.h"

struct cw_silent_ca; /* private */

/* Zeroed: all may be asked. */
struct cw_breaker {
	struct cw_silent_ca *items;
	size_t count;
};

/* SERVER, a directory URL, gave no answer: ERROR, which is copied, is what was waited for. */
void cw_breaker_trip(struct cw_breaker *breaker, const char *server, const struct cw_error *error);
/* CW_OK, or why SERVER is not asked again, with the status of the error that tripped it. */
int cw_breaker_check(const struct cw_breaker *breaker, const char *server, struct cw_error *error);
void cw_breaker_clear(struct cw_breaker *breaker);

#endif
