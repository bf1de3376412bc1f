#include "tokens.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 256, PLAIN_MAX = 128, PATH_LIMIT = 1024 };

static const char prefix[] = "/.well-known/acme-challenge/";

static int
token_valid(const char *token, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
			   token[i]) == NULL ||
		    token[i] == '\0')
			return 0;
	return length > 0;
}

/* A token may be longer than a key: the value begins with the path, so that a shortened key cannot
 * be taken for another. */
static int
make_key(const char *path, size_t length, char *key)
{
	const char *token = path + strlen(prefix);
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	size_t token_length;

	if (length <= strlen(prefix) || length > PATH_LIMIT ||
	    memcmp(path, prefix, strlen(prefix)) != 0)
		return 0;
	token_length = length - strlen(prefix);
	if (!token_valid(token, token_length))
		return 0;
	if (token_length <= PLAIN_MAX) {
		snprintf(key, KEY_SIZE, "http-01.%.*s", (int)token_length, token);
		return 1;
	}
	for (size_t i = 0; i < token_length; i++)
		hash = (hash ^ (unsigned char)token[i]) * UINT64_C(1099511628211);
	snprintf(key, KEY_SIZE, "http-01.%.*s.%016llx", PLAIN_MAX, token, (unsigned long long)hash);
	return 1;
}

int
token_put(const struct cw_host *host, const char *path, const char *text)
{
	size_t path_length = strlen(path), length;
	char key[KEY_SIZE], *value;
	int status;

	if (!make_key(path, path_length, key))
		return cw_host_fail(host, CW_E_PROTOCOL, NULL,
				    "the CA gave a token that is not base64url");
	if (text == NULL)
		return host->shared_put(host, key, NULL, 0);
	length = path_length + 1 + strlen(text);
	value = malloc(length + 1);
	if (value == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	snprintf(value, length + 1, "%s\n%s", path, text);
	status = host->shared_put(host, key, value, length);
	free(value);
	return status;
}

char *
token_get(const struct cw_host *host, const char *path, size_t length, const char **text,
	  size_t *text_length)
{
	char key[KEY_SIZE], *value = NULL;
	size_t value_length;

	if (!make_key(path, length, key) ||
	    host->shared_get(host, key, &value, &value_length) != CW_OK)
		return NULL;
	if (value_length <= length || memcmp(value, path, length) != 0 || value[length] != '\n') {
		cw_host_release(host, value);
		return NULL;
	}
	*text = value + length + 1;
	*text_length = value_length - length - 1;
	return value;
}
