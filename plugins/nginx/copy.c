#include "copy.h"
#include <stdlib.h>
#include <string.h>
#include "change.h"
#include "redirect.h"

enum { ROUNDS_MAX = 8, ASK_MAX = 50 /* server blocks to choose from */ };

/* Whether a copy of the server for NAME would only redirect NAME to https. */
static bool
only_redirects(struct nginx *nginx, const struct server *server, const char *name)
{
	autofree char *text = memory_copy(name, strlen(name));
	struct server copy = *server;
	struct name own;
	bool redirects;

	name_init(&own, text);
	copy.names = &own;
	copy.name_count = 1;
	return redirects_content(&nginx->model, &copy, name, nginx->https_port, &redirects) !=
		       CONTENT_OWN &&
	       redirects;
}

/* Whether a copy of the server would serve NAME. */
static bool
serves(struct nginx *nginx, const struct server *server, const char *name)
{
	return model_find(&nginx->model, server->directive, "ssl_reject_handshake", "on") == NULL &&
	       !only_redirects(nginx, server, name);
}

bool
copy_is_nobodys(const struct server *server)
{
	for (size_t i = 0; i < server->name_count; i++)
		if (name_is_regex(&server->names[i]) || strchr(server->names[i].text, '.') != NULL)
			return false;
	return true;
}

/* A site that is the default only because it comes first is not meant for other names. */
static const struct server *
default_server(struct nginx *nginx, unsigned port, const char *name)
{
	const struct server *found = NULL;

	for (size_t i = 0; i < nginx->model.group_count; i++) {
		const struct group *group = nginx->model.groups[i];

		if (group->port != port ||
		    !(group->default_given || copy_is_nobodys(group->default_server)) ||
		    !serves(nginx, group->default_server, name))
			continue;
		if (found == NULL || strcmp(group->address, "*") == 0)
			found = group->default_server;
	}
	return found;
}

/* A separate text, handled like a file of the configuration. */
struct draft {
	struct file file;
	struct nginx *nginx;
};

static int
draft_begin(struct draft *draft, struct nginx *nginx, const struct directive *server)
{
	size_t start = syntax_start(server);

	memset(draft, 0, sizeof(*draft));
	draft->nginx = nginx;
	draft->file.files = &nginx->model.files;
	draft->file.path = file_of(server)->path;
	draft->file.length = server->end - start;
	draft->file.text = memory_copy(server->syntax->text + start, draft->file.length);
	return dialect.parse(&draft->file);
}

static void
draft_end(struct draft *draft)
{
	arena_free(draft->file.arena);
	free(draft->file.text);
	free(draft->file.disk);
}

/* Whether a file has directives that must change. */
static bool
has_part_to_change(struct model *model, const struct file *file, bool redirects)
{
	static const char *const names[] = {"listen", "server_name", "return", "rewrite",
					    "error_page"};
	const struct directive *root = &file->syntax->root;

	for (const struct directive *at = syntax_walk(root, root); at != NULL;
	     at = syntax_walk(root, at)) {
		struct file_list *list;

		for (size_t i = 0; i < (redirects ? 5 : 2); i++)
			if (syntax_is(at, names[i]))
				return true;
		if (!syntax_is(at, "include") || files_include(&model->files, at, &list) != CW_OK)
			continue;
		for (size_t i = 0; i < list->count; i++)
			if (list->items[i] != file &&
			    has_part_to_change(model, list->items[i], redirects))
				return true;
	}
	return false;
}

/* Replaces includes by their text where that must change. */
static int
inline_parts(struct draft *draft, bool redirects)
{
	struct model *model = &draft->nginx->model;
	int status = CW_OK;

	for (unsigned round = 0; round < ROUNDS_MAX && status == CW_OK; round++) {
		const struct directive *root = &draft->file.syntax->root;
		struct edits edits = {0};

		for (const struct directive *at = syntax_walk(root, root); at != NULL;
		     at = syntax_walk(root, at)) {
			struct file_list *list;
			bool needed = false;

			if (!syntax_is(at, "include") ||
			    files_include(&model->files, at, &list) != CW_OK)
				continue;
			for (size_t i = 0; i < list->count; i++)
				needed |= has_part_to_change(model, list->items[i], redirects);
			if (needed)
				change_inline(&edits, at, list);
		}
		if (edits.count == 0)
			break;
		status = edits_apply(&edits);
	}
	return status;
}

/* A listen directive without the options that an address may have only once. */
static void
strip_listen(struct edits *edits, const struct directive *directive)
{
	auto_text struct text words = {0};

	for (size_t i = 1; i < directive->word_count; i++) {
		const char *word = syntax_value(directive, i);

		if (i > 1 && listen_is_unique_option(word))
			continue;
		if (words.length > 0)
			text_add_string(&words, " ");
		text_add(&words, directive->syntax->text + directive->words[i].start,
			 directive->words[i].end - directive->words[i].start);
	}
	edits_set(edits, directive, words.data);
}

/* Whether nginx chooses SERVER for NAME at this listen directive, with TLS. */
static bool
is_chosen_for_tls(const struct nginx *nginx, const struct server *server,
		  struct directive *directive, const char *name)
{
	struct listen listen;
	struct group *group;
	struct name *by;
	enum name_match match;

	if (!listen_parse(directive, &listen) || !(listen_is_tls(server, &listen) || listen.quic))
		return false;
	group = model_group(&nginx->model, listen.address, listen.port);
	return group != NULL && group_choose(group, name, &by, &match) == server;
}

/* Sets the draft's names and listeners. ONLY_TLS: only those of SERVER that serve the name by
 * TLS. CAPTURES: lines to put first; NULL: none. */
static int
rename_draft(struct draft *draft, const char *words, const char *captures,
	     const struct server *server, const char *only_tls)
{
	const struct directive *block = draft->file.syntax->root.first_child;
	struct edits edits = {.mark = MANAGED_MARK};
	bool named = false;

	for (struct directive *at = block->first_child; at != NULL; at = at->next) {
		if (syntax_is(at, "listen")) {
			if (only_tls == NULL ||
			    is_chosen_for_tls(draft->nginx, server, at, only_tls))
				strip_listen(&edits, at);
			else
				edits_remove(&edits, at);
		} else if (syntax_is(at, "server_name")) {
			if (named)
				edits_remove(&edits, at);
			else
				edits_set(&edits, at, words);
			named = true;
		}
	}
	if (!named) {
		autofree char *line = memory_format("server_name %s;", words);

		edits_first(&edits, block, line);
	}
	if (captures != NULL)
		edits_first(&edits, block, captures);
	return edits_apply(&edits);
}

/* The copy follows the original after an empty line. */
static int
place(const struct directive *server, const struct draft *draft)
{
	const struct syntax *syntax = server->syntax;
	size_t start = syntax_start(server), begin = start;
	struct edits edits = {0};
	autofree char *indent = NULL;
	autofree char *text = NULL;

	while (begin > 0 && syntax->text[begin - 1] != '\n')
		begin--;
	indent = memory_copy(syntax->text + begin, start - begin);
	indent[strspn(indent, " \t")] = '\0';
	text = memory_format("\n\n%s%s", indent, draft->file.text);
	edits_replace(&edits, syntax->owner, server->end, 0, text);
	return edits_apply(&edits);
}

static char *
describe(const struct server *server)
{
	autofree char *place = file_place(server->directive);
	auto_text struct text words = {0};

	for (size_t i = 0; i < server->name_count; i++)
		if (*server->names[i].text != '\0')
			text_format(&words, "%s ", server->names[i].text);
	text_format(&words, "(%s)", place);
	return memory_copy(words.data, words.length);
}

/* Asks the user which server to copy for NAME; none if no server can be copied. */
static int
ask_server(struct nginx *nginx, const char *name, bool check, const struct server **server)
{
	const struct server *candidates[ASK_MAX];
	autofree char *question = memory_format(
		"No server block has the name %s. Which one do you want to copy for it?", name);
	char *items[ASK_MAX];
	size_t count = 0, choice = 0;
	int status;

	for (size_t i = 0; i < nginx->model.server_count; i++)
		if (serves(nginx, nginx->model.servers[i], name))
			candidates[count++] = nginx->model.servers[i];
	if (count == 0)
		return CW_OK;
	*server = candidates[0];
	if (check)
		return CW_OK;
	for (size_t i = 0; i < count; i++)
		items[i] = describe(candidates[i]);
	status = nginx->host->ask_choice(nginx->host, question, (const char *const *)items, count,
					 &choice);
	for (size_t i = 0; i < count; i++)
		free(items[i]);
	if (choice < count)
		*server = candidates[choice];
	return status;
}

/* The default server for plain requests, if all it does for NAME is to redirect it to https. */
static const struct server *
redirecting_default(struct nginx *nginx, const char *name)
{
	for (size_t i = 0; i < nginx->model.group_count; i++) {
		const struct group *group = nginx->model.groups[i];

		if (!group->ssl && group->port == nginx->http_port &&
		    only_redirects(nginx, group->default_server, name))
			return group->default_server;
	}
	return NULL;
}

static int
no_server(struct nginx *nginx, const char *name)
{
	const struct server *redirecting = redirecting_default(nginx, name);
	autofree char *place = redirecting != NULL ? file_place(redirecting->directive) : NULL;

	if (place != NULL)
		return cw_host_fail(
			nginx->host, CW_E_NOT_FOUND,
			"add a server block that serves the name by https",
			"no server block has the name \"%s\"; the default block (%s) only "
			"redirects it to https",
			name, place);
	return cw_host_fail(nginx->host, CW_E_NOT_FOUND,
			    "add it to the server_name of a block, or mark the block to copy as "
			    "default_server; then run \"certwright install\"",
			    "there is no server block in \"%s\" for \"%s\"",
			    nginx->program.configuration, name);
}

int
copy_default_server(struct nginx *nginx, const char *name, bool check)
{
	const struct server *server = default_server(nginx, nginx->https_port, name);
	autofree char *word = syntax_quote(name);
	struct draft draft;
	int status = CW_OK;

	if (server == NULL)
		server = default_server(nginx, nginx->http_port, name);
	if (server == NULL && nginx->model.server_count <= ASK_MAX &&
	    nginx->host->interactive(nginx->host))
		status = ask_server(nginx, name, check, &server);
	if (status != CW_OK)
		return status;
	if (server == NULL)
		return no_server(nginx, name);
	if (check)
		return CW_OK;
	status = draft_begin(&draft, nginx, server->directive);
	if (status == CW_OK)
		status = inline_parts(&draft, false);
	if (status == CW_OK)
		status = rename_draft(&draft, word, NULL, server, NULL);
	if (status == CW_OK)
		status = place(server->directive, &draft);
	draft_end(&draft);
	return status == CW_OK ? model_rebuild(&nginx->model) : status;
}

static int
remove_redirects(struct draft *draft, struct server *server, const struct naming *naming)
{
	struct model *model = &draft->nginx->model;
	const struct directive *block = draft->file.syntax->root.first_child;
	struct redirects redirects = {0};
	struct edits edits = {0};

	for (size_t i = 0; i < naming->count; i++) {
		const struct request request = {
			.name = naming->names[i], .port = draft->nginx->https_port, .tls = true};

		redirects_find(model, block, server, &request, &redirects);
	}
	redirects_remove(&edits, block, &redirects);
	redirects_clear(&redirects);
	return edits_apply(&edits);
}

int
copy_server(struct nginx *nginx, size_t order, const struct naming *naming, enum copy copy)
{
	struct server *server = nginx->model.servers[order];
	struct draft draft;
	int status = draft_begin(&draft, nginx, server->directive);

	if (status == CW_OK)
		status = inline_parts(&draft, copy == COPY_CONTENT);
	if (status == CW_OK && copy == COPY_CONTENT)
		status = remove_redirects(&draft, server, naming);
	if (status == CW_OK)
		status = rename_draft(&draft, naming->words, naming->captures, server,
				      copy == COPY_TLS ? naming->names[0] : NULL);
	if (status == CW_OK)
		status = place(server->directive, &draft);
	draft_end(&draft);
	return status == CW_OK ? model_rebuild(&nginx->model) : status;
}
