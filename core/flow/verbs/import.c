#include "base/file.h"
#include "base/text.h"
#include "flow/issue/server.h"
#include "flow/moving/source.h"
#include "flow/moving/take_over.h"

/* The CA that the user names; NULL: none. */
static const char *
given_server(const struct cw_settings *settings)
{
	if (cw_settings_given(settings, "server"))
		return cw_settings_get(settings, "server");
	return cw_settings_flag(settings, "staging") ? cw_server_url(settings) : NULL;
}

int
cw_check_import(const struct cw_settings *settings, struct cw_error *error)
{
	static const char *const others[][2] = {
		{"certname", "--cert-name"},
		{"domains", "-d"},
		{"ip_addresses", "--ip-address"},
		{"account", "--account"},
	};

	for (size_t i = 0; i < CW_COUNT(others); i++) {
		if (cw_settings_source(settings, others[i][0]) != CW_SOURCE_COMMAND)
			continue;
		cw_fail(error, CW_E_USAGE, "import takes all that is there, and does not accept %s",
			others[i][1]);
		cw_hint(error, "leave it out, and delete later what you do not need");
		return CW_E_USAGE;
	}
	if (cw_settings_get(settings, "import_from") != NULL)
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "the client to import from is missing");
	cw_hint(error, "certwright import --from CLIENT PATH; \"certwright help import\" says "
		       "which clients there are");
	return CW_E_USAGE;
}

int
cw_flow_import(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_moving struct cw_moving moving = {0};
	cw_autofree char *path = cw_path_absolute(context->words->items[0]);
	const struct cw_moving_source source = {
		.name = cw_settings_get(context->settings, "import_from"),
		.server = given_server(context->settings),
		.path = path,
		.gives_method = cw_settings_get(context->settings, "authenticator") != NULL,
	};
	int status = cw_moving_source_read(&source, &moving, error);
	return status < 0 ? status : cw_moving_take_over(context, &moving, result, error);
}
