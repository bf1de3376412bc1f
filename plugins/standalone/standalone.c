/*
 * standalone: an http-01 authenticator that is a web server itself for the time of the validation
 * (RFC 8555 section 8.3).
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include <string.h>
#include "server.h"
#include "tokens.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

struct standalone {
	const struct cw_host *host;
	struct server *server; /* NULL: not listening */
};

static int
standalone_open(const struct cw_host *host, void **self)
{
	struct standalone *standalone = calloc(1, sizeof(*standalone));

	if (standalone == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	standalone->host = host;
	*self = standalone;
	return CW_OK;
}

static void
stop_server(struct standalone *standalone)
{
	server_free(standalone->server);
	standalone->server = NULL;
}

static void
standalone_close(void *self)
{
	stop_server(self);
	free(self);
}

static const char *const *
standalone_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"http-01", NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return types;
}

static int
listen_on(struct standalone *standalone, const char *address, unsigned port)
{
	const struct cw_host *host = standalone->host;
	int listener = -1;
	int status = host->listen(host, address, port, &listener);

	return status == CW_OK ? server_add(standalone->server, listener) : status;
}

/* On all addresses of both kinds; a machine without IPv6, or without IPv4, does with the other. */
static int
listen_everywhere(struct standalone *standalone, unsigned port)
{
	int v6 = listen_on(standalone, "::", port), v4;

	if (v6 != CW_OK && v6 != CW_E_UNSUPPORTED)
		return v6;
	v4 = listen_on(standalone, "0.0.0.0", port);
	return v4 == CW_E_UNSUPPORTED && v6 == CW_OK ? CW_OK : v4;
}

static int
start_server(struct standalone *standalone)
{
	const struct cw_host *host = standalone->host;
	const char *address = cw_host_setting(host, "http-01-address");
	const char *port_text = cw_host_setting(host, "http-01-port");
	unsigned long port = port_text != NULL ? strtoul(port_text, NULL, 10) : 80;
	int status;

	if (standalone->server != NULL)
		return CW_OK;
	if (port == 0 || port > 65535)
		return cw_host_fail(host, CW_E_INVALID, "give a port from 1 to 65535",
				    "--http-01-port %s is no port to listen on",
				    port_text != NULL ? port_text : "");
	standalone->server = server_new(host);
	if (standalone->server == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	if (address != NULL && *address != '\0')
		status = listen_on(standalone, address, (unsigned)port);
	else
		status = listen_everywhere(standalone, (unsigned)port);
	if (status != CW_OK)
		stop_server(standalone);
	return status;
}

static int
perform_one(struct standalone *standalone, struct cw_challenge *challenge)
{
	if (strcmp(challenge->type, "http-01") != 0)
		return cw_host_fail(standalone->host, CW_E_UNSUPPORTED, NULL,
				    "standalone cannot answer a challenge of the type \"%s\"",
				    challenge->type);
	return token_put(standalone->host, challenge->location, challenge->validation);
}

static int
standalone_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct standalone *standalone = self;
	int status;

	for (size_t i = 0; i < count; i++) {
		status = perform_one(standalone, challenges[i]);
		if (status != CW_OK)
			cw_host_pass_challenge(standalone->host, challenges[i], status);
		else
			challenges[i]->plugin_data = standalone;
	}
	return start_server(standalone);
}

static int
standalone_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct standalone *standalone = self;
	int result = CW_OK;

	for (size_t i = 0; i < count; i++) {
		int status;

		if (challenges[i]->plugin_data == NULL)
			continue;
		challenges[i]->plugin_data = NULL;
		status = token_put(standalone->host, challenges[i]->location, NULL);
		if (status != CW_OK)
			result = status;
	}
	stop_server(standalone);
	return result;
}

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = standalone_challenge_types,
	.perform = standalone_perform,
	.cleanup = standalone_cleanup,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "standalone",
	.version = PACKAGE_VERSION,
	.description = "Spin up a temporary webserver",
	.help = "Answers the CA itself on port 80 (http-01; --http-01-port, --http-01-address) "
		"while "
		"the names are validated. No other program may listen on that port meanwhile.",
	.open = standalone_open,
	.close = standalone_close,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
