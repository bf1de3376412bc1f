#include "cli/agent_check.h"
#include <stdlib.h>
#include <string.h>
#include "acme/client.h"
#include "flow/ask/check.h"
#include "flow/ask/choose_plugin.h"
#include "flow/issue/accounts.h"
#include "flow/work/hooks.h"

/* Of a private key: its group may read it at most. */
#define KEY_MODE_MOST 0640UL

static int
check_mode(const struct cw_settings *settings, struct cw_error *error)
{
	const char *mode = cw_settings_get(settings, "file_mode");

	if (mode == NULL)
		return CW_OK;
	if (strspn(mode, "01234567") != strlen(mode) || strlen(mode) < 3 || strlen(mode) > 4)
		return cw_fail(error, CW_E_INVALID,
			       "the mode \"%s\" is not an octal number such as 0640", mode);
	if ((strtoul(mode, NULL, 8) & ~KEY_MODE_MOST) == 0)
		return CW_OK;
	cw_fail(error, CW_E_INVALID,
		"the mode \"%s\" gives others too many rights on the private key", mode);
	cw_hint(error, "give 0600, or 0640 for a group that may read it");
	return CW_E_INVALID;
}

int
cw_agent_check(const struct cw_invocation *invocation, const struct cw_strv *servers,
	       struct cw_registry *registry, struct cw_error *error)
{
	struct cw_settings *settings = invocation->settings;
	int status = check_mode(settings, error);

	for (size_t i = 0; i < servers->count && status == CW_OK; i++)
		status = cw_acme_check_server(servers->items[i], error);
	if (status == CW_OK)
		status = cw_check_settings(invocation->verb, settings, error);
	if (status == CW_OK)
		status = cw_account_check_email(settings, error);
	if (status == CW_OK)
		status = cw_flow_validate_hooks(settings, error);
	return status == CW_OK ? cw_check_plugins(registry, invocation->options, settings, error)
			       : status;
}
