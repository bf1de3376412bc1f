#include "base/file.h"
#include "base/mem.h"
#include "store/configobj_lines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1024 * 1024 };

static const char byte_order_mark[] = "\xef\xbb\xbf";

struct parser {
	const char *next, *end; /* what was not read yet */
	size_t number;          /* of the present line */
	const char *what;
	struct cw_configobj *config;
	struct cw_strv path; /* the names of the present section and those around it */
	struct cw_error *error;
};

static int
fail_line(const struct parser *parser, const char *problem)
{
	return cw_fail(parser->error, CW_E_INVALID, "%s, line %zu: %s", parser->what,
		       parser->number, problem);
}

/* RFC 3629: no overlong forms, surrogates, or characters beyond U+10FFFF. */
static size_t
utf8_length(const unsigned char *text, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (text[0] < 0x80)
		return 1;
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	length = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	if (left < length)
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

/* How many bytes of ASCII there are at TEXT, eight by eight. */
static size_t
ascii_length(const unsigned char *text, size_t left)
{
	size_t length = 0;
	uint64_t eight;

	for (; left - length >= sizeof(eight); length += sizeof(eight)) {
		memcpy(&eight, text + length, sizeof(eight));
		/* A byte of 0 borrows from its highest bit. */
		if (((eight | (eight - 0x0101010101010101U)) & 0x8080808080808080U) != 0)
			break;
	}
	return length;
}

static int
fail_text(struct parser *parser, const char *at)
{
	parser->number = 1;
	for (const char *text = parser->next; text < at; text++) {
		if (*text == '\n')
			parser->number++;
	}
	return fail_line(parser, *at == '\0' ? "there is a NUL byte" : "this is not UTF-8");
}

static int
check_text(struct parser *parser)
{
	const unsigned char *text = (const unsigned char *)parser->next;
	size_t left = (size_t)(parser->end - parser->next);

	while (left > 0) {
		size_t length = ascii_length(text, left);

		if (length == 0)
			length = *text == '\0' ? 0 : utf8_length(text, left);
		if (length == 0)
			return fail_text(parser, (const char *)text);
		text += length;
		left -= length;
	}
	return CW_OK;
}

/* Moves to the next line: from *TEXT to *END without its line end. */
static void
next_line(struct parser *parser, const char **text, const char **end)
{
	const char *newline = memchr(parser->next, '\n', (size_t)(parser->end - parser->next));

	*text = parser->next;
	*end = newline == NULL ? parser->end : newline;
	parser->next = newline == NULL ? parser->end : newline + 1;
	parser->number++;
	while (*end > *text && (*end)[-1] == '\r')
		--*end;
}

static char *
copy(struct parser *parser, const char *text, const char *end)
{
	return cw_pool_memdup(&parser->config->pool, text, (size_t)(end - text));
}

/* Adds a line that begins where the parser is. */
static struct configobj_line *
add_line(struct parser *parser, enum configobj_kind kind)
{
	struct configobj_line *line = cw_configobj_insert(parser->config, parser->config->count);

	line->kind = kind;
	line->number = parser->number;
	return line;
}

/* What follows a section's name: brackets, blanks, a comment. *BRACKETS tells how many. */
static bool
is_header_end(const char *text, const char *end, unsigned *brackets)
{
	const char *after = cw_configobj_skip(text, end);

	*brackets = 0;
	while (after < end && *after == ']') {
		++*brackets;
		text = after + 1;
		after = cw_configobj_skip(text, end);
	}
	return *brackets > 0 && (after == end || *after == '#');
}

/* Whether a section's name begins at TEXT; then *NAME_END is its end. */
static bool
match_name(const char *text, const char *end, const char **name_end, unsigned *brackets)
{
	bool quoted = text < end && (*text == '"' || *text == '\'');

	if (text == end)
		return false;
	for (const char *last = text + 1; last < end; last++) {
		if (quoted && (*last != *text || cw_configobj_skip(text + 1, last) == last))
			continue;
		*name_end = quoted ? last + 1 : last;
		if (is_header_end(*name_end, end, brackets))
			return true;
	}
	return false;
}

struct header {
	unsigned opening, closing;   /* brackets */
	const char *name, *name_end; /* with its quotes */
};

/* A header, in ConfigObj's reading: as many opening brackets as leave a name. */
static bool
match_header(const char *text, const char *end, struct header *header)
{
	const char *starts[16];
	unsigned opening = 0;

	text = cw_configobj_skip(text, end);
	while (text < end && *text == '[' && opening < CW_COUNT(starts)) {
		text = cw_configobj_skip(text + 1, end);
		starts[opening++] = text;
	}
	for (; opening > 0; opening--) {
		header->opening = opening;
		header->name = starts[opening - 1];
		if (match_name(header->name, end, &header->name_end, &header->closing))
			return true;
	}
	return false;
}

static int
parse_header(struct parser *parser, const struct header *header)
{
	struct cw_pool *pool = &parser->config->pool;
	const char *name = header->name, *end = header->name_end;
	struct configobj_line *line;
	cw_autofree char *path = NULL;

	if (header->opening != header->closing)
		return fail_line(parser, "a section needs as many [ as ]");
	if (header->opening > parser->path.count + 1)
		return fail_line(parser, "this section is nested too deeply");
	while (parser->path.count >= header->opening)
		cw_strv_remove(&parser->path, parser->path.count - 1);
	cw_configobj_unquote(&name, &end);
	cw_strv_addn(&parser->path, name, (size_t)(end - name));
	path = cw_strv_join(&parser->path, "/");
	line = add_line(parser, CONFIGOBJ_SECTION);
	line->depth = header->opening;
	line->name = copy(parser, name, end);
	line->path = cw_pool_strdup(pool, path);
	return CW_OK;
}

/* The end of the key and the start of its value; false if this is not a key. */
static bool
match_key(const char *key, const char *end, const char **key_end, const char **value)
{
	const char *equals = NULL;

	if (key == end || *key == '=')
		return false;
	if (*key == '"' || *key == '\'') {
		for (const char *close = key + 1; close < end && equals == NULL; close++) {
			const char *after = cw_configobj_skip(close + 1, end);

			if (*close != *key || after == end || *after != '=')
				continue;
			equals = after;
			*key_end = close + 1;
		}
	} else {
		equals = memchr(key, '=', (size_t)(end - key));
		if (equals != NULL)
			*key_end = cw_configobj_cut(key, equals);
	}
	if (equals == NULL)
		return false;
	*value = cw_configobj_skip(equals + 1, end);
	return true;
}

static const char *
find(const char *text, const char *end, const char *part)
{
	return memmem(text, (size_t)(end - text), part, strlen(part));
}

/* The first triple quote with nothing but a comment behind it, from TEXT on; NULL: none. */
static const char *
find_close(const char *text, const char *end, const char *quotes)
{
	const char *close = text;

	while ((close = find(close, end, quotes)) != NULL) {
		const char *after = cw_configobj_skip(close + 3, end);

		if (after == end || *after == '#')
			return close;
		close++;
	}
	return NULL;
}

/* A value in triple quotes, which begins at VALUE; *CLOSE is where the closing ones are. */
static int
parse_triple(struct parser *parser, const char *value, const char *end, const char **close,
	     struct cw_buf *contents)
{
	char quotes[4] = {value[0], value[0], value[0], '\0'};
	const char *text = value + 3;

	*close = find_close(text, end, quotes);
	if (*close == NULL && find(text, end, quotes) != NULL)
		return fail_line(parser, "there is more text after the closing quotes");
	while (*close == NULL) {
		cw_buf_add(contents, text, (size_t)(end - text));
		cw_buf_add_char(contents, '\n');
		if (parser->next == parser->end)
			return fail_line(parser, "a quote is not closed");
		next_line(parser, &text, &end);
		if (find(text, end, quotes) == NULL)
			continue;
		*close = find_close(text, end, quotes);
		if (*close == NULL)
			return fail_line(parser, "there is more text after the closing quotes");
	}
	cw_buf_add(contents, text, (size_t)(*close - text));
	return CW_OK;
}

static bool
is_triple(const char *value, const char *end)
{
	return end - value >= 3 &&
	       (memcmp(value, "\"\"\"", 3) == 0 || memcmp(value, "'''", 3) == 0);
}

static int
parse_key(struct parser *parser, const char *text, const char *key, const char *end)
{
	struct cw_pool *pool = &parser->config->pool;
	struct configobj_line *line = add_line(parser, CONFIGOBJ_KEY);
	cw_auto_buf struct cw_buf contents = {0};
	const char *key_end, *value, *value_end;

	if (!match_key(key, end, &key_end, &value))
		return fail_line(parser, "this is neither a section, nor key = value");
	if (is_triple(value, end)) {
		int status = parse_triple(parser, value, end, &value_end, &contents);

		if (status != CW_OK)
			return status;
		value_end += 3;
		line->text = cw_pool_memdup(pool, cw_buf_text(&contents), contents.length);
	} else {
		ptrdiff_t length =
			cw_configobj_parse_value(pool, value, (size_t)(end - value), line);

		if (length < 0)
			return fail_line(parser, "the value is malformed (look at its quotes and "
						 "commas)");
		value_end = value + length;
	}
	cw_configobj_unquote(&key, &key_end);
	line->name = copy(parser, key, key_end);
	line->value_start = (size_t)(value - text);
	line->value_end = (size_t)(value_end - text);
	return CW_OK;
}

static int
parse_line(struct parser *parser)
{
	const char *text, *end, *first;
	struct header header;
	int status = CW_OK;

	next_line(parser, &text, &end);
	first = cw_configobj_skip(text, end);
	if (first == end || *first == '#')
		add_line(parser, CONFIGOBJ_COMMENT);
	else if (*first == '[' && match_header(first, end, &header))
		status = parse_header(parser, &header);
	else
		status = parse_key(parser, text, first, end);
	if (status == CW_OK)
		parser->config->lines[parser->config->count - 1].raw =
			copy(parser, text, parser->next);
	return status;
}

/* A key or section, and the section that it is in. */
struct entry {
	const char *parent;
	size_t parent_length;
	const char *name;
	size_t number;
	uint32_t hash; /* of the name */
};

static bool
same_entry(const struct entry *a, const struct entry *b)
{
	return a->hash == b->hash && a->parent_length == b->parent_length &&
	       memcmp(a->parent, b->parent, a->parent_length) == 0 && strcmp(a->name, b->name) == 0;
}

/* FNV-1a. */
static uint32_t
hash(const char *name)
{
	uint32_t value = 2166136261U;

	for (; *name != '\0'; name++)
		value = (value ^ (unsigned char)*name) * 16777619U;
	return value;
}

/* The first of ENTRIES that is the same as one before it; NULL: all differ. *EARLIER is that. */
static const struct entry *
find_twice(const struct entry *entries, size_t count, const struct entry **earlier)
{
	size_t slots = 16;
	cw_autofree const struct entry **table = NULL;

	while (slots < 2 * count)
		slots *= 2;
	table = cw_calloc(slots, sizeof(const struct entry *));
	for (size_t i = 0; i < count; i++) {
		size_t slot = entries[i].hash & (slots - 1);

		for (; table[slot] != NULL; slot = (slot + 1) & (slots - 1)) {
			*earlier = table[slot];
			if (same_entry(*earlier, &entries[i]))
				return &entries[i];
		}
		table[slot] = &entries[i];
	}
	return NULL;
}

static int
check_unique(struct parser *parser)
{
	const struct cw_configobj *config = parser->config;
	cw_autofree struct entry *entries = cw_calloc(config->count + 1, sizeof(*entries));
	const struct entry *twice, *earlier;
	const char *section = "";
	size_t count = 0;

	for (size_t i = 0; i < config->count; i++) {
		const struct configobj_line *line = &config->lines[i];
		struct entry *entry = &entries[count];

		if (line->kind == CONFIGOBJ_COMMENT)
			continue;
		*entry = (struct entry){section, strlen(section), line->name, line->number,
					hash(line->name)};
		if (line->kind == CONFIGOBJ_SECTION) {
			size_t own = strlen(line->name) + (line->depth > 1 ? 1 : 0);

			section = line->path;
			entry->parent = line->path;
			entry->parent_length = strlen(line->path) - own;
		}
		count++;
	}
	twice = find_twice(entries, count, &earlier);
	if (twice == NULL)
		return CW_OK;
	return cw_fail(parser->error, CW_E_INVALID, "%s, line %zu: \"%s\" is already in line %zu",
		       parser->what, twice->number, twice->name, earlier->number);
}

int
cw_configobj_parse(const char *text, size_t length, const char *what, struct cw_configobj **config,
		   struct cw_error *error)
{
	cw_auto_configobj struct cw_configobj *made = cw_configobj_new();
	struct parser parser = {
		.next = text, .end = text + length, .what = what, .config = made, .error = error};
	const char *newline;
	int status;

	*config = NULL;
	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
		made->byte_order_mark = true;
		parser.next += 3;
	}
	newline = memchr(text, '\n', length);
	if (newline != NULL && newline > text && newline[-1] == '\r')
		made->line_end = "\r\n";
	status = check_text(&parser);
	while (status == CW_OK && parser.next < parser.end)
		status = parse_line(&parser);
	if (status == CW_OK)
		status = check_unique(&parser);
	cw_strv_clear(&parser.path);
	if (status == CW_OK)
		*config = cw_take(&made);
	else
		cw_hint(error, "correct this line, or restore the file from a backup");
	return status;
}

int
cw_configobj_load(const char *path, struct cw_configobj **config, struct cw_error *error)
{
	struct stat status;

	return cw_configobj_load_and_stat(path, config, &status, error);
}

int
cw_configobj_load_and_stat(const char *path, struct cw_configobj **config, struct stat *file,
			   struct cw_error *error)
{
	cw_auto_buf struct cw_buf buf = {0};
	cw_autofree char *what = cw_format("\"%s\"", path);
	int status;

	*config = NULL;
	status = cw_file_read_and_stat(path, FILE_MAX, &buf, file, error);
	if (status != CW_OK)
		return status;
	return cw_configobj_parse(cw_buf_text(&buf), buf.length, what, config, error);
}
