/*
 * certbot-dns: runs the authenticators of Certbot that are installed on this machine, such as
 * certbot-dns-cloudflare. It is used by their names. Python does the work (python.h); this waits
 * for the name servers.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include <string.h>
#include "../common/instance.h"
#include "../common/memory.h"
#include "../common/records.h"
#include "python.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

static const char own_name[] = "certbot-dns";

static const char *
plugin_name(const struct cw_host *host)
{
	return cw_host_setting(host, "plugin-name");
}

static int
certbot_open(const struct cw_host *host, void **self)
{
	struct python *python = memory_resize(NULL, 1, sizeof(*python));

	*python = (struct python){.host = host, .socket = -1};
	*self = python;
	return CW_OK;
}

static void
certbot_close(void *self)
{
	python_stop(self);
	free(self);
}

/* The core now knows the secrets, and has looked at who can read them. */
static int
look_at_credentials(const struct cw_host *host)
{
	const char *path = option_text(host, "credentials");
	char *text = NULL;
	int status = CW_OK;

	if (path != NULL)
		status = host->read_credentials(host, path, &text);
	cw_host_release(host, text);
	return status;
}

static int
certbot_prepare(void *self)
{
	const struct cw_host *host = ((struct python *)self)->host;
	const char *name = plugin_name(host);

	if (name != NULL && strcmp(name, own_name) != 0)
		return look_at_credentials(host);
	return cw_host_fail(host, CW_E_USAGE,
			    "for example: -a dns-cloudflare; \"certwright plugins\" lists those "
			    "that are installed",
			    "certbot-dns runs plugins of Certbot, and is used by their names");
}

/* Adds BEFORE, and VALUE as a JSON string. */
static void
add_value(struct text *text, const struct cw_host *host, const char *before, const char *value)
{
	char *quoted = cw_host_json_quote(host, value != NULL ? value : "");

	text_format(text, "%s%s", before, quoted);
	cw_host_release(host, quoted);
}

static void
add_challenge(struct text *text, const struct cw_host *host, const struct cw_challenge *challenge)
{
	add_value(text, host, "{\"type\":", challenge->type);
	add_value(text, host, ",\"identifier\":", challenge->identifier);
	add_value(text, host, ",\"token\":", challenge->token);
	add_value(text, host, ",\"key_authorization\":", challenge->key_authorization);
	add_value(text, host, ",\"validation\":", challenge->validation);
	add_value(text, host, ",\"location\":", challenge->location);
	text_add_string(text, "}");
}

/* Release with free(). */
static char *
perform_request(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	struct text text = {0};

	text_format(&text, "{\"do\":\"perform\",\"options\":%s",
		    cw_host_setting(host, "plugin-options"));
	add_value(&text, host,
		  ",\"directories\":{\"config\":", cw_host_setting(host, "config-dir"));
	add_value(&text, host, ",\"work\":", cw_host_setting(host, "work-dir"));
	add_value(&text, host, ",\"logs\":", cw_host_setting(host, "logs-dir"));
	text_add_string(&text, "},\"challenges\":[");
	for (size_t i = 0; i < count; i++) {
		text_add_string(&text, i > 0 ? "," : "");
		add_challenge(&text, host, challenges[i]);
	}
	text_add_string(&text, "]}\n");
	return text.data;
}

/* The answers to one request. */
struct answers {
	const struct cw_host *host;
	struct cw_challenge *const *challenges;
	size_t count;
	unsigned char *known; /* for each challenge: there was an answer */
};

static void
fail_one(const struct answers *answers, size_t index, int status, const char *why)
{
	const struct cw_host *host = answers->host;
	const char *credentials = cw_host_option(host, "credentials");

	cw_host_fail_challenge(
		host, answers->challenges[index], status,
		credentials != NULL ? "check the credentials, and what they may do at the provider"
				    : "see the plugin's own documentation",
		"Certbot's plugin \"%s\" could not answer for \"%s\": %s", plugin_name(host),
		answers->challenges[index]->identifier, why);
}

static char *
member(const struct answers *answers, const char *line, const char *pointer)
{
	char *value = NULL;

	if (cw_host_json_get(answers->host, line, strlen(line), pointer, &value) != CW_OK)
		return NULL;
	return value;
}

/* Returns whether LINE ends the answers to a request. */
static int
take_answer(struct answers *answers, const char *line)
{
	const struct cw_host *host = answers->host;
	char *index = member(answers, line, "/challenge");
	char *warning = member(answers, line, "/warning");
	char *error = member(answers, line, "/error");
	char *done = member(answers, line, "/done");
	size_t number = index != NULL ? (size_t)strtoul(index, NULL, 10) : answers->count;
	int over = done != NULL;

	if (warning != NULL)
		cw_host_log(host, CW_LOG_WARNING, "%s", warning);
	if (number < answers->count && !answers->known[number]) {
		answers->known[number] = 1;
		if (error != NULL)
			fail_one(answers, number, CW_E_COMMAND, error);
	}
	cw_host_release(host, index);
	cw_host_release(host, warning);
	cw_host_release(host, error);
	cw_host_release(host, done);
	return over;
}

/* Sends REQUEST and takes all answers, also those to a request before it that was interrupted. */
static int
ask(struct python *python, const char *request, struct answers *answers)
{
	int status = python_send(python, request);

	while (status == CW_OK && python->unanswered > 0) {
		char *line = NULL;

		status = python_receive(python, &line);
		if (status == CW_OK && take_answer(answers, line))
			python->unanswered--;
		free(line);
	}
	python->interrupted |= status == CW_E_CANCELLED;
	return status;
}

static int
answer_all(struct python *python, struct cw_challenge *const *challenges, size_t count)
{
	autofree unsigned char *known = memory_resize(NULL, count + 1, 1);
	autofree char *request = perform_request(python->host, challenges, count);
	struct answers answers = {python->host, challenges, count, memset(known, 0, count + 1)};
	int status = ask(python, request, &answers);

	if (status == CW_OK || status == CW_E_CANCELLED)
		return status;
	/* What it did not come to fails for the same reason. */
	for (size_t i = 0; i < count; i++)
		if (!known[i])
			cw_host_pass_challenge(python->host, challenges[i], status);
	return CW_OK;
}

static int
certbot_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct python *python = self;
	int status = python_start(python);

	if (status == CW_OK)
		status = answer_all(python, challenges, count);
	/* Certbot waits a fixed time and then lets the CA look. Likewise a name server that does
	 * not show a record in time is no failure: this machine may not see what the CA sees. */
	return status == CW_OK ? records_wait(python->host, challenges, count, RECORDS_WARN)
			       : status;
}

static int
certbot_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct python *python = self;
	struct answers answers = {python->host, challenges, 0, NULL};
	int status;

	(void)count;
	if (python->pid == 0)
		return CW_OK;
	status = ask(python, "{\"do\":\"cleanup\"}\n", &answers);
	python_stop(python);
	return status;
}

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = records_challenge_types,
	.perform = certbot_perform,
	.cleanup = certbot_cleanup,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = own_name,
	.version = PACKAGE_VERSION,
	.description = "Runs the authenticators of Certbot's DNS plugins.",
	.help = "Certbot's plugins in Python, such as certbot-dns-cloudflare, are used by their "
		"own "
		"names and options: -a dns-cloudflare, --dns-cloudflare-credentials FILE. "
		"\"certwright plugins\" lists those that are installed.",
	.open = certbot_open,
	.prepare = certbot_prepare,
	.close = certbot_close,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
