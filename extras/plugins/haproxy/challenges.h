/* http-01 by a map file of haproxy.cfg: its keys are paths, its values the answers. */
#ifndef HAPROXY_CHALLENGES_H
#define HAPROXY_CHALLENGES_H

#include <certwright/plugin.h>

struct challenges {
	const struct cw_host *host;
	unsigned undo;
	int undo_registered;
};

const char *const *challenges_types(void *self, const char *identifier_type,
				    const char *identifier);

/* Each of these returns CW_OK, or fails through the host. */

int challenges_perform(struct challenges *self, struct cw_challenge *const *challenges,
		       size_t count);
int challenges_cleanup(struct challenges *self, struct cw_challenge *const *challenges,
		       size_t count);
/* DATA: the paths that challenges_perform() may have added, one a line. */
int challenges_undo(struct challenges *self, const char *data);

#endif
