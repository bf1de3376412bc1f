#include "redirect.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "change.h"
#include "location.h"

enum { ROUNDS_MAX = 10 /* as nginx has it */ };

struct search {
	struct model *model;
	const struct directive *block;
	struct server *server;
	const struct request *request;
	struct evaluation *evaluation;
	struct redirects *found;
};

bool
redirects_have(const struct redirects *redirects, const struct directive *directive)
{
	for (size_t i = 0; i < redirects->count; i++)
		if (redirects->items[i] == directive)
			return true;
	return false;
}

static void
found_add(struct redirects *found, struct directive *directive)
{
	if (redirects_have(found, directive))
		return;
	found->items = memory_resize(found->items, found->count + 1, sizeof(struct directive *));
	found->items[found->count++] = directive;
}

void
redirects_clear(struct redirects *redirects)
{
	free(redirects->items);
	memset(redirects, 0, sizeof(*redirects));
}

/* Whether a request for PATH reaches DIRECTIVE by its locations and its own pattern. */
static bool
reaches(const struct search *search, const struct directive *directive, const char *path)
{
	if (syntax_is(directive, "rewrite") &&
	    !expression_matches(syntax_value(directive, 1), false, path))
		return false;
	for (const struct directive *at = directive->parent;
	     at != NULL && at != search->block && at->parent != NULL; at = at->parent) {
		const char *place;

		if (syntax_is(at, "location") && at->word_count > 1 &&
		    location_read(at, &place) != LOCATION_NAMED && !location_matches(at, path))
			return false;
	}
	return true;
}

/* Whether another server serves HOST by TLS. */
static bool
is_elsewhere(const struct search *search, const char *host)
{
	struct choices choices;
	bool found;

	choices_find(search->model, host, search->request->port, true, &choices);
	found = choices.count > 0 && choices.items[0] != search->server;
	choices_clear(&choices);
	return found;
}

/* Whether HOST of a URL is one that the server answers to. */
static bool
is_own_host(const struct search *search, const char *host)
{
	const char *name = search->request->name, *unknown = strchr(host, '$');
	size_t length = strlen(host), own = strlen(name);

	if (unknown != NULL) {
		size_t head = (size_t)(unknown - host), tail;

		unknown += 1 + strspn(unknown + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
		tail = strlen(unknown);
		return head + tail <= own && strncmp(host, name, head) == 0 &&
		       strcmp(name + own - tail, unknown) == 0;
	}
	if (strcmp(host, name) == 0)
		return true;
	for (size_t i = 0; i < search->server->name_count; i++) {
		struct name *candidate = &search->server->names[i];

		if (strcmp(candidate->text, host) == 0 ||
		    name_matches(candidate, host, length) != MATCH_NONE)
			return !is_elsewhere(search, host);
	}
	return false;
}

/* Where the path of a URL begins, after its host and port. A capture or a variable that holds a
 * path begins it too. */
static const char *
after_host(const char *host)
{
	static const char *const paths[] = {"$request_uri", "$uri", "$document_uri"};
	const char *at = host;

	while (*at != '\0' && strchr("/:?", *at) == NULL) {
		for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
			if (strncmp(at, paths[i], strlen(paths[i])) == 0)
				return at;
		if (at > host && *at == '$' && isdigit((unsigned char)at[1]))
			return at;
		at++;
	}
	return at;
}

/* The path of a URL with "a" for each unknown variable. Release with free(). */
static char *
some_path(const char *path)
{
	auto_text struct text out = {0};

	if (*path != '/')
		text_add_string(&out, "/");
	while (*path != '\0' && *path != '?') {
		if (*path == '$') {
			text_add_string(&out, "a");
			path++;
			while (isalnum((unsigned char)*path) || *path == '_')
				path++;
		} else {
			text_add(&out, path++, 1);
		}
	}
	return memory_copy(out.data, out.length);
}

/* Whether a path is only variables: the requested path or its parts. */
static bool
is_same_path(const char *path)
{
	while (*path == '$')
		for (path++; isalnum((unsigned char)*path) || *path == '_';)
			path++;
	return *path == '\0' || *path == '?';
}

/* Whether a rewrite changes the path within the server; else it redirects. */
static bool
is_internal_rewrite(const struct directive *directive)
{
	const char *to, *flag;

	if (!syntax_is(directive, "rewrite") || directive->word_count < 3)
		return false;
	to = syntax_value(directive, 2);
	flag = directive->word_count > 3 ? syntax_value(directive, 3) : "";
	return strncmp(to, "http://", 7) != 0 && strncmp(to, "https://", 8) != 0 &&
	       strncmp(to, "$scheme", 7) != 0 && strcmp(flag, "redirect") != 0 &&
	       strcmp(flag, "permanent") != 0;
}

/* A path on its way through internal rewrites. */
struct way {
	struct search *search;
	char *path;
	bool ended; /* by a rewrite with the flag "break" */
};

static int
way_visit(void *context, struct directive *directive)
{
	struct way *way = context;
	struct search *search = way->search;
	const char *flag, *to;
	char *path;

	if (syntax_is(directive, "if") && evaluate_condition(search->evaluation, directive))
		return model_visit(search->model, directive, way_visit, way);
	if (!is_internal_rewrite(directive))
		return CW_OK;
	to = evaluate(search->evaluation, syntax_value(directive, 2));
	path = expression_replace(syntax_value(directive, 1), way->path, to);
	if (path == NULL)
		return CW_OK;
	path[strcspn(path, "?")] = '\0';
	free(way->path);
	way->path = path;
	flag = directive->word_count > 3 ? syntax_value(directive, 3) : "";
	way->ended = strcmp(flag, "break") == 0;
	return *flag != '\0'; /* "last" and "break" stop the others */
}

/* The path that the server's rewrites make of PATH. Release with free(). */
static char *
follow(struct search *search, const char *path)
{
	struct way way = {.search = search, .path = memory_copy(path, strlen(path))};
	bool changed = true;

	model_visit(search->model, search->block, way_visit, &way);
	for (unsigned round = 0; round < ROUNDS_MAX && changed && !way.ended; round++) {
		struct directive *location =
			location_choose(search->model, search->block, way.path);
		autofree char *before = memory_copy(way.path, strlen(way.path));

		if (location != NULL)
			model_visit(search->model, location, way_visit, &way);
		changed = strcmp(way.path, before) != 0;
	}
	return way.path;
}

/* Whether DIRECTIVE, which redirects to URL, redirects the request for URL again. */
static bool
leads_back(struct search *search, const struct directive *directive, const char *url)
{
	const char *host = url + strlen("https://"), *end = after_host(host), *path;
	autofree char *own = memory_copy(host, (size_t)(end - host));
	autofree char *again = NULL;
	autofree char *rewritten = NULL;

	for (char *byte = own; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	if (!is_own_host(search, own))
		return false;
	path = *end == ':' ? end + 1 + strspn(end + 1, "0123456789") : end;
	if (*path == '$' && is_same_path(path))
		return true;
	if (syntax_is(directive, "error_page"))
		return false;
	again = some_path(path);
	if (reaches(search, directive, again))
		return true;
	rewritten = follow(search, again);
	return strcmp(rewritten, again) != 0 && reaches(search, directive, rewritten);
}

/* The URL that a directive redirects to, or NULL. */
static const char *
target(const struct directive *directive)
{
	size_t count = directive->word_count;
	const char *code;

	if (syntax_is(directive, "return") && count == 2)
		return syntax_value(directive, 1);
	if (syntax_is(directive, "return") && count == 3) {
		code = syntax_value(directive, 1);
		return *code == '3' ? syntax_value(directive, 2) : NULL;
	}
	if (syntax_is(directive, "rewrite") && count >= 3)
		return syntax_value(directive, 2);
	if (!syntax_is(directive, "error_page") || count < 3)
		return NULL;
	/* Plain requests on a port for TLS. */
	for (size_t i = 1; i < count; i++)
		if (strcmp(syntax_value(directive, i), "497") == 0)
			return NULL;
	return syntax_value(directive, count - 1);
}

static int
search_visit(void *context, struct directive *directive)
{
	struct search *search = context;
	const char *url;

	if (syntax_is(directive, "set") && directive->word_count == 3)
		evaluate_set(search->evaluation, directive);
	if (syntax_is(directive, "location") ||
	    (syntax_is(directive, "if") && evaluate_condition(search->evaluation, directive)))
		return model_visit(search->model, directive, search_visit, search);
	url = target(directive);
	if (url == NULL)
		return CW_OK;
	url = evaluate(search->evaluation, url);
	if (strncasecmp(url, "https://", 8) == 0 &&
	    (!search->request->tls || leads_back(search, directive, url)))
		found_add(search->found, directive);
	return CW_OK;
}

/* What a location has. */
struct contents {
	const struct search *search;
	bool redirects, others;
};

static int
contents_visit(void *context, struct directive *directive)
{
	struct contents *contents = context;

	if (redirects_have(contents->search->found, directive))
		contents->redirects = true;
	else if (syntax_is(directive, "if"))
		return model_visit(contents->search->model, directive, contents_visit, contents);
	else if (!syntax_is(directive, "set") && !syntax_is(directive, "internal"))
		contents->others = true;
	return CW_OK;
}

/* Whether the location for PATH, a path or "@name", is only there to redirect. */
static bool
is_for_redirects(struct search *search, const char *path)
{
	autofree char *some = *path == '@' ? memory_copy(path, strlen(path)) : some_path(path);
	struct directive *location = location_choose(search->model, search->block, some);
	struct contents contents = {.search = search};

	/* Most requests reach it without a rewrite. */
	if (location == NULL || location == location_choose(search->model, search->block, "/a"))
		return false;
	model_visit(search->model, location, contents_visit, &contents);
	return contents.redirects && !contents.others;
}

static bool
is_fixed(const struct directive *try_files)
{
	for (size_t i = 1; i + 1 < try_files->word_count; i++)
		if (strchr(syntax_value(try_files, i), '$') != NULL)
			return false;
	return true;
}

/* Finds what leads all requests to a location that is only there to redirect. */
static int
leader_visit(void *context, struct directive *directive)
{
	struct search *search = context;
	const char *to = NULL;

	if (syntax_is(directive, "location") || syntax_is(directive, "if"))
		return model_visit(search->model, directive, leader_visit, search);
	if (is_internal_rewrite(directive))
		to = syntax_value(directive, 2);
	else if (syntax_is(directive, "try_files") && directive->word_count > 2 &&
		 is_fixed(directive))
		to = syntax_value(directive, directive->word_count - 1);
	if (to != NULL && is_for_redirects(search, to))
		found_add(search->found, directive);
	return CW_OK;
}

static void
run_search(struct search *search)
{
	size_t before;

	model_visit(search->model, search->block, search_visit, search);
	do {
		before = search->found->count;
		model_visit(search->model, search->block, leader_visit, search);
	} while (search->found->count > before);
}

void
redirects_find(struct model *model, const struct directive *block, struct server *server,
	       const struct request *request, struct redirects *redirects)
{
	struct evaluation evaluation;
	struct search search = {.model = model,
				.block = block,
				.server = server,
				.request = request,
				.evaluation = &evaluation,
				.found = redirects};

	evaluation_begin(&evaluation, model, server, request);
	run_search(&search);
	evaluation_end(&evaluation);
}

bool
redirect_is_there(struct model *model, struct server *server, const struct request *request)
{
	static const char *const paths[] = {"/", "/a"};
	struct redirects found = {0};
	struct evaluation evaluation;
	struct search search = {.model = model,
				.block = server->directive,
				.server = server,
				.request = request,
				.evaluation = &evaluation,
				.found = &found};
	bool there = false;

	evaluation_begin(&evaluation, model, server, request);
	run_search(&search);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths) && !there; i++) {
		autofree char *path = follow(&search, paths[i]);

		for (size_t j = 0; j < found.count && !there; j++)
			there = reaches(&search, found.items[j], paths[i]) ||
				reaches(&search, found.items[j], path);
	}
	evaluation_end(&evaluation);
	redirects_clear(&found);
	return there;
}
