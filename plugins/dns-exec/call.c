#include "call.h"
#include <stdlib.h>
#include <string.h>
#include "../manual/hook_environment.h"

enum { EXTRAS = 6 };

static const char prefix[] = "_acme-challenge.";

struct words {
	char **items;
	size_t count;
	int failed;
};

/* Takes TEXT over. */
static void
take(struct words *words, char *text)
{
	if (text == NULL)
		words->failed = 1;
	else
		words->items[words->count++] = text;
}

static void
add(struct words *words, const char *text)
{
	take(words, strdup(text));
}

static const struct work *
work_of(const struct cw_challenge *challenge)
{
	return challenge->plugin_data;
}

/* The name below which the program looks for "_acme-challenge": that of the record that it has to
 * write, where it is called so. */
static const char *
domain_of(const struct cw_challenge *challenge)
{
	const char *record = work_of(challenge)->record;

	if (strncmp(record, prefix, strlen(prefix)) == 0)
		return record + strlen(prefix);
	return challenge->identifier;
}

const char *
caller_program(const struct caller *caller, enum action action)
{
	if (action == ACTION_CLEANUP && caller->cleanup_program != NULL)
		return caller->cleanup_program;
	return caller->program;
}

static const char *
action_word(enum style style, enum action action)
{
	if (style == STYLE_DEHYDRATED)
		return action == ACTION_PRESENT ? "deploy_challenge" : "clean_challenge";
	return action == ACTION_PRESENT ? "present" : "cleanup";
}

static void
add_lego(struct words *words, const struct cw_challenge *challenge)
{
	size_t size = strlen(work_of(challenge)->record) + 2;
	char *name = malloc(size);

	if (name != NULL)
		snprintf(name, size, "%s.", work_of(challenge)->record);
	take(words, name);
	add(words, challenge->validation);
}

static void
add_lego_raw(struct words *words, const struct cw_challenge *challenge)
{
	add(words, "--");
	add(words, challenge->identifier);
	add(words, challenge->token);
	add(words, challenge->key_authorization);
}

static void
add_dehydrated(struct words *words, const struct cw_challenge *challenge)
{
	add(words, domain_of(challenge));
	add(words, challenge->token);
	add(words, challenge->validation);
}

static int
make_argv(const struct caller *caller, struct call *call, enum action action)
{
	struct words words = {calloc(8 + 3 * call->count, sizeof(char *)), 0, 0};

	if (words.items == NULL)
		return 0;
	call->argv = words.items;
	add(&words, caller_program(caller, action));
	if (caller->style != STYLE_CERTBOT)
		add(&words, action_word(caller->style, action));
	for (size_t i = 0; i < call->count; i++) {
		switch (caller->style) {
		case STYLE_LEGO: add_lego(&words, call->challenges[i]); break;
		case STYLE_LEGO_RAW: add_lego_raw(&words, call->challenges[i]); break;
		case STYLE_DEHYDRATED: add_dehydrated(&words, call->challenges[i]); break;
		case STYLE_CERTBOT: break;
		}
	}
	return !words.failed;
}

/* "CERTWRIGHT_RECORD=name" with the names of all records of the call. */
static char *
record_variable(const struct call *call)
{
	static const char name[] = "CERTWRIGHT_RECORD=";
	size_t size = sizeof(name), length = strlen(name);
	char *text;

	for (size_t i = 0; i < call->count; i++)
		size += strlen(work_of(call->challenges[i])->record) + 1;
	text = malloc(size);
	if (text == NULL)
		return NULL;
	memcpy(text, name, sizeof(name));
	for (size_t i = 0; i < call->count; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s", i > 0 ? " " : "",
					   work_of(call->challenges[i])->record);
	return text;
}

static void
add_common(struct words *words, const struct caller *caller, const struct call *call,
	   enum action action)
{
	take(words, record_variable(call));
	add(words,
	    action == ACTION_PRESENT ? "CERTWRIGHT_ACTION=present" : "CERTWRIGHT_ACTION=cleanup");
	if (caller->style == STYLE_DEHYDRATED)
		add(words, caller->chain ? "HOOK_CHAIN=yes" : "HOOK_CHAIN=no");
}

static char *
domain_variable(const struct cw_challenge *challenge)
{
	const char *domain = domain_of(challenge);
	size_t size = strlen("CERTBOT_DOMAIN=") + strlen(domain) + 1;
	char *text = malloc(size);

	if (text != NULL)
		snprintf(text, size, "CERTBOT_DOMAIN=%s", domain);
	return text;
}

static int
make_environment(const struct caller *caller, struct call *call, enum action action)
{
	struct words words = {calloc(EXTRAS, sizeof(char *)), 0, 0};
	const struct cw_challenge *challenge = call->challenges[0];
	const char *output = NULL;

	if (words.items == NULL)
		return 0;
	add_common(&words, caller, call, action);
	if (caller->style != STYLE_CERTBOT) {
		call->environment = words.items;
		return !words.failed;
	}
	take(&words, domain_variable(challenge));
	if (action == ACTION_CLEANUP)
		output = work_of(challenge)->output != NULL ? work_of(challenge)->output : "";
	if (!words.failed)
		call->environment = hook_environment(challenge, caller->challenges, caller->count,
						     output, (const char *const *)words.items);
	hook_environment_free(words.items);
	return call->environment != NULL;
}

int
call_prepare(const struct caller *caller, struct call *call, enum action action)
{
	return make_argv(caller, call, action) && make_environment(caller, call, action);
}

void
call_clear(const struct cw_host *host, struct call *call)
{
	hook_environment_free(call->argv);
	hook_environment_free(call->environment);
	free(call->challenges);
	cw_host_release_result(host, &call->result);
	memset(call, 0, sizeof(*call));
}
