#include "request.h"
#include <stdlib.h>

struct text {
	char *data;
	size_t length, size;
	int failed; /* out of memory */
};

static void
add(struct text *text, const char *words)
{
	size_t length = strlen(words);

	if (!text->failed && text->size - text->length <= length) {
		size_t size = 2 * (text->size + length) + 1;
		char *data = realloc(text->data, size);

		text->failed = data == NULL;
		if (data != NULL) {
			text->data = data;
			text->size = size;
		}
	}
	if (text->failed)
		return;
	memcpy(text->data + text->length, words, length + 1);
	text->length += length;
}

static char *
finish(struct text *text)
{
	if (!text->failed)
		return text->data;
	free(text->data);
	return NULL;
}

/* VALUE NULL: null. */
static void
add_quoted(struct text *text, const struct cw_host *host, const char *value)
{
	char *quoted = value != NULL ? cw_host_json_quote(host, value) : NULL;

	text->failed |= value != NULL && quoted == NULL;
	add(text, quoted != NULL ? quoted : "null");
	cw_host_release(host, quoted);
}

static void
add_string(struct text *text, const struct cw_host *host, const char *name, const char *value)
{
	add(text, ", \"");
	add(text, name);
	add(text, "\": ");
	add_quoted(text, host, value);
}

static void
add_flag(struct text *text, const char *name, int value)
{
	add(text, ", \"");
	add(text, name);
	add(text, value ? "\": true" : "\": false");
}

/* All but the brace at the end. */
static void
begin(struct text *text, const struct cw_host *host, const char *verb)
{
	const char *dry = cw_host_setting(host, "dry-run");

	add(text, "{\"protocol\": 1");
	add_string(text, host, "verb", verb);
	add_flag(text, "dry_run", dry != NULL && strcmp(dry, "1") == 0);
}

char *
request_plain(const struct cw_host *host, const char *verb)
{
	struct text text = {NULL, 0, 0, 0};

	begin(&text, host, verb);
	add(&text, "}\n");
	return finish(&text);
}

static void
add_challenge(struct text *text, const struct cw_host *host, const struct cw_challenge *challenge)
{
	add(text, "{\"type\": ");
	add_quoted(text, host, challenge->type);
	add_string(text, host, "lineage", challenge->lineage);
	add_string(text, host, "identifier_type", challenge->identifier_type);
	add_string(text, host, "identifier", challenge->identifier);
	add_flag(text, "wildcard", challenge->wildcard);
	add_string(text, host, "token", challenge->token);
	add_string(text, host, "key_authorization", challenge->key_authorization);
	add_string(text, host, "validation", challenge->validation);
	add_string(text, host, "location", challenge->location);
	add(text, "}");
}

char *
request_challenges(const struct cw_host *host, const char *verb,
		   struct cw_challenge *const *challenges, size_t count)
{
	struct text text = {NULL, 0, 0, 0};

	begin(&text, host, verb);
	add(&text, ", \"challenges\": [");
	for (size_t i = 0; i < count; i++) {
		add(&text, i > 0 ? ", " : "");
		add_challenge(&text, host, challenges[i]);
	}
	add(&text, "]}\n");
	return finish(&text);
}

static void
add_strings(struct text *text, const struct cw_host *host, const char *name,
	    const char *const *values, size_t count)
{
	add(text, ", \"");
	add(text, name);
	add(text, "\": [");
	for (size_t i = 0; i < count; i++) {
		add(text, i > 0 ? ", " : "");
		add_quoted(text, host, values[i]);
	}
	add(text, "]");
}

static const char *
reason_word(enum cw_reason reason)
{
	switch (reason) {
	case CW_REASON_INSTALL: return "install";
	case CW_REASON_RENEW: return "renew";
	case CW_REASON_UNDEPLOY: return "undeploy";
	case CW_REASON_ROLLBACK: return "rollback";
	case CW_REASON_RETRY:
	default: return "retry";
	}
}

/* NUMBER 0: the member is null. */
static void
add_number(struct text *text, const char *name, int64_t number)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%lld", (long long)number);
	add(text, ", \"");
	add(text, name);
	add(text, "\": ");
	add(text, number != 0 ? digits : "null");
}

char *
request_deployment(const struct cw_host *host, const char *verb,
		   const struct cw_deployment *deployment)
{
	struct text text = {NULL, 0, 0, 0};

	begin(&text, host, verb);
	add(&text, ", \"certificate\": {\"reason\": \"");
	add(&text, reason_word(deployment->reason));
	add(&text, "\"");
	add_string(&text, host, "lineage", deployment->lineage);
	add_strings(&text, host, "names", deployment->names, deployment->names_count);
	add_strings(&text, host, "hosts", deployment->hosts, deployment->hosts_count);
	add_string(&text, host, "cert_path", deployment->cert_path);
	add_string(&text, host, "key_path", deployment->key_path);
	add_string(&text, host, "chain_path", deployment->chain_path);
	add_string(&text, host, "fullchain_path", deployment->fullchain_path);
	add_string(&text, host, "previous_serial", deployment->previous_serial);
	add_number(&text, "expiry", deployment->expiry);
	add(&text, "}}\n");
	return finish(&text);
}
