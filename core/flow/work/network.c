#include "flow/work/network.h"
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include "base/text.h"

#define STAGING_SERVER "https://acme-staging-v02.api.letsencrypt.org/directory"

static char *
user_agent(const struct cw_settings *settings)
{
	const char *given = cw_settings_get(settings, "user_agent");
	const char *comment = cw_settings_get(settings, "user_agent_comment");
	const char *authenticator = cw_settings_get(settings, "authenticator");
	const char *installer = cw_settings_get(settings, "installer");
	struct utsname system;

	if (given != NULL)
		return cw_strdup(given);
	if (uname(&system) < 0)
		strcpy(system.sysname, "unknown");
	return cw_format("certwright/%s (%s; Authenticator/%s Installer/%s%s%s)", PACKAGE_VERSION,
			 system.sysname, authenticator != NULL ? authenticator : "none",
			 installer != NULL ? installer : "none", comment != NULL ? "; " : "",
			 comment != NULL ? comment : "");
}

int
cw_network_open(struct cw_network *network, struct cw_loop *loop,
		const struct cw_settings *settings, struct cw_error *error)
{
	cw_autofree char *agent = user_agent(settings);
	struct cw_http_options options = {
		.user_agent = agent,
		.verify = !cw_settings_flag(settings, "no_verify_ssl"),
	};

	if (strpbrk(agent, "\r\n") != NULL)
		return cw_fail(error, CW_E_INVALID, "the user agent must not contain line ends");
	network->own_loop = loop == NULL;
	network->loop = loop != NULL ? loop : cw_loop_new();
	return cw_http_new(network->loop, &options, &network->http, error);
}

int
cw_network_connect(struct cw_network *network, const char *server, const struct cw_signer *signer,
		   struct cw_error *error)
{
	struct cw_acme_options options = {.directory_url = server};

	return cw_acme_new(network->loop, network->http, &options, signer, &network->acme, error);
}

void
cw_network_close(struct cw_network *network)
{
	cw_acme_free(cw_take(&network->acme));
	cw_http_free(cw_take(&network->http));
	if (network->own_loop)
		cw_loop_free(cw_take(&network->loop));
	network->loop = NULL;
}

int
cw_session_open(struct cw_session *session, const struct cw_settings *settings,
		const struct cw_account *account, struct cw_error *error)
{
	int status = cw_network_open(&session->network, NULL, settings, error);

	session->signer = cw_signer_from_key(account->key);
	if (status == CW_OK)
		status = cw_network_connect(&session->network, account->server, session->signer,
					    error);
	if (status == CW_OK)
		cw_acme_account_use(session->network.acme, account->uri);
	return status;
}

void
cw_session_close(struct cw_session *session)
{
	cw_network_close(&session->network);
	cw_signer_free(cw_take(&session->signer));
	cw_signer_free(cw_take(&session->extra_signer));
}

bool
cw_is_test_server(const char *server)
{
	return server != NULL && strstr(server, "staging") != NULL;
}

bool
cw_is_standard_server(const struct cw_settings *settings)
{
	const struct cw_option *option =
		cw_option_by_internal(cw_settings_options(settings), "server");
	const char *server = cw_settings_get(settings, "server");

	return cw_equal(server, option->default_value) || cw_equal(server, STAGING_SERVER);
}

const char *
cw_server_url(const struct cw_settings *settings)
{
	/* A renewal's own server is not what the user gave. */
	bool given = cw_settings_source(settings, "server") > CW_SOURCE_RUNTIME;

	if ((cw_settings_flag(settings, "staging") || cw_settings_flag(settings, "dry_run")) &&
	    (!given || cw_is_standard_server(settings)))
		return STAGING_SERVER;
	return cw_settings_get(settings, "server");
}
