#include "redirect.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "change.h"

struct search {
	struct model *model;
	const struct directive *block;
	struct server *server;
	const struct request *request;
	struct arena *arena;
	struct map variables; /* of set directives: name -> value */
	struct redirects *found;
};

static void
found_add(struct redirects *found, struct directive *directive)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i] == directive)
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

/* The length of the variable at TEXT, after its "$"; *NAME is its name. */
static size_t
variable_name(struct arena *arena, const char *text, char **name)
{
	size_t brace = *text == '{', length = 0;

	while (isalnum((unsigned char)text[brace + length]) || text[brace + length] == '_')
		length++;
	*name = arena_copy(arena, text + brace, length);
	return brace + length + (brace && text[brace + length] == '}');
}

/* The value of a variable for the request; NULL: not known. */
static const char *
variable_value(struct search *search, const char *name)
{
	const struct request *request = search->request;
	const char *value = map_get(&search->variables, name);

	if (value != NULL)
		return value;
	if (strcmp(name, "host") == 0 || strcmp(name, "http_host") == 0 ||
	    strcmp(name, "ssl_server_name") == 0)
		return request->name;
	if (strcmp(name, "server_name") == 0)
		return search->server->names[0].text;
	if (strcmp(name, "scheme") == 0)
		return request->tls ? "https" : "http";
	if (strcmp(name, "https") == 0)
		return request->tls ? "on" : "";
	if (strcmp(name, "ssl_protocol") == 0)
		return request->tls ? "TLSv1.3" : "";
	if (strcmp(name, "request_method") == 0)
		return "GET";
	if (strcmp(name, "server_port") == 0) {
		autofree char *port = memory_format("%u", request->port);

		return arena_copy(search->arena, port, strlen(port));
	}
	/* A proxy may add these fields; here there is none. */
	return strncmp(name, "http_", 5) == 0 ? "" : NULL;
}

/* TEXT with the known variables replaced; others stay "$NAME". Lives as long as the search. */
static const char *
expand(struct search *search, const char *text)
{
	auto_text struct text out = {0};

	text_add(&out, "", 0);
	while (*text != '\0') {
		size_t plain = strcspn(text, "$"), length;
		const char *value;
		char *name;

		text_add(&out, text, plain);
		text += plain;
		if (*text != '$')
			break;
		length = variable_name(search->arena, text + 1, &name);
		value = *name != '\0' ? variable_value(search, name) : NULL;
		text_add_string(&out, value != NULL ? value : "$");
		if (value == NULL)
			text_add_string(&out, name);
		text += 1 + length;
	}
	return arena_copy(search->arena, out.data, out.length);
}

/* The words of a condition, without its parentheses. */
static size_t
condition_words(struct search *search, const struct directive *directive, const char **words)
{
	size_t count = 0;

	for (size_t i = 1; i < directive->word_count; i++) {
		const char *value = syntax_value(directive, i);
		char *word;

		value += i == 1 && *value == '(';
		word = arena_copy(search->arena, value, strlen(value));
		if (i == directive->word_count - 1 && *word != '\0' &&
		    word[strlen(word) - 1] == ')')
			word[strlen(word) - 1] = '\0';
		/* Blanks beside a parenthesis give empty words, as an empty string does. */
		if (*word == '\0' && count != 2)
			continue;
		if (count == 3)
			return 0;
		words[count++] = word;
	}
	return count;
}

/* Whether the body of an "if" may apply to the request. */
static bool
condition_holds(struct search *search, const struct directive *directive)
{
	const char *words[3] = {"", "", ""};
	size_t count = condition_words(search, directive, words);
	const char *left, *right, *operator= words[1];
	bool negated = operator[0] == '!';

	left = expand(search, words[0]);
	if (strchr(left, '$') != NULL || words[0][0] != '$')
		return true;
	if (count == 1)
		return *left != '\0' && strcmp(left, "0") != 0;
	operator+= negated;
	if (operator[0] == '~')
		return expression_matches(words[2], operator[1] == '*', left) != negated;
	right = expand(search, words[2]);
	return strchr(right, '$') != NULL || (strcmp(left, right) == 0) != negated;
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
		const char *kind, *place;

		if (!syntax_is(at, "location") || at->word_count < 2)
			continue;
		kind = syntax_value(at, 1);
		place = syntax_value(at, at->word_count - 1);
		if (strcmp(kind, "=") == 0 ? strcmp(path, place) != 0
		    : *kind == '~'         ? !expression_matches(place, kind[1] == '*', path)
		    : *kind == '@'         ? false
					   : strncmp(path, place, strlen(place)) != 0)
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

/* Whether DIRECTIVE, which redirects to URL, redirects the request for URL again. */
static bool
leads_back(const struct search *search, const struct directive *directive, const char *url)
{
	const char *host = url + strlen("https://"), *end = after_host(host), *path;
	autofree char *own = memory_copy(host, (size_t)(end - host));
	autofree char *again = NULL;

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
	return reaches(search, directive, again);
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

	if (syntax_is(directive, "set") && directive->word_count == 3) {
		const char *name = syntax_value(directive, 1);

		map_set(&search->variables, name + (*name == '$'),
			(void *)(uintptr_t)expand(search, syntax_value(directive, 2)));
		return CW_OK;
	}
	if (syntax_is(directive, "location") ||
	    (syntax_is(directive, "if") && condition_holds(search, directive)))
		return model_visit(search->model, directive, search_visit, search);
	url = target(directive);
	if (url == NULL)
		return CW_OK;
	url = expand(search, url);
	if (strncasecmp(url, "https://", 8) == 0 &&
	    (!search->request->tls || leads_back(search, directive, url)))
		found_add(search->found, directive);
	return CW_OK;
}

static void
run_search(struct search *search)
{
	search->arena = arena_new();
	model_visit(search->model, search->block, search_visit, search);
	map_clear(&search->variables);
	arena_free(search->arena);
}

void
redirects_find(struct model *model, const struct directive *block, struct server *server,
	       const struct request *request, struct redirects *redirects)
{
	struct search search = {.model = model,
				.block = block,
				.server = server,
				.request = request,
				.found = redirects};

	run_search(&search);
}

bool
redirect_is_there(struct model *model, struct server *server, const struct request *request)
{
	struct redirects found = {0};
	struct search search = {.model = model,
				.block = server->directive,
				.server = server,
				.request = request,
				.found = &found};
	bool there = false;

	run_search(&search);
	for (size_t i = 0; i < found.count && !there; i++)
		there = reaches(&search, found.items[i], "/") ||
			reaches(&search, found.items[i], "/a");
	redirects_clear(&found);
	return there;
}
