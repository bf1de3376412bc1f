#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

struct walk {
	struct model *model;
	model_visitor visit;
	void *context;
	unsigned depth;
	bool counts; /* count how often a file is used: only while reading everything */
};

static int walk_block(struct walk *walk, const struct directive *block);

static int
walk_include(struct walk *walk, const struct directive *include)
{
	struct file_list *list;
	int status = files_include(&walk->model->files, include, &list);

	if (status != CW_OK)
		return status;
	if (list->walking || walk->depth == DEPTH_MAX) {
		autofree char *place = file_place(include);

		return cw_host_fail(walk->model->host, CW_E_INVALID, "remove that include",
				    "the include at \"%s\" includes itself", place);
	}
	list->walking = true;
	walk->depth++;
	for (size_t i = 0; i < list->count && status == CW_OK; i++) {
		list->items[i]->uses += walk->counts;
		status = walk_block(walk, &list->items[i]->syntax->root);
	}
	walk->depth--;
	list->walking = false;
	return status;
}

static int
walk_block(struct walk *walk, const struct directive *block)
{
	int status = CW_OK;

	for (struct directive *at = block->first_child; at != NULL && status == CW_OK;
	     at = at->next)
		status = syntax_is(at, "include") ? walk_include(walk, at)
						  : walk->visit(walk->context, at);
	return status;
}

int
model_visit(struct model *model, const struct directive *block, model_visitor visit, void *context)
{
	struct walk walk = {.model = model, .visit = visit, .context = context};

	return walk_block(&walk, block);
}

struct search {
	const char *name, *value;
	struct directive *found;
};

static int
search_visit(void *context, struct directive *directive)
{
	struct search *search = context;

	if (!syntax_is(directive, search->name))
		return CW_OK;
	if (search->value != NULL && (directive->word_count < 2 ||
				      strcasecmp(syntax_value(directive, 1), search->value) != 0))
		return CW_OK;
	search->found = directive;
	return 1;
}

struct directive *
model_find(struct model *model, const struct directive *block, const char *name, const char *value)
{
	struct search search = {.name = name, .value = value};

	model_visit(model, block, search_visit, &search);
	return search.found;
}

struct reader {
	struct model *model;
	struct walk *walk;
	struct directive *http;
	struct server *server; /* being read */
};

static int
bad_listen(struct reader *reader, const struct directive *directive)
{
	autofree char *place = file_place(directive);

	return cw_host_fail(reader->model->host, CW_E_INVALID, "\"nginx -t\" shows more",
			    "the listen directive at \"%s\" has an invalid address", place);
}

static void
add_names(struct reader *reader, const struct directive *directive)
{
	struct server *server = reader->server;
	size_t count = server->name_count + directive->word_count - 1;
	struct name *names = arena_alloc(reader->model->arena, count * sizeof(*names));

	if (server->name_count > 0)
		memcpy(names, server->names, server->name_count * sizeof(*names));
	for (size_t i = 1; i < directive->word_count; i++) {
		const char *value = syntax_value(directive, i);

		name_init(&names[server->name_count++],
			  arena_copy(reader->model->arena, value, strlen(value)));
	}
	server->names = names;
}

static void
add_listen(struct reader *reader, const struct listen *listen)
{
	struct server *server = reader->server;
	size_t count = server->listen_count;
	struct listen *listens = arena_alloc(reader->model->arena, (count + 1) * sizeof(*listens));

	if (count > 0)
		memcpy(listens, server->listens, count * sizeof(*listens));
	listens[count] = *listen;
	server->listens = listens;
	server->listen_count = count + 1;
}

static int
read_server_part(void *context, struct directive *directive)
{
	struct reader *reader = context;
	struct listen listen;

	if (syntax_is(directive, "listen")) {
		if (!listen_parse(directive, &listen))
			return bad_listen(reader, directive);
		add_listen(reader, &listen);
	} else if (syntax_is(directive, "server_name") && directive->word_count > 1) {
		add_names(reader, directive);
	} else if (syntax_is(directive, "ssl") && directive->word_count > 1) {
		reader->server->ssl_on = strcmp(syntax_value(directive, 1), "on") == 0;
	}
	return CW_OK;
}

bool
listen_is_tls(const struct server *server, const struct listen *listen)
{
	return listen->ssl || (server->ssl_on && !listen->quic);
}

static void
add_to_group(struct model *model, struct server *server, const struct listen *listen, unsigned port)
{
	struct group *group = model_group(model, listen->address, port);

	if (group == NULL) {
		autofree char *key = memory_format("%s:%u", listen->address, port);

		group = arena_alloc(model->arena, sizeof(*group));
		group->address = arena_copy(model->arena, listen->address, strlen(listen->address));
		group->port = port;
		map_set(&model->group_map, arena_copy(model->arena, key, strlen(key)), group);
		model->groups = memory_resize(model->groups, model->group_count + 1,
					      sizeof(*model->groups));
		model->groups[model->group_count++] = group;
	}
	if (group->count == 0 || group->servers[group->count - 1] != server) {
		if ((group->count & (group->count - 1)) == 0)
			group->servers = memory_resize(group->servers,
						       group->count > 0 ? group->count * 2 : 1,
						       sizeof(*group->servers));
		group->servers[group->count++] = server;
	}
	if (group->default_server == NULL || (listen->default_server && !group->default_given))
		group->default_server = server;
	group->default_given |= listen->default_server;
	group->ssl |= listen_is_tls(server, listen);
	group->http2 |= listen->http2;
	group->quic |= listen->quic;
	group->proxy_protocol |= listen->proxy_protocol;
}

static void
finish_server(struct model *model, struct server *server)
{
	if (server->listen_count == 0) {
		server->listens = arena_alloc(model->arena, sizeof(*server->listens));
		server->listens[server->listen_count++] = listen_implicit();
	}
	if (server->name_count == 0) {
		server->names = arena_alloc(model->arena, sizeof(*server->names));
		name_init(&server->names[server->name_count++], arena_copy(model->arena, "", 0));
	}
	for (size_t i = 0; i < server->listen_count; i++) {
		const struct listen *listen = &server->listens[i];

		for (unsigned port = listen->port; port <= listen->last_port; port++)
			add_to_group(model, server, listen, port);
	}
}

static int
read_server(struct reader *reader, struct directive *directive)
{
	struct model *model = reader->model;
	struct walk walk = {
		.model = model, .visit = read_server_part, .context = reader, .counts = true};
	int status;

	/* For a file that is included twice nginx makes two servers and ignores one. */
	for (size_t i = 0; file_of(directive)->uses > 1 && i < model->server_count; i++)
		if (model->servers[i]->directive == directive)
			return CW_OK;
	reader->server = arena_alloc(model->arena, sizeof(*reader->server));
	reader->server->directive = directive;
	reader->server->http = reader->http;
	walk.depth = reader->walk->depth;
	status = walk_block(&walk, directive);
	if (status != CW_OK)
		return status;
	reader->server->order = model->server_count;
	finish_server(model, reader->server);
	if ((model->server_count & (model->server_count - 1)) == 0)
		model->servers = memory_resize(
			model->servers, model->server_count > 0 ? model->server_count * 2 : 1,
			sizeof(*model->servers));
	model->servers[model->server_count++] = reader->server;
	return CW_OK;
}

static int
read_http_part(void *context, struct directive *directive)
{
	struct reader *reader = context;

	return syntax_is(directive, "server") && directive->body > 0
		       ? read_server(reader, directive)
		       : CW_OK;
}

/* Find it again: the file may have been edited and parsed again. */
static const char *
keep_value(struct model *model, const struct directive *directive)
{
	const char *value = syntax_value(directive, 1);

	return arena_copy(model->arena, value, strlen(value));
}

static int
read_main_part(void *context, struct directive *directive)
{
	struct reader *reader = context;
	struct model *model = reader->model;

	if (directive->body == 0 && directive->word_count > 1) {
		if (syntax_is(directive, "pid"))
			model->pid_path = keep_value(model, directive);
		else if (syntax_is(directive, "error_log"))
			model->error_log = keep_value(model, directive);
		else if (syntax_is(directive, "daemon"))
			model->daemon_off = strcmp(syntax_value(directive, 1), "off") == 0;
	} else if (directive->body > 0 && syntax_is(directive, "http")) {
		struct walk walk = {.model = model,
				    .visit = read_http_part,
				    .context = reader,
				    .depth = reader->walk->depth,
				    .counts = true};

		if (model->http == NULL)
			model->http = directive;
		reader->http = directive;
		reader->walk = &walk;
		return walk_block(&walk, directive);
	}
	return CW_OK;
}

static void
forget(struct model *model)
{
	for (size_t i = 0; i < model->server_count; i++)
		for (size_t j = 0; j < model->servers[i]->name_count; j++)
			name_clear(&model->servers[i]->names[j]);
	for (size_t i = 0; i < model->group_count; i++)
		free(model->groups[i]->servers);
	free(model->servers);
	free(model->groups);
	map_clear(&model->group_map);
	arena_free(model->arena);
	model->servers = NULL;
	model->groups = NULL;
	model->arena = NULL;
	model->server_count = model->group_count = 0;
	model->http = NULL;
	model->pid_path = model->error_log = NULL;
	model->daemon_off = false;
}

int
model_rebuild(struct model *model)
{
	struct reader reader = {.model = model};
	struct walk walk = {
		.model = model, .visit = read_main_part, .context = &reader, .counts = true};

	forget(model);
	model->arena = arena_new();
	reader.walk = &walk;
	for (size_t i = 0; i < model->files.count; i++)
		model->files.items[i]->uses = 0;
	model->main->uses = 1;
	return walk_block(&walk, &model->main->syntax->root);
}

int
model_read(struct model *model, const struct cw_host *host, const char *root)
{
	autofree char *path = memory_format("%s/nginx.conf", root);
	int status;

	memset(model, 0, sizeof(*model));
	model->host = host;
	files_init(&model->files, host, root);
	status = files_read(&model->files, path, NULL, &model->main);
	return status == CW_OK ? model_rebuild(model) : status;
}

void
model_clear(struct model *model)
{
	forget(model);
	if (model->files.root != NULL)
		files_clear(&model->files);
	memset(model, 0, sizeof(*model));
}
