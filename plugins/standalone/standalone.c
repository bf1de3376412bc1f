/*
 * standalone: an authenticator that runs its own server during validation: a web server for http-01
 * (RFC 8555 section 8.3), a TLS server for tls-alpn-01 (RFC 8737).
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include <string.h>
#include "../common/instance.h"
#include "alpn.h"
#include "http.h"
#include "server.h"
#include "tokens.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

/* How a challenge type is served. */
static const struct service {
	const char *type;
	const char *address_setting, *port_setting;
	unsigned long port;
} services[] = {
	{"http-01", "http-01-address", "http-01-port", 80},
	{"tls-alpn-01", "tls-alpn-01-address", "tls-alpn-01-port", 443},
};

enum { HTTP, ALPN, SERVICES };

struct standalone {
	const struct cw_host *host;
	struct alpn *alpn;               /* NULL: not needed yet */
	struct server *server[SERVICES]; /* NULL: not listening */
};

static int
standalone_open(const struct cw_host *host, void **self)
{
	struct standalone *standalone = calloc(1, sizeof(*standalone));

	if (standalone == NULL)
		return fail_no_memory(host);
	standalone->host = host;
	*self = standalone;
	return CW_OK;
}

static void
stop(struct standalone *standalone)
{
	for (size_t i = 0; i < SERVICES; i++) {
		server_free(standalone->server[i]);
		standalone->server[i] = NULL;
	}
	alpn_free(standalone->alpn);
	standalone->alpn = NULL;
}

static void
standalone_close(void *self)
{
	stop(self);
	free(self);
}

static const char *const *
standalone_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"http-01", "tls-alpn-01", NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return types;
}

static int
listen_on(struct standalone *standalone, size_t index, const char *address, unsigned port)
{
	const struct cw_host *host = standalone->host;
	int listener = -1;
	int status = host->listen(host, address, port, &listener);

	return status == CW_OK ? server_add(standalone->server[index], listener) : status;
}

/* Listens on all IPv6 and IPv4 addresses. A machine with only one of them uses that one. */
static int
listen_everywhere(struct standalone *standalone, size_t index, unsigned port)
{
	int v6 = listen_on(standalone, index, "::", port), v4;

	if (v6 != CW_OK && v6 != CW_E_UNSUPPORTED)
		return v6;
	v4 = listen_on(standalone, index, "0.0.0.0", port);
	return v4 == CW_E_UNSUPPORTED && v6 == CW_OK ? CW_OK : v4;
}

static int
make_server(struct standalone *standalone, size_t index)
{
	const struct cw_host *host = standalone->host;

	if (index == HTTP) {
		/* The context is only passed on. */
		standalone->server[index] =
			server_new(host, &http_protocol, (void *)(uintptr_t)host);
		return standalone->server[index] != NULL ? CW_OK : fail_no_memory(host);
	}
	if (standalone->alpn == NULL)
		standalone->alpn = alpn_new(host);
	if (standalone->alpn == NULL)
		return cw_host_fail(host, CW_E_CRYPTO, NULL,
				    "cannot set up TLS for the validation");
	standalone->server[index] = server_new(host, &alpn_protocol, standalone->alpn);
	return standalone->server[index] != NULL ? CW_OK : fail_no_memory(host);
}

static int
start_server(struct standalone *standalone, size_t index)
{
	const struct cw_host *host = standalone->host;
	const struct service *service = &services[index];
	const char *address = cw_host_setting(host, service->address_setting);
	const char *port_text = cw_host_setting(host, service->port_setting);
	unsigned long port = port_text != NULL ? strtoul(port_text, NULL, 10) : service->port;
	int status;

	if (standalone->server[index] != NULL)
		return CW_OK;
	if (port == 0 || port > 65535)
		return cw_host_fail(host, CW_E_INVALID, "give a port from 1 to 65535",
				    "--%s %s is not a port", service->port_setting,
				    port_text != NULL ? port_text : "");
	status = make_server(standalone, index);
	if (status != CW_OK)
		return status;
	if (address != NULL && *address != '\0')
		status = listen_on(standalone, index, address, (unsigned)port);
	else
		status = listen_everywhere(standalone, index, (unsigned)port);
	if (status != CW_OK) {
		server_free(standalone->server[index]);
		standalone->server[index] = NULL;
	}
	return status;
}

static int
is_served_by(const struct cw_challenge *challenge, size_t index)
{
	return strcmp(challenge->type, services[index].type) == 0;
}

static int
perform_one(struct standalone *standalone, struct cw_challenge *challenge)
{
	if (is_served_by(challenge, HTTP))
		return token_put(standalone->host, challenge->location, challenge->validation);
	if (is_served_by(challenge, ALPN))
		return alpn_put(standalone->host, challenge);
	return cw_host_fail(standalone->host, CW_E_UNSUPPORTED, NULL,
			    "standalone cannot answer a challenge of the type \"%s\"",
			    challenge->type);
}

/* Starts the server for one challenge type if any challenge needs it. If it cannot start, these
 * challenges fail. */
static int
serve(struct standalone *standalone, size_t index, struct cw_challenge *const *challenges,
      size_t count)
{
	size_t wanted = 0;
	int status;

	for (size_t i = 0; i < count; i++)
		wanted += is_served_by(challenges[i], index) ? 1 : 0;
	status = wanted > 0 ? start_server(standalone, index) : CW_OK;
	if (status == CW_OK || wanted == count)
		return status;
	for (size_t i = 0; i < count; i++)
		if (is_served_by(challenges[i], index))
			cw_host_pass_challenge(standalone->host, challenges[i], status);
	return CW_OK;
}

static int
standalone_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct standalone *standalone = self;
	int status = CW_OK;

	for (size_t i = 0; i < count; i++) {
		status = perform_one(standalone, challenges[i]);
		if (status != CW_OK)
			cw_host_pass_challenge(standalone->host, challenges[i], status);
		else
			challenges[i]->plugin_data = standalone;
	}
	status = CW_OK;
	for (size_t i = 0; i < SERVICES && status == CW_OK; i++)
		status = serve(standalone, i, challenges, count);
	return status;
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
		if (is_served_by(challenges[i], HTTP))
			status = token_remove(standalone->host, challenges[i]->location,
					      challenges[i]->validation);
		else
			status = alpn_remove(standalone->host, challenges[i]);
		if (status != CW_OK)
			result = status;
	}
	stop(standalone);
	return result;
}

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = standalone_challenge_types,
	.perform = standalone_perform,
	.cleanup = standalone_cleanup,
};

/* It reads input from strangers and needs only its sockets. */
static enum cw_rights
standalone_rights(const struct cw_host *host)
{
	(void)host;
	return CW_RIGHTS_NONE;
}

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "standalone",
	.version = PACKAGE_VERSION,
	.description = "Spin up a temporary webserver",
	.help = "Runs its own web server on port 80 while the CA validates the names (http-01; see "
		"--http-01-port and --http-01-address). No other program may use that port "
		"meanwhile.",
	.open = standalone_open,
	.close = standalone_close,
	.authenticator = &authenticator,
	.rights = standalone_rights,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
