#include "copy.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

/* Whether a plain host has the directive for a TLS of its own, which is off. */
static bool
is_unused(const char *line)
{
	static const char *const names[] = {"SSLEngine", "SSLCertificateFile",
					    "SSLCertificateKeyFile", "SSLCertificateChainFile"};
	struct arena *arena = arena_new();
	struct directive directive = {.arguments = line};
	bool unused;

	directive.name = words_next(arena, &directive.arguments);
	unused = directive_openssl_file(arena, &directive, false) != NULL ||
		 directive_openssl_file(arena, &directive, true) != NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !unused; i++)
		unused = line_is(line, names[i]);
	arena_free(arena);
	return unused;
}

static enum part
part_of(const struct host *host, const char *line, const struct copying *copying)
{
	if (!copying->tls && is_unused(line))
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
					    "RedirectMatch"};

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

/* A line with names: the host's own without scheme and port, or those that it gets, once. */
static void
add_name(struct text *out, const struct host *host, const struct file *file,
	 const struct line *line, const struct copying *copying)
{
	autofree char *plain = memory_format("ServerName %s\n", host->names[0]);
	bool with_port = strpbrk(line->text + strlen("ServerName"), ":") != NULL;

	if (copying->names != NULL) {
		if (!*copying->named)
			add_lines(out, file, line, copying->names);
		*copying->named = true;
	} else if (*host->names[0] == '\0' || !with_port) {
		text_add(out, file->text + line->start, line->end - line->start);
	} else {
		add_lines(out, file, line, plain);
	}
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

/* The file that the Include on LINE of FILE leads to on the way to DIRECTIVE; NULL: none. */
static struct file *
included_file(const struct directive *directive, const struct file *file, const struct line *line)
{
	struct file *next = directive->file;

	for (const struct trail *at = directive->trail; at != NULL; at = at->up) {
		if (at->file == file && at->line == line)
			return next;
		next = at->file;
	}
	return NULL;
}

/* The files that an Include leads to, in their order, if something in them cannot stay as it is in
 * a copy. The result is a list that ends with NULL; NULL: everything can stay. */
static struct file **
find_inlined(const struct host *host, const struct file *file, const struct line *line,
	     const struct copying *copying)
{
	const struct directive *top = host->section;
	struct file **files = memory_resize(NULL, 1, sizeof(struct file *));
	size_t count = 0;
	bool needed = false;

	for (const struct directive *at = config_walk(top, top); at != NULL;
	     at = config_walk(top, at)) {
		struct file *found = included_file(at, file, line);
		autofree char *text = memory_format("%s %s", at->name, at->arguments);
		enum part part = part_of(host, text, copying);

		if (found == NULL)
			continue;
		needed |= part == PART_LOOP || part == PART_DOUBLE;
		if (count > 0 && files[count - 1] == found)
			continue;
		files = memory_resize(files, count + 2, sizeof(struct file *));
		files[count++] = found;
	}
	files[count] = NULL;
	if (needed)
		return files;
	free(files);
	return NULL;
}

static void copy_lines(struct text *out, const struct host *host, const struct file *file,
		       size_t start, size_t end, const struct copying *copying);

/* Adds the text of the files in place of an Include; false: it can stay. */
static bool
add_inlined(struct text *out, const struct host *host, const struct file *file,
	    const struct line *line, const struct copying *copying)
{
	autofree struct file **files = NULL;

	if (copying->tls ||
	    (!line_is(line->text, "Include") && !line_is(line->text, "IncludeOptional")))
		return false;
	files = find_inlined(host, file, line, copying);
	for (size_t i = 0; files != NULL && files[i] != NULL; i++) {
		copy_lines(out, host, files[i], 0, files[i]->length, copying);
		if (out->data[out->length - 1] != '\n')
			text_add_string(out, "\n");
	}
	return files != NULL;
}

/* Adds the lines of a file from START to END. */
static void
copy_lines(struct text *out, const struct host *host, const struct file *file, size_t start,
	   size_t end, const struct copying *copying)
{
	size_t at = start;
	enum part last = PART_KEEP;

	for (size_t i = 0; i < file->line_count; i++) {
		const struct line *line = &file->lines[i];
		enum part part;

		if (line->start < start || line->start >= end)
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
		else if (part == PART_NAME)
			add_name(out, host, file, line, copying);
		else if ((part == PART_KEEP || part == PART_CONDITION) &&
			 !add_inlined(out, host, file, line, copying))
			text_add(out, file->text + line->start, line->end - line->start);
		last = part;
		at = line->end;
	}
	text_add(out, file->text + at, end - at);
}

void
copy_body(struct text *out, const struct host *host, const struct copying *copying)
{
	const struct file *file = host->section->file;
	struct copying own = *copying;
	bool named = false;

	own.named = &named;
	copy_lines(out, host, file, host->section->line->end, host->section->close->start, &own);
	if (own.names != NULL && !named)
		add_lines(out, file, host->section->line, own.names);
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
	const struct directive *top = host->section;
	bool loops = false, content = false;

	for (const struct directive *at = config_walk(top, top); at != NULL;
	     at = config_walk(top, at)) {
		autofree char *line = memory_format("%s %s", at->name, at->arguments);

		if (loop_is_redirect(host, line))
			loops = true;
		else if (is_content(line))
			content = true;
	}
	return loops && !content;
}

/* Apache speaks TLS on an address and port only if the first host there has it. */
int
copy_check_port(struct apache *apache, const struct host *host)
{
	const struct model *model = &apache->model;
	struct config *config = &apache->model.config;
	unsigned port = apache->https_port;

	for (size_t i = 0; i < host->address_count; i++) {
		const struct host *first = model_first(model, host->addresses[i].host, port);

		if (first != NULL && !first->tls)
			return cw_host_fail(
				apache->host, CW_E_EXISTS,
				"give it a certificate (SSLEngine on, SSLCertificateFile, "
				"SSLCertificateKeyFile), or remove it",
				"the virtual host at %s is on port %u, but has no TLS, so Apache "
				"does not speak https there",
				directive_place(config, first->section), port);
	}
	return CW_OK;
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
	bool is_new;
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
	is_new = file->length == 0;
	{
		autofree char *all =
			memory_format("%.*s%s", (int)file->length, file->text, text.data);

		files_set_text(file, memory_copy(all, strlen(all)), strlen(all));
	}
	status = model_rebuild(&apache->model);
	return status == CW_OK && is_new ? place_enable(apache, file) : status;
}
