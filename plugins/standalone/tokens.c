#include "tokens.h"
#include <string.h>

enum { PATH_LIMIT = 1024 };

static const char prefix[] = "/.well-known/acme-challenge/";
static const char kind[] = "http-01";

static int
path_valid(const char *path, size_t length)
{
	if (length <= strlen(prefix) || length > PATH_LIMIT ||
	    memcmp(path, prefix, strlen(prefix)) != 0)
		return 0;
	for (size_t i = strlen(prefix); i < length; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
			   path[i]) == NULL ||
		    path[i] == '\0')
			return 0;
	return 1;
}

int
token_put(const struct cw_host *host, const char *path, const char *text)
{
	if (!path_valid(path, strlen(path)))
		return cw_host_fail(host, CW_E_PROTOCOL, NULL,
				    "the CA gave a token that is not base64url");
	return answer_put(host, kind, path, text);
}

int
token_remove(const struct cw_host *host, const char *path, const char *text)
{
	return answer_remove(host, kind, path, text);
}

char *
token_get(const struct cw_host *host, const char *path, size_t length, size_t *text_length)
{
	return path_valid(path, length) ? answer_get(host, kind, path, length, text_length) : NULL;
}
