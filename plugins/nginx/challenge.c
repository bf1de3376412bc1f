/*
 * http-01 (RFC 8555 section 8.3). Every server that nginx could choose for the name on the CA's
 * port gets a location for exactly the challenge's path. A server may redirect or return before it
 * looks for a location, so a "rewrite ... break" for that path goes first and ends those
 * directives.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "edit.h"
#include "plugin.h"
#include "reload.h"

enum { TOKEN_MAX = 512, ANSWER_MAX = 1024, FILTER_COUNT = 6 };

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

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
setup_clear(struct setup *setup)
{
	for (size_t i = 0; i < setup->count; i++)
		text_clear(&setup->additions[i].lines);
	free(setup->additions);
	text_clear(&setup->own);
	model_clear(&setup->model);
}

/* Only characters without a meaning in the configuration may go into it. */
static bool
is_plain(const struct cw_challenge *challenge)
{
	size_t token = strlen(challenge->token);
	size_t answer = strlen(challenge->key_authorization);
	const char *rest = challenge->key_authorization;

	rest += strspn(rest, base64url);
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, base64url);
	return token > 0 && token <= TOKEN_MAX && strspn(challenge->token, base64url) == token &&
	       answer > 0 && answer <= ANSWER_MAX && *rest == '\0';
}

/* The name as in the Host field. Release with free(). */
static char *
host_of(const struct cw_challenge *challenge)
{
	bool ipv6 = strchr(challenge->identifier, ':') != NULL;
	char *host = memory_format(ipv6 ? "[%s]" : "%s", challenge->identifier);

	for (char *byte = host; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	return host;
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
add_challenge(struct setup *setup, struct cw_challenge *challenge)
{
	struct nginx *nginx = setup->nginx;
	autofree char *host = NULL;
	bool anybody = false;

	if (strcmp(challenge->type, "http-01") != 0)
		return cw_host_fail(nginx->host, CW_E_UNSUPPORTED, NULL,
				    "nginx cannot answer a challenge of the type \"%s\"",
				    challenge->type);
	if (!is_plain(challenge))
		return cw_host_fail(nginx->host, CW_E_PROTOCOL, NULL,
				    "the CA's token for \"%s\" is not base64url",
				    challenge->identifier);
	host = host_of(challenge);
	for (size_t i = 0; i < setup->model.group_count; i++) {
		const struct group *group = setup->model.groups[i];
		enum name_match match;
		struct name *name;

		if (group->port != nginx->http_port)
			continue;
		add_to_server(setup, group_choose(group, host, &name, &match), challenge);
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
write_challenges(struct setup *setup)
{
	struct nginx *nginx = setup->nginx;
	struct edits edits = {0};
	int status;

	for (size_t i = 0; i < setup->count; i++)
		edits_first(&edits, setup->additions[i].server->directive,
			    setup->additions[i].lines.data);
	status = add_own_server(setup, &edits);
	if (status == CW_OK)
		status = edits_apply(&edits, &setup->model.files);
	edits_clear(&edits);
	if (status != CW_OK || !files_changed(&setup->model.files))
		return status;
	nginx->challenged = true;
	status = files_write(&setup->model.files);
	if (status == CW_OK)
		status = nginx->host->checkpoint_commit(nginx->host, NULL);
	return status;
}

static int
make_live(struct setup *setup)
{
	struct nginx *nginx = setup->nginx;
	int status = program_test(&nginx->program, "nginx rejects its configuration with the "
						   "challenges");

	if (status == CW_OK)
		status = register_reload(nginx, &nginx->undo);
	if (status != CW_OK)
		return status;
	nginx->reloaded = true;
	return reload_nginx(&nginx->program, &setup->model, nginx->sleep_seconds, NULL);
}

/* Restores the files. If nginx rejected them, checks whether it rejected them before us, too. */
static int
revert_after(struct nginx *nginx, int failure, bool refused)
{
	autofree char *why = nginx->program.refusal;
	int status = nginx->host->checkpoint_revert(nginx->host);

	nginx->program.refusal = NULL;
	if (status != CW_OK)
		return status;
	nginx->challenged = false;
	if (!refused || why == NULL)
		return failure;
	status = program_test(&nginx->program, "nginx rejects its configuration as it is");
	if (status != CW_OK)
		return status;
	return cw_host_fail(nginx->host, failure,
			    "the files are restored; --webroot does not change them",
			    "nginx rejects its configuration with the challenges: %s", why);
}

static int
perform(struct setup *setup, struct cw_challenge *const *challenges, size_t count)
{
	struct nginx *nginx = setup->nginx;
	int status = program_identify(&nginx->program);

	if (status == CW_OK)
		status = model_read(&setup->model, nginx->host, nginx->root);
	if (status != CW_OK)
		return status;
	find_filters(setup);
	for (size_t i = 0; i < count; i++) {
		status = add_challenge(setup, challenges[i]);
		if (status != CW_OK)
			cw_host_pass_challenge(nginx->host, challenges[i], status);
	}
	status = write_challenges(setup);
	if (status == CW_OK && nginx->challenged)
		status = make_live(setup);
	if (status != CW_OK && nginx->challenged && !nginx->reloaded)
		return revert_after(nginx, status, status == CW_E_COMMAND);
	return status;
}

int
challenge_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct nginx *nginx = self;
	struct setup setup = {.nginx = nginx};
	int status = perform(&setup, challenges, count);

	setup_clear(&setup);
	if (status == CW_E_BUSY && !nginx->challenged) {
		/* Another program changed a file after we read it. */
		cw_host_log(nginx->host, CW_LOG_INFO,
			    "starting again because nginx's configuration has changed");
		setup = (struct setup){.nginx = nginx};
		status = perform(&setup, challenges, count);
		setup_clear(&setup);
	}
	return status;
}

static int
reload_restored(struct nginx *nginx)
{
	struct model model;
	int status = model_read(&model, nginx->host, nginx->root);

	if (status == CW_OK)
		status = program_test(&nginx->program, "nginx rejects its configuration");
	if (status == CW_OK)
		status = reload_nginx(&nginx->program, &model, nginx->sleep_seconds, NULL);
	model_clear(&model);
	return status;
}

int
challenge_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct nginx *nginx = self;
	int status = CW_OK;

	(void)challenges;
	(void)count;
	if (nginx->challenged) {
		status = nginx->host->checkpoint_revert(nginx->host);
		nginx->challenged = status != CW_OK;
	}
	if (status == CW_OK && nginx->reloaded) {
		status = reload_restored(nginx);
		nginx->reloaded = false;
	}
	if (status == CW_OK)
		reload_done(nginx, &nginx->undo);
	return status;
}
