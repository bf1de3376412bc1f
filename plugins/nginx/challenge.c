/*
 * http-01 (RFC 8555 section 8.3). Every server that nginx could choose for the name on the CA's
 * port gets a location for exactly the challenge's path. A server may redirect or return before it
 * looks for a location, so a "rewrite ... break" for that path goes first and ends those
 * directives.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../common/answers.h"
#include "edit.h"
#include "plugin.h"
#include "reload.h"

enum { FILTER_COUNT = 6 };

/* What to add to one server. */
struct addition {
	const struct server *server;
	struct text lines;
};

struct setup {
	struct nginx *nginx;
	struct model model;
	struct addition *additions;
	size_t count;
	struct text own;             /* locations for a server of our own */
	bool filtered[FILTER_COUNT]; /* set in the http block for all servers; indexed as FILTERS
					below */
};

static void
clear_setup(void *context)
{
	struct setup *setup = context;

	for (size_t i = 0; i < setup->count; i++)
		text_clear(&setup->additions[i].lines);
	free(setup->additions);
	text_clear(&setup->own);
	model_clear(&setup->model);
}

/* Directives that change or delay every body, and what turns them off in a location. */
static const struct filter {
	const char *names[3];
	const char *end;
} filters[FILTER_COUNT] = {
	{{"sub_filter"}, "sub_filter <> \"\";"},
	{{"add_before_body"}, "add_before_body \"\";"},
	{{"add_after_body"}, "add_after_body \"\";"},
	{{"limit_rate"}, "limit_rate 0;"},
	{{"header_filter_by_lua_block", "header_filter_by_lua_file", "header_filter_by_lua"},
	 "header_filter_by_lua_block { return }"},
	{{"body_filter_by_lua_block", "body_filter_by_lua_file", "body_filter_by_lua"},
	 "body_filter_by_lua_block { return }"},
};

static bool
is_filtered(struct setup *setup, const struct directive *block, const struct filter *filter)
{
	for (size_t i = 0; i < sizeof(filter->names) / sizeof(*filter->names); i++)
		if (filter->names[i] != NULL &&
		    model_find(&setup->model, block, filter->names[i], NULL) != NULL)
			return true;
	return false;
}

/* SERVER NULL: a server of our own. */
static void
add_location(struct setup *setup, struct text *lines, const struct server *server,
	     const struct cw_challenge *challenge)
{
	text_format(lines,
		    "location = /.well-known/acme-challenge/%s {\n"
		    "\tdefault_type text/plain;\n",
		    challenge->token);
	for (size_t i = 0; i < FILTER_COUNT; i++)
		if (setup->filtered[i] ||
		    (server != NULL && is_filtered(setup, server->directive, &filters[i])))
			text_format(lines, "\t%s\n", filters[i].end);
	text_format(lines, "\treturn 200 %s;\n}\n", challenge->key_authorization);
}

static void
find_filters(struct setup *setup)
{
	for (size_t i = 0; i < FILTER_COUNT && setup->model.http != NULL; i++)
		setup->filtered[i] = is_filtered(setup, setup->model.http, &filters[i]);
}

/* Lua that runs before all else in a server cannot be kept from a request. */
static void
tell_of_lua(struct setup *setup, const struct server *server)
{
	static const char *const names[] = {"server_rewrite_by_lua_block",
					    "server_rewrite_by_lua_file"};
	const struct directive *blocks[] = {server->directive, server->http};

	for (size_t i = 0; i < 4; i++) {
		const struct directive *found =
			model_find(&setup->model, blocks[i / 2], names[i % 2], NULL);
		autofree char *place = found != NULL ? file_place(found) : NULL;

		if (found == NULL)
			continue;
		cw_host_log(setup->nginx->host, CW_LOG_INFO,
			    "the Lua code at \"%s\" handles the CA's request first; it must let "
			    "\"/.well-known/acme-challenge/\" pass",
			    place);
		return;
	}
}

static struct addition *
addition_for(struct setup *setup, const struct server *server)
{
	struct addition *addition;

	for (size_t i = 0; i < setup->count; i++)
		if (setup->additions[i].server == server)
			return &setup->additions[i];
	setup->additions =
		memory_resize(setup->additions, setup->count + 1, sizeof(*setup->additions));
	addition = &setup->additions[setup->count++];
	memset(addition, 0, sizeof(*addition));
	addition->server = server;
	tell_of_lua(setup, server);
	return addition;
}

static void
add_to_server(struct setup *setup, const struct server *server,
	      const struct cw_challenge *challenge)
{
	struct addition *addition = addition_for(setup, server);

	/* The same challenge may come twice: for two addresses of a server, or in two
	 * certificates. */
	if (addition->lines.data != NULL && strstr(addition->lines.data, challenge->token) != NULL)
		return;
	text_format(&addition->lines,
		    "rewrite ^/\\.well-known/acme-challenge/%s$ "
		    "/.well-known/acme-challenge/%s break;\n",
		    challenge->token, challenge->token);
	add_location(setup, &addition->lines, server, challenge);
}

static int
add_challenge(void *context, const struct cw_challenge *challenge, const char *name)
{
	struct setup *setup = context;
	bool anybody = false;

	for (size_t i = 0; i < setup->model.group_count; i++) {
		const struct group *group = setup->model.groups[i];
		enum name_match match;
		struct name *by;

		if (group->port != setup->nginx->http_port)
			continue;
		add_to_server(setup, group_choose(group, name, &by, &match), challenge);
		anybody = true;
	}
	if (!anybody)
		add_location(setup, &setup->own, NULL, challenge);
	return CW_OK;
}

static bool
has_ipv6(void)
{
	int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (probe < 0)
		return false;
	close(probe);
	return true;
}

/* A server of our own for a port where nothing listens. */
static int
add_own_server(struct setup *setup, struct edits *edits)
{
	unsigned port = setup->nginx->http_port;
	auto_text struct text lines = {0};
	char *line, *rest;

	if (setup->own.data == NULL)
		return CW_OK;
	if (setup->model.http == NULL)
		return cw_host_fail(setup->nginx->host, CW_E_NOT_FOUND,
				    "nginx serves no site here; use --standalone",
				    "\"%s\" has no http block",
				    setup->nginx->program.configuration);
	text_format(&lines, "server {\n\tlisten %u;\n", port);
	if (has_ipv6())
		text_format(&lines, "\tlisten [::]:%u;\n", port);
	rest = setup->own.data;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			text_format(&lines, "\t%s\n", line);
	text_add_string(&lines, "}\n");
	edits_last(edits, setup->model.http, lines.data);
	return CW_OK;
}

static int
read_setup(void *context, void *self, struct files **files)
{
	struct setup *setup = context;
	struct nginx *nginx = self;
	int status = program_identify(&nginx->program);

	setup->nginx = nginx;
	*files = &setup->model.files;
	if (status == CW_OK)
		status = model_read(&setup->model, nginx->host, nginx->root);
	if (status == CW_OK)
		find_filters(setup);
	return status;
}

static int
edit_files(void *context)
{
	struct setup *setup = context;
	struct edits edits = {0};
	int status;

	for (size_t i = 0; i < setup->count; i++)
		edits_first(&edits, setup->additions[i].server->directive,
			    setup->additions[i].lines.data);
	status = add_own_server(setup, &edits);
	if (status == CW_OK)
		status = edits_apply(&edits);
	edits_clear(&edits);
	return status;
}

static int
reload(void *self, void *context)
{
	struct nginx *nginx = self;
	struct setup *setup = context;
	struct model restored = {0};
	int status = CW_OK;

	if (setup == NULL)
		status = model_read(&restored, nginx->host, nginx->root);
	if (status == CW_OK)
		status = reload_nginx(&nginx->program, setup != NULL ? &setup->model : &restored,
				      nginx->sleep_seconds, NULL);
	model_clear(&restored);
	return status;
}

const struct answering answering = {
	.setup_size = sizeof(struct setup),
	.read = read_setup,
	.add = add_challenge,
	.edit = edit_files,
	.reload = reload,
	.clear = clear_setup,
};
