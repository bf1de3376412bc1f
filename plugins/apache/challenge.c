/*
 * http-01 (RFC 8555 section 8.3). Every virtual host that Apache could choose for the name on the
 * CA's port includes two files. The first has, before all other rewrites, a rule that ends the
 * request for exactly the challenge's path with the status 200. That happens when Apache translates
 * the URL, so no other rewrite, redirect, proxy, alias, access rule, handler or .htaccess sees the
 * request. The second, at the end, says what the body of that status is.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "../common/answers.h"
#include "edit.h"
#include "plugin.h"
#include "port.h"
#include "reload.h"

/* An address with the port, "*" for any, where virtual hosts are. */
struct place {
	const char *address;
	unsigned port;
};

struct setup {
	struct apache *apache;
	struct model model;
	struct place *places;
	size_t place_count;
	bool *chosen;   /* for each host: it may get a request of the CA */
	bool uses_main; /* so may the main server */
	struct text pre, post;
};

static void
clear_setup(void *context)
{
	struct setup *setup = context;

	free(setup->places);
	free(setup->chosen);
	text_clear(&setup->pre);
	text_clear(&setup->post);
	model_clear(&setup->model);
}

static void
add_place(struct setup *setup, struct map *seen, const struct address *address)
{
	struct model *model = &setup->model;
	autofree char *key = memory_format("%s %u", address->host, address->port);

	if (map_get(seen, key) != NULL)
		return;
	map_set(seen, arena_copy(model->config.arena, key, strlen(key)), setup);
	setup->places =
		memory_resize(setup->places, setup->place_count + 1, sizeof(*setup->places));
	setup->places[setup->place_count++] = (struct place){address->host, address->port};
}

/* The addresses on the CA's port. Connections to others are for the main server. */
static void
find_places(struct setup *setup)
{
	unsigned port = setup->apache->http_port;
	struct model *model = &setup->model;
	struct map seen = {0};

	setup->uses_main = true;
	for (size_t i = 0; i < model->host_count; i++)
		for (size_t j = 0; j < model->hosts[i].address_count; j++) {
			const struct address *address = &model->hosts[i].addresses[j];

			if (address->port != port && address->port != 0)
				continue;
			add_place(setup, &seen, address);
			if (strcmp(address->host, "*") == 0)
				setup->uses_main = false;
		}
	map_clear(&seen);
	setup->chosen = memory_resize(NULL, model->host_count + 1, sizeof(*setup->chosen));
	memset(setup->chosen, 0, (model->host_count + 1) * sizeof(*setup->chosen));
}

static int
add_challenge(void *context, const struct cw_challenge *challenge, const char *name)
{
	struct setup *setup = context;

	for (size_t i = 0; i < setup->place_count; i++) {
		const struct place *place = &setup->places[i];

		setup->chosen[model_choose(&setup->model, place->address, place->port, name)
				      ->order] = true;
	}
	/* The same challenge may come twice, in two certificates. */
	if (setup->pre.data != NULL && strstr(setup->pre.data, challenge->token) != NULL)
		return CW_OK;
	text_format(&setup->pre,
		    "RewriteRule \"^/\\.well-known/acme-challenge/%s$\" \"-\" [R=200,END]\n",
		    challenge->token);
	text_format(&setup->post,
		    "<Location \"/.well-known/acme-challenge/%s\">\n"
		    "\tErrorDocument 200 \"%s\"\n"
		    "</Location>\n",
		    challenge->token, challenge->key_authorization);
	return CW_OK;
}

/* Whether the rules of the main server come before those of virtual hosts. */
static bool
main_rules_come_first(const struct setup *setup)
{
	const struct directive *top = &setup->model.config.top;

	for (const struct directive *at = config_walk(top, top); at != NULL;
	     at = config_walk(top, at))
		if (directive_is(at, "RewriteOptions") &&
		    (strcasestr(at->arguments, "InheritBefore") != NULL ||
		     strcasestr(at->arguments, "InheritDownBefore") != NULL))
			return true;
	return false;
}

/* Where mod_rewrite is: the path with which it is loaded, "" if it is built in, or else beside
 * another module; NULL: it is not installed. */
static const char *
find_rewrite(struct setup *setup)
{
	struct config *config = &setup->model.config;
	const char *path = map_get(&config->modules, "rewrite_module");

	for (size_t i = 0; i < config->modules.room && path == NULL; i++) {
		const char *other = config->modules.entries[i].value;
		const char *slash = other != NULL ? strrchr(other, '/') : NULL;
		autofree char *beside = NULL;

		if (slash == NULL)
			continue;
		beside = memory_format("%.*s/mod_rewrite.so", (int)(slash - other), other);
		if (access(beside, R_OK) == 0)
			path = arena_copy(config->arena, beside, strlen(beside));
	}
	return path;
}

/* The rules of a host whose own rules are off must not come into effect with ours. */
static void
add_to_host(struct setup *setup, struct edits *edits, const struct host *host, const char *pre,
	    const char *post)
{
	const char *engine = host_value(&setup->model, host, "RewriteEngine");
	auto_text struct text lines = {0};

	text_format(&lines, "Include %s\n", pre);
	if ((engine == NULL || strcasecmp(engine, "on") != 0) &&
	    host_find(host, "RewriteRule") != NULL)
		text_add_string(&lines, "RewriteRule ^ - [L]\n");
	edits_first(edits, host->section, lines.data);
	text_clear(&lines);
	text_format(&lines, "Include %s\n", post);
	edits_last(edits, host->section, lines.data);
}

/* The main server has the two files at the very beginning, and at the end. */
static int
add_to_main(struct setup *setup, struct edits *edits, const char *rewrite, const char *pre,
	    const char *post)
{
	struct file *main = setup->model.config.main;
	auto_text struct text begin = {0}, end = {0};
	bool included = setup->uses_main || main_rules_come_first(setup);
	bool loaded = map_get(&setup->model.config.modules, "rewrite_module") != NULL;
	int status = port_listen(&setup->model, setup->apache->http_port, 0, false, &end);

	if ((included || !loaded) && *rewrite != '\0')
		text_format(&begin, "LoadModule rewrite_module %s\n", rewrite);
	if (included) {
		text_format(&begin, "Include %s\n", pre);
		text_format(&end, "Include %s\n", post);
	}
	if (begin.data != NULL)
		edits_begin_file(edits, main, begin.data);
	if (end.data != NULL)
		edits_end_file(edits, main, end.data);
	return status;
}

static int
add_file(struct setup *setup, const char *path, const struct text *text)
{
	struct file *file = files_create(&setup->model.config.files, path, NULL, NULL);
	autofree char *all = memory_format("RewriteEngine on\n%s", text->data);

	return files_set_text(file, memory_copy(all, strlen(all)), strlen(all));
}

static int
edit_files(void *context)
{
	struct setup *setup = context;
	const struct apache *apache = setup->apache;
	const char *folder = apache_option(apache, "challenge-location", apache->program.root);
	autofree char *pre_path = memory_format("%s/le_http_01_challenge_pre.conf", folder);
	autofree char *post_path = memory_format("%s/le_http_01_challenge_post.conf", folder);
	autofree char *pre = words_quote(pre_path);
	autofree char *post = words_quote(post_path);
	const char *rewrite = find_rewrite(setup);
	struct edits edits = {0};
	int status;

	if (setup->pre.data == NULL)
		return CW_OK;
	if (rewrite == NULL)
		return cw_host_fail(apache->host, CW_E_UNSUPPORTED,
				    "install mod_rewrite, or use --webroot",
				    "Apache has no mod_rewrite");
	status = add_to_main(setup, &edits, rewrite, pre, post);
	for (size_t i = 0; i < setup->model.host_count; i++)
		if (setup->chosen[i])
			add_to_host(setup, &edits, &setup->model.hosts[i], pre, post);
	if (status == CW_OK)
		status = edits_apply(&edits);
	edits_clear(&edits);
	if (status == CW_OK)
		status = add_file(setup, pre_path, &setup->pre);
	return status == CW_OK ? add_file(setup, post_path, &setup->post) : status;
}

static int
read_setup(void *context, void *self, struct files **files)
{
	struct setup *setup = context;
	struct apache *apache = self;
	int status = model_read(&setup->model, &apache->program);

	setup->apache = apache;
	*files = &setup->model.config.files;
	if (status == CW_OK)
		find_places(setup);
	return status;
}

static int
reload(void *self, void *context)
{
	struct apache *apache = self;
	struct setup *setup = context;

	return reload_apache(&apache->program, setup != NULL ? &setup->model : NULL);
}

const struct answering answering = {
	.setup_size = sizeof(struct setup),
	.read = read_setup,
	.add = add_challenge,
	.edit = edit_files,
	.reload = reload,
	.clear = clear_setup,
};
