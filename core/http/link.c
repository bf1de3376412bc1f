#include "base/text.h"
#include "http/client.h"

#include <stdlib.h>
#include <string.h>

/* One link of a Link header (RFC 8288 section 3). */
struct link {
	char *target;
	char *relations; /* blank-separated; NULL: none given */
	char *anchor;    /* NULL: the link is about the page itself */
};

static void
clear_link(struct link *link)
{
	free(link->target);
	free(link->relations);
	free(link->anchor);
}

static const char *
skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* A quoted-string or a token (RFC 9110 section 5.6); returns where it ends. */
static const char *
read_value(const char *at, struct cw_buf *value)
{
	size_t length;

	if (*at != '"') {
		length = strcspn(at, ";, \t");
		cw_buf_add(value, at, length);
		return at + length;
	}
	for (at++; *at != '\0' && *at != '"'; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		cw_buf_add_char(value, *at);
	}
	return *at == '"' ? at + 1 : at;
}

/* One ";name=value"; returns where it ends. Of a repeated parameter the first counts. */
static const char *
read_parameter(const char *at, struct link *link)
{
	size_t length = strcspn(at, "=;, \t");
	cw_autofree char *name = cw_memdup(at, length);
	cw_auto_buf struct cw_buf value = {0};

	at = skip_blanks(at + length);
	if (*at == '=')
		at = read_value(skip_blanks(at + 1), &value);
	if (cw_equal_nocase(name, "rel") && link->relations == NULL)
		link->relations = cw_buf_take(&value);
	else if (cw_equal_nocase(name, "anchor") && link->anchor == NULL)
		link->anchor = cw_buf_take(&value);
	return at;
}

/* The link at the front of *AT, which moves behind it; false when there is none, or it is
 * malformed (the rest of the header then says nothing). */
static bool
read_link(const char **at, struct link *link)
{
	const char *end;

	*at += strspn(*at, ", \t");
	if (**at != '<')
		return false;
	end = strchr(*at, '>');
	if (end == NULL)
		return false;
	link->target = cw_memdup(*at + 1, (size_t)(end - *at - 1));
	*at = skip_blanks(end + 1);
	while (**at == ';')
		*at = skip_blanks(read_parameter(skip_blanks(*at + 1), link));
	return **at == ',' || **at == '\0';
}

static bool
has_relation(const struct link *link, const char *relation)
{
	const char *at = link->relations;

	while (at != NULL && *at != '\0') {
		size_t length = strcspn(at, " \t");
		cw_autofree char *one = cw_memdup(at, length);

		if (cw_equal_nocase(one, relation))
			return true;
		at = skip_blanks(at + length);
	}
	return false;
}

/* A link whose anchor is another resource does not concern this answer. */
static bool
is_about(const struct link *link, const char *base)
{
	cw_autofree char *anchor = NULL;

	if (link->anchor == NULL)
		return true;
	anchor = cw_http_resolve(base, link->anchor);
	return anchor != NULL && strcmp(anchor, base) == 0;
}

void
cw_http_links(const struct cw_http_answer *answer, const char *base, const char *relation,
	      struct cw_strv *targets)
{
	for (size_t i = 0; i < answer->headers.count; i++) {
		const char *at = answer->headers.items[i];
		bool well_formed = true;

		if (!cw_starts_with(at, "link:"))
			continue;
		at += strlen("link:");
		while (well_formed) {
			cw_auto(clear_link) struct link link = {0};
			cw_autofree char *target = NULL;

			well_formed = read_link(&at, &link);
			if (!well_formed || !has_relation(&link, relation) ||
			    !is_about(&link, base))
				continue;
			target = cw_http_resolve(base, link.target);
			if (target != NULL)
				cw_strv_add(targets, target);
		}
	}
}
