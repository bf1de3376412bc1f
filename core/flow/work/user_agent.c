#include "flow/work/user_agent.h"
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

char *
cw_user_agent(const struct cw_settings *settings)
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
cw_user_agent_check(const struct cw_settings *settings, struct cw_error *error)
{
	cw_autofree char *agent = cw_user_agent(settings);

	if (strpbrk(agent, "\r\n") != NULL)
		return cw_fail(error, CW_E_INVALID, "the user agent must not contain line ends");
	return CW_OK;
}
