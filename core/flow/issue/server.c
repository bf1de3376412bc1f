#include "flow/issue/server.h"
#include <string.h>
#include "base/text.h"

#define STAGING_SERVER "https://acme-staging-v02.api.letsencrypt.org/directory"

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
