/* Removes the added records: in cleanup(), or later if the process died before it. */
#ifndef RFC2136_REMOVE_RECORDS_H
#define RFC2136_REMOVE_RECORDS_H

#include "../common/undo.h"
#include "update.h"

/* Removes the records of CHANGES with the credentials in the file at PATH, and clears the
 * changes. Returns CW_OK, or fails through the host if a record could not be removed. */
int remove_records(const struct cw_host *host, const char *path, int udp, struct change *changes,
		   size_t count);

/*
 * Has the host remove the COUNT records NAMES with VALUES if this process dies before
 * undo_forget(). The host runs the program dns-rfc2136-remove beside the plugin; without that
 * program nothing is registered.
 */
int remove_later(const struct cw_host *host, struct undo *undo, const char *path, int udp,
		 const char *const *names, const char *const *values, size_t count);
/* The most records that one call takes. */
enum { REMOVE_MAX = 1000 };

#endif
