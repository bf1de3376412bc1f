#include "flow/moving/conf.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/permissions.h"
#include "base/text.h"

#define CONF_MAX (1024 * 1024)

struct entry {
	char *key;
	struct cw_strv values;
	bool unclear;
};

struct cw_conf {
	struct entry *entries;
	size_t count;
	bool exposed;
};

struct cw_conf *
cw_conf_new(void)
{
	return cw_alloc(sizeof(struct cw_conf));
}

void
cw_conf_free(struct cw_conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf->count; i++) {
		free(conf->entries[i].key);
		cw_strv_clear(&conf->entries[i].values);
	}
	free(conf->entries);
	free(conf);
}

void
cw_conf_cleanup(struct cw_conf **conf)
{
	cw_conf_free(*conf);
}

static struct entry *
find(const struct cw_conf *conf, const char *key)
{
	for (size_t i = 0; i < conf->count; i++)
		if (strcmp(conf->entries[i].key, key) == 0)
			return &conf->entries[i];
	return NULL;
}

/* The entry of KEY, emptied. */
static struct entry *
begin_entry(struct cw_conf *conf, const char *key)
{
	struct entry *entry = find(conf, key);

	if (entry == NULL) {
		conf->entries = cw_realloc(conf->entries, conf->count + 1, sizeof(*conf->entries));
		entry = &conf->entries[conf->count++];
		*entry = (struct entry){.key = cw_strdup(key)};
	}
	cw_strv_clear(&entry->values);
	entry->unclear = false;
	return entry;
}

void
cw_conf_set(struct cw_conf *conf, const char *key, const char *value)
{
	cw_strv_add(&begin_entry(conf, key)->values, value);
}

static size_t
key_length(const char *text)
{
	size_t length = 0;

	if (isdigit((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

/* A word while it is read. */
struct word {
	const struct cw_conf *conf;
	const char *at;
	struct cw_buf text;
	bool unclear;
};

static const char *
skip_line(const char *at)
{
	return at + strcspn(at, "\n");
}

/* A command whose output is the value, "(command)" or "`command`", is not looked into. */
static void
skip_command(struct word *word)
{
	const char *at = word->at;
	size_t open = 0;

	word->unclear = true;
	if (*at == '`') {
		at = strchr(at + 1, '`');
		word->at = at != NULL ? at + 1 : skip_line(word->at);
		return;
	}
	for (; *at != '\0'; at++) {
		open += *at == '(';
		open -= *at == ')';
		if (open == 0)
			break;
	}
	word->at = *at != '\0' ? at + 1 : skip_line(word->at);
}

static void
read_variable(struct word *word)
{
	bool braces = word->at[1] == '{';
	const char *name = word->at + (braces ? 2 : 1);
	size_t length = key_length(name);
	cw_autofree char *key = cw_memdup(name, length);
	const struct entry *entry = find(word->conf, key);

	if (word->at[1] == '(') {
		word->at++;
		skip_command(word);
		return;
	}
	word->at = name + length;
	if (length == 0 || (braces && *word->at != '}') || entry == NULL || entry->unclear ||
	    entry->values.count > 1)
		word->unclear = true;
	else if (entry->values.count == 1)
		cw_buf_add_text(&word->text, entry->values.items[0]);
	if (braces && *word->at == '}')
		word->at++;
}

static void
read_single_quoted(struct word *word)
{
	size_t length = strcspn(++word->at, "'");

	cw_buf_add(&word->text, word->at, length);
	word->at += length;
	if (*word->at == '\'')
		word->at++;
	else
		word->unclear = true;
}

static void
read_double_quoted(struct word *word)
{
	word->at++;
	while (*word->at != '\0' && *word->at != '"') {
		if (*word->at == '$') {
			read_variable(word);
			continue;
		}
		if (*word->at == '`') {
			skip_command(word);
			continue;
		}
		if (word->at[0] == '\\' && word->at[1] != '\0' &&
		    strchr("$`\"\\", word->at[1]) != NULL)
			word->at++;
		cw_buf_add_char(&word->text, *word->at++);
	}
	if (*word->at == '"')
		word->at++;
	else
		word->unclear = true;
}

/* Up to a blank, a line end, or one of the shell's operators. */
static void
read_word(struct word *word)
{
	if (*word->at == '~')
		word->unclear = true;
	while (*word->at != '\0' && strchr(" \t\r\n;&|)", *word->at) == NULL) {
		if (*word->at == '\'') {
			read_single_quoted(word);
		} else if (*word->at == '"') {
			read_double_quoted(word);
		} else if (*word->at == '$') {
			read_variable(word);
		} else if (word->at[0] == '\\' && word->at[1] != '\0') {
			if (word->at[1] != '\n')
				cw_buf_add_char(&word->text, word->at[1]);
			word->at += 2;
		} else if (*word->at == '`' || *word->at == '(') {
			skip_command(word);
		} else {
			if (strchr("<>", *word->at) != NULL)
				word->unclear = true;
			cw_buf_add_char(&word->text, *word->at++);
		}
	}
}

/* Adds the word at AT to ENTRY; returns what follows it. */
static const char *
take_word(const struct cw_conf *conf, const char *at, struct entry *entry)
{
	struct word word = {.conf = conf, .at = at};

	read_word(&word);
	entry->unclear |= word.unclear;
	cw_strv_add(&entry->values, cw_buf_text(&word.text));
	cw_buf_clear(&word.text);
	return word.at;
}

/* The words of "(a b)"; AT is behind the parenthesis. */
static const char *
take_list(const struct cw_conf *conf, const char *at, struct entry *entry)
{
	for (;;) {
		at += strspn(at, " \t\r\n");
		if (*at == '#') {
			at = skip_line(at);
		} else if (*at == '\0' || *at == ')') {
			entry->unclear |= *at == '\0';
			return *at == ')' ? at + 1 : at;
		} else {
			const char *next = take_word(conf, at, entry);

			/* An operator has no place in a list. */
			if (next == at)
				next++, entry->unclear = true;
			at = next;
		}
	}
}

/* Notes that KEY has a value which is not known. */
static void
set_unclear(struct cw_conf *conf, const char *key)
{
	begin_entry(conf, key)->unclear = true;
}

/* Returns where the value begins that the word at AT gives a key, *LENGTH being that of the key;
 * NULL: it is not "KEY=" or "KEY+=". */
static const char *
assigned(const char *at, size_t *length)
{
	const char *end;

	*length = key_length(at);
	end = at + *length + (at[*length] == '+');
	return *length > 0 && *end == '=' ? end + 1 : NULL;
}

/* AT is behind "KEY=". The new value may name the old one. */
static const char *
take_value(struct cw_conf *conf, const char *key, const char *at)
{
	struct entry fresh = {0};
	struct entry *entry;

	at = *at == '(' ? take_list(conf, at + 1, &fresh) : take_word(conf, at, &fresh);
	at += strspn(at, " \t\r");
	/* "KEY=value command" sets nothing. */
	fresh.unclear |= *at != '\0' && strchr("\n;#", *at) == NULL;
	entry = begin_entry(conf, key);
	entry->values = fresh.values;
	entry->unclear = fresh.unclear;
	return at;
}

/* A file while it is read: how many conditions, loops and functions, and how many parentheses are
 * open. */
struct script {
	struct cw_conf *conf;
	const char *at;
	size_t depth, parentheses;
};

static bool
is_one_of(const char *word, const char *const *list)
{
	while (*list != NULL && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

/* What a word in the place of a command means. Returns whether a command follows. */
static bool
take_keyword(struct script *script, const char *word)
{
	static const char *const opens[] = {"if",    "case",   "for", "while",
					    "until", "select", "{",   NULL};
	static const char *const closes[] = {"fi", "esac", "done", "}", NULL};
	static const char *const others[] = {"if",   "while", "until", "{",  "!",
					     "then", "else",  "elif",  "do", NULL};

	if (is_one_of(word, opens))
		script->depth++;
	else if (is_one_of(word, closes) && script->depth > 0)
		script->depth--;
	return is_one_of(word, others);
}

/* The line after the here-document whose end "<<" in WORD names; REST follows the word. NULL: there
 * is none. */
static const char *
skip_document(const struct cw_conf *conf, const char *word, const char *rest)
{
	const char *begin = strstr(word, "<<");
	cw_autofree char *end = NULL;
	const char *line;

	if (begin == NULL || begin[2] == '<')
		return NULL;
	begin += 2 + (begin[2] == '-');
	if (*begin == '\0') {
		struct word next = {.conf = conf, .at = rest + strspn(rest, " \t")};

		read_word(&next);
		end = cw_strdup(cw_buf_text(&next.text));
		cw_buf_clear(&next.text);
	} else {
		end = cw_strdup(begin);
	}
	for (line = skip_line(rest); *line != '\0'; line = skip_line(line)) {
		size_t length;

		line++;
		line += strspn(line, "\t");
		length = strcspn(line, "\r\n");
		if (length == strlen(end) && strncmp(line, end, length) == 0)
			return skip_line(line);
	}
	return NULL;
}

static bool
is_open(const struct script *script)
{
	return script->depth + script->parentheses > 0;
}

/* Goes over the word at AT, of which nothing is sure. A word here would be a command if *BEGINS;
 * *AFTER becomes where a here-document ends. */
static void
take_command_word(struct script *script, bool *begins, const char **after)
{
	struct word word = {.conf = script->conf, .at = script->at};
	size_t length;

	if (assigned(script->at, &length) != NULL) {
		cw_autofree char *key = cw_memdup(script->at, length);

		set_unclear(script->conf, key);
	}
	read_word(&word);
	if (*begins)
		*begins = take_keyword(script, cw_buf_text(&word.text));
	if (*after == NULL)
		*after = skip_document(script->conf, cw_buf_text(&word.text), word.at);
	cw_buf_clear(&word.text);
	script->at = word.at;
}

/* Goes over what is no plain value, up to the end of the command or of the line. What it may set is
 * unclear. */
static void
take_commands(struct script *script)
{
	const char *after = NULL;
	bool begins = true;

	while (*script->at != '\0' && *script->at != '\n') {
		char here = *script->at;

		if (here == ';' && !is_open(script) && after == NULL)
			return;
		if (here == '#') {
			script->at = skip_line(script->at);
		} else if (strchr(" \t\r;&|()", here) == NULL) {
			take_command_word(script, &begins, &after);
		} else {
			script->at++;
			script->parentheses += here == '(';
			script->parentheses -= here == ')' && script->parentheses > 0;
			begins |= strchr(" \t\r", here) == NULL;
		}
	}
	if (after != NULL)
		script->at = after;
}

/* Takes "KEY=value" outside of anything that may not be run; false: that is not here. */
static bool
take_plain(struct script *script)
{
	static const char export_word[] = "export ";
	const char *at = script->at, *value;
	cw_autofree char *key = NULL;
	size_t length;

	if (cw_starts_with(at, export_word))
		at += strlen(export_word) + strspn(at + strlen(export_word), " \t");
	value = assigned(at, &length);
	if (value == NULL || at[length] == '+' || is_open(script))
		return false;
	key = cw_memdup(at, length);
	script->at = take_value(script->conf, key, value);
	return true;
}

static void
parse(struct cw_conf *conf, const char *text)
{
	struct script script = {.conf = conf, .at = text};

	for (;;) {
		script.at += strspn(script.at, " \t\r\n;");
		if (*script.at == '\0')
			return;
		if (!take_plain(&script) || strchr(";\n", *script.at) == NULL)
			take_commands(&script);
	}
}

int
cw_conf_read(struct cw_conf *conf, const char *path, struct cw_error *error)
{
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_exposure struct cw_exposure exposure = {0};
	int status = cw_file_read(path, CONF_MAX, &text, error);

	if (status < 0)
		return status;
	if (memchr(cw_buf_text(&text), '\0', text.length) != NULL)
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not a text", path);
	cw_permissions_look(path, &exposure);
	conf->exposed |= exposure.path != NULL;
	parse(conf, cw_buf_text(&text));
	return CW_OK;
}

const struct cw_strv *
cw_conf_list(const struct cw_conf *conf, const char *key)
{
	const struct entry *entry = find(conf, key);

	if (entry == NULL || entry->unclear || entry->values.count == 0 ||
	    *entry->values.items[0] == '\0')
		return NULL;
	return &entry->values;
}

const char *
cw_conf_get(const struct cw_conf *conf, const char *key)
{
	const struct cw_strv *values = cw_conf_list(conf, key);

	return values != NULL ? values->items[0] : NULL;
}

bool
cw_conf_is_yes(const struct cw_conf *conf, const char *key)
{
	const char *value = cw_conf_get(conf, key);

	return value != NULL && (cw_equal_nocase(value, "yes") || cw_equal_nocase(value, "true") ||
				 strcmp(value, "1") == 0);
}

void
cw_conf_unclear(const struct cw_conf *conf, struct cw_strv *keys)
{
	for (size_t i = 0; i < conf->count; i++)
		if (conf->entries[i].unclear)
			cw_strv_add(keys, conf->entries[i].key);
}

bool
cw_conf_is_safe(const struct cw_conf *conf)
{
	return !conf->exposed;
}
