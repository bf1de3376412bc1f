#include "base/mem.h"
#include "store/configobj_lines.h"

#include <stdlib.h>
#include <string.h>

/* The blanks beyond ASCII that Python's \s takes, in UTF-8. */
static const char *const wide_blanks[] = {
	"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
	"\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
	"\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
	"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
};

/* Deeper lists would need more stack than is fair. */
enum { LIST_MAX = 10000 };

size_t
cw_configobj_blank(const char *text, const char *end)
{
	unsigned char first;

	if (text >= end)
		return 0;
	first = (unsigned char)*text;
	if (first == ' ' || (first >= '\t' && first <= '\r') || (first >= 0x1c && first <= 0x1f))
		return 1;
	if (first < 0xc2)
		return 0;
	for (size_t i = 0; i < CW_COUNT(wide_blanks); i++) {
		size_t length = strlen(wide_blanks[i]);

		if ((size_t)(end - text) >= length && memcmp(text, wide_blanks[i], length) == 0)
			return length;
	}
	return 0;
}

/* Whether BYTE is an ASCII character other than a blank, as nearly all are. */
static bool
is_plain(char byte)
{
	return (unsigned char)byte > ' ' && (unsigned char)byte < 0x80;
}

const char *
cw_configobj_skip(const char *text, const char *end)
{
	size_t length;

	if (text < end && is_plain(*text))
		return text;
	while ((length = cw_configobj_blank(text, end)) > 0)
		text += length;
	return text;
}

const char *
cw_configobj_cut(const char *text, const char *end)
{
	if (end > text && is_plain(end[-1]))
		return end;
	for (;;) {
		size_t length = 1;

		while (length <= 3 && (size_t)(end - text) >= length &&
		       cw_configobj_blank(end - length, end) != length)
			length++;
		if (length > 3 || (size_t)(end - text) < length)
			return end;
		end -= length;
	}
}

/*
 * ConfigObj's grammar of values is a regular expression that backtracks: a quoted part ends at the
 * first quote after which the rest makes sense, so that `"a" and "b"` is one value with quotes in
 * it. The same is done here, remembering from where no way leads to the end.
 */
struct match {
	const char *text, *end;
	bool *hopeless; /* by offset */
	unsigned depth;
	const char *list_end; /* the values before it are followed by commas */
	const char *single;   /* the last one, NULL: none */
	const char *single_end;
	bool broken; /* ConfigObj's expression matches, but a value in it is missing */
};

/* Nothing but blanks and a comment. */
static bool
is_rest(const char *text, const char *end)
{
	text = cw_configobj_skip(text, end);
	return text == end || *text == '#';
}

static bool
is_quote(char character)
{
	return character == '"' || character == '\'';
}

static bool match_list(struct match *match, const char *text);

/* What follows a value of a list that ends before AFTER: a comma and the rest. */
static bool
match_comma(struct match *match, const char *after)
{
	const char *text;

	after = cw_configobj_skip(after, match->end);
	if (after == match->end || *after != ',')
		return false;
	text = cw_configobj_skip(after + 1, match->end);
	if (match_list(match, text))
		return true;
	if (text == after + 1 || !match_comma(match, text))
		return false;
	match->broken = true;
	return true;
}

static bool
match_item(struct match *match, const char *text)
{
	const char *end = match->end;

	if (text == end || *text == ',' || *text == '#')
		return false;
	if (is_quote(*text)) {
		const char *close = text;

		while ((close = memchr(close + 1, *text, (size_t)(end - close - 1))) != NULL) {
			if (match_comma(match, close + 1))
				return true;
		}
		return false;
	}
	for (const char *comma = text + 1; comma < end && *comma != '#'; comma++) {
		if (*comma == ',')
			return match_comma(match, comma);
	}
	return false;
}

static bool
match_single(struct match *match, const char *text)
{
	const char *end = match->end;
	const char *close = text;

	match->list_end = match->single = match->single_end = text;
	if (text < end && is_quote(*text)) {
		while ((close = memchr(close + 1, *text, (size_t)(end - close - 1))) != NULL) {
			match->single_end = close + 1;
			if (is_rest(close + 1, end))
				return true;
		}
		return false;
	}
	if (is_rest(text, end)) {
		/* Nothing after a comma, or nothing at all, which is an empty value. */
		if (text != match->text)
			match->single = NULL;
		return true;
	}
	while (close < end && *close != '#' && *close != ',')
		close++;
	match->single_end = cw_configobj_cut(text, close);
	return *text != ',' && (close == end || *close == '#');
}

static bool
match_list(struct match *match, const char *text)
{
	bool *hopeless = &match->hopeless[text - match->text];
	bool found;

	if (*hopeless || match->depth == LIST_MAX)
		return false;
	match->depth++;
	found = match_item(match, text) || match_single(match, text);
	match->depth--;
	*hopeless = !found;
	return found;
}

void
cw_configobj_unquote(const char **text, const char **end)
{
	if (*end - *text < 2 || !is_quote(**text) || (*end)[-1] != **text)
		return;
	++*text;
	--*end;
}

static void
add_item(struct cw_strv *list, const char *text, const char *end)
{
	cw_configobj_unquote(&text, &end);
	cw_strv_addn(list, text, (size_t)(end - text));
}

/* A quote at the beginning without one at the end. */
static bool
is_unclosed(const char *text, const char *end)
{
	return is_quote(*text) && (end - text < 2 || end[-1] != *text);
}

/* The end of the value of a list at TEXT, which a comma follows before END; NULL: none does. */
static const char *
item_end(const char *text, const char *end)
{
	const char *comma;

	if (is_quote(*text)) {
		const char *close = text;

		while ((close = memchr(close + 1, *text, (size_t)(end - close - 1))) != NULL) {
			const char *after = cw_configobj_skip(close + 1, end);

			if (after < end && *after == ',')
				return close + 1;
		}
	}
	comma = memchr(text, ',', (size_t)(end - text));
	return comma == NULL ? NULL : cw_configobj_cut(text, comma);
}

static bool
collect(struct cw_pool *pool, const struct match *match, struct configobj_line *line)
{
	const char *text = match->text;
	const char *end = match->list_end;
	cw_autofree char *joined = NULL;

	line->is_list = text != end;
	while (text < end) {
		const char *after = item_end(text, end);

		if (after == NULL || after == text || is_unclosed(text, after))
			return false;
		add_item(&line->list, text, after);
		text = cw_configobj_skip(cw_configobj_skip(after, end) + 1, end);
	}
	if (!line->is_list) {
		text = match->single;
		end = match->single_end;
		cw_configobj_unquote(&text, &end);
		line->text = cw_pool_memdup(pool, text, (size_t)(end - text));
		return true;
	}
	if (match->single != NULL)
		add_item(&line->list, match->single, match->single_end);
	joined = cw_strv_join(&line->list, ",");
	line->text = cw_pool_strdup(pool, joined);
	return true;
}

/* Whether the value is what stands there, as without quotes, commas and comments it is. */
static bool
is_simple(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == ',' || text[i] == '#' || is_quote(text[i]))
			return false;
	}
	return true;
}

ptrdiff_t
cw_configobj_parse_value(struct cw_pool *pool, const char *text, size_t length,
			 struct configobj_line *line)
{
	cw_autofree bool *hopeless = NULL;
	struct match match = {.text = text, .end = text + length};
	const char *end;

	if (is_simple(text, length)) {
		ptrdiff_t cut = cw_configobj_cut(text, text + length) - text;

		line->text = cw_pool_memdup(pool, text, (size_t)cut);
		return cut;
	}
	match.hopeless = hopeless = cw_calloc(length + 1, sizeof(*hopeless));
	if (length > 0 && *text == ',' && is_rest(text + 1, match.end)) {
		line->is_list = true;
		line->text = "";
		return 1;
	}
	if (!match_list(&match, text) || match.broken || !collect(pool, &match, line))
		return -1;
	end = match.single != NULL ? match.single_end : match.list_end;
	return cw_configobj_cut(text, end) - text;
}
