/* What the host does when this process dies before it has cleaned up. */
#ifndef COMMON_UNDO_H
#define COMMON_UNDO_H

#include <certwright/plugin.h>

struct undo {
	unsigned id;
	int registered;
};

/* Has the host run ARGV (NULL: memory is out), in place of what UNDO had it do before. */
int undo_register(const struct cw_host *host, struct undo *undo, char *const *argv);
/* It has been done, or is not needed. */
void undo_forget(const struct cw_host *host, struct undo *undo);

#endif
