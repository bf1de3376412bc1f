/* Finds out which CA to use. */
#ifndef CW_FLOW_ISSUE_SERVER_H
#define CW_FLOW_ISSUE_SERVER_H

#include <stdbool.h>
#include "base/option.h"

/* Returns the CA's directory URL: that of --server. With --staging or --dry-run, it is the staging
 * server of Let's Encrypt, unless --server names another CA. */
const char *cw_server_url(const struct cw_settings *settings);
/* Whether --server is one of Let's Encrypt's two: the default, or the staging one. */
bool cw_is_standard_server(const struct cw_settings *settings);
/* Whether the server with this URL issues test certificates that nobody trusts. Decided by its
 * name, as Certbot does. */
bool cw_is_test_server(const char *server);

#endif
