#include "base/mem.h"
#include "base/text.h"
#include "store/configobj_lines.h"

#include <stdlib.h>
#include <string.h>

struct cw_configobj *
cw_configobj_copy(const struct cw_configobj *config)
{
	struct cw_configobj *copy = cw_configobj_new();

	copy->byte_order_mark = config->byte_order_mark;
	copy->line_end = config->line_end;
	copy->unwritable = cw_pool_strdup(&copy->pool, config->unwritable);
	for (size_t i = 0; i < config->count; i++) {
		const struct configobj_line *from = &config->lines[i];
		struct configobj_line *line = cw_configobj_insert(copy, i);

		*line = *from;
		line->raw = cw_pool_strdup(&copy->pool, from->raw);
		line->name = cw_pool_strdup(&copy->pool, from->name);
		line->path = cw_pool_strdup(&copy->pool, from->path);
		line->text = cw_pool_strdup(&copy->pool, from->text);
		line->list = (struct cw_strv){0};
		cw_strv_add_all(&line->list, &from->list);
	}
	return copy;
}

int
cw_configobj_check(const struct cw_configobj *config, struct cw_error *error)
{
	if (config->unwritable == NULL)
		return CW_OK;
	cw_fail(error, CW_E_INVALID, "cannot save the value of \"%s\" in the renewal file",
		config->unwritable);
	cw_hint(error,
		"avoid both kinds of quotes and line breaks in it; put such a hook into a script");
	return CW_E_INVALID;
}

static void
delete_line(struct cw_configobj *config, size_t index)
{
	cw_strv_clear(&config->lines[index].list);
	config->count--;
	memmove(&config->lines[index], &config->lines[index + 1],
		(config->count - index) * sizeof(*config->lines));
}

/* The lines directly in a section: FIRST is behind its header, LAST behind them. */
struct span {
	size_t first, last;
	unsigned depth;
};

static size_t
next_header(const struct cw_configobj *config, size_t index)
{
	while (index < config->count && config->lines[index].kind != CONFIGOBJ_SECTION)
		index++;
	return index;
}

static bool
find_section(const struct cw_configobj *config, const char *section, struct span *span)
{
	size_t header = 0;

	*span = (struct span){0};
	if (*section != '\0') {
		header = next_header(config, 0);
		while (header < config->count && strcmp(config->lines[header].path, section) != 0)
			header = next_header(config, header + 1);
		if (header == config->count)
			return false;
		span->depth = config->lines[header].depth;
		span->first = header + 1;
	}
	span->last = next_header(config, span->first);
	return true;
}

/* Behind the last line of the section and of those beneath it. */
static size_t
tree_end(const struct cw_configobj *config, const struct span *span)
{
	size_t end = span->last;

	while (end < config->count && config->lines[end].depth > span->depth)
		end = next_header(config, end + 1);
	return end;
}

static struct configobj_line *
find_key(const struct cw_configobj *config, const char *section, const char *key)
{
	struct span span;

	if (!find_section(config, section, &span))
		return NULL;
	for (size_t i = span.first; i < span.last; i++) {
		struct configobj_line *line = &config->lines[i];

		if (line->kind == CONFIGOBJ_KEY && strcmp(line->name, key) == 0)
			return line;
	}
	return NULL;
}

const char *
cw_configobj_get(const struct cw_configobj *config, const char *section, const char *key)
{
	const struct configobj_line *line = find_key(config, section, key);

	return line == NULL ? NULL : line->text;
}

bool
cw_configobj_get_list(const struct cw_configobj *config, const char *section, const char *key,
		      struct cw_strv *values)
{
	const struct configobj_line *line = find_key(config, section, key);

	if (line == NULL)
		return false;
	if (line->is_list)
		cw_strv_add_all(values, &line->list);
	else
		cw_strv_add(values, line->text);
	return true;
}

bool
cw_configobj_is_list(const struct cw_configobj *config, const char *section, const char *key)
{
	const struct configobj_line *line = find_key(config, section, key);

	return line != NULL && line->is_list;
}

bool
cw_configobj_next(const struct cw_configobj *config, const char *section, size_t *at,
		  struct cw_configobj_entry *entry)
{
	struct span span;
	size_t index = *at;

	if (index == 0) {
		if (!find_section(config, section, &span))
			return false;
		index = span.first;
	}
	while (index < config->count && config->lines[index].kind == CONFIGOBJ_COMMENT)
		index++;
	if (index == config->count || config->lines[index].kind == CONFIGOBJ_SECTION)
		return false;
	*entry = (struct cw_configobj_entry){
		.key = config->lines[index].name,
		.text = config->lines[index].text,
		.list = config->lines[index].is_list ? &config->lines[index].list : NULL,
	};
	*at = index + 1;
	return true;
}

void
cw_configobj_keys(const struct cw_configobj *config, const char *section, struct cw_strv *keys)
{
	struct span span;

	if (!find_section(config, section, &span))
		return;
	for (size_t i = span.first; i < span.last; i++) {
		if (config->lines[i].kind == CONFIGOBJ_KEY)
			cw_strv_add(keys, config->lines[i].name);
	}
}

void
cw_configobj_sections(const struct cw_configobj *config, const char *section, struct cw_strv *names)
{
	struct span span;
	size_t end;

	if (!find_section(config, section, &span))
		return;
	end = tree_end(config, &span);
	for (size_t i = span.last; i < end; i++) {
		const struct configobj_line *line = &config->lines[i];

		if (line->kind == CONFIGOBJ_SECTION && line->depth == span.depth + 1)
			cw_strv_add(names, line->name);
	}
}

bool
cw_configobj_has_section(const struct cw_configobj *config, const char *section)
{
	struct span span;

	return find_section(config, section, &span);
}

bool
cw_configobj_place(const struct cw_configobj *config, const char *section, const char *key,
		   size_t *offset, size_t *length)
{
	const struct configobj_line *line = find_key(config, section, key);
	size_t before = config->byte_order_mark ? 3 : 0;

	if (line == NULL || line->is_list)
		return false;
	for (const struct configobj_line *at = config->lines; at < line; at++)
		before += strlen(at->raw);
	*offset = before + line->value_start;
	*length = line->value_end - line->value_start;
	return true;
}

/* Behind the last of the lines from FIRST to LAST that is no comment, and behind the comments that
 * were added for what comes now. */
static size_t
end_of_entries(const struct cw_configobj *config, size_t first, size_t last)
{
	size_t end = last;

	while (end > first && config->lines[end - 1].kind == CONFIGOBJ_COMMENT)
		end--;
	/* At the top, the comments of a file that has no key yet are those of the file. */
	if (end == 0)
		return last;
	while (end < last && config->lines[end].added)
		end++;
	return end;
}

/* A new line of TEXT. */
static struct configobj_line *
insert_text(struct cw_configobj *config, size_t index, const char *text)
{
	struct configobj_line *line;

	if (index > 0 && !cw_ends_with(config->lines[index - 1].raw, "\n")) {
		struct configobj_line *before = &config->lines[index - 1];

		before->raw = cw_pool_format(&config->pool, "%s%s", before->raw, config->line_end);
	}
	line = cw_configobj_insert(config, index);
	line->raw = cw_pool_format(&config->pool, "%s%s", text, config->line_end);
	return line;
}

static size_t
indentation(const char *raw)
{
	return strspn(raw, " \t");
}

static void
set_unwritable(struct cw_configobj *config, const char *key)
{
	if (config->unwritable == NULL)
		config->unwritable = cw_pool_strdup(&config->pool, key);
}

/* Makes a section, and those around it, unless it is there. */
static bool
make_section(struct cw_configobj *config, const char *section, struct span *span)
{
	const char *slash = strrchr(section, '/');
	cw_autofree char *parent =
		cw_memdup(section, slash == NULL ? 0 : (size_t)(slash - section));
	const char *name = slash == NULL ? section : slash + 1;
	cw_auto_buf struct cw_buf header = {0};
	struct configobj_line *line;
	struct span around;
	size_t index;

	if (find_section(config, section, span))
		return true;
	if (!make_section(config, parent, &around))
		return false;
	if (!cw_configobj_spell_section(&header, name, around.depth + 1)) {
		set_unwritable(config, section);
		return false;
	}
	cw_configobj_remove(config, parent, name);
	find_section(config, parent, &around);
	index = end_of_entries(config, around.first, tree_end(config, &around));
	/* The comments that were added have what they belong to. */
	for (size_t i = index; i > 0 && config->lines[i - 1].added; i--)
		config->lines[i - 1].added = false;
	if (around.depth == 0 && index > 0 && config->lines[index - 1].kind != CONFIGOBJ_COMMENT)
		insert_text(config, index++, "");
	line = insert_text(config, index, cw_buf_text(&header));
	line->kind = CONFIGOBJ_SECTION;
	line->depth = around.depth + 1;
	line->name = cw_pool_strdup(&config->pool, name);
	line->path = cw_pool_strdup(&config->pool, section);
	return find_section(config, section, span);
}

/* An empty line for a new key at the end of a section; NULL when there can be no such section. */
static struct configobj_line *
make_key(struct cw_configobj *config, const char *section, const char *key)
{
	cw_autofree char *as_section =
		*section == '\0' ? cw_strdup(key) : cw_format("%s/%s", section, key);
	cw_autofree char *indent = NULL;
	struct configobj_line *line;
	struct span span;
	size_t index;

	if (!make_section(config, section, &span))
		return NULL;
	cw_configobj_remove_section(config, as_section);
	find_section(config, section, &span);
	index = end_of_entries(config, span.first, span.last);
	for (size_t i = index; i > span.first && indent == NULL; i--) {
		const struct configobj_line *above = &config->lines[i - 1];

		if (above->kind == CONFIGOBJ_KEY)
			indent = cw_memdup(above->raw, indentation(above->raw));
	}
	line = insert_text(config, index, indent == NULL ? "" : indent);
	line->kind = CONFIGOBJ_KEY;
	line->name = cw_pool_strdup(&config->pool, key);
	return line;
}

/* Puts SPELLED, "key = value", into LINE: all of a new one, the value of an old one. */
static void
replace_value(struct cw_configobj *config, struct configobj_line *line,
	      const struct cw_buf *spelled)
{
	cw_auto_configobj struct cw_configobj *one = NULL;
	struct cw_pool *pool = &config->pool;
	struct configobj_line *parsed;

	cw_configobj_parse(cw_buf_text(spelled), spelled->length, "", &one, NULL);
	parsed = one->lines;
	if (line->text == NULL) {
		size_t indent = indentation(line->raw);

		line->raw = cw_pool_format(pool, "%.*s%s%s", (int)indent, line->raw,
					   cw_buf_text(spelled), config->line_end);
		line->value_start = indent + parsed->value_start;
	} else {
		line->raw = cw_pool_format(pool, "%.*s%s%s", (int)line->value_start, line->raw,
					   cw_buf_text(spelled) + parsed->value_start,
					   line->raw + line->value_end);
	}
	line->value_end = line->value_start + parsed->value_end - parsed->value_start;
	line->text = cw_pool_strdup(pool, parsed->text);
	line->is_list = parsed->is_list;
	cw_strv_clear(&line->list);
	line->list = parsed->list;
	parsed->list = (struct cw_strv){0};
}

static bool
same_values(const struct configobj_line *line, const struct cw_strv *values)
{
	bool same = line->is_list && line->list.count == values->count;

	for (size_t i = 0; same && i < values->count; i++)
		same = strcmp(line->list.items[i], values->items[i]) == 0;
	return same;
}

/* LINE is NULL where the key is new; POSSIBLE tells whether it could be spelled. */
static void
put_key(struct cw_configobj *config, struct configobj_line *line, const char *section,
	const char *key, const struct cw_buf *spelled, bool possible)
{
	if (!possible) {
		set_unwritable(config, key);
		return;
	}
	if (line == NULL)
		line = make_key(config, section, key);
	if (line != NULL)
		replace_value(config, line, spelled);
}

void
cw_configobj_set(struct cw_configobj *config, const char *section, const char *key,
		 const char *value)
{
	struct configobj_line *line = find_key(config, section, key);
	cw_auto_buf struct cw_buf spelled = {0};
	bool possible;

	if (line != NULL && !line->is_list && strcmp(line->text, value) == 0)
		return;
	possible = cw_configobj_spell_scalar(&spelled, key, value);
	put_key(config, line, section, key, &spelled, possible);
}

void
cw_configobj_set_list(struct cw_configobj *config, const char *section, const char *key,
		      const struct cw_strv *values)
{
	struct configobj_line *line = find_key(config, section, key);
	cw_auto_buf struct cw_buf spelled = {0};
	bool possible;

	if (line != NULL && same_values(line, values))
		return;
	possible = cw_configobj_spell_list(&spelled, key, values);
	put_key(config, line, section, key, &spelled, possible);
}

void
cw_configobj_remove(struct cw_configobj *config, const char *section, const char *key)
{
	const struct configobj_line *line = find_key(config, section, key);

	if (line != NULL)
		delete_line(config, (size_t)(line - config->lines));
}

void
cw_configobj_remove_section(struct cw_configobj *config, const char *section)
{
	struct span span;
	size_t end, first;

	if (*section == '\0' || !find_section(config, section, &span))
		return;
	first = span.first - 1;
	end = tree_end(config, &span);
	/* The comments at its end are those of what follows, or of the file. */
	while (end > span.first && config->lines[end - 1].kind == CONFIGOBJ_COMMENT)
		end--;
	if (first > 0 && config->lines[first - 1].kind == CONFIGOBJ_COMMENT &&
	    config->lines[first - 1].raw[strspn(config->lines[first - 1].raw, " \t\r\n")] == '\0')
		first--;
	while (end > first)
		delete_line(config, --end);
}

void
cw_configobj_add_comment(struct cw_configobj *config, const char *section, const char *text)
{
	struct span span;
	size_t index;

	if (!make_section(config, section, &span))
		return;
	index = end_of_entries(config, span.first, span.last);
	insert_text(config, index, text)->added = true;
}
