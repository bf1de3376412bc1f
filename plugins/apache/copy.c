#include "copy.h"
#include <stdlib.h>
#include <string.h>
#include "edit.h"
#include "loop.h"
#include "naming.h"
#include "place.h"

/* What to do with a line in the copy. */
enum part {
	PART_KEEP,
	PART_CONDITION, /* like the rule that follows */
	PART_LOOP,      /* a comment: it would redirect to itself */
	PART_DOUBLE,    /* a comment: Apache takes it once */
	PART_DROP,
	PART_NAME /* without scheme and port, or others */
};

static enum part
part_of(const struct host *host, const char *line, const struct copying *copying)
{
	static const char *const dropped[] = {"SSLEngine", "SSLCertificateFile",
					      "SSLCertificateKeyFile", "SSLCertificateChainFile"};

	for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped) && !copying->tls; i++)
		if (line_is(line, dropped[i]))
			return PART_DROP;
	if (line_is(line, "RewriteCond"))
		return PART_CONDITION;
	if (line_is(line, "WSGIDaemonProcess"))
		return PART_DOUBLE;
	if (line_is(line, "ServerName") || (copying->names != NULL && line_is(line, "ServerAlias")))
		return PART_NAME;
	return !copying->tls && loop_is_redirect(host, line) ? PART_LOOP : PART_KEEP;
}

static bool
is_within(const struct host *host, const struct line *line)
{
	return line->start > host->section->line->start &&
	       line->start < host->section->close->start;
}

/* Whether a line gives the site something to serve. */
static bool
is_content(const char *line)
{
	static const char *const names[] = {"DocumentRoot", "VirtualDocumentRoot",
					    "ProxyPass",    "ProxyPassMatch",
					    "Alias",        "AliasMatch",
					    "ScriptAlias",  "WSGIScriptAlias",
					    "RewriteRule",  "Redirect",
					    "SetHandler",   "JkMount",
					    "Include",      "IncludeOptional",
					    "Use",          "RedirectMatch"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (line_is(line, names[i]))
			return true;
	return false;
}

/* Each line of what is between two offsets as a comment. */
static void
add_comment(struct text *out, const struct file *file, const struct line *line, const char *reason)
{
	size_t blanks = strspn(file->text + line->start, " \t");
	autofree char *indent = memory_copy(file->text + line->start, blanks);

	if (reason != NULL)
		text_format(out, "%s# %s\n", indent, reason);
	for (size_t at = line->start; at < line->end;) {
		const char *text = file->text + at;
		size_t length = strcspn(text, "\n");

		blanks = strspn(text, " \t");
		blanks = blanks < length ? blanks : length;
		text_format(out, "%s# ", indent);
		text_add(out, text + blanks, length - blanks);
		text_add_string(out, "\n");
		at += length + 1;
	}
}

static void
add_name(struct text *out, const struct host *host, const struct file *file,
	 const struct line *line)
{
	size_t blanks = strspn(file->text + line->start, " \t");
	autofree char *indent = memory_copy(file->text + line->start, blanks);
	autofree char *plain = memory_format("ServerName %s", host->names[0]);

	if (*host->names[0] == '\0' || strpbrk(line->text + strlen("ServerName"), ":") == NULL)
		text_add(out, file->text + line->start, line->end - line->start);
	else
		text_format(out, "%s%s\n", indent, plain);
}

/* The part of a line, where conditions are as the rule after them. */
static enum part
resolve_part(const struct host *host, const struct file *file, size_t index,
	     const struct copying *copying)
{
	enum part part = part_of(host, file->lines[index].text, copying);

	while (part == PART_CONDITION && ++index < file->line_count) {
		part = part_of(host, file->lines[index].text, copying);
		if (part != PART_CONDITION)
			return part == PART_LOOP ? PART_LOOP : PART_KEEP;
	}
	return part;
}

/* LINES with the indentation and the line end of LINE. */
static void
add_lines(struct text *out, const struct file *file, const struct line *line, const char *lines)
{
	size_t blanks = strspn(file->text + line->start, " \t");
	bool crlf = line->end - line->start > 1 && file->text[line->end - 2] == '\r';

	for (size_t length; *lines != '\0'; lines += length + 1) {
		length = strcspn(lines, "\n");
		text_add(out, file->text + line->start, blanks);
		text_format(out, "%.*s%s", (int)length, lines, crlf ? "\r\n" : "\n");
	}
}

void
copy_body(struct text *out, const struct host *host, const struct copying *copying)
{
	const struct file *file = host->section->file;
	size_t at = host->section->line->end;
	enum part last = PART_KEEP;
	bool named = copying->names == NULL;

	for (size_t i = 0; i < file->line_count; i++) {
		const struct line *line = &file->lines[i];
		enum part part;

		if (!is_within(host, line))
			continue;
		part = resolve_part(host, file, i, copying);
		text_add(out, file->text + at, line->start - at);
		if (part == PART_LOOP)
			add_comment(out, file, line,
				    last == PART_LOOP ? NULL
						      : "Only for http. Here it would redirect "
							"requests to themselves.");
		else if (part == PART_DOUBLE)
			add_comment(out, file, line, "The original virtual host has it.");
		else if (part == PART_NAME && copying->names == NULL)
			add_name(out, host, file, line);
		else if (part == PART_NAME && !named)
			add_lines(out, file, line, copying->names);
		else if (part == PART_KEEP || part == PART_CONDITION)
			text_add(out, file->text + line->start, line->end - line->start);
		named |= part == PART_NAME;
		last = part;
		at = line->end;
	}
	text_add(out, file->text + at, host->section->close->start - at);
	if (!named)
		add_lines(out, file, host->section->line, copying->names);
}

static void
add_section(struct text *out, const struct apache *apache, const struct host *host,
	    const char *name, const char *lines)
{
	autofree char *names = naming_is_own(host) ? naming_lines(apache, host, name) : NULL;
	struct copying copying = {.names = names};

	text_add_string(out, "<IfModule mod_ssl.c>\n<VirtualHost");
	naming_addresses(apache, host, out);
	text_add_string(out, ">\n");
	copy_body(out, host, &copying);
	for (const char *line = lines; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		text_format(out, "\t%.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
	text_add_string(out, "</VirtualHost>\n</IfModule>\n");
}

/* Whether TEXT has a variable that a file defines; those of the environment are known everywhere.
 */
static bool
has_variable(const struct config *config, const char *text)
{
	const char *begin, *end;

	for (; (begin = strstr(text, "${")) != NULL && (end = strchr(begin, '}')) != NULL;
	     text = end) {
		autofree char *name = memory_copy(begin + 2, (size_t)(end - begin) - 2);

		if (map_get(&config->defined, name) != NULL)
			return true;
	}
	return false;
}

/* Whether a copy of the host would be another one in another file, which Apache may read before the
 * variables and macros are defined. */
static bool
depends_on_file(const struct config *config, const struct host *host)
{
	const struct file *file = host->section->file;

	for (size_t i = 0; i < file->line_count; i++)
		if ((is_within(host, &file->lines[i]) ||
		     file->lines[i].start == host->section->line->start) &&
		    (has_variable(config, file->lines[i].text) ||
		     line_is(file->lines[i].text, "Use") ||
		     line_is(file->lines[i].text, "<IfDefine")))
			return true;
	return false;
}

bool
copy_is_redirect(const struct host *host)
{
	const struct file *file = host->section->file;
	bool loops = false, content = false;

	for (size_t i = 0; i < file->line_count; i++) {
		if (!is_within(host, &file->lines[i]))
			continue;
		if (loop_is_redirect(host, file->lines[i].text))
			loops = true;
		else if (is_content(file->lines[i].text))
			content = true;
	}
	return loops && !content;
}

int
copy_check(struct apache *apache, const struct host *host, const char *name)
{
	struct file *copy;

	if (copy_is_redirect(host))
		return cw_host_fail(
			apache->host, CW_E_NOT_FOUND,
			"add a virtual host for https, or give this one a DocumentRoot",
			"the virtual host at %s only redirects to https, and no virtual host "
			"serves \"%s\" by TLS",
			directive_place(&apache->model.config, host->section), name);
	return depends_on_file(&apache->model.config, host)
		       ? CW_OK
		       : place_find(apache, host->section->file, &copy);
}

int
copy_host(struct apache *apache, size_t order, const char *name, const char *lines)
{
	const struct host *host = &apache->model.hosts[order];
	auto_text struct text text = {0};
	struct file *file;
	int status;

	add_section(&text, apache, host, name, lines);
	if (depends_on_file(&apache->model.config, host)) {
		struct edits edits = {0};

		edits_behind(&edits, host->section, text.data);
		edits_apply(&edits);
		return model_rebuild(&apache->model);
	}
	status = place_open(apache, host->section->file, &file);
	if (status != CW_OK)
		return status;
	{
		autofree char *all =
			memory_format("%.*s%s", (int)file->length, file->text, text.data);

		files_set_text(file, memory_copy(all, strlen(all)), strlen(all));
	}
	status = model_rebuild(&apache->model);
	return status == CW_OK ? place_enable(apache, file) : status;
}
