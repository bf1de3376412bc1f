#include "naming.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "address.h"
#include "plan.h"

/* Whether the TLS host's address on the https port is HOST. */
static bool
has_tls_address(const struct apache *apache, const struct host *tls, const char *address)
{
	return host_has_address(tls, address, apache->https_port) ||
	       host_has_address(tls, address, 0);
}

static bool
is_tls(const struct apache *apache, const struct host *host)
{
	return host->tls && plan_is_on_port(host, apache->https_port);
}

/* Whether a TLS host for the addresses of the plain one may get the same connections as TLS. */
static bool
share_address(const struct apache *apache, const struct host *plain, const struct host *tls)
{
	if (has_tls_address(apache, tls, "*"))
		return true;
	for (size_t i = 0; i < plain->address_count; i++)
		if (strcmp(plain->addresses[i].host, "*") == 0 ||
		    has_tls_address(apache, tls, plain->addresses[i].host))
			return true;
	return false;
}

/* Whether a TLS host serves NAME, or a name that the pattern NAME matches. */
static bool
is_taken(const struct apache *apache, const struct host *plain, const char *name)
{
	for (size_t i = 0; i < apache->model.host_count; i++) {
		const struct host *tls = &apache->model.hosts[i];

		if (!is_tls(apache, tls) || !share_address(apache, plain, tls))
			continue;
		if (host_has_name(tls, name))
			return true;
		for (size_t j = 0; j < tls->name_count; j++)
			if (*tls->names[j] != '\0' && name_matches(name, tls->names[j]))
				return true;
	}
	return false;
}

char *
naming_lines(const struct apache *apache, const struct host *host, const char *name)
{
	auto_text struct text lines = {0};
	/* The main server's name becomes the copy's own. */
	bool complete = strcasecmp(host->inherited, name) != 0, named = false;

	text_format(&lines, "ServerName ");
	if (!complete) {
		text_format(&lines, "%s\n", name);
		named = true;
	}
	for (size_t i = 0; i < host->name_count; i++) {
		const char *own = host->names[i];
		bool same = strcasecmp(own, name) == 0;

		if (*own == '\0')
			continue;
		if (!same && is_taken(apache, host, own)) {
			complete = false;
			continue;
		}
		/* A pattern is none for ServerName. */
		if (!named && strpbrk(own, "*?") != NULL) {
			text_format(&lines, "%s\n", name);
			named = true;
		}
		text_format(&lines, named ? "ServerAlias %s\n" : "%s\n", own);
		named = true;
	}
	if (complete)
		return NULL;
	if (!named)
		text_format(&lines, "%s\n", name);
	return memory_copy(lines.data, lines.length);
}

static bool
some_tls_has(const struct apache *apache, const char *address)
{
	for (size_t i = 0; i < apache->model.host_count; i++) {
		const struct host *host = &apache->model.hosts[i];

		if (is_tls(apache, host) && has_tls_address(apache, host, address))
			return true;
	}
	return false;
}

/* The same for an address as it is written. */
static bool
is_of_tls(const struct apache *apache, struct arena *arena, const char *word)
{
	struct address found[ADDRESS_MAX];
	size_t count = address_parse(arena, word, 0, found);

	for (size_t i = 0; i < count; i++)
		if (some_tls_has(apache, found[i].host))
			return true;
	return false;
}

/* Whether plain requests at ADDRESS, which the host does not have, reach it as a host for all. */
static bool
is_reached(const struct apache *apache, const struct host *host, const char *address)
{
	return (host_has_address(host, "*", apache->http_port) || host_has_address(host, "*", 0)) &&
	       model_group(&apache->model, address, apache->http_port) == NULL &&
	       model_group(&apache->model, address, 0) == NULL;
}

/* Adds the addresses that hosts with TLS have for themselves: a copy for all addresses gets no
 * connections there. */
static void
add_addresses_of_tls(const struct apache *apache, const struct host *host, struct arena *arena,
		     struct map *seen, struct text *out)
{
	for (size_t i = 0; i < apache->model.host_count; i++) {
		const struct host *tls = &apache->model.hosts[i];

		for (size_t j = 0; j < tls->address_count && tls->tls; j++) {
			const struct address *at = &tls->addresses[j];
			bool six = strchr(at->host, ':') != NULL;
			autofree char *brackets = memory_format(six ? "[%s]" : "%s", at->host);
			const char *word = arena_copy(arena, brackets, strlen(brackets));

			if (at->port != apache->https_port || strcmp(at->host, "*") == 0 ||
			    map_get(seen, word) != NULL || !is_reached(apache, host, at->host))
				continue;
			map_set(seen, word, out);
			text_format(out, " %s:%u", word, at->port);
		}
	}
}

void
naming_addresses(const struct apache *apache, const struct host *host, struct text *out)
{
	struct arena *arena = arena_new();
	struct words words = words_split(arena, host->section->arguments);
	struct map seen = {0};
	bool any = some_tls_has(apache, "*");

	for (size_t i = 0; i < words.count; i++) {
		const char *word = words.items[i];
		const char *close = strchr(word, ']');
		const char *colon = strrchr(close != NULL ? close : word, ':');
		size_t length = colon != NULL ? (size_t)(colon - word) : strlen(word);
		const char *address = arena_copy(arena, word, length);

		if (any && !is_of_tls(apache, arena, address))
			address = "*";
		if (map_get(&seen, address) != NULL)
			continue;
		map_set(&seen, address, out);
		text_format(out, " %s:%u", address, apache->https_port);
	}
	add_addresses_of_tls(apache, host, arena, &seen, out);
	map_clear(&seen);
	arena_free(arena);
}

bool
naming_is_own(const struct host *host)
{
	const struct directive *section = host->section;

	for (const struct directive *at = section->first_child; at != NULL; at = at->next)
		if ((directive_is(at, "ServerName") || directive_is(at, "ServerAlias")) &&
		    (at->file != section->file || at->use != NULL ||
		     at->line->start < section->line->start))
			return false;
	return section->use == NULL;
}
