#include "headers.h"
#include <stdlib.h>
#include <string.h>

struct search {
	const char *field, *value;
	bool any, found;
	struct text all; /* the directives, one per line */
};

static int
search_visit(void *context, struct directive *directive)
{
	struct search *search = context;
	uint32_t start = syntax_start(directive);

	if (!syntax_is(directive, "add_header") || directive->word_count < 3)
		return CW_OK;
	search->any = true;
	text_add(&search->all, directive->syntax->text + start, directive->end - start);
	text_add_string(&search->all, "\n");
	if (strcasecmp(syntax_value(directive, 1), search->field) == 0 &&
	    (search->value == NULL || strstr(syntax_value(directive, 2), search->value) != NULL))
		search->found = true;
	return CW_OK;
}

/* A server with its own headers inherits none from the http block, so they are added with its
 * first header. */
static void
add_to_server(struct nginx *nginx, struct edits *edits, const struct server *server,
	      const struct search *wanted, const char *line)
{
	struct search own = *wanted, inherited = *wanted;

	model_visit(&nginx->model, server->directive, search_visit, &own);
	if (!own.any)
		model_visit(&nginx->model, server->http, search_visit, &inherited);
	if (!own.found && !inherited.found) {
		char *rest = inherited.all.data, *copied;

		while (rest != NULL && (copied = strsep(&rest, "\n")) != NULL)
			if (*copied != '\0')
				edits_last(edits, server->directive, copied);
		edits_last(edits, server->directive, line);
	}
	text_clear(&own.all);
	text_clear(&inherited.all);
}

struct locations {
	struct nginx *nginx;
	struct edits *edits;
	const struct search *wanted;
	const char *line;
};

static int
location_visit(void *context, struct directive *directive)
{
	const struct locations *locations = context;
	struct nginx *nginx = locations->nginx;
	struct search own = *locations->wanted;

	if (directive->body == 0 ||
	    !(syntax_is(directive, "location") || syntax_is(directive, "if")))
		return CW_OK;
	model_visit(&nginx->model, directive, search_visit, &own);
	text_clear(&own.all);
	if (own.any && !own.found) {
		autofree char *place = file_place(directive);

		if (file_of(directive)->uses <= 1)
			edits_last(locations->edits, directive, locations->line);
		else
			cw_host_log(nginx->host, CW_LOG_WARNING,
				    "the block at \"%s\" has its own headers and is used by "
				    "several servers, so its answers do not get %s",
				    place, own.field);
	}
	return model_visit(&nginx->model, directive, location_visit, context);
}

void
headers_add(struct nginx *nginx, struct edits *edits, const struct server *server,
	    const char *field, const char *value, const char *line)
{
	const struct search wanted = {.field = field, .value = value};
	struct locations locations = {nginx, edits, &wanted, line};

	add_to_server(nginx, edits, server, &wanted, line);
	model_visit(&nginx->model, server->directive, location_visit, &locations);
}
