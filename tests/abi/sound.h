/*
 * A plugin that does nothing and is sound, but for what the file that includes this has defined
 * otherwise: its one fault. NAME is needed.
 */
#ifndef CW_TESTS_ABI_SOUND_H
#define CW_TESTS_ABI_SOUND_H

#include <certwright/plugin.h>

#ifndef PLUGIN_SIZE
#define PLUGIN_SIZE sizeof(struct cw_plugin)
#endif
#ifndef ABI_MAJOR
#define ABI_MAJOR CW_ABI_MAJOR
#endif
#ifndef ABI_MINOR
#define ABI_MINOR CW_ABI_MINOR
#endif
#ifndef OPTIONS
#define OPTIONS NULL
#endif
#ifndef AUTHENTICATOR_SIZE
#define AUTHENTICATOR_SIZE sizeof(struct cw_authenticator)
#endif
#ifndef PERFORM
#define PERFORM do_nothing
#endif

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
	.size = AUTHENTICATOR_SIZE,
	.challenge_types = no_types,
	.perform = PERFORM,
	.cleanup = do_nothing,
};

static const struct cw_plugin plugin = {
	.size = PLUGIN_SIZE,
	.abi_major = ABI_MAJOR,
	.abi_minor = ABI_MINOR,
	.name = NAME,
	.version = "1.0",
	.description = "A plugin for tests",
	.options = OPTIONS,
	.open = open_nothing,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}

#endif
