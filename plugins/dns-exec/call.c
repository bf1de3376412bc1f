#include "call.h"
#include <stdlib.h>
#include <string.h>
#include "../common/hook_environment.h"
#include "../common/words.h"
#include "acme_sh.h"

/* The most words of a call for each challenge, and our own variables. */
enum { WORDS_MAX = 12, EXTRAS = 4 };

static const char prefix[] = "_acme-challenge.";

static const struct work *
work_of(const struct cw_challenge *challenge)
{
	return challenge->plugin_data;
}

/* The name below which the program writes "_acme-challenge": the record's, if that has such a
 * name. */
static const char *
domain_of(const struct cw_challenge *challenge)
{
	const char *record = work_of(challenge)->place.record;

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
	words_take(words, new_text("%s.", work_of(challenge)->place.record));
	words_add(words, challenge->validation);
}

static void
add_lego_raw(struct words *words, const struct cw_challenge *challenge)
{
	words_add(words, "--");
	words_add(words, challenge->identifier);
	words_add(words, challenge->token);
	words_add(words, challenge->key_authorization);
}

static void
add_dehydrated(struct words *words, const struct cw_challenge *challenge)
{
	words_add(words, domain_of(challenge));
	words_add(words, challenge->token);
	words_add(words, challenge->validation);
}

/* The zone is given where it is known: lexicon takes what is registered for it. */
static void
add_lexicon(struct words *words, const struct caller *caller, const struct cw_challenge *challenge,
	    enum action action)
{
	const struct record_work *place = &work_of(challenge)->place;
	/* This provider takes the value as in a zone file, where a ";" begins a comment. */
	const char *quote =
		strcmp(caller->provider, "ddns") == 0 && strchr(challenge->validation, ';') != NULL
			? "\""
			: "";

	if (caller->config_folder != NULL) {
		words_add(words, "--config-dir");
		words_add(words, caller->config_folder);
	}
	if (place->zone != NULL) {
		words_add(words, "--delegated");
		words_add(words, place->zone);
	}
	words_add(words, caller->provider);
	words_add(words, "--output");
	words_add(words, "QUIET");
	words_add(words, "--name");
	words_add(words, place->record);
	/* It may begin with "-". */
	words_take(words, new_text("--content=%s%s%s", quote, challenge->validation, quote));
	words_add(words, action == ACTION_PRESENT ? "create" : "delete");
	words_add(words, place->zone != NULL ? place->zone : domain_of(challenge));
	words_add(words, "TXT");
}

static void
add_acme_sh(struct words *words, const char *script, const struct cw_challenge *challenge,
	    enum action action)
{
	words_add(words, "sh");
	words_take(words, acme_sh_caller());
	words_add(words, script);
	words_add(words, action == ACTION_PRESENT ? "add" : "rm");
	words_add(words, work_of(challenge)->place.record);
	words_add(words, challenge->validation);
}

static void
add_words(struct words *words, const struct caller *caller, const struct cw_challenge *challenge,
	  enum action action)
{
	switch (caller->style) {
	case STYLE_LEGO: add_lego(words, challenge); break;
	case STYLE_LEGO_RAW: add_lego_raw(words, challenge); break;
	case STYLE_DEHYDRATED: add_dehydrated(words, challenge); break;
	case STYLE_CERTBOT: break;
	case STYLE_LEXICON: add_lexicon(words, caller, challenge, action); break;
	case STYLE_ACME_SH:
		add_acme_sh(words, caller_program(caller, action), challenge, action);
		break;
	}
}

static char **
make_argv(const struct caller *caller, const struct call *call, enum action action)
{
	struct words words = words_new(2 + WORDS_MAX * call->count);

	if (caller->style != STYLE_ACME_SH)
		words_add(&words, caller_program(caller, action));
	if (caller->style <= STYLE_DEHYDRATED)
		words_add(&words, action_word(caller->style, action));
	for (size_t i = 0; i < call->count; i++)
		add_words(&words, caller, call->challenges[i], action);
	return words_finish(&words);
}

/* "CERTWRIGHT_RECORD=name" with the names of all records of the call. */
static char *
record_variable(const struct call *call)
{
	static const char name[] = "CERTWRIGHT_RECORD=";
	size_t size = sizeof(name), length = strlen(name);
	char *text;

	for (size_t i = 0; i < call->count; i++)
		size += strlen(work_of(call->challenges[i])->place.record) + 1;
	text = malloc(size);
	if (text == NULL)
		return NULL;
	memcpy(text, name, sizeof(name));
	for (size_t i = 0; i < call->count; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s", i > 0 ? " " : "",
					   work_of(call->challenges[i])->place.record);
	return text;
}

static void
add_common(struct words *words, const struct caller *caller, const struct call *call,
	   enum action action)
{
	words_take(words, record_variable(call));
	words_add(words, action == ACTION_PRESENT ? "CERTWRIGHT_ACTION=present"
						  : "CERTWRIGHT_ACTION=cleanup");
	if (caller->style == STYLE_DEHYDRATED)
		words_add(words, caller->chain ? "HOOK_CHAIN=yes" : "HOOK_CHAIN=no");
}

/* The value of CERTBOT_AUTH_OUTPUT; NULL: not set. */
static const char *
output_for(const struct cw_challenge *challenge, enum action action)
{
	const char *output = work_of(challenge)->output;

	if (action == ACTION_PRESENT)
		return NULL;
	return output != NULL ? output : "";
}

static char **
make_environment(const struct caller *caller, const struct call *call, enum action action)
{
	struct words words = words_new(EXTRAS);
	const struct cw_challenge *challenge = call->challenges[0];
	char **extra, **whole;

	add_common(&words, caller, call, action);
	if (caller->style != STYLE_CERTBOT)
		return words_finish(&words);
	words_take(&words, new_text("CERTBOT_DOMAIN=%s", domain_of(challenge)));
	extra = words_finish(&words);
	if (extra == NULL)
		return NULL;
	whole = hook_environment(challenge, caller->challenges, caller->count,
				 output_for(challenge, action), (const char *const *)extra);
	words_free(extra);
	return whole;
}

int
call_prepare(const struct caller *caller, struct call *call, enum action action)
{
	call->argv = make_argv(caller, call, action);
	call->environment = make_environment(caller, call, action);
	return call->argv != NULL && call->environment != NULL;
}

void
call_clear(const struct cw_host *host, struct call *call)
{
	words_free(call->argv);
	words_free(call->environment);
	free(call->challenges);
	cw_host_release_result(host, &call->result);
	memset(call, 0, sizeof(*call));
}
