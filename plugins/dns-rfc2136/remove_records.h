/* Removing the records that were added: in cleanup(), and when the process died before that. */
#ifndef RFC2136_REMOVE_RECORDS_H
#define RFC2136_REMOVE_RECORDS_H

#include "../common/undo.h"
#include "update.h"

/* Removes those of CHANGES with the credentials in the file at PATH, and clears the changes. CW_OK,
 * or the host is told why at least one could not be removed. */
int remove_records(const struct cw_host *host, const char *path, int udp, struct change *changes,
		   size_t count);

/*
 * Has the host remove the records NAMES with VALUES, COUNT of them, if this process dies before
 * undo_forget(): by the program dns-rfc2136-remove, which is beside the plugin. Where it is not
 * there is nothing to be done.
 */
int remove_later(const struct cw_host *host, struct undo *undo, const char *path, int udp,
		 const char *const *names, const char *const *values, size_t count);
/* How many records that takes at most. */
enum { REMOVE_MAX = 1000 };

#endif
