#include "naming.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "pair.h"
#include "redirect.h"

/* Whether NAME of a server stands for HOST and no other name. */
static bool
is_itself(const struct name *name, const char *host)
{
	return strcmp(name->text, host) == 0 ||
	       (name->text[0] == '.' && strcmp(name->text + 1, host) == 0);
}

bool
naming_has(const struct server *server, const char *name)
{
	for (size_t i = 0; i < server->name_count; i++)
		if (is_itself(&server->names[i], name))
			return true;
	return false;
}

/* Whether nginx chooses SERVER for HOST; *BY is the name that matches, if it is not the default. */
static bool
is_chosen(const struct nginx *nginx, const struct server *server, const char *host, bool tls,
	  struct name **by)
{
	for (size_t i = 0; i < nginx->model.group_count; i++) {
		const struct group *group = nginx->model.groups[i];
		enum name_match match;

		if (group->ssl == tls && group_choose(group, host, by, &match) == server)
			return true;
	}
	return false;
}

/* Whether nginx serves HOST by TLS only by default, as no server has the name. */
static bool
is_catch_all(struct server *server, const char *host)
{
	for (size_t i = 0; i < server->name_count; i++)
		if (name_matches(&server->names[i], host, strlen(host)) != MATCH_NONE)
			return false;
	return true;
}

/* Whether plain requests for both hosts reach the same server. */
static bool
share_plain(const struct nginx *nginx, const char *host, const char *other)
{
	struct choices choices;
	struct name *by;
	bool shared = false;

	choices_find(&nginx->model, host, nginx->http_port, false, &choices);
	for (size_t i = 0; i < choices.count; i++)
		shared |= is_chosen(nginx, choices.items[i], other, false, &by);
	choices_clear(&choices);
	return shared;
}

static bool
has_text(const struct server *server, const char *text)
{
	for (size_t i = 0; i < server->name_count; i++)
		if (strcmp(server->names[i].text, text) == 0)
			return true;
	return false;
}

/* Whether a server other than SERVER serves NAME on the https port: because it has the name, or by
 * default with a certificate for it. So SERVER must not take the name there. */
static bool
has_tls_elsewhere(struct nginx *nginx, const struct server *server, const char *name)
{
	for (size_t i = 0; i < nginx->model.group_count; i++) {
		const struct group *group = nginx->model.groups[i];
		const struct server *chosen;
		enum name_match match;
		struct name *by = NULL;

		if (!group->ssl || group->port != nginx->https_port)
			continue;
		chosen = group_choose(group, name, &by, &match);
		if (chosen != server && (by != NULL || pairs_cover(&nginx->model, chosen, name)))
			return true;
		/* A wildcard or an expression. */
		for (size_t j = 0; j < group->count; j++)
			if (group->servers[j] != server && has_text(group->servers[j], name))
				return true;
	}
	return false;
}

bool
naming_would_take(struct nginx *nginx, const struct server *server, const char *host)
{
	for (size_t i = 0; i < server->name_count; i++) {
		const char *name = server->names[i].text;

		if (*name != '\0' && strcmp(name, "_") != 0 &&
		    !is_itself(&server->names[i], host) && has_tls_elsewhere(nginx, server, name))
			return true;
	}
	return false;
}

/* Where $server_name is used. */
struct use {
	struct model *model;
	struct redirects dropped; /* that the copy lacks */
	bool anywhere;
	bool decides; /* not only as a parameter of a program, such as SERVER_NAME */
};

static bool
has_variable(const char *text)
{
	static const char name[] = "server_name";

	while ((text = strchr(text, '$')) != NULL) {
		text += 1 + (text[1] == '{');
		if (strncmp(text, name, sizeof(name) - 1) == 0 &&
		    !isalnum((unsigned char)text[sizeof(name) - 1]) &&
		    text[sizeof(name) - 1] != '_')
			return true;
	}
	return false;
}

static int
use_visit(void *context, struct directive *directive)
{
	struct use *use = context;
	bool used = syntax_is(directive, "server_name_in_redirect") && directive->word_count > 1 &&
		    strcmp(syntax_value(directive, 1), "on") == 0;

	/* Other servers, and what is not served. */
	if (syntax_is(directive, "server") || syntax_is(directive, "log_format") ||
	    redirects_have(&use->dropped, directive))
		return CW_OK;
	for (size_t i = 1; i < directive->word_count && !used; i++)
		used = has_variable(syntax_value(directive, i));
	if (used) {
		const char *name = syntax_value(directive, 0), *end = strstr(name, "_param");

		use->anywhere = true;
		use->decides |= end == NULL || strcmp(end, "_param") != 0;
	}
	return directive->body > 0 ? model_visit(use->model, directive, use_visit, use) : CW_OK;
}

static struct use
find_use(struct nginx *nginx, struct server *server, bool tls, const struct naming *naming)
{
	struct use use = {.model = &nginx->model};

	for (size_t i = 0; i < naming->count && !tls; i++) {
		const struct request request = {
			.name = naming->names[i], .port = nginx->https_port, .tls = true};

		redirects_find(&nginx->model, server->directive, server, &request, &use.dropped);
	}
	model_visit(&nginx->model, server->directive, use_visit, &use);
	model_visit(&nginx->model, server->http, use_visit, &use);
	redirects_clear(&use.dropped);
	return use;
}

/* Whether another server could be chosen by a regular expression on the https port. */
static bool
any_regex_elsewhere(const struct nginx *nginx, const struct server *server)
{
	for (size_t i = 0; i < nginx->model.server_count; i++) {
		const struct server *other = nginx->model.servers[i];

		for (size_t j = 0; other != server && j < other->name_count; j++)
			if (name_is_regex(&other->names[j]))
				return true;
	}
	return false;
}

/* Whether a copy with TLS may have the first name of SERVER. */
static bool
may_keep_first(struct nginx *nginx, const struct server *server, bool tls)
{
	const char *first = server->names[0].text;

	/* The original has the same listeners and comes first. */
	if (tls)
		return true;
	return !has_tls_elsewhere(nginx, server, first) &&
	       (strpbrk(first, "*.~") == NULL || !any_regex_elsewhere(nginx, server));
}

static void
add_name(struct naming *naming, const char *name)
{
	naming->names = memory_resize(naming->names, naming->count + 1, sizeof(*naming->names));
	naming->names[naming->count++] = name;
}

/* The regular expression with groups that is a server's name, or NULL. */
static const struct name *
with_captures(const struct name *by)
{
	return by != NULL && name_is_regex(by) && name_has_captures(by) ? by : NULL;
}

static char *
write_captures(const struct name *by)
{
	autofree char *expression = syntax_quote(by->text + 1);

	return memory_format("if ($host %s %s) { }", name_ignores_case(by) ? "~*" : "~",
			     expression);
}

/* Puts the names into the words, the server's first name first. */
static int
write_words(struct nginx *nginx, struct server *server, bool tls, struct naming *naming)
{
	const struct use use = find_use(nginx, server, tls, naming);
	const struct name *first = &server->names[0];
	const char *leader = NULL;
	auto_text struct text words = {0};

	for (size_t i = 0; i < naming->count; i++)
		if (is_itself(first, naming->names[i]))
			leader = naming->names[i];
	if (leader == NULL && use.anywhere) {
		autofree char *place = file_place(server->directive);

		if (may_keep_first(nginx, server, tls))
			leader = first->text;
		else if (use.decides)
			return cw_host_fail(
				nginx->host, CW_E_UNSUPPORTED,
				"add a server block that serves the name by https",
				"https needs a copy of the server block at \"%s\" for \"%s\", but "
				"$server_name would not be \"%s\" there, a name that another block "
				"serves by https",
				place, naming->names[0], first->text);
	}
	if (leader != NULL) {
		autofree char *word = syntax_quote(leader);

		text_add_string(&words, word);
	}
	for (size_t i = 0; i < naming->count; i++) {
		autofree char *word = syntax_quote(naming->names[i]);

		if (naming->names[i] != leader)
			text_format(&words, "%s%s", words.length > 0 ? " " : "", word);
	}
	naming->words = memory_copy(words.data, words.length);
	return CW_OK;
}

int
naming_find(struct nginx *nginx, const struct wish *wish, struct server *server, bool tls,
	    struct naming *naming)
{
	bool catch_all = is_catch_all(server, wish->name);
	const struct name *expression;
	struct name *by = NULL;

	memset(naming, 0, sizeof(*naming));
	is_chosen(nginx, server, wish->name, tls, &by);
	expression = with_captures(by);
	add_name(naming, wish->name);
	if (expression != NULL)
		naming->captures = write_captures(expression);
	for (size_t i = 0; i < wish->name_count; i++) {
		const char *name = wish->names[i];

		if (name[0] != '*' && strcmp(name, wish->name) != 0 &&
		    !(tls && naming_has(server, name)) &&
		    is_chosen(nginx, server, name, tls, &by) && with_captures(by) == expression &&
		    (tls || !has_tls_elsewhere(nginx, server, name)) &&
		    (!catch_all || share_plain(nginx, wish->name, name)))
			add_name(naming, name);
	}
	return write_words(nginx, server, tls, naming);
}

void
naming_clear(struct naming *naming)
{
	free(naming->names);
	free(naming->words);
	free(naming->captures);
	memset(naming, 0, sizeof(*naming));
}
