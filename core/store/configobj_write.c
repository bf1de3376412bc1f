#include "base/mem.h"
#include "store/configobj_lines.h"

#include <string.h>

/* What ConfigObj wants quoted at the ends of a value. */
static bool
needs_quotes_at_end(char character)
{
	return strchr(" \r\n\v\t'\"", character) != NULL;
}

bool
cw_configobj_quote(struct cw_buf *buf, const char *value, bool single_line, bool quoted)
{
	bool apostrophe = strchr(value, '\'') != NULL, quote = strchr(value, '"') != NULL;
	bool newline = strchr(value, '\n') != NULL;
	const char *quotes = "";

	if (!single_line && (newline || (apostrophe && quote))) {
		quotes = strstr(value, "'''") == NULL ? "'''" : "\"\"\"";
		if (*quotes == '"' && strstr(value, "\"\"\"") != NULL)
			return false;
	} else if (*value == '\0' || quoted || needs_quotes_at_end(*value) ||
		   needs_quotes_at_end(value[strlen(value) - 1]) || strpbrk(value, ",#") != NULL) {
		quotes = quote ? "'" : "\"";
		if (newline || (apostrophe && quote))
			return false;
	}
	cw_buf_add_text(buf, quotes);
	cw_buf_add_text(buf, value);
	cw_buf_add_text(buf, quotes);
	return !newline || !single_line;
}

bool
cw_configobj_spell_section(struct cw_buf *buf, const char *name, unsigned depth)
{
	for (int quoted = 0; quoted < 2; quoted++) {
		cw_auto_buf struct cw_buf text = {0};
		cw_auto_buf struct cw_buf whole = {0};
		cw_auto_configobj struct cw_configobj *config = NULL;

		if (!cw_configobj_quote(&text, name, true, quoted))
			return false;
		/* Depth 1, as the sections around it are not there. */
		cw_buf_addf(&whole, "[%s]", cw_buf_text(&text));
		if (cw_configobj_parse(whole.data, whole.length, "", &config, NULL) != CW_OK ||
		    config->count != 1 || config->lines[0].kind != CONFIGOBJ_SECTION ||
		    strcmp(config->lines[0].name, name) != 0)
			continue;
		for (unsigned i = 0; i < depth; i++)
			cw_buf_add_char(buf, '[');
		cw_buf_add_text(buf, cw_buf_text(&text));
		for (unsigned i = 0; i < depth; i++)
			cw_buf_add_char(buf, ']');
		return true;
	}
	return false;
}

/* The one line that TEXT parses to, NULL: it does not. */
static const struct configobj_line *
parse_one(const struct cw_buf *text, struct cw_configobj **config)
{
	if (cw_configobj_parse(cw_buf_text(text), text->length, "", config, NULL) != CW_OK ||
	    (*config)->count != 1 || (*config)->lines[0].kind != CONFIGOBJ_KEY)
		return NULL;
	return (*config)->lines;
}

static bool
same_list(const struct cw_strv *a, const struct cw_strv *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = strcmp(a->items[i], b->items[i]) == 0;
	return same;
}

static bool
quote_list(struct cw_buf *buf, const struct cw_strv *values, bool quoted)
{
	for (size_t i = 0; i < values->count; i++) {
		if (i > 0)
			cw_buf_add_text(buf, ", ");
		if (!cw_configobj_quote(buf, values->items[i], true, quoted))
			return false;
	}
	if (values->count <= 1)
		cw_buf_add_char(buf, ',');
	return true;
}

/*
 * Spells VALUE or, where that is NULL, the list VALUES. ConfigObj leaves some values without quotes
 * that it reads back as something else (blanks beyond ASCII at the ends, a '=' in a key). So each
 * spelling is read back, and the quotes are added where that shows the need.
 */
static bool
spell(struct cw_buf *buf, const char *key, const char *value, const struct cw_strv *values)
{
	for (int quoted = 0; quoted < 4; quoted++) {
		cw_auto_buf struct cw_buf text = {0};
		cw_auto_configobj struct cw_configobj *config = NULL;
		const struct configobj_line *line;

		if (!cw_configobj_quote(&text, key, true, quoted & 1))
			return false;
		cw_buf_add_text(&text, " = ");
		if (value != NULL ? !cw_configobj_quote(&text, value, false, quoted & 2)
				  : !quote_list(&text, values, quoted & 2))
			return false;
		line = parse_one(&text, &config);
		if (line == NULL || line->is_list != (value == NULL) ||
		    strcmp(line->name, key) != 0 ||
		    !(value != NULL ? strcmp(line->text, value) == 0
				    : same_list(&line->list, values)))
			continue;
		cw_buf_add(buf, text.data, text.length);
		return true;
	}
	return false;
}

bool
cw_configobj_spell_scalar(struct cw_buf *buf, const char *key, const char *value)
{
	return spell(buf, key, value, NULL);
}

bool
cw_configobj_spell_list(struct cw_buf *buf, const char *key, const struct cw_strv *values)
{
	return spell(buf, key, NULL, values);
}

void
cw_configobj_write(const struct cw_configobj *config, struct cw_buf *buf)
{
	if (config->byte_order_mark)
		cw_buf_add_text(buf, "\xef\xbb\xbf");
	for (size_t i = 0; i < config->count; i++)
		cw_buf_add_text(buf, config->lines[i].raw);
}
