#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "condition.h"
#include "include.h"
#include "macro.h"

enum { DEPTH_MAX = 128 /* of includes and macros, as Apache's */ };

#ifndef CONFIG_SIZE_MAX
#define CONFIG_SIZE_MAX ((size_t)1024 * 1024 * 1024) /* bytes of memory */
#endif

static const char too_large[] = "variables, macros or includes make it too large";

/* Lines to read: those of a file, or of a macro with its arguments. */
struct source {
	struct file *file;
	const struct line *lines;
	size_t count;
	const char *use; /* as in struct directive */
	const struct trail *trail;
	unsigned depth;
};

/* A section that is open. */
struct opened {
	const char *name;
	struct directive *directive; /* NULL: a condition, which is not in the tree */
};

struct reader {
	struct config *config;
	const struct source *source;
	struct directive *parent; /* of what is read next */
	struct opened *opened;
	size_t opened_count;
	size_t at; /* the line */
};

static int read_source(struct config *config, const struct source *source,
		       struct directive *parent);

static const char *
place_of(struct config *config, const struct file *file, const struct line *line)
{
	autofree char *place = memory_format("%s:%u", file->path, line->number);

	return arena_copy(config->arena, place, strlen(place));
}

const char *
directive_place(struct config *config, const struct directive *directive)
{
	return directive->use != NULL ? directive->use
				      : place_of(config, directive->file, directive->line);
}

bool
directive_is(const struct directive *directive, const char *name)
{
	return strcasecmp(directive->name, name) == 0;
}

const struct trail *
config_included(const struct directive *section, const struct directive *directive)
{
	for (const struct trail *at = directive->trail; at != NULL; at = at->up)
		if (at->file == section->file && at->line->start > section->line->start &&
		    at->line->start < section->close->start)
			return at;
	return NULL;
}

const struct directive *
config_walk(const struct directive *top, const struct directive *at)
{
	if (at->first_child != NULL)
		return at->first_child;
	while (at != top && at->next == NULL)
		at = at->parent;
	return at != top ? at->next : NULL;
}

bool
config_is_too_large(const struct config *config, size_t length)
{
	return length > CONFIG_SIZE_MAX || arena_size(config->arena) > CONFIG_SIZE_MAX - length;
}

const char *
config_path(struct config *config, const char *path)
{
	autofree char *full = NULL;

	if (*path == '/')
		return path;
	full = memory_format("%s/%s", config->now_root, path);
	return arena_copy(config->arena, full, strlen(full));
}

static int
bad(const struct reader *reader, const char *what)
{
	struct config *config = reader->config;
	size_t last = reader->source->count - 1;
	const struct line *line = &reader->source->lines[reader->at < last ? reader->at : last];

	return cw_host_fail(config->host, CW_E_INVALID,
			    "correct it (\"apache2ctl configtest\" shows more), then try again",
			    "cannot read Apache's configuration at %s: %s",
			    place_of(config, reader->source->file, line), what);
}

/* TEXT with ${NAME} replaced where NAME is defined or in the environment; NULL: that is too
 * large. */
static const char *
replace_variables(struct config *config, const char *text)
{
	auto_text struct text out = {0};
	const char *begin, *end;

	while ((begin = strstr(text, "${")) != NULL && (end = strchr(begin, '}')) != NULL) {
		autofree char *name = memory_copy(begin + 2, (size_t)(end - begin) - 2);
		const char *value = map_get(&config->defines, name);

		if (value == NULL)
			value = map_get(&config->facts->environment, name);
		text_add(&out, text, (size_t)(begin - text));
		if (value != NULL)
			text_add_string(&out, value);
		else
			text_add(&out, begin, (size_t)(end - begin) + 1);
		text = end + 1;
		if (config_is_too_large(config, out.length))
			return NULL;
	}
	if (out.data == NULL)
		return text;
	text_add_string(&out, text);
	return arena_copy(config->arena, out.data, out.length);
}

static struct directive *
add_directive(struct reader *reader, const char *name, const char *arguments)
{
	struct directive *directive = arena_alloc(reader->config->arena, sizeof(*directive));
	struct directive *parent = reader->parent;

	directive->parent = parent;
	directive->file = reader->source->file;
	directive->line = &reader->source->lines[reader->at];
	directive->trail = reader->source->trail;
	directive->use = reader->source->use;
	directive->name = name;
	directive->arguments = arguments;
	if (parent->last_child != NULL)
		parent->last_child->next = directive;
	else
		parent->first_child = directive;
	parent->last_child = directive;
	return directive;
}

static void
open_section(struct reader *reader, const char *name, struct directive *directive)
{
	reader->opened =
		memory_resize(reader->opened, reader->opened_count + 1, sizeof(*reader->opened));
	reader->opened[reader->opened_count++] = (struct opened){name, directive};
	if (directive != NULL)
		reader->parent = directive;
}

/* NAME is all behind "</". */
static int
close_section(struct reader *reader, const char *name)
{
	const struct opened *last;
	size_t length = strcspn(name, ">");

	if (reader->opened_count == 0)
		return bad(reader, "this section was not begun");
	last = &reader->opened[reader->opened_count - 1];
	if (strlen(last->name) != length || strncasecmp(last->name, name, length) != 0)
		return bad(reader, "another section must end first");
	reader->opened_count--;
	if (last->directive != NULL) {
		last->directive->close = &reader->source->lines[reader->at];
		reader->parent = last->directive->parent;
	}
	return CW_OK;
}

/* Moves to the end of the section that begins at the present line. RAW: of which only the end
 * counts. */
static int
skip_section(struct reader *reader, const char *name, bool raw)
{
	const struct source *source = reader->source;
	size_t start = reader->at, depth = 1, length = strlen(name);

	while (++reader->at < source->count) {
		const char *text = source->lines[reader->at].text;
		bool ends = text[0] == '<' && text[1] == '/';

		if (raw)
			depth -= ends && strncasecmp(text + 2, name, length) == 0 &&
				 text[2 + length] == '>';
		else if (text[0] == '<')
			depth += ends ? (size_t)-1 : 1;
		if (depth == 0)
			return CW_OK;
	}
	reader->at = start;
	return bad(reader, "this section does not end");
}

static int
read_macro(struct reader *reader, const char *arguments)
{
	const struct source *source = reader->source;
	size_t start = reader->at;
	int status = skip_section(reader, "Macro", true);

	if (status == CW_OK)
		macro_define(reader->config, arguments, source->file, &source->lines[start + 1],
			     reader->at - start - 1);
	return status;
}

static int
read_section(struct reader *reader, const char *name, const char *arguments)
{
	bool holds;

	if (strcasecmp(name, "Macro") == 0)
		return read_macro(reader, arguments);
	if (strcasecmp(name, "Perl") == 0)
		return skip_section(reader, name, true);
	if (!condition_check(reader->config, name, arguments, &holds))
		open_section(reader, name, add_directive(reader, name, arguments));
	else if (holds)
		open_section(reader, name, NULL);
	else
		return skip_section(reader, name, false);
	return CW_OK;
}

static int
include_file(struct reader *reader, const char *path)
{
	struct config *config = reader->config;
	const char *place =
		place_of(config, reader->source->file, &reader->source->lines[reader->at]);
	struct file *file;
	struct trail *trail;
	struct source source = {.depth = reader->source->depth + 1};
	int status = files_read(&config->files, path, place, &file);

	if (status != CW_OK)
		return status;
	if (file->walking || source.depth > DEPTH_MAX)
		return bad(reader, "this file includes itself");
	source.file = file;
	source.lines = file->lines;
	source.count = file->line_count;
	source.use = reader->source->use;
	trail = arena_alloc(config->arena, sizeof(*trail));
	trail->up = reader->source->trail;
	trail->file = reader->source->file;
	trail->line = &reader->source->lines[reader->at];
	source.trail = trail;
	file->uses++;
	file->walking = true;
	status = read_source(config, &source, reader->parent);
	file->walking = false;
	return status;
}

static int
read_include(struct reader *reader, const char *arguments, bool optional)
{
	struct config *config = reader->config;
	const char *pattern = config_path(config, words_next(config->arena, &arguments));
	struct paths paths = {0};
	int status = CW_OK;

	include_find(pattern, &paths);
	files_add_created(&config->files, pattern, &paths);
	for (size_t i = 0; i < paths.count && status == CW_OK; i++)
		if (!optional || files_exist(&config->files, paths.items[i]))
			status = include_file(reader, paths.items[i]);
	paths_clear(&paths);
	return status;
}

static int
read_use(struct reader *reader, const char *arguments)
{
	struct config *config = reader->config;
	struct macro *macro = macro_find(config, arguments);
	struct source source = {.depth = reader->source->depth + 1};
	int status;

	if (macro == NULL)
		return bad(reader, "there is no such macro");
	if (macro->walking || source.depth > DEPTH_MAX)
		return bad(reader, "this macro uses itself");
	source.file = macro->file;
	source.lines = macro_expand(config, macro, arguments);
	if (source.lines == NULL)
		return bad(reader, too_large);
	source.count = macro->line_count;
	source.trail = reader->source->trail;
	source.use = reader->source->use != NULL ? reader->source->use
						 : place_of(config, reader->source->file,
							    &reader->source->lines[reader->at]);
	macro->walking = true;
	status = read_source(config, &source, reader->parent);
	macro->walking = false;
	return status;
}

static void
define(struct config *config, const char *arguments)
{
	const char *name = words_next(config->arena, &arguments);

	map_set(&config->defines, name, (void *)words_next(config->arena, &arguments));
	map_set(&config->defined, name, config);
}

static int
read_directive(struct reader *reader, const char *name, const char *arguments)
{
	struct config *config = reader->config;

	if (strcasecmp(name, "Include") == 0)
		return read_include(reader, arguments, false);
	if (strcasecmp(name, "IncludeOptional") == 0)
		return read_include(reader, arguments, true);
	if (strcasecmp(name, "Use") == 0)
		return read_use(reader, arguments);
	if (strcasecmp(name, "UndefMacro") == 0) {
		macro_forget(config, words_next(config->arena, &arguments));
	} else if (strcasecmp(name, "Define") == 0) {
		define(config, arguments);
	} else if (strcasecmp(name, "UnDefine") == 0) {
		map_set(&config->defines, words_next(config->arena, &arguments), NULL);
	} else if (strcasecmp(name, "LoadModule") == 0) {
		const char *rest = arguments;
		const char *module = words_next(config->arena, &rest);

		map_set(&config->modules, module,
			(void *)config_path(config, words_next(config->arena, &rest)));
	} else if (strcasecmp(name, "ServerRoot") == 0) {
		const char *rest = arguments;

		config->now_root = words_next(config->arena, &rest);
	}
	add_directive(reader, name, arguments);
	return CW_OK;
}

static int
read_line(struct reader *reader)
{
	struct config *config = reader->config;
	const char *rest = replace_variables(config, reader->source->lines[reader->at].text);
	const char *name;
	char *arguments, *end;

	if (rest == NULL || config_is_too_large(config, 0))
		return bad(reader, too_large);
	name = words_next(config->arena, &rest);
	if (name[0] != '<')
		return read_directive(reader, name, rest);
	if (name[1] == '/')
		return close_section(reader, name + 2);
	arguments = arena_copy(config->arena, rest, strlen(rest));
	end = strrchr(arguments, '>');
	if (end != NULL)
		*end = '\0';
	return read_section(reader, arena_copy(config->arena, name + 1, strcspn(name + 1, ">")),
			    arguments);
}

static int
read_source(struct config *config, const struct source *source, struct directive *parent)
{
	struct reader reader = {.config = config, .source = source, .parent = parent};
	int status = CW_OK;

	for (; reader.at < source->count && status == CW_OK; reader.at++)
		status = read_line(&reader);
	if (status == CW_OK && reader.opened_count > 0)
		status = bad(&reader, "a section does not end");
	free(reader.opened);
	return status;
}

static void
copy_map(struct map *to, const struct map *from)
{
	for (size_t i = 0; i < from->room; i++)
		if (from->entries[i].key != NULL)
			map_set(to, from->entries[i].key, from->entries[i].value);
}

static void
forget(struct config *config)
{
	map_clear(&config->defines);
	map_clear(&config->defined);
	map_clear(&config->modules);
	map_clear(&config->macros);
	arena_free(config->arena);
	config->arena = arena_new();
	config->now_root = config->root;
	memset(&config->top, 0, sizeof(config->top));
	copy_map(&config->modules, &config->facts->modules);
	if (config->assumed != NULL)
		map_set(&config->modules, config->assumed, (void *)"");
	for (size_t i = 0; i < config->files.count; i++)
		config->files.items[i]->uses = 0;
}

/* What was there before the files, from the command line. */
struct given {
	struct map defines, modules;
};

static int
read_all(struct config *config, const struct given *given)
{
	struct source source = {.file = config->main,
				.lines = config->main->lines,
				.count = config->main->line_count};
	int status;

	forget(config);
	copy_map(&config->defines, &given->defines);
	copy_map(&config->modules, &given->modules);
	config->main->uses = 1;
	config->main->walking = true;
	status = read_source(config, &source, &config->top);
	config->main->walking = false;
	return status;
}

/* Adds what ALL has and KNOWN has not. */
static void
add_others(struct map *given, const struct map *all, const struct map *known)
{
	for (size_t i = 0; i < all->room; i++)
		if (all->entries[i].key != NULL && map_get(known, all->entries[i].key) == NULL)
			map_set(given, all->entries[i].key, all->entries[i].value);
}

/*
 * Apache lists what is defined and loaded in the end, without saying where. What no file defines or
 * loads is from the command line, and was there from the beginning. What files load can depend on
 * what is defined there, so the modules are not looked at before all is read with that.
 */
int
config_rebuild(struct config *config)
{
	struct given given = {.defines = {0}};
	int status = read_all(config, &given);

	add_others(&given.defines, &config->facts->defines, &config->defined);
	if (given.defines.count > 0)
		status = read_all(config, &given);
	add_others(&given.modules, &config->facts->shared, &config->modules);
	if (given.modules.count > 0)
		status = read_all(config, &given);
	map_clear(&given.defines);
	map_clear(&given.modules);
	return status;
}

int
config_read(struct config *config, const struct cw_host *host, const struct facts *facts,
	    const char *root, const char *path)
{
	int status;

	memset(config, 0, sizeof(*config));
	config->host = host;
	config->facts = facts;
	config->root = memory_copy(root, strlen(root));
	files_init(&config->files, host, NULL);
	status = files_read(&config->files, path, NULL, &config->main);
	return status == CW_OK ? config_rebuild(config) : status;
}

void
config_clear(struct config *config)
{
	if (config->root == NULL)
		return;
	files_clear(&config->files);
	map_clear(&config->defines);
	map_clear(&config->defined);
	map_clear(&config->modules);
	map_clear(&config->macros);
	arena_free(config->arena);
	free(config->root);
	memset(config, 0, sizeof(*config));
}
