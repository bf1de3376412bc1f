/* The connection pool and the ACME client of a process, made as the settings say. */
#ifndef CW_FLOW_WORK_NETWORK_H
#define CW_FLOW_WORK_NETWORK_H

#include "acme/wait.h"
#include "base/option.h"
#include "http/client.h"
#include "store/account.h"

/* Everything that one process needs to talk to one CA. Zeroed: nothing yet. */
struct cw_network {
	struct cw_loop *loop;
	bool own_loop;
	struct cw_http *http;
	struct cw_acme *acme;
};

/* Makes the pool (on LOOP, or on one of its own when NULL) with --user-agent, --no-verify-ssl and
 * the environment's trust store and proxies. */
int cw_network_open(struct cw_network *network, struct cw_loop *loop,
		    const struct cw_settings *settings, struct cw_error *error);
/* Makes the client for SERVER. SIGNER may be NULL. */
int cw_network_connect(struct cw_network *network, const char *server,
		       const struct cw_signer *signer, struct cw_error *error);
void cw_network_close(struct cw_network *network);
#define cw_auto_network cw_auto(cw_network_close)

/* A network on which one account talks to its CA. */
struct cw_session {
	struct cw_network network;
	struct cw_signer *signer;
	struct cw_signer *extra_signer; /* released with the session; NULL: none */
};
int cw_session_open(struct cw_session *session, const struct cw_settings *settings,
		    const struct cw_account *account, struct cw_error *error);
void cw_session_close(struct cw_session *session);

/* The CA's directory URL: --server, or with --staging or --dry-run Let's Encrypt's staging one
 * unless another CA was given with --server. */
const char *cw_server_url(const struct cw_settings *settings);
/* Whether --server is one of Let's Encrypt's two: the default, or the staging one. */
bool cw_is_standard_server(const struct cw_settings *settings);
/* Whether nobody trusts what the server with this URL issues; as Certbot tells it, by its name. */
bool cw_is_test_server(const char *server);

#endif
