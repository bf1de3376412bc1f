#include "hook_environment.h"
#include <stdlib.h>
#include <string.h>
#include "words.h"

enum { VARIABLES = 12, VALUE_MAX = 120 * 1024 /* Linux allows 128 KiB for each string */ };

static int
same_certificate(const struct cw_challenge *a, const struct cw_challenge *b)
{
	return strcmp(a->lineage, b->lineage) == 0;
}

/* The certificate's identifiers in order. As with Certbot, a name and its wildcard count twice. */
static char *
all_names(const struct cw_challenge *challenge, struct cw_challenge *const *challenges,
	  size_t count)
{
	char *text = calloc(1, VALUE_MAX + 1);
	size_t length = 0;

	for (size_t i = 0; text != NULL && i < count; i++) {
		size_t more = strlen(challenges[i]->identifier);

		if (!same_certificate(challenges[i], challenge))
			continue;
		if (length + 1 + more > VALUE_MAX)
			break;
		if (length > 0)
			text[length++] = ',';
		memcpy(text + length, challenges[i]->identifier, more);
		length += more;
	}
	return text;
}

static size_t
remaining(const struct cw_challenge *challenge, struct cw_challenge *const *challenges,
	  size_t count)
{
	size_t after = 0;

	while (count > 0 && challenges[count - 1] != challenge) {
		count--;
		after += same_certificate(challenges[count], challenge) ? 1 : 0;
	}
	return after;
}

/* As words_take(), but replaces a variable of the same name. */
static void
set(struct words *words, char *text)
{
	size_t length = text != NULL ? strcspn(text, "=") : 0;

	for (size_t i = 0; text != NULL && i < words->count; i++) {
		if (strcspn(words->items[i], "=") != length ||
		    memcmp(words->items[i], text, length) != 0)
			continue;
		free(words->items[i]);
		words->items[i] = text;
		return;
	}
	words_take(words, text);
}

static void
add_variables(struct words *words, const struct cw_challenge *challenge,
	      struct cw_challenge *const *challenges, size_t count, const char *output)
{
	int http = strcmp(challenge->type, "http-01") == 0;
	char *all = all_names(challenge, challenges, count);
	char number[32];

	snprintf(number, sizeof(number), "%zu", remaining(challenge, challenges, count));
	words_take(words, new_text("CERTBOT_DOMAIN=%s", challenge->identifier));
	words_take(words, new_text("CERTBOT_IDENTIFIER=%s", challenge->identifier));
	words_take(words, new_text("CERTBOT_VALIDATION=%s", challenge->validation));
	words_take(words,
		   http ? new_text("CERTBOT_TOKEN=%s", challenge->token) : strdup("CERTBOT_TOKEN"));
	words_take(words, new_text("CERTBOT_REMAINING_CHALLENGES=%s", number));
	words_take(words, all != NULL ? new_text("CERTBOT_ALL_DOMAINS=%s", all) : NULL);
	words_take(words, all != NULL ? new_text("CERTBOT_ALL_IDENTIFIERS=%s", all) : NULL);
	words_take(words, output != NULL ? new_text("CERTBOT_AUTH_OUTPUT=%s", output)
					 : strdup("CERTBOT_AUTH_OUTPUT"));
	free(all);
}

static size_t
count_of(const char *const *words)
{
	size_t count = 0;

	while (words != NULL && words[count] != NULL)
		count++;
	return count;
}

char **
hook_environment(const struct cw_challenge *challenge, struct cw_challenge *const *challenges,
		 size_t count, const char *output, const char *const *extra)
{
	struct words words = words_new(VARIABLES + count_of(extra));

	add_variables(&words, challenge, challenges, count, output);
	for (size_t i = 0; extra != NULL && extra[i] != NULL; i++)
		set(&words, strdup(extra[i]));
	return words_finish(&words);
}

/* An env(1) command that runs ARGV with the environment. */
static char **
env_command(char *const *environment, const char *const *argv)
{
	size_t variables = count_of((const char *const *)environment);
	struct words words = words_new(1 + 2 * variables + count_of(argv));

	words_add(&words, "env");
	/* env(1) wants -u options before assignments. */
	for (size_t i = 0; i < variables; i++) {
		if (strchr(environment[i], '=') != NULL)
			continue;
		words_add(&words, "-u");
		words_add(&words, environment[i]);
	}
	for (size_t i = 0; i < variables; i++)
		if (strchr(environment[i], '=') != NULL)
			words_add(&words, environment[i]);
	for (size_t i = 0; argv[i] != NULL; i++)
		words_add(&words, argv[i]);
	return words_finish(&words);
}

int
hook_environment_undo(const struct cw_host *host, struct undo *undo, char *const *environment,
		      const char *const *argv)
{
	char **command = environment != NULL ? env_command(environment, argv) : NULL;
	int status = undo_register(host, undo, command);

	words_free(command);
	return status;
}

char *
hook_output(const char *output, size_t length)
{
	static const char space[] = " \t\n\v\f\r";
	size_t begin = 0;
	char *text;

	while (length > 0 && strchr(space, output[length - 1]) != NULL)
		length--;
	while (begin < length && strchr(space, output[begin]) != NULL)
		begin++;
	text = calloc(1, length - begin + 1);
	if (text != NULL)
		memcpy(text, output + begin, length - begin);
	return text;
}
