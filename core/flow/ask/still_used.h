/* Checks whether a web server's configuration still names a certificate's files. */
#ifndef CW_FLOW_ASK_STILL_USED_H
#define CW_FLOW_ASK_STILL_USED_H

#include "flow/context.h"
#include "store/lineage.h"

/*
 * Searches the usual folders of nginx and Apache, and those of --nginx-server-root and
 * --apache-server-root, of this run and in the renewal file, for the paths of LINEAGE as plain
 * text: it finds them in comments too, but not a path that contains a variable. Warns about each
 * file that has one; returns false if there is none. A very large configuration is not searched
 * completely.
 */
bool cw_warn_still_used(const struct cw_context *context, const struct cw_lineage *lineage);

#endif
