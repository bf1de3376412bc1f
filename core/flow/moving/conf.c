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

static void
read_variable(struct word *word)
{
	bool braces = word->at[1] == '{';
	const char *name = word->at + (braces ? 2 : 1);
	size_t length = key_length(name);
	cw_autofree char *key = cw_memdup(name, length);
	const struct entry *entry = find(word->conf, key);

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
		if (*word->at == '`')
			word->unclear = true;
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
		} else {
			if (strchr("`(<>", *word->at) != NULL)
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

static const char *
skip_line(const char *at)
{
	return at + strcspn(at, "\n");
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
	return skip_line(at);
}

static void
parse(struct cw_conf *conf, const char *at)
{
	static const char export_word[] = "export ";

	while (*at != '\0') {
		size_t length;

		at += strspn(at, " \t\r\n");
		if (cw_starts_with(at, export_word))
			at += strlen(export_word);
		length = key_length(at);
		if (length > 0 && at[length] == '=') {
			cw_autofree char *key = cw_memdup(at, length);

			at = take_value(conf, key, at + length + 1);
		} else {
			at = skip_line(at);
		}
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
