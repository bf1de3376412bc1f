#include "location.h"
#include <string.h>

enum location_kind
location_read(const struct directive *location, const char **place)
{
	static const struct {
		const char *mark;
		enum location_kind kind;
	} kinds[] = {{"=", LOCATION_EXACT},
		     {"^~", LOCATION_PREFIX_ONLY},
		     {"~*", LOCATION_REGEX_ANY_CASE},
		     {"~", LOCATION_REGEX}};
	const char *word = syntax_value(location, 1);

	*place = syntax_value(location, location->word_count - 1);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t length = strlen(kinds[i].mark);

		if (strncmp(word, kinds[i].mark, length) != 0)
			continue;
		/* The blank between them may be missing. */
		if (location->word_count == 2)
			*place = word + length;
		return kinds[i].kind;
	}
	return *word == '@' ? LOCATION_NAMED : LOCATION_PREFIX;
}

bool
location_matches(const struct directive *location, const char *path)
{
	const char *place;

	switch (location_read(location, &place)) {
	case LOCATION_EXACT:
	case LOCATION_NAMED: return strcmp(path, place) == 0;
	case LOCATION_REGEX: return expression_matches(place, false, path);
	case LOCATION_REGEX_ANY_CASE: return expression_matches(place, true, path);
	default: return strncmp(path, place, strlen(place)) == 0;
	}
}

struct choice {
	const char *path;
	struct directive *exact, *prefix, *regex;
	size_t length; /* of the prefix */
	bool prefix_only;
};

static int
choice_visit(void *context, struct directive *directive)
{
	struct choice *choice = context;
	const char *place;
	enum location_kind kind;

	if (!syntax_is(directive, "location") || directive->word_count < 2 ||
	    !location_matches(directive, choice->path))
		return CW_OK;
	kind = location_read(directive, &place);
	if (kind == LOCATION_EXACT || kind == LOCATION_NAMED) {
		choice->exact = directive;
	} else if (kind == LOCATION_REGEX || kind == LOCATION_REGEX_ANY_CASE) {
		if (choice->regex == NULL)
			choice->regex = directive;
	} else if (choice->prefix == NULL || strlen(place) > choice->length) {
		choice->prefix = directive;
		choice->length = strlen(place);
		choice->prefix_only = kind == LOCATION_PREFIX_ONLY;
	}
	return CW_OK;
}

struct directive *
location_choose(struct model *model, const struct directive *block, const char *path)
{
	struct choice choice = {.path = path};
	struct directive *chosen, *inner;

	model_visit(model, block, choice_visit, &choice);
	chosen = choice.exact != NULL                          ? choice.exact
		 : choice.regex != NULL && !choice.prefix_only ? choice.regex
							       : choice.prefix;
	if (chosen == NULL)
		return NULL;
	inner = location_choose(model, chosen, path);
	return inner != NULL ? inner : chosen;
}
