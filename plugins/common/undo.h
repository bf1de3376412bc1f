/* What the host does if this process dies before it has cleaned up. */
#ifndef COMMON_UNDO_H
#define COMMON_UNDO_H

#include <certwright/plugin.h>

struct undo {
	unsigned id;
	int registered;
};

/* Has the host run ARGV, which replaces what UNDO registered before. ARGV NULL fails as out of
 * memory. */
int undo_register(const struct cw_host *host, struct undo *undo, char *const *argv);
/* Ends the registration: the work is done or not needed. */
void undo_forget(const struct cw_host *host, struct undo *undo);

#endif
