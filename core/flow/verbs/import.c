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

static int
check_words(const struct cw_context *context, struct cw_error *error)
{
	if (cw_settings_get(context->settings, "import_from") == NULL)
		cw_fail(error, CW_E_USAGE, "the client to import from is missing");
	else if (context->words->count == 0)
		cw_fail(error, CW_E_USAGE, "the path to import from is missing");
	else
		return CW_OK;
	cw_hint(error, "certwright import --from CLIENT PATH; \"certwright help import\" says "
		       "which clients and paths");
	return CW_E_USAGE;
}

int
cw_flow_import(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_moving struct cw_moving moving = {0};
	cw_autofree char *path = NULL;
	int status = check_words(context, error);

	if (status < 0)
		return status;
	path = cw_path_absolute(context->words->items[0]);
	const struct cw_moving_source source = {
		.name = cw_settings_get(context->settings, "import_from"),
		.server = given_server(context->settings),
		.path = path,
	};
	status = cw_moving_source_read(&source, &moving, error);
	return status < 0 ? status : cw_moving_take_over(context, &moving, result, error);
}
