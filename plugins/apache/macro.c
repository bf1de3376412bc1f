#include "macro.h"
#include <ctype.h>
#include <string.h>

/* Their names ignore case. */
static const char *
key_of(struct config *config, const char *name)
{
	char *key = arena_copy(config->arena, name, strlen(name));

	for (char *byte = key; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	return key;
}

void
macro_define(struct config *config, const char *arguments, struct file *file,
	     const struct line *lines, size_t line_count)
{
	struct macro *macro = arena_alloc(config->arena, sizeof(*macro));
	const char *name = words_next(config->arena, &arguments);

	macro->file = file;
	macro->lines = lines;
	macro->line_count = line_count;
	macro->parameters = words_split(config->arena, arguments);
	map_set(&config->macros, key_of(config, name), macro);
}

void
macro_forget(struct config *config, const char *name)
{
	map_set(&config->macros, key_of(config, name), NULL);
}

struct macro *
macro_find(struct config *config, const char *arguments)
{
	return map_get(&config->macros, key_of(config, words_next(config->arena, &arguments)));
}

/* The longest parameter at AT; COUNT of them: none. */
static size_t
parameter_at(const struct words *parameters, const char *at)
{
	size_t best = parameters->count, length = 0;

	for (size_t i = 0; i < parameters->count; i++) {
		size_t own = strlen(parameters->items[i]);

		if (own > length && strncmp(at, parameters->items[i], own) == 0) {
			best = i;
			length = own;
		}
	}
	return best;
}

/* NULL: the result is too large. */
static const char *
replace(struct config *config, const struct macro *macro, const struct words *values,
	const char *line)
{
	auto_text struct text out = {0};

	for (const char *at = line; *at != '\0';) {
		size_t found = parameter_at(&macro->parameters, at);

		if (found == macro->parameters.count) {
			text_add(&out, at++, 1);
			continue;
		}
		if (found < values->count)
			text_add_string(&out, values->items[found]);
		if (config_is_too_large(config, out.length))
			return NULL;
		at += strlen(macro->parameters.items[found]);
	}
	return arena_copy(config->arena, out.data, out.length);
}

const struct line *
macro_expand(struct config *config, const struct macro *macro, const char *arguments)
{
	struct line *lines = arena_alloc(config->arena, (macro->line_count + 1) * sizeof(*lines));
	struct words values;

	words_next(config->arena, &arguments);
	values = words_split(config->arena, arguments);
	for (size_t i = 0; i < macro->line_count; i++) {
		lines[i] = macro->lines[i];
		lines[i].text = replace(config, macro, &values, macro->lines[i].text);
		if (lines[i].text == NULL)
			return NULL;
	}
	return lines;
}
