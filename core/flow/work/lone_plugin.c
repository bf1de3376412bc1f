#include "flow/work/lone_plugin.h"

static void
refuse_question(void *context, const struct cw_plugin_question *question,
		struct cw_plugin_request *request)
{
	cw_auto_error struct cw_error error = {0};

	(void)context;
	cw_fail(&error, CW_E_USAGE, "there is nobody to ask: %s", question->text);
	cw_plugin_answer_question(request, NULL, &error);
}

static void
refuse_socket(void *context, const char *address, unsigned port, struct cw_plugin_request *request)
{
	cw_auto_error struct cw_error error = {0};

	(void)context;
	cw_fail(&error, CW_E_UNSUPPORTED,
		"the plugin works for no certificate, so it gets no socket for \"%s\" port %u",
		address, port);
	cw_plugin_answer_listen(request, -1, &error);
}

static void
forget_socket(void *context, const char *address, unsigned port, struct cw_plugin_request *request)
{
	(void)context;
	(void)address;
	(void)port;
	cw_plugin_answer(request, NULL);
}

static void
refuse_network(void *context, enum cw_plugin_message service, struct cw_message *message,
	       struct cw_plugin_request *request)
{
	cw_auto_error struct cw_error error = {0};

	(void)context;
	(void)service;
	cw_message_free(message);
	cw_fail(&error, CW_E_NETWORK,
		"the plugin works for no certificate, so it cannot use the network");
	cw_plugin_answer_network(request, NULL, &error);
}

static int
drop_option(void *context, const char *name, const char *key, const char *value,
	    struct cw_error *error)
{
	(void)context;
	(void)name;
	(void)key;
	(void)value;
	(void)error;
	return CW_OK;
}

static bool
concerns_none(void *context, const char *name)
{
	(void)context;
	(void)name;
	return false;
}

const struct cw_plugin_handlers cw_lone_plugin_handlers = {
	.ask = refuse_question,
	.listen = refuse_socket,
	.unlisten = forget_socket,
	.network = refuse_network,
	.set_option = drop_option,
	.concerns = concerns_none,
};
