/* Whether a web server's configuration still names the files of a certificate. */
#ifndef CW_FLOW_ASK_STILL_USED_H
#define CW_FLOW_ASK_STILL_USED_H

#include "flow/context.h"
#include "store/lineage.h"

/*
 * Looks through the usual folders of nginx and Apache, and those that --nginx-server-root and
 * --apache-server-root name, for the paths of LINEAGE, as text: comments count too, and a path that
 * a variable is part of is not seen. Warns of each file that has one; false where there is none. A
 * very large configuration is not looked through to its end.
 */
bool cw_warn_still_used(const struct cw_context *context, const struct cw_lineage *lineage);

#endif
