/* Which CA is meant. */
#ifndef CW_FLOW_ISSUE_SERVER_H
#define CW_FLOW_ISSUE_SERVER_H

#include <stdbool.h>
#include "base/option.h"

/* The CA's directory URL: --server, or with --staging or --dry-run Let's Encrypt's staging one
 * unless another CA was given with --server. */
const char *cw_server_url(const struct cw_settings *settings);
/* Whether --server is one of Let's Encrypt's two: the default, or the staging one. */
bool cw_is_standard_server(const struct cw_settings *settings);
/* Whether nobody trusts what the server with this URL issues; as Certbot tells it, by its name. */
bool cw_is_test_server(const char *server);

#endif
