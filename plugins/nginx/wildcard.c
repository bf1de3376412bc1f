#include "wildcard.h"
#include <stdlib.h>
#include <string.h>
#include "tls.h"

static bool
stands_for(const char *wildcard, const struct name *name)
{
	const char *base = name_base(name), *dot;

	if (base != NULL)
		return strcmp(base, wildcard + 2) == 0;
	dot = strchr(name->text, '.');
	return dot != NULL && !name_is_regex(name) && strcmp(dot + 1, wildcard + 2) == 0;
}

static bool
is_plain(const struct nginx *nginx, const struct server *server)
{
	for (size_t i = 0; i < server->listen_count; i++)
		if (listen_has_port(&server->listens[i], nginx->http_port) &&
		    !listen_is_tls(server, &server->listens[i]))
			return true;
	return false;
}

static bool
is_of_use(const struct nginx *nginx, const struct server *server, const char *name,
	  enum wildcard_use use)
{
	if (use == WILDCARD_PLAIN ? !is_plain(nginx, server)
				  : use == WILDCARD_TLS && !tls_listens(server))
		return false;
	for (size_t i = 0; i < server->name_count; i++)
		if (stands_for(name, &server->names[i]))
			return true;
	return false;
}

/* Whether the user wants a server. A site's plain server and its server with TLS have the same
 * names; the user is asked once. */
static int
ask(struct nginx *nginx, const struct server *server, const char *name, enum wildcard_use use,
    bool *wanted)
{
	/* The address says which of them it is. */
	static char yes[] = "yes", no[] = "no";
	autofree char *place = file_place(server->directive);
	auto_text struct text names = {0}, question = {0};
	const char *known;
	int answer = 1, status;

	for (size_t i = 0; i < server->name_count; i++)
		text_format(&names, " %s", server->names[i].text);
	text_format(&question, "%s %s for%s (%s)?",
		    use == WILDCARD_CERTIFICATE ? "Install the certificate of"
						: "Add the enhancement of",
		    name, names.data, place);
	text_format(&names, " of %s", name);
	known = map_get(&nginx->answers, names.data);
	if (known != NULL) {
		*wanted = known == yes;
		return CW_OK;
	}
	status = nginx->host->ask_yes_no(nginx->host, question.data, &answer);
	if (status != CW_OK)
		return status;
	*wanted = answer != 0;
	map_set(&nginx->answers, arena_copy(nginx->keep, names.data, names.length),
		*wanted ? yes : no);
	return CW_OK;
}

int
wildcard_servers(struct nginx *nginx, const char *name, enum wildcard_use use,
		 struct choices *choices)
{
	bool asks = nginx->host->interactive(nginx->host), declined = false;
	enum wildcard_use looked_for = use;

	memset(choices, 0, sizeof(*choices));
	for (size_t i = 0; use == WILDCARD_CERTIFICATE && i < nginx->model.server_count; i++)
		if (is_of_use(nginx, nginx->model.servers[i], name, WILDCARD_TLS))
			looked_for = WILDCARD_TLS;
	for (size_t i = 0; i < nginx->model.server_count; i++) {
		struct server *server = nginx->model.servers[i];
		bool wanted = true;
		int status = CW_OK;

		if (!is_of_use(nginx, server, name, looked_for))
			continue;
		if (asks)
			status = ask(nginx, server, name, use, &wanted);
		if (status != CW_OK)
			return status;
		declined |= !wanted;
		if (!wanted)
			continue;
		choices->items =
			memory_resize(choices->items, choices->count + 1, sizeof(*choices->items));
		choices->items[choices->count++] = server;
	}
	if (declined && choices->count == 0)
		return cw_host_fail(nginx->host, CW_E_CANCELLED, NULL,
				    "no server block was chosen for \"%s\"", name);
	return CW_OK;
}
