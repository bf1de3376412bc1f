#include "loop.h"
#include <string.h>
#include <strings.h>

bool
line_is(const char *line, const char *name)
{
	size_t length = strlen(name);

	return strncasecmp(line, name, length) == 0 &&
	       (line[length] == '\0' || strchr(" \t", line[length]) != NULL);
}

/* The host in "https://HOST..." with its port; "" if it is made of variables; NULL: another scheme.
 * Lives as long as the arena. */
static const char *
https_host(struct arena *arena, const char *url)
{
	if (strncasecmp(url, "https://", 8) != 0)
		return NULL;
	url += 8;
	return *url == '%' || *url == '$' ? "" : arena_copy(arena, url, strcspn(url, "/:?#$%"));
}

/* The URL that a line redirects to; NULL: it does not redirect. */
static const char *
target_of(struct arena *arena, const char *line)
{
	static const char *const redirects[] = {"Redirect", "RedirectMatch", "RedirectPermanent",
						"RedirectTemp"};
	struct words words = words_split(arena, line);

	if (line_is(line, "RewriteRule"))
		return words.count > 2 ? words.items[2] : NULL;
	for (size_t i = 0; i < sizeof(redirects) / sizeof(*redirects); i++)
		if (line_is(line, redirects[i]))
			return words.count > 1 ? words.items[words.count - 1] : NULL;
	return NULL;
}

bool
loop_is_redirect(const struct host *host, const char *line)
{
	struct arena *arena = arena_new();
	const char *target = target_of(arena, line);
	const char *to = target != NULL ? https_host(arena, target) : NULL;
	bool loops = to != NULL && (*to == '\0' || host_has_name(host, to));

	arena_free(arena);
	return loops;
}

/* Whether a pattern or path is for every request. */
static bool
is_for_all(const char *pattern)
{
	static const char *const all[] = {
		"^",        "/",       "^/",     "(.*)",  "^(.*)$", "^.*$", ".*",    "^/(.*)$",
		"^/?(.*)$", "^/?(.*)", "^/(.*)", "/(.*)", "^/?$1",  ".",    "^/.*$", "^/*(.*)$"};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strcmp(pattern, all[i]) == 0)
			return true;
	return false;
}

/* Whether a condition holds for every plain request for NAME. */
static bool
holds_for(const struct words *words, const char *name)
{
	const char *variable = words->count > 1 ? words->items[1] : "";
	const char *pattern = words->count > 2 ? words->items[2] : "";

	if (strcasecmp(variable, "%{HTTPS}") == 0 || strcasecmp(variable, "%{SERVER_PORT}") == 0 ||
	    strcasecmp(variable, "%{REQUEST_SCHEME}") == 0)
		return true;
	if (strcasecmp(variable, "%{SERVER_NAME}") != 0 &&
	    strcasecmp(variable, "%{HTTP_HOST}") != 0)
		return false;
	return *pattern == '=' && strcasecmp(pattern + 1, name) == 0;
}

bool
loop_redirects_all(const struct host *host, const char *name)
{
	struct arena *arena = arena_new();
	const struct directive *engine = host_find(host, "RewriteEngine");
	bool rewrites = engine != NULL && strcasecmp(engine->arguments, "on") == 0;
	bool conditions = true, any = false, all = false;

	for (const struct directive *at = host->section->first_child; at != NULL && !all;
	     at = at->next) {
		autofree char *line = memory_format("%s %s", at->name, at->arguments);
		struct words words = words_split(arena, line);
		bool joined = words.count > 3 && strcasestr(words.items[3], "OR") != NULL;

		if (directive_is(at, "RewriteCond")) {
			/* Of those joined by OR one is enough. */
			if (holds_for(&words, name))
				any = true;
			else if (!joined && !any)
				conditions = false;
			if (!joined)
				any = false;
			continue;
		}
		if (loop_is_redirect(host, line))
			all = directive_is(at, "RewriteRule")
				      ? rewrites && conditions && is_for_all(words.items[1])
				      : words.count > 2 && is_for_all(words.items[words.count - 2]);
		if (directive_is(at, "RewriteRule")) {
			conditions = true;
			any = false;
		}
	}
	arena_free(arena);
	return all;
}
