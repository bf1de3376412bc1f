#include "credentials.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../common/instance.h"
#include "tsig.h"

/* read_credentials() makes every value a secret, so messages could not name the server: that is for
 * a host that has no other. */
static int
read_file(const struct cw_host *host, const char *path, char **text)
{
	if (CW_HAS(host, struct cw_host, read_private))
		return host->read_private(host, path, text);
	return host->read_credentials(host, path, text);
}

static char *
trim(char *text)
{
	size_t length;

	while (*text == ' ' || *text == '\t')
		text++;
	length = strlen(text);
	while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL)
		text[--length] = '\0';
	return text;
}

/* A value as ConfigObj writes it: quoted, or up to a comment. */
static char *
unquote(char *value)
{
	if (*value == '"' || *value == '\'') {
		char *end = strchr(value + 1, *value);

		if (end != NULL) {
			*end = '\0';
			return value + 1;
		}
	}
	value[strcspn(value, "#")] = '\0';
	return trim(value);
}

/* Stores the value if the key is known. Returns 0 if out of memory. */
static int
take(struct credentials *credentials, const char *key, const char *value, const char **port,
     const char **sign)
{
	static const char prefix[] = "dns_rfc2136_";
	const char *colon = strrchr(key, ':');
	char **field = NULL;

	/* The old spelling was "certbot_dns_rfc2136:dns_rfc2136_server". */
	if (colon != NULL)
		key = colon + 1;
	if (strncmp(key, prefix, strlen(prefix)) != 0)
		return 1;
	key += strlen(prefix);
	if (strcmp(key, "server") == 0)
		field = &credentials->server;
	else if (strcmp(key, "name") == 0)
		field = &credentials->name;
	else if (strcmp(key, "secret") == 0)
		field = &credentials->secret;
	else if (strcmp(key, "algorithm") == 0)
		field = &credentials->algorithm;
	else if (strcmp(key, "port") == 0)
		*port = value;
	else if (strcmp(key, "sign_query") == 0)
		*sign = value;
	if (field == NULL)
		return 1;
	if (*field != NULL)
		explicit_bzero(*field, strlen(*field));
	free(*field);
	*field = strdup(value);
	return *field != NULL;
}

static int
parse(const struct cw_host *host, char *text, struct credentials *credentials, const char **port,
      const char **sign)
{
	char *rest = text, *line, *equals;

	if (strncmp(rest, "\xef\xbb\xbf", 3) == 0)
		rest += 3;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *key;

		line = trim(line);
		if (*line == '[')
			break; /* sections are for other programs */
		equals = strchr(line, '=');
		if (*line == '#' || equals == NULL)
			continue;
		*equals = '\0';
		key = unquote(trim(line));
		if (!take(credentials, key, unquote(trim(equals + 1)), port, sign))
			return fail_no_memory(host);
	}
	return CW_OK;
}

static int
missing(const struct cw_host *host, const struct credentials *credentials, const char *key,
	const char *what)
{
	return cw_host_fail(host, CW_E_INVALID, "see certwright-dns-rfc2136(8) for an example",
			    "the credentials file \"%s\" lacks \"dns_rfc2136_%s\" (%s)",
			    credentials->path, key, what);
}

static int
is_address(const char *text)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static int
check(const struct cw_host *host, struct credentials *credentials, const char *port)
{
	char *end = NULL;
	unsigned long number = 53;

	if (credentials->server == NULL || *credentials->server == '\0')
		return missing(host, credentials, "server", "the address of the name server");
	if (credentials->name == NULL || *credentials->name == '\0')
		return missing(host, credentials, "name", "the name of the TSIG key");
	if (credentials->secret == NULL || *credentials->secret == '\0')
		return missing(host, credentials, "secret", "the secret of the TSIG key");
	if (!is_address(credentials->server))
		return cw_host_fail(host, CW_E_INVALID, "give its IPv4 or IPv6 address",
				    "\"%s\" in the credentials file \"%s\" is not an IP address",
				    credentials->server, credentials->path);
	if (port != NULL && *port != '\0')
		number = strtoul(port, &end, 10);
	if (number == 0 || number > 65535 || (end != NULL && *end != '\0'))
		return cw_host_fail(host, CW_E_INVALID, "give a number from 1 to 65535",
				    "\"%s\" in the credentials file \"%s\" is not a port", port,
				    credentials->path);
	credentials->port = (unsigned)number;
	return tsig_check(host, credentials);
}

int
credentials_read(const struct cw_host *host, const char *path, struct credentials *credentials)
{
	char *text = NULL;
	const char *port = NULL, *sign = NULL;
	int status;

	credentials->path = strdup(path);
	if (credentials->path == NULL)
		status = fail_no_memory(host);
	else
		status = read_file(host, path, &text);
	if (status == CW_OK)
		status = parse(host, text, credentials, &port, &sign);
	if (credentials->secret != NULL)
		host->secret(host, credentials->secret);
	if (status == CW_OK)
		status = check(host, credentials, port);
	credentials->sign_query =
		sign != NULL && (strcasecmp(sign, "true") == 0 || strcasecmp(sign, "yes") == 0 ||
				 strcasecmp(sign, "on") == 0 || strcmp(sign, "1") == 0);
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	cw_host_release(host, text);
	return status;
}

void
credentials_clear(struct credentials *credentials)
{
	if (credentials->secret != NULL)
		explicit_bzero(credentials->secret, strlen(credentials->secret));
	free(credentials->path);
	free(credentials->server);
	free(credentials->name);
	free(credentials->secret);
	free(credentials->algorithm);
	memset(credentials, 0, sizeof(*credentials));
}
