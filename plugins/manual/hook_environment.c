#include "hook_environment.h"
#include <stdlib.h>
#include <string.h>

enum { VARIABLES = 12, VALUE_MAX = 120 * 1024 /* Linux takes 128 KiB for each string */ };

static char *
variable(const char *name, const char *value)
{
	size_t length = strlen(name) + 1 + strlen(value) + 1;
	char *text = malloc(length);

	if (text != NULL)
		snprintf(text, length, "%s=%s", name, value);
	return text;
}

static int
same_certificate(const struct cw_challenge *a, const struct cw_challenge *b)
{
	return strcmp(a->lineage, b->lineage) == 0;
}

/* Those of the certificate in order, as Certbot lists them: a name and its wildcard are two. */
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

struct list {
	char **items;
	size_t count;
	int failed;
};

/* Takes TEXT over. */
static void
add(struct list *list, char *text)
{
	if (text == NULL)
		list->failed = 1;
	else
		list->items[list->count++] = text;
}

/* As add(), in place of a variable of the same name. */
static void
set(struct list *list, char *text)
{
	size_t length = text != NULL ? strcspn(text, "=") : 0;

	for (size_t i = 0; text != NULL && i < list->count; i++) {
		if (strcspn(list->items[i], "=") != length ||
		    memcmp(list->items[i], text, length) != 0)
			continue;
		free(list->items[i]);
		list->items[i] = text;
		return;
	}
	add(list, text);
}

static void
add_variables(struct list *list, const struct cw_challenge *challenge,
	      struct cw_challenge *const *challenges, size_t count, const char *output)
{
	int http = strcmp(challenge->type, "http-01") == 0;
	char *all = all_names(challenge, challenges, count);
	char number[32];

	snprintf(number, sizeof(number), "%zu", remaining(challenge, challenges, count));
	add(list, variable("CERTBOT_DOMAIN", challenge->identifier));
	add(list, variable("CERTBOT_IDENTIFIER", challenge->identifier));
	add(list, variable("CERTBOT_VALIDATION", challenge->validation));
	add(list, http ? variable("CERTBOT_TOKEN", challenge->token) : strdup("CERTBOT_TOKEN"));
	add(list, variable("CERTBOT_REMAINING_CHALLENGES", number));
	add(list, all != NULL ? variable("CERTBOT_ALL_DOMAINS", all) : NULL);
	add(list, all != NULL ? variable("CERTBOT_ALL_IDENTIFIERS", all) : NULL);
	add(list, output != NULL ? variable("CERTBOT_AUTH_OUTPUT", output)
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
	struct list list = {calloc(VARIABLES + count_of(extra), sizeof(char *)), 0, 0};

	if (list.items == NULL)
		return NULL;
	add_variables(&list, challenge, challenges, count, output);
	for (size_t i = 0; extra != NULL && extra[i] != NULL; i++)
		set(&list, strdup(extra[i]));
	if (list.failed) {
		hook_environment_free(list.items);
		return NULL;
	}
	return list.items;
}

void
hook_environment_free(char **environment)
{
	for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
		free(environment[i]);
	free(environment);
}

char **
hook_environment_command(char *const *environment, const char *const *argv)
{
	size_t variables = count_of((const char *const *)environment);
	struct list list = {calloc(2 + 2 * variables + count_of(argv), sizeof(char *)), 0, 0};

	if (list.items == NULL)
		return NULL;
	add(&list, strdup("env"));
	/* env(1) wants what is unset before what is set. */
	for (size_t i = 0; i < variables; i++) {
		if (strchr(environment[i], '=') != NULL)
			continue;
		add(&list, strdup("-u"));
		add(&list, strdup(environment[i]));
	}
	for (size_t i = 0; i < variables; i++)
		if (strchr(environment[i], '=') != NULL)
			add(&list, strdup(environment[i]));
	for (size_t i = 0; argv[i] != NULL; i++)
		add(&list, strdup(argv[i]));
	if (list.failed) {
		hook_environment_free(list.items);
		return NULL;
	}
	return list.items;
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
