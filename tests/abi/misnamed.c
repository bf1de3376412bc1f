/* Calls itself by another name than its file. */
#include <certwright/plugin.h>

static int
open_nothing(const struct cw_host *host, void **self)
{
	(void)host;
	*self = NULL;
	return CW_OK;
}

static const char *const *
no_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const none[] = {NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return none;
}

static int
do_nothing(void *self, struct cw_challenge *const *challenges, size_t count)
{
	(void)self;
	(void)challenges;
	(void)count;
	return CW_OK;
}

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = no_types,
	.perform = do_nothing,
	.cleanup = do_nothing,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "another",
	.version = "1.0",
	.description = "A plugin for tests",
	.open = open_nothing,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
