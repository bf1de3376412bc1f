#include "evaluate.h"
#include <ctype.h>
#include <string.h>

enum { DEPTH_MAX = 8 /* maps of maps */ };

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

struct map_search {
	const char *variable;
	struct directive *found;
};

static int
map_visit(void *context, struct directive *directive)
{
	struct map_search *search = context;

	if (syntax_is(directive, "map") && directive->word_count == 3 && directive->body > 0 &&
	    syntax_value(directive, 2)[0] == '$' &&
	    strcmp(syntax_value(directive, 2) + 1, search->variable) == 0)
		search->found = directive;
	return CW_OK;
}

/* The entry of a map for a value, as ngx_http_map_find() ranks them. */
struct map_entry_search {
	const char *source; /* NULL: unknown */
	bool hostnames;
	struct directive *entry, *otherwise;
	enum name_match match;
	size_t length;
};

static int
entry_visit(void *context, struct directive *entry)
{
	struct map_entry_search *search = context;
	const char *key = syntax_value(entry, 0);
	enum name_match match = MATCH_NONE;
	size_t length = strlen(key);

	if (entry->word_count == 1)
		search->hostnames |= strcmp(key, "hostnames") == 0;
	if (entry->word_count != 2)
		return CW_OK;
	if (strcmp(key, "default") == 0)
		search->otherwise = entry;
	if (search->source == NULL || strcmp(key, "default") == 0)
		return CW_OK;
	if (*key == '~') {
		bool any_case = key[1] == '*';

		if (expression_matches(key + 1 + any_case, any_case, search->source))
			match = MATCH_REGEX;
	} else if (strcasecmp(key + (*key == '\\'), search->source) == 0) {
		match = MATCH_EXACT;
	} else if (search->hostnames) {
		autofree char *text = memory_copy(key, length);
		struct name name;

		name_init(&name, text);
		match = name_matches(&name, search->source, strlen(search->source));
	}
	if (match < search->match || ((match == MATCH_HEAD || match == MATCH_TAIL) &&
				      match == search->match && length > search->length)) {
		search->match = match;
		search->length = length;
		search->entry = entry;
	}
	return CW_OK;
}

/* The value that a map gives a variable; NULL: there is no such map. A map of what is not known
 * gives its default. */
static const char *
map_value(struct evaluation *evaluation, const char *variable)
{
	struct map_search maps = {.variable = variable};
	struct map_entry_search entries = {.match = MATCH_NONE};
	const char *source;

	model_visit(evaluation->model, evaluation->server->http, map_visit, &maps);
	if (maps.found == NULL || evaluation->depth == DEPTH_MAX)
		return NULL;
	evaluation->depth++;
	source = evaluate(evaluation, syntax_value(maps.found, 1));
	entries.source = strchr(source, '$') == NULL ? source : NULL;
	model_visit(evaluation->model, maps.found, entry_visit, &entries);
	if (entries.entry == NULL)
		entries.entry = entries.otherwise;
	source = entries.entry != NULL ? evaluate(evaluation, syntax_value(entries.entry, 1)) : "";
	evaluation->depth--;
	return source;
}

/* The value of a variable for the request; NULL: not known. */
static const char *
variable_value(struct evaluation *evaluation, const char *name)
{
	const struct request *request = evaluation->request;
	const char *value = map_get(&evaluation->variables, name);

	if (value != NULL)
		return value;
	if (strcmp(name, "host") == 0 || strcmp(name, "http_host") == 0 ||
	    strcmp(name, "ssl_server_name") == 0)
		return request->name;
	if (strcmp(name, "server_name") == 0)
		return evaluation->server->names[0].text +
		       (evaluation->server->names[0].text[0] == '.');
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

		return arena_copy(evaluation->arena, port, strlen(port));
	}
	/* A proxy may add these fields; here there is none. */
	return strncmp(name, "http_", 5) == 0 ? "" : map_value(evaluation, name);
}

const char *
evaluate(struct evaluation *evaluation, const char *text)
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
		length = variable_name(evaluation->arena, text + 1, &name);
		value = *name != '\0' ? variable_value(evaluation, name) : NULL;
		text_add_string(&out, value != NULL ? value : "$");
		if (value == NULL)
			text_add_string(&out, name);
		text += 1 + length;
	}
	return arena_copy(evaluation->arena, out.data, out.length);
}

/* The words of a condition, without its parentheses. */
static size_t
condition_words(struct evaluation *evaluation, const struct directive *directive,
		const char **words)
{
	size_t count = 0;

	for (size_t i = 1; i < directive->word_count; i++) {
		const char *value = syntax_value(directive, i);
		char *word;

		value += i == 1 && *value == '(';
		word = arena_copy(evaluation->arena, value, strlen(value));
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

bool
evaluate_condition(struct evaluation *evaluation, const struct directive *directive)
{
	const char *words[3] = {"", "", ""};
	size_t count = condition_words(evaluation, directive, words);
	const char *left, *right, *operator= words[1];
	bool negated = operator[0] == '!';

	left = evaluate(evaluation, words[0]);
	if (strchr(left, '$') != NULL || words[0][0] != '$')
		return true;
	if (count == 1)
		return *left != '\0' && strcmp(left, "0") != 0;
	operator+= negated;
	if (operator[0] == '~')
		return expression_matches(words[2], operator[1] == '*', left) != negated;
	right = evaluate(evaluation, words[2]);
	return strchr(right, '$') != NULL || (strcmp(left, right) == 0) != negated;
}

void
evaluate_set(struct evaluation *evaluation, const struct directive *directive)
{
	const char *name = syntax_value(directive, 1);

	map_set(&evaluation->variables, name + (*name == '$'),
		(void *)(uintptr_t)evaluate(evaluation, syntax_value(directive, 2)));
}

void
evaluation_begin(struct evaluation *evaluation, struct model *model, struct server *server,
		 const struct request *request)
{
	*evaluation = (struct evaluation){
		.model = model, .server = server, .request = request, .arena = arena_new()};
}

void
evaluation_end(struct evaluation *evaluation)
{
	map_clear(&evaluation->variables);
	arena_free(evaluation->arena);
}
