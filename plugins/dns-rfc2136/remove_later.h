/* Removing the records that were added: in cleanup(), and when the process died before that. */
#ifndef RFC2136_REMOVE_LATER_H
#define RFC2136_REMOVE_LATER_H

#include "update.h"

/* What the host has the plugin undo when this process dies. */
struct removal {
	unsigned id;
	int registered;
};

/* Has the host remove the records NAMES with VALUES, COUNT of them, if this process dies before
 * remove_later_forget(). */
int remove_later(const struct cw_host *host, struct removal *removal, const char *const *names,
		 const char *const *values, size_t count);
void remove_later_forget(const struct cw_host *host, struct removal *removal);
/* How many records that takes at most. */
enum { REMOVE_MAX = 1000 };

/* The records that remove_later() gave to the host as DATA: *CHANGES, to be released with free(),
 * point into DATA, which is changed. CW_OK, or the host is told what is wrong with it. */
int remove_later_read(const struct cw_host *host, char *data, struct change **changes,
		      size_t *count);

#endif
