#include "answers.h"
#include <stdlib.h>
#include <string.h>
#include "../common/instance.h"

enum { KEY_SIZE = 256, PLAIN_MAX = 128 };

/* A name may be longer than a key and have other characters, so two names could share a key. The
 * value begins with the name to tell them apart. */
static void
make_key(const char *kind, const char *name, size_t length, char *key)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	size_t plain = length < PLAIN_MAX ? length : PLAIN_MAX;
	int written = snprintf(key, KEY_SIZE, "%.32s.", kind);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * UINT64_C(1099511628211);
	for (size_t i = 0; i < plain; i++) {
		int fits =
			strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.",
			       name[i]) != NULL &&
			name[i] != '\0';

		key[written++] = fits ? name[i] : '_';
	}
	snprintf(key + written, KEY_SIZE - (size_t)written, ".%016llx", (unsigned long long)hash);
}

int
answer_put(const struct cw_host *host, const char *kind, const char *name, const char *text)
{
	size_t length = strlen(name) + 1 + strlen(text);
	char key[KEY_SIZE], *value = malloc(length + 1);
	int status;

	if (value == NULL)
		return fail_no_memory(host);
	snprintf(value, length + 1, "%s\n%s", name, text);
	make_key(kind, name, strlen(name), key);
	status = host->shared_put(host, key, value, length);
	free(value);
	return status;
}

int
answer_remove(const struct cw_host *host, const char *kind, const char *name, const char *text)
{
	char key[KEY_SIZE], *now = NULL;
	size_t length;
	int status, other;

	make_key(kind, name, strlen(name), key);
	status = host->shared_get(host, key, &now, &length);
	if (status != CW_OK)
		return CW_OK;
	other = length < strlen(name) + 1 || strcmp(now + strlen(name) + 1, text) != 0;
	cw_host_release(host, now);
	return other ? CW_OK : host->shared_put(host, key, NULL, 0);
}

struct wanted {
	const char *name;
	size_t length;
};

static int
is_wanted(const char *value, size_t length, void *context)
{
	const struct wanted *wanted = context;

	return length > wanted->length && memcmp(value, wanted->name, wanted->length) == 0 &&
	       value[wanted->length] == '\n';
}

char *
answer_get(const struct cw_host *host, const char *kind, const char *name, size_t length,
	   size_t *text_length)
{
	struct wanted wanted = {name, length};
	char key[KEY_SIZE], *value = NULL, *copy = NULL;
	size_t size = 0;

	make_key(kind, name, length, key);
	if (host->shared_get(host, key, &value, &size) == CW_OK &&
	    is_wanted(value, size, &wanted)) {
		copy = malloc(size + 1);
		if (copy != NULL)
			memcpy(copy, value, size + 1);
	}
	cw_host_release(host, value);
	if (copy == NULL)
		return NULL;
	*text_length = size - length - 1;
	memmove(copy, copy + length + 1, *text_length + 1);
	return copy;
}
