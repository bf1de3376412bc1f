/*
 * Which server nginx chooses (ngx_http_server_names() and ngx_http_find_virtual_server()): an exact
 * name, the longest leading wildcard, the longest trailing wildcard, the first regular expression
 * that matches, the default. If an address has a name twice, the first counts.
 */
#include <string.h>
#include "model.h"

struct group *
model_group(const struct model *model, const char *address, unsigned port)
{
	autofree char *key = memory_format("%s:%u", address, port);

	return map_get(&model->group_map, key);
}

/* Whether the exact name TEXT comes before NAME of the server at INDEX. */
static bool
comes_before(const struct group *group, size_t index, const struct name *name, const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i <= index; i++) {
		const struct server *server = group->servers[i];

		for (size_t j = 0; j < server->name_count; j++) {
			if (&server->names[j] == name)
				return false;
			if (server->names[j].length == length &&
			    memcmp(server->names[j].text, text, length) == 0)
				return true;
		}
	}
	return false;
}

/* nginx stores ".x" as "x" too, and ignores the later of the two. */
static bool
is_ignored(const struct group *group, size_t index, const struct name *name, enum name_match match)
{
	autofree char *dotted = NULL;

	if (match == MATCH_HEAD && name->text[0] == '.')
		return comes_before(group, index, name, name->text + 1);
	if (match != MATCH_EXACT)
		return false;
	dotted = memory_format(".%s", name->text);
	return comes_before(group, index, name, dotted);
}

static bool
is_better(enum name_match match, size_t length, enum name_match best, size_t best_length)
{
	if (match != best)
		return match < best;
	return (match == MATCH_HEAD || match == MATCH_TAIL) && length > best_length;
}

struct server *
group_choose(const struct group *group, const char *host, struct name **name,
	     enum name_match *match)
{
	struct server *chosen = group->default_server;
	size_t length = strlen(host), best_length = 0;

	*name = NULL;
	*match = MATCH_NONE;
	for (size_t i = 0; i < group->count && *match != MATCH_EXACT; i++) {
		struct server *server = group->servers[i];

		for (size_t j = 0; j < server->name_count; j++) {
			struct name *candidate = &server->names[j];
			const char *base = name_base(candidate);
			size_t specific = base != NULL ? strlen(base) : candidate->length;
			enum name_match got;

			/* Expressions come last, so most are never tried. */
			if (name_is_regex(candidate) && *match <= MATCH_REGEX)
				continue;
			got = name_matches(candidate, host, length);
			if (got == MATCH_NONE || !is_better(got, specific, *match, best_length) ||
			    is_ignored(group, i, candidate, got))
				continue;
			chosen = server;
			*name = candidate;
			*match = got;
			best_length = specific;
		}
	}
	return chosen;
}
