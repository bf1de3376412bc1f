#include "cli/ini.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"

#define SYSTEM_FILE "/etc/letsencrypt/cli.ini"
#define USER_FILE "letsencrypt/cli.ini"

enum { FILE_MAX = 1 << 20 };

void
cw_ini_clear(struct cw_ini *ini)
{
	for (size_t i = 0; i < ini->count; i++) {
		struct cw_ini_entry *entry = &ini->entries[i];

		free(entry->file);
		free(entry->key);
		free(entry->section);
		/* The text of a configuration file can be a secret. */
		for (size_t j = 0; j < entry->values.count; j++)
			cw_wipe(entry->values.items[j], strlen(entry->values.items[j]));
		cw_strv_clear(&entry->values);
	}
	free(ini->entries);
	free(ini->section);
	cw_strv_clear(&ini->sections);
	*ini = (struct cw_ini){0};
}

void
cw_ini_default_paths(struct cw_strv *paths)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	cw_strv_add(paths, SYSTEM_FILE);
	if (config != NULL && *config != '\0') {
		cw_strv_addf(paths, "%s/" USER_FILE, config);
		return;
	}
	/* Timers and init scripts start commands without HOME. */
	if (home == NULL || *home == '\0') {
		const struct passwd *user = getpwuid(getuid());

		home = user != NULL ? user->pw_dir : NULL;
	}
	if (home != NULL)
		cw_strv_addf(paths, "%s/.config/" USER_FILE, home);
}

static bool
is_blank(char character)
{
	return character != '\0' && isspace((unsigned char)character);
}

/* Ends TEXT before a comment: '#' or ';' at its beginning or after a blank. */
static void
cut_comment(char *text)
{
	for (char *at = text; *at != '\0'; at++) {
		if ((*at == '#' || *at == ';') && (at == text || is_blank(at[-1]))) {
			*at = '\0';
			return;
		}
	}
}

/* Where a value in quotation marks ends, when nothing but a comment follows it; else NULL. */
static char *
quoted_end(char *value)
{
	char quote = *value;
	char *end = quote == '"' || quote == '\'' ? strchr(value + 1, quote) : NULL;

	while (end != NULL) {
		char *rest = end + 1;

		while (is_blank(*rest))
			rest++;
		if (*rest == '\0' || ((*rest == '#' || *rest == ';') && rest > end + 1))
			return end;
		end = strchr(end + 1, quote);
	}
	return NULL;
}

/* Cuts VALUE's comment and quotation marks off; returns where it begins. */
static char *
bare_value(char *value)
{
	char *end;

	value = cw_trim(value);
	end = quoted_end(value);
	if (end != NULL) {
		*end = '\0';
		return value + 1;
	}
	cut_comment(value);
	return cw_trim(value);
}

/* The elements of [a, "b, c"]. */
static void
add_elements(struct cw_strv *values, char *text)
{
	char *at = text;

	while (*at != '\0') {
		char quote = 0;
		char *end, *element;

		at += strspn(at, " \t");
		for (end = at; *end != '\0' && (quote != 0 || *end != ','); end++) {
			if (quote == 0 && end == at && (*end == '"' || *end == '\''))
				quote = *end;
			else if (quote != 0 && *end == quote)
				quote = 0;
		}
		element = cw_memdup(at, (size_t)(end - at));
		cw_strv_add(values, bare_value(element));
		cw_free_secret(element);
		at = *end == ',' ? end + 1 : end;
	}
}

static void
set_value(struct cw_ini_entry *entry, char *value)
{
	size_t length;

	value = bare_value(value);
	length = strlen(value);
	if (length >= 2 && value[0] == '[' && value[length - 1] == ']') {
		entry->list = true;
		value[length - 1] = '\0';
		add_elements(&entry->values, cw_trim(value + 1));
	} else {
		cw_strv_add(&entry->values, value);
	}
}

static struct cw_ini_entry *
add_entry(struct cw_ini *ini, const char *path, unsigned line)
{
	struct cw_ini_entry *entry;

	ini->entries = cw_realloc(ini->entries, ini->count + 1, sizeof(*ini->entries));
	entry = &ini->entries[ini->count++];
	*entry = (struct cw_ini_entry){
		.file = cw_strdup(path), .line = line, .section = cw_strdup(ini->section)};
	return entry;
}

static void
begin_section(struct cw_ini *ini, char *line, unsigned number)
{
	char *end = strrchr(line, ']');

	if (end == NULL) {
		ini->bad_section = number;
		return;
	}
	*end = '\0';
	free(ini->section);
	ini->section = cw_strdup(cw_trim(line + 1));
	cw_strv_add_unique(&ini->sections, ini->section);
}

/* LINE is changed. */
static int
read_line(struct cw_ini *ini, const char *path, unsigned number, char *line, struct cw_error *error)
{
	struct cw_ini_entry *entry;
	size_t length;
	char *rest;

	line = cw_trim(line);
	if (*line == '[')
		begin_section(ini, line, number);
	if (*line == '\0' || *line == '#' || *line == ';' || *line == '[' ||
	    cw_starts_with(line, "---"))
		return CW_OK;
	length = strcspn(line, ":=;# \t");
	if (length == 0) {
		cw_fail(error, CW_E_INVALID, "\"%s\", line %u: there is no key", path, number);
		cw_hint(error, "write each line as: key = value");
		return CW_E_INVALID;
	}
	entry = add_entry(ini, path, number);
	entry->key = cw_memdup(line, length);
	rest = line + length + strspn(line + length, " \t");
	if (*rest == ':' || *rest == '=') {
		set_value(entry, rest + 1);
		return CW_OK;
	}
	set_value(entry, rest);
	if (!entry->list && *entry->values.items[0] == '\0') {
		cw_strv_clear(&entry->values);
		cw_strv_add(&entry->values, "true");
	}
	return CW_OK;
}

static int
read_lines(struct cw_ini *ini, const char *path, char *text, struct cw_error *error)
{
	unsigned number = 0;
	int status = CW_OK;

	if (cw_starts_with(text, "\xef\xbb\xbf"))
		text += 3;
	while (text != NULL && status == CW_OK) {
		char *end = strchr(text, '\n');

		if (end != NULL)
			*end++ = '\0';
		status = read_line(ini, path, ++number, text, error);
		text = end;
	}
	return status;
}

/* Not a regular file: /dev/null to read nothing, or the pipe of <(command). */
static int
read_stream(const char *path, struct cw_buf *text, struct cw_error *error)
{
	cw_autoclose int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t length = descriptor < 0 ? -1 : 1;

	while (length > 0 && text->length <= FILE_MAX) {
		length = read(descriptor, cw_buf_reserve(text, BUFSIZ), BUFSIZ);
		if (length > 0)
			cw_buf_grown(text, (size_t)length);
		else if (length < 0 && errno == EINTR)
			length = 1;
	}
	if (length < 0)
		return cw_fail_path(error, errno, descriptor < 0 ? "open" : "read", path);
	if (length > 0)
		return cw_fail(error, CW_E_INVALID, "\"%s\" is longer than %d bytes", path,
			       FILE_MAX);
	return CW_OK;
}

static int
read_text(const char *path, struct cw_buf *text, struct cw_error *error)
{
	struct stat status;

	if (stat(path, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)))
		return read_stream(path, text, error);
	return cw_file_read(path, FILE_MAX, text, error);
}

int
cw_ini_read(struct cw_ini *ini, const char *path, bool missing_ok, struct cw_error *error)
{
	struct cw_buf text = {0};
	int status;

	if (missing_ok && access(path, F_OK) < 0)
		return CW_OK;
	status = read_text(path, &text, error);
	if (status == CW_OK && strlen(cw_buf_text(&text)) != text.length)
		status = cw_fail(error, CW_E_INVALID, "\"%s\" has a NUL character", path);
	if (status == CW_OK && text.length > 0)
		status = read_lines(ini, path, text.data, error);
	if (status != CW_OK)
		cw_context(error, "cannot use the configuration file");
	cw_buf_wipe(&text);
	return status;
}
