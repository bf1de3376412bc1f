/*
 * manual: an authenticator that has somebody else set up challenges: a person who follows
 * instructions, or hooks as in Certbot.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include <string.h>
#include "../common/instance.h"
#include "hooks.h"
#include "instructions.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

static int
has_somebody(const struct cw_host *host)
{
	return option_text(host, "auth-hook") != NULL || host->interactive(host);
}

static int
need_somebody(const struct cw_host *host)
{
	if (has_somebody(host))
		return CW_OK;
	return cw_host_fail(host, CW_E_USAGE,
			    "give a hook with --manual-auth-hook, or run certwright on a terminal",
			    "the manual authenticator needs a terminal or --manual-auth-hook");
}

static int
manual_prepare(void *self)
{
	const struct cw_host *host = ((struct instance *)self)->host;
	const char *types = cw_host_setting(host, "preferred-challenges");

	/* The record of dns-persist-01 may be there: then there is nothing to do. */
	return types != NULL && strstr(types, "dns-persist-01") != NULL ? CW_OK
									: need_somebody(host);
}

static const char *const *
manual_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const names[] = {"http-01",        "dns-01",         "tls-alpn-01",
					    "dns-account-01", "dns-persist-01", NULL};
	/* Hooks find the record's name themselves, and know only that of dns-01. */
	static const char *const for_hooks[] = {"http-01", "dns-01", "tls-alpn-01", NULL};
	static const char *const addresses[] = {"http-01", "tls-alpn-01", NULL};
	static const char *const none[] = {NULL};
	const struct instance *instance = self;

	(void)identifier;
	if (instance != NULL && !has_somebody(instance->host))
		return none;
	if (strcmp(identifier_type, "ip") == 0)
		return addresses;
	return instance != NULL && option_text(instance->host, "auth-hook") != NULL ? for_hooks
										    : names;
}

static int
begin_work(const struct cw_host *host, struct cw_challenge *challenge)
{
	struct work *work = calloc(1, sizeof(*work));

	if (work == NULL)
		return fail_no_memory(host);
	challenge->plugin_data = work;
	if (strcmp(challenge->type, "tls-alpn-01") == 0)
		return validation_files_make(host, challenge, &work->files);
	return CW_OK;
}

static int
perform_with_hook(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status;

		if (challenges[i]->result != CW_OK)
			continue;
		status = hook_authenticate(host, challenges[i], challenges, count);
		if (status != CW_OK)
			cw_host_pass_challenge(host, challenges[i], status);
		if (status == CW_E_CANCELLED)
			return status;
	}
	return CW_OK;
}

static int
perform_by_hand(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	struct instruction *list = calloc(count + 1, sizeof(*list));
	size_t shown = 0;
	char *text;
	int status = CW_OK;

	if (list == NULL)
		return fail_no_memory(host);
	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;

		if (challenges[i]->result != CW_OK)
			continue;
		list[shown].challenge = challenges[i];
		list[shown++].files = &work->files;
		/* A cleanup hook without an auth hook is run too. */
		work->output = strdup("");
	}
	text = instructions_text(host, list, shown);
	if (text == NULL)
		status = fail_no_memory(host);
	else if (shown > 0)
		status = host->notify(host, text, 1);
	free(text);
	free(list);
	return status;
}

static int
manual_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct instance *)self)->host;
	int status = need_somebody(host);

	if (status != CW_OK)
		return status;
	for (size_t i = 0; i < count; i++) {
		status = begin_work(host, challenges[i]);
		if (status != CW_OK)
			cw_host_pass_challenge(host, challenges[i], status);
	}
	return option_text(host, "auth-hook") != NULL ? perform_with_hook(host, challenges, count)
						      : perform_by_hand(host, challenges, count);
}

static int
manual_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct instance *)self)->host;
	int result = CW_OK;

	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;
		int status;

		if (work == NULL)
			continue;
		status = hook_clean_up(host, challenges[i], challenges, count);
		if (status != CW_OK)
			result = status;
		undo_forget(host, &work->undo);
		validation_files_remove(host, &work->files);
		free(work->output);
		free(work);
		challenges[i]->plugin_data = NULL;
	}
	return result;
}

static const struct cw_plugin_option auth_hook_option = {
	.size = sizeof(auth_hook_option),
	.name = "auth-hook",
	.kind = CW_OPTION_STRING,
	.metavar = "COMMAND",
	.help = "The shell command that sets up a challenge. It is run once for each challenge, in "
		"order, with CERTBOT_DOMAIN, CERTBOT_VALIDATION and others in its environment.",
};

static const struct cw_plugin_option cleanup_hook_option = {
	.size = sizeof(cleanup_hook_option),
	.name = "cleanup-hook",
	.kind = CW_OPTION_STRING,
	.metavar = "COMMAND",
	.help = "The shell command that removes it. CERTBOT_AUTH_OUTPUT has the output of the auth "
		"hook.",
};

static const struct cw_plugin_option hook_timeout_option = {
	.size = sizeof(hook_timeout_option),
	.name = "hook-timeout",
	.kind = CW_OPTION_INTEGER,
	.default_value = "0",
	.metavar = "SECONDS",
	.help = "The time limit for one run of a hook. After it the hook and all its processes are "
		"ended. 0: no limit.",
};

static const struct cw_plugin_option logging_option = {
	.size = sizeof(logging_option),
	.name = "public-ip-logging-ok",
	.kind = CW_OPTION_FLAG,
	.help = "Has no effect. It is accepted for old renewal files and scripts.",
};

static const struct cw_plugin_option *const options[] = {
	&auth_hook_option, &cleanup_hook_option, &hook_timeout_option, &logging_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = manual_challenge_types,
	.perform = manual_perform,
	.cleanup = manual_cleanup,
};

/* Hooks may do anything, and tls-alpn-01 needs files. Instructions for other challenges need no
 * rights. */
static enum cw_rights
manual_rights(const struct cw_host *host)
{
	const char *types = cw_host_setting(host, "preferred-challenges");

	if (option_text(host, "auth-hook") != NULL || option_text(host, "cleanup-hook") != NULL ||
	    (types != NULL && strstr(types, "tls-alpn") != NULL))
		return CW_RIGHTS_USER;
	return CW_RIGHTS_NONE;
}

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "manual",
	.version = PACKAGE_VERSION,
	.description = "Manual configuration or run your own shell scripts",
	.help = "Shows how to set up the challenges of all names (http-01, dns-01, tls-alpn-01, "
		"dns-account-01, dns-persist-01), "
		"or runs your hooks to do it: --manual-auth-hook and --manual-cleanup-hook. The "
		"hooks get the same environment as from Certbot.",
	.options = options,
	.open = instance_open,
	.prepare = manual_prepare,
	.close = instance_close,
	.authenticator = &authenticator,
	.rights = manual_rights,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
