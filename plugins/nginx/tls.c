#include "tls.h"
#include <stdlib.h>
#include <string.h>

bool
tls_listens(const struct server *server)
{
	for (size_t i = 0; i < server->listen_count; i++)
		if (listen_is_tls(server, &server->listens[i]))
			return true;
	return false;
}

/* Whether the listener's address gets TLS too: those on the http port, or all if the server has
 * none there. */
static bool
is_model_for_tls(const struct nginx *nginx, const struct server *server,
		 const struct listen *listen)
{
	bool any = false;

	if (listen_is_unix(listen) || listen->quic || listen_is_tls(server, listen))
		return false;
	for (size_t i = 0; i < server->listen_count; i++)
		any |= listen_has_port(&server->listens[i], nginx->http_port);
	return !any || listen_has_port(listen, nginx->http_port);
}

static void
add_word(struct edits *edits, const struct directive *directive, const char *word)
{
	autofree char *text = memory_format(" %s", word);

	edits_replace(edits, file_of(directive), directive->words[directive->word_count - 1].end, 0,
		      text);
}

/* Without a marked default the first server of an address is its default. A new first server
 * would replace it for clients that send no name or an unknown one. */
static void
keep_default(struct edits *edits, const struct group *group, const struct server *server)
{
	const struct server *first;

	if (group == NULL || group->default_given || group->default_server->order < server->order)
		return;
	first = group->default_server;
	for (size_t i = 0; i < first->listen_count; i++) {
		const struct listen *listen = &first->listens[i];

		/* In a file that several servers share, it would mark them all. */
		if (listen->directive != NULL && file_of(listen->directive)->uses <= 1 &&
		    listen_has_port(listen, group->port) &&
		    strcmp(listen->address, group->address) == 0) {
			add_word(edits, listen->directive, "default_server");
			return;
		}
	}
}

/* The directive that enables HTTP/2 for a whole server, since nginx 1.25.1. */
static bool
has_http2_directive(struct nginx *nginx, const struct server *server)
{
	return model_find(&nginx->model, server->directive, "http2", NULL) != NULL ||
	       model_find(&nginx->model, server->http, "http2", NULL) != NULL;
}

static bool
wants_http2(struct nginx *nginx, const struct group *group)
{
	if (nginx->program.version < NGINX_VERSION(1, 9, 5) || !nginx->program.http2)
		return false;
	/* An option of an address applies to all servers there. */
	return group == NULL || group->http2 ||
	       (nginx->program.version >= NGINX_VERSION(1, 25, 1) &&
		has_http2_directive(nginx, group->servers[0]));
}

/* Makes the line of a TLS listener for the address of LISTEN. */
static void
add_listener(struct nginx *nginx, struct edits *edits, struct text *lines,
	     const struct server *server, const struct listen *listen, bool *http2)
{
	const struct group *group = model_group(&nginx->model, listen->address, nginx->https_port);
	autofree char *words = listen_words(listen->address, nginx->https_port);
	bool own_word = nginx->program.version < NGINX_VERSION(1, 25, 1);

	text_format(lines, "listen %s ssl", words);
	if (wants_http2(nginx, group)) {
		if (own_word || (group != NULL && group->http2))
			text_add_string(lines, " http2");
		else
			*http2 = true;
	}
	if (group != NULL ? group->proxy_protocol : listen->proxy_protocol)
		text_add_string(lines, " proxy_protocol");
	/* One listener for IPv6 and IPv4, unless IPv4 has its own by now. */
	if (listen->dual && group == NULL &&
	    model_group(&nginx->model, "*", nginx->https_port) == NULL)
		text_add_string(lines, " ipv6only=off");
	text_add_string(lines, ";\n");
	keep_default(edits, group, server);
}

/* Where the listeners are. */
static const struct directive *
last_listen(const struct server *server)
{
	const struct directive *last = NULL;

	for (const struct directive *at = server->directive->first_child; at != NULL; at = at->next)
		if (syntax_is(at, "listen"))
			last = at;
	return last;
}

static void
add_lines(struct edits *edits, const struct server *server, const struct text *lines)
{
	const struct directive *last = last_listen(server);
	autofree char *copy = NULL;
	char *rest, *line;

	if (lines->data == NULL)
		return;
	rest = copy = memory_copy(lines->data, lines->length);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		if (last != NULL)
			edits_after(edits, last, line);
		else
			edits_first(edits, server->directive, line);
	}
}

/* Adds TLS to a listener on the https port that takes plain requests. */
static void
turn_to_tls(struct nginx *nginx, struct edits *edits, const struct listen *listen)
{
	autofree char *key = memory_format("%s:%u", listen->address, nginx->https_port);

	add_word(edits, listen->directive, "ssl");
	map_set(&nginx->turned, arena_copy(nginx->keep, key, strlen(key)), nginx);
}

static bool
has_certificate(struct nginx *nginx, const struct server *server)
{
	return model_find(&nginx->model, server->directive, "ssl_certificate", NULL) != NULL ||
	       model_find(&nginx->model, server->http, "ssl_certificate", NULL) != NULL ||
	       model_find(&nginx->model, server->directive, "ssl_reject_handshake", "on") != NULL;
}

int
tls_check_shared(struct nginx *nginx)
{
	for (size_t i = 0; i < nginx->model.group_count; i++) {
		const struct group *group = nginx->model.groups[i];
		autofree char *key = memory_format("%s:%u", group->address, group->port);

		if (map_get(&nginx->turned, key) == NULL)
			continue;
		for (size_t j = 0; j < group->count; j++) {
			const struct server *server = group->servers[j];
			autofree char *place = file_place(server->directive);

			if (!has_certificate(nginx, server))
				return cw_host_fail(nginx->host, CW_E_INVALID,
						    "give its names a certificate in the same run, "
						    "or move the block to another port",
						    "the server block at \"%s\" also takes plain "
						    "requests on port %u, but nginx has TLS there "
						    "for all blocks or for none",
						    place, group->port);
		}
	}
	return CW_OK;
}

/* Whether an earlier listener of the server has the same address. */
static bool
is_repeated(const struct server *server, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(server->listens[i].address, server->listens[index].address) == 0)
			return true;
	return false;
}

static void
add_listeners(struct nginx *nginx, struct edits *edits, const struct server *server)
{
	auto_text struct text lines = {0};
	bool http2 = false, any = false;

	/* The first listen directive ends nginx's own default. */
	if (server->listens[0].directive == NULL)
		text_format(&lines, "listen %u;\n", server->listens[0].port);
	for (size_t i = 0; i < server->listen_count; i++) {
		const struct listen *listen = &server->listens[i];

		if (!is_model_for_tls(nginx, server, listen))
			continue;
		any = true;
		if (listen_has_port(listen, nginx->https_port))
			turn_to_tls(nginx, edits, listen);
		else if (!is_repeated(server, i))
			add_listener(nginx, edits, &lines, server, listen, &http2);
	}
	/* The server listens only on Unix sockets. */
	if (!any)
		text_format(&lines, "listen %u ssl;\n", nginx->https_port);
	if (http2 && !has_http2_directive(nginx, server))
		text_add_string(&lines, "http2 on;\n");
	add_lines(edits, server, &lines);
}

static bool
has_parameters(struct nginx *nginx, const struct server *server)
{
	static const char *const names[] = {"ssl_protocols",       "ssl_ciphers",
					    "ssl_session_cache",   "ssl_session_timeout",
					    "ssl_session_tickets", "ssl_prefer_server_ciphers"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (model_find(&nginx->model, server->directive, names[i], NULL) != NULL)
			return true;
	return false;
}

static void
add_parameters(struct nginx *nginx, struct edits *edits, const struct server *server,
	       const char *options, const char *parameters)
{
	autofree char *options_word = syntax_quote(options);
	autofree char *parameters_word = syntax_quote(parameters);

	if (!has_parameters(nginx, server)) {
		autofree char *line = memory_format("include %s;", options_word);

		edits_last(edits, server->directive, line);
	}
	if (model_find(&nginx->model, server->directive, "ssl_dhparam", NULL) == NULL) {
		autofree char *line = memory_format("ssl_dhparam %s;", parameters_word);

		edits_last(edits, server->directive, line);
	}
}

int
tls_add(struct nginx *nginx, struct edits *edits, const struct server *server)
{
	autofree char *options = NULL;
	autofree char *parameters = NULL;
	int status = tls_options_install(nginx, &options, &parameters);

	if (status != CW_OK)
		return status;
	add_listeners(nginx, edits, server);
	add_parameters(nginx, edits, server, options, parameters);
	return CW_OK;
}
