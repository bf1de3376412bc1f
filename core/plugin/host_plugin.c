/* What the authenticator "host" can do. Nobody opens it: flow/issue/authentication.c asks the host
 * itself. */
#include <string.h>
#include "plugin/module_internal.h"

static int
refuse(const struct cw_host *host, void **self)
{
	*self = NULL;
	return cw_host_fail(host, CW_E_UNSUPPORTED, NULL,
			    "only the program that uses the library can do this");
}

static const char *const *
challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const of_names[] = {"http-01", "tls-alpn-01", "dns-01", NULL};
	static const char *const of_addresses[] = {"http-01", "tls-alpn-01", NULL};

	(void)self;
	(void)identifier;
	return strcmp(identifier_type, "ip") == 0 ? of_addresses : of_names;
}

static int
do_nothing(void *self, struct cw_challenge *const *challenges, size_t count)
{
	(void)self;
	(void)challenges;
	(void)count;
	return CW_E_UNSUPPORTED;
}

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = challenge_types,
	.perform = do_nothing,
	.cleanup = do_nothing,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = CW_HOST_PLUGIN,
	.version = "1.0",
	.description = "The program that uses the library",
	.help = "The program that uses the library publishes the challenges.",
	.open = refuse,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_host_plugin(void)
{
	return &plugin;
}
