/* What a server block serves besides its redirects, and the block without them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "location.h"
#include "redirect.h"

/* Whether a directive is a return for all requests that reach it; *CODE is its status. */
static bool
is_return(const struct directive *directive, int *code)
{
	const char *value;

	if (!syntax_is(directive, "return") || directive->word_count < 2)
		return false;
	value = syntax_value(directive, 1);
	*code = isdigit((unsigned char)*value) ? atoi(value) : 302;
	return true;
}

static bool
is_handler(const struct directive *directive)
{
	static const char *const handlers[] = {"root",
					       "alias",
					       "try_files",
					       "proxy_pass",
					       "fastcgi_pass",
					       "uwsgi_pass",
					       "scgi_pass",
					       "grpc_pass",
					       "memcached_pass",
					       "content_by_lua_block",
					       "content_by_lua_file",
					       "content_by_lua",
					       "js_content",
					       "perl",
					       "stub_status",
					       "empty_gif"};

	for (size_t i = 0; i < sizeof(handlers) / sizeof(*handlers); i++)
		if (syntax_is(directive, handlers[i]))
			return true;
	return false;
}

/* What a server block or location says about what it serves. */
struct rest {
	struct model *model;
	const struct directive *block;
	const struct redirects *redirects;
	bool rooted; /* the http block has a root */
	bool handled, answered,
		refused;   /* with content of its own; by a text or redirect; not at all */
	bool top_refused;  /* its location "/" */
	bool inner;        /* a location in it serves content */
	bool unsaid_inner; /* a location leaves that to the block */
	size_t left;       /* directives besides redirects */
};

static int rest_visit(void *context, struct directive *directive);

static void
rest_of_location(struct rest *rest, const struct directive *location)
{
	struct rest own = {.model = rest->model,
			   .block = rest->block,
			   .redirects = rest->redirects,
			   .rooted = rest->rooted};
	const char *place = syntax_value(location, location->word_count - 1);

	if (*place == '@' || strstr(place, "well-known") != NULL)
		return;
	model_visit(rest->model, location, rest_visit, &own);
	rest->left += own.left;
	if (own.refused)
		rest->top_refused |= strcmp(place, "/") == 0;
	else if (own.handled || own.answered || own.inner)
		rest->inner = true;
	else if (own.left > 0)
		rest->unsaid_inner = true;
}

static int
redirect_visit(void *context, struct directive *directive)
{
	return redirects_have(context, directive);
}

/* Whether try_files leaves what it does not find to a redirect. What it finds is in a root. */
static bool
falls_to_redirect(const struct rest *rest, const struct directive *directive)
{
	const char *to = syntax_value(directive, directive->word_count - 1);
	struct directive *named;

	if (rest->rooted || !syntax_is(directive, "try_files") || *to != '@')
		return false;
	named = location_choose(rest->model, rest->block, to);
	return named != NULL &&
	       model_visit(rest->model, named, redirect_visit, (void *)rest->redirects) > 0;
}

static int
rest_visit(void *context, struct directive *directive)
{
	struct rest *rest = context;
	int code;

	if (redirects_have(rest->redirects, directive))
		return CW_OK;
	if (syntax_is(directive, "location") && directive->word_count > 1) {
		rest_of_location(rest, directive);
		return CW_OK;
	}
	if (syntax_is(directive, "if"))
		return CW_OK;
	rest->left++;
	rest->handled |= is_handler(directive) && !falls_to_redirect(rest, directive);
	if (is_return(directive, &code)) {
		rest->answered |= code < 400;
		rest->refused |= code >= 400;
	}
	rest->refused |= syntax_is(directive, "internal");
	return CW_OK;
}

static enum content
find_rest(struct model *model, const struct server *server, const struct redirects *redirects)
{
	struct rest rest = {
		.model = model,
		.block = server->directive,
		.redirects = redirects,
		.rooted = model_find(model, server->http, "root", NULL) != NULL,
	};

	model_visit(model, server->directive, rest_visit, &rest);
	if (rest.answered)
		return CONTENT_OWN;
	if (rest.refused && redirects->count == 0)
		return CONTENT_NONE;
	if (rest.inner || (rest.handled && (!rest.top_refused || rest.unsaid_inner)))
		return CONTENT_OWN;
	return rest.top_refused ? CONTENT_NONE : CONTENT_UNSAID;
}

enum content
redirects_content(struct model *model, struct server *server, const char *name, unsigned port,
		  bool *any)
{
	const struct request request = {.name = name, .port = port, .tls = true};
	struct redirects redirects = {0};
	enum content content;

	redirects_find(model, server->directive, server, &request, &redirects);
	content = find_rest(model, server, &redirects);
	*any = redirects.count > 0;
	redirects_clear(&redirects);
	return content;
}

static bool
is_named(const struct directive *directive)
{
	return syntax_is(directive, "location") && directive->word_count == 2 &&
	       syntax_value(directive, 1)[0] == '@';
}

static bool
can_go(const struct directive *directive)
{
	return (syntax_is(directive, "if") || syntax_is(directive, "location")) &&
	       !is_named(directive);
}

/* Whether a block has only redirects. */
static bool
is_empty_then(const struct directive *block, const struct redirects *redirects)
{
	if (block->first_child == NULL)
		return false;
	for (const struct directive *at = block->first_child; at != NULL; at = at->next)
		if (!redirects_have(redirects, at) && !(can_go(at) && is_empty_then(at, redirects)))
			return false;
	return true;
}

static void
remove_in(struct edits *edits, const struct directive *block, const struct redirects *redirects)
{
	for (const struct directive *at = block->first_child; at != NULL; at = at->next) {
		if (redirects_have(redirects, at)) {
			/* Other directives use a named location, so keep it. */
			if (is_named(block))
				edits_replace(edits, file_of(at), syntax_start(at),
					      at->end - syntax_start(at), "return 404;");
			else
				edits_remove(edits, at);
		} else if (can_go(at) && is_empty_then(at, redirects)) {
			edits_remove(edits, at);
		} else {
			remove_in(edits, at, redirects);
		}
	}
}

void
redirects_remove(struct edits *edits, const struct directive *block,
		 const struct redirects *redirects)
{
	int code;

	remove_in(edits, block, redirects);
	for (const struct directive *at = block->first_child; at != NULL; at = at->next)
		if (is_return(at, &code) && code >= 400)
			edits_remove(edits, at);
}
