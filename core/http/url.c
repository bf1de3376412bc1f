#include "http/url.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/client.h"

#include <stdlib.h>
#include <string.h>

/* A piece of a text; AT NULL: it is not there, which differs from empty. */
struct piece {
	const char *at;
	size_t length;
};

/* The components of RFC 3986 section 3. */
struct url {
	struct piece scheme, authority, path, query, fragment;
};

/* Characters that are not allowed in a URL, or that programs are known to read differently. */
static bool
has_bad_bytes(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text >= 0x7f || strchr("\\\"<>^`{|}", *text) != NULL)
			return true;
	}
	return false;
}

static bool
is_letter(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

static bool
is_digit(char character)
{
	return character >= '0' && character <= '9';
}

/* Takes the scheme and its colon off the front, when there is one. */
static const char *
split_scheme(const char *text, struct piece *scheme)
{
	size_t length = 0;

	if (!is_letter(*text))
		return text;
	while (is_letter(text[length]) || is_digit(text[length]) ||
	       (text[length] != '\0' && strchr("+-.", text[length]) != NULL))
		length++;
	if (text[length] != ':')
		return text;
	*scheme = (struct piece){text, length};
	return text + length + 1;
}

/* By the expression of RFC 3986 appendix B. */
static struct url
split(const char *text)
{
	struct url url = {0};

	text = split_scheme(text, &url.scheme);
	if (cw_starts_with(text, "//")) {
		url.authority = (struct piece){text + 2, strcspn(text + 2, "/?#")};
		text += 2 + url.authority.length;
	}
	url.path = (struct piece){text, strcspn(text, "?#")};
	text += url.path.length;
	if (*text == '?') {
		url.query = (struct piece){text + 1, strcspn(text + 1, "#")};
		text += 1 + url.query.length;
	}
	if (*text == '#')
		url.fragment = (struct piece){text + 1, strlen(text + 1)};
	return url;
}

static bool
is_scheme(struct piece scheme, const char *name)
{
	cw_autofree char *text = NULL;

	if (scheme.at == NULL)
		return false;
	text = cw_memdup(scheme.at, scheme.length);
	return cw_equal_nocase(text, name);
}

/* The host of an authority, and what follows it: nothing, or a colon and a port. */
static struct piece
split_host(struct piece authority, struct piece *rest)
{
	const char *at = authority.at, *end = authority.at + authority.length;
	const char *user_end = memchr(at, '@', authority.length);
	const char *host_end;

	while (user_end != NULL) {
		at = user_end + 1;
		user_end = memchr(at, '@', (size_t)(end - at));
	}
	*rest = (struct piece){end, 0};
	if (at < end && *at == '[') {
		host_end = memchr(at, ']', (size_t)(end - at));
		if (host_end == NULL)
			return (struct piece){at, 0};
		*rest = (struct piece){host_end + 1, (size_t)(end - host_end - 1)};
		return (struct piece){at + 1, (size_t)(host_end - at - 1)};
	}
	host_end = memchr(at, ':', (size_t)(end - at));
	if (host_end == NULL)
		return (struct piece){at, (size_t)(end - at)};
	*rest = (struct piece){host_end, (size_t)(end - host_end)};
	return (struct piece){at, (size_t)(host_end - at)};
}

bool
cw_url_endpoint(const char *text, struct cw_endpoint *endpoint)
{
	struct url url = split(text);
	struct piece host, rest;

	*endpoint = (struct cw_endpoint){0};
	if (has_bad_bytes(text) || url.authority.at == NULL)
		return false;
	if (is_scheme(url.scheme, "https"))
		endpoint->secure = true;
	else if (!is_scheme(url.scheme, "http"))
		return false;
	host = split_host(url.authority, &rest);
	if (host.length == 0 || (rest.length > 0 && rest.at[0] != ':'))
		return false;
	endpoint->port = endpoint->secure ? 443 : 80;
	if (rest.length > 1) {
		cw_autofree char *digits = cw_memdup(rest.at + 1, rest.length - 1);
		uint64_t port;

		if (!cw_parse_uint(digits, 65535, &port) || port == 0)
			return false;
		endpoint->port = (unsigned)port;
	}
	endpoint->host = cw_memdup(host.at, host.length);
	return true;
}

void
cw_endpoint_clear(struct cw_endpoint *endpoint)
{
	free(endpoint->host);
	endpoint->host = NULL;
}

char *
cw_url_printable(const char *text)
{
	struct url url = split(text);
	const char *at = NULL;

	for (size_t i = 0; url.authority.at != NULL && i < url.authority.length; i++) {
		if (url.authority.at[i] == '@')
			at = url.authority.at + i;
	}
	if (at == NULL)
		return cw_strdup(text);
	return cw_format("%.*s%s", (int)(url.authority.at - text), text, at + 1);
}

/* Drops the last segment of PATH and its slash. */
static void
drop_segment(struct cw_buf *path)
{
	const char *slash = strrchr(cw_buf_text(path), '/');

	cw_buf_truncate(path, slash == NULL ? 0 : (size_t)(slash - path->data));
}

/* RFC 3986 section 5.2.4. */
static void
add_without_dots(struct cw_buf *url, const char *path)
{
	cw_auto_buf struct cw_buf clean = {0};

	while (*path != '\0') {
		size_t length;

		if (cw_starts_with(path, "../")) {
			path += 3;
		} else if (cw_starts_with(path, "./")) {
			path += 2;
		} else if (cw_starts_with(path, "/./")) {
			path += 2;
		} else if (cw_starts_with(path, "/../")) {
			path += 3;
			drop_segment(&clean);
		} else if (strcmp(path, "/.") == 0) {
			path = "";
			cw_buf_add_char(&clean, '/');
		} else if (strcmp(path, "/..") == 0) {
			path = "";
			drop_segment(&clean);
			cw_buf_add_char(&clean, '/');
		} else if (strcmp(path, ".") == 0 || strcmp(path, "..") == 0) {
			path = "";
		} else {
			length = 1 + strcspn(path + 1, "/");
			cw_buf_add(&clean, path, length);
			path += length;
		}
	}
	cw_buf_add(url, cw_buf_text(&clean), clean.length);
}

/* RFC 3986 section 5.2.3. */
static char *
merge_paths(const struct url *base, struct piece path)
{
	size_t kept = base->path.length;

	if (base->path.length == 0)
		return cw_format("/%.*s", (int)path.length, path.at);
	while (kept > 0 && base->path.at[kept - 1] != '/')
		kept--;
	return cw_format("%.*s%.*s", (int)kept, base->path.at, (int)path.length, path.at);
}

static void
add_piece(struct cw_buf *url, const char *before, struct piece piece, const char *after)
{
	if (piece.at == NULL)
		return;
	cw_buf_add_text(url, before);
	cw_buf_add(url, piece.at, piece.length);
	cw_buf_add_text(url, after);
}

/* RFC 3986 sections 5.2.2 and 5.3. */
static void
combine(struct cw_buf *target, const struct url *base, const struct url *reference)
{
	cw_autofree char *path = cw_memdup(reference->path.at, reference->path.length);
	bool own_authority = reference->scheme.at != NULL || reference->authority.at != NULL;
	struct piece query = reference->query;

	add_piece(target, "", reference->scheme.at != NULL ? reference->scheme : base->scheme, ":");
	add_piece(target, "//", own_authority ? reference->authority : base->authority, "");
	if (!own_authority && *path == '\0') {
		add_piece(target, "", base->path, "");
		if (query.at == NULL)
			query = base->query;
	} else {
		if (!own_authority && *path != '/') {
			free(path);
			path = merge_paths(base, reference->path);
		}
		add_without_dots(target, path);
	}
	add_piece(target, "?", query, "");
	add_piece(target, "#", reference->fragment, "");
}

char *
cw_http_resolve(const char *base, const char *reference)
{
	cw_auto_endpoint struct cw_endpoint endpoint = {0};
	cw_auto_buf struct cw_buf target = {0};
	struct url base_url, reference_url;

	if (has_bad_bytes(base) || has_bad_bytes(reference))
		return NULL;
	base_url = split(base);
	reference_url = split(reference);
	combine(&target, &base_url, &reference_url);
	return cw_url_endpoint(cw_buf_text(&target), &endpoint) ? cw_buf_take(&target) : NULL;
}
