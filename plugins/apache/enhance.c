/* Redirects to https, headers, OCSP stapling. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "choose.h"
#include "edit.h"
#include "loop.h"
#include "modules.h"
#include "plan.h"

/* A pattern for NAME in a condition: "=a.test", or for "*.x" a regular expression. */
static char *
condition(const char *name)
{
	auto_text struct text out = {0};

	if (*name != '*')
		return memory_format("=%s", name);
	text_add_string(&out, "^[^.]+");
	for (const char *byte = name + 1; *byte != '\0'; byte++)
		text_format(&out, *byte == '.' ? "\\%c" : "%c", *byte);
	text_add_string(&out, "$");
	return memory_copy(out.data, out.length);
}

/*
 * In front of all other rules, for this name alone: the host's other names may not be served by
 * https. Rules that are off stay off.
 */
static void
add_redirect(struct apache *apache, struct edits *edits, const struct host *host, const char *name)
{
	const char *engine = host_value(&apache->model, host, "RewriteEngine");
	bool on = engine != NULL && strcasecmp(engine, "on") == 0;
	autofree char *pattern = condition(name);
	autofree char *port = apache->https_port == 443 ? memory_copy("", 0)
							: memory_format(":%u", apache->https_port);
	auto_text struct text lines = {0};

	text_format(&lines,
		    "RewriteEngine on\n"
		    "RewriteCond %%{SERVER_NAME} %s\n"
		    "RewriteRule ^ https://%%{SERVER_NAME}%s%%{REQUEST_URI} [END,NE,R=permanent]\n",
		    pattern, port);
	if (!on && host_find(host, "RewriteRule") != NULL)
		text_add_string(&lines, "RewriteRule ^ - [L]\n");
	edits_first(edits, host->section, lines.data);
	if (!on && host_find(host, "RewriteEngine") != NULL)
		edits_last(edits, host->section, "RewriteEngine on\n");
}

/* The hosts that serve NAME, of those that the user means. */
static int
find_for(struct apache *apache, const char *name, bool tls, struct plan *plan)
{
	if (tls)
		plan_find(apache, name, tls, plan);
	else
		plan_find_plain(apache, name, plan);
	return choose_among(apache, name, CHOICE_ENHANCEMENT, plan);
}

/* Loads a module, and finds the hosts again. */
static int
enable_for(struct apache *apache, const char *module, const char *name, bool tls, struct plan *plan)
{
	int status = modules_enable(apache, module);

	plan_clear(plan);
	return status == CW_OK ? find_for(apache, name, tls, plan) : status;
}

static const struct host *
host_at(const struct apache *apache, const struct plan *plan, size_t index)
{
	return &apache->model.hosts[plan->orders[index]];
}

static int
redirect(struct apache *apache, struct edits *edits, const char *name)
{
	struct plan plain;
	bool needed = false;
	int status = find_for(apache, name, false, &plain);

	if (status != CW_OK) {
		plan_clear(&plain);
		return status;
	}
	for (size_t i = 0; i < plain.count; i++)
		needed |= !loop_redirects_all(host_at(apache, &plain, i), name);
	if (plain.count == 0)
		cw_host_log(apache->host, CW_LOG_INFO,
			    "no virtual host takes plain requests for \"%s\" on port %u, so there "
			    "is nothing to redirect",
			    name, apache->http_port);
	else if (!needed)
		cw_host_log(apache->host, CW_LOG_INFO,
			    "plain requests for \"%s\" are redirected to https already", name);
	else
		status = enable_for(apache, "rewrite", name, false, &plain);
	for (size_t i = 0; i < plain.count && needed && status == CW_OK; i++) {
		const struct host *host = host_at(apache, &plain, i);

		if (loop_redirects_all(host, name))
			continue;
		status = plan_check_editable(apache, host, name);
		if (status == CW_OK)
			add_redirect(apache, edits, host, name);
	}
	plan_clear(&plain);
	return status;
}

/* Whether the host, outside of sections, sends the header NAME with VALUE in it (NULL: any). */
static bool
sends_header(const struct host *host, const char *name, const char *value)
{
	for (const struct directive *at = host->section->first_child; at != NULL; at = at->next)
		if (directive_is(at, "Header") && strcasestr(at->arguments, name) != NULL &&
		    (value == NULL || strcasestr(at->arguments, value) != NULL))
			return true;
	return false;
}

static bool
is_stapling(struct apache *apache, const struct host *host)
{
	const char *value = host_value(&apache->model, host, "SSLUseStapling");

	return value != NULL && strcasecmp(value, "on") == 0;
}

/* What an enhancement of TLS hosts needs. */
static const struct {
	const char *enhancement, *module, *lines, *header, *value;
} kinds[] = {
	{"hsts", "headers", "Header always set Strict-Transport-Security \"max-age=31536000\"\n",
	 "Strict-Transport-Security", NULL},
	{"uir", "headers", "Header always set Content-Security-Policy upgrade-insecure-requests\n",
	 "Content-Security-Policy", "upgrade-insecure-requests"},
	{"staple-ocsp", "socache_shmcb", "SSLUseStapling on\n", NULL, NULL},
};

/* Stapling needs a cache, which all hosts share. */
static void
add_stapling_cache(struct apache *apache, struct edits *edits)
{
	if (model_find(&apache->model, "SSLStaplingCache") == NULL)
		edits_end_file(edits, apache->model.config.main,
			       "<IfModule mod_ssl.c>\n"
			       "\tSSLStaplingCache shmcb:ssl_stapling(128000)\n"
			       "</IfModule>\n");
}

static bool
is_there(struct apache *apache, const struct host *host, size_t kind)
{
	return kinds[kind].header != NULL
		       ? sends_header(host, kinds[kind].header, kinds[kind].value)
		       : is_stapling(apache, host);
}

/* There are some, and they can be changed. */
static int
check_tls_hosts(struct apache *apache, const char *name, const struct plan *tls)
{
	int status = CW_OK;

	if (tls->count == 0)
		return cw_host_fail(apache->host, CW_E_NOT_FOUND,
				    "install a certificate for it first",
				    "no virtual host serves \"%s\" by TLS", name);
	for (size_t i = 0; i < tls->count && status == CW_OK; i++)
		status = plan_check_editable(apache, host_at(apache, tls, i), name);
	return status;
}

static int
enhance_tls(struct apache *apache, struct edits *edits, const char *name, size_t kind)
{
	struct plan tls;
	bool needed = false;
	int status = find_for(apache, name, true, &tls);

	for (size_t i = 0; i < tls.count; i++)
		needed |= !is_there(apache, host_at(apache, &tls, i), kind);
	if (status == CW_OK && (tls.count == 0 || needed))
		status = check_tls_hosts(apache, name, &tls);
	if (status == CW_OK && !needed)
		cw_host_log(apache->host, CW_LOG_INFO,
			    "the virtual host of \"%s\" has the enhancement \"%s\" already", name,
			    kinds[kind].enhancement);
	else if (status == CW_OK)
		status = enable_for(apache, kinds[kind].module, name, true, &tls);
	for (size_t i = 0; i < tls.count && needed && status == CW_OK; i++) {
		const struct host *host = host_at(apache, &tls, i);

		if (is_there(apache, host, kind))
			continue;
		if (kinds[kind].header == NULL)
			add_stapling_cache(apache, edits);
		edits_last(edits, host->section, kinds[kind].lines);
	}
	plan_clear(&tls);
	return status;
}

/* The header of the host, outside of sections, that says for how long to use TLS; NULL: none. */
static const struct directive *
find_hsts(const struct host *host)
{
	const struct directive *found = NULL;

	for (const struct directive *at = host->section->first_child; at != NULL; at = at->next)
		if (directive_is(at, "Header") &&
		    strcasestr(at->arguments, "Strict-Transport-Security") != NULL)
			found = at;
	return found;
}

/* Whether the header is the host's own, and says exactly max-age=AGE. */
static bool
has_age(struct apache *apache, const struct host *host, const struct directive *header,
	unsigned age)
{
	struct words words = words_split(apache->model.config.arena, header->arguments);
	autofree char *value = memory_format("max-age=%u", age);

	return header->use == NULL && header->file->uses <= host->section->file->uses &&
	       words.count > 0 && strcmp(words.items[words.count - 1], value) == 0;
}

/* Gives the TLS hosts of NAME a max-age of TO in place of FROM (0: none). */
static int
auto_hsts(struct apache *apache, struct edits *edits, const char *name, unsigned from, unsigned to)
{
	autofree char *arguments =
		memory_format("always set Strict-Transport-Security \"max-age=%u\"", to);
	autofree char *line = memory_format("Header %s\n", arguments);
	struct plan tls;
	size_t headers = 0;
	int status = find_for(apache, name, true, &tls);

	if (status == CW_OK)
		status = check_tls_hosts(apache, name, &tls);
	if (status == CW_OK && from == 0)
		status = enable_for(apache, "headers", name, true, &tls);
	for (size_t i = 0; i < tls.count && status == CW_OK; i++) {
		const struct host *host = host_at(apache, &tls, i);
		const struct directive *header = find_hsts(host);

		headers += header != NULL;
		if (header == NULL && from == 0)
			edits_last(edits, host->section, line);
		else if (header != NULL && from != 0 && has_age(apache, host, header, from))
			edits_set(edits, header, arguments);
	}
	plan_clear(&tls);
	if (status == CW_OK && from != 0 && headers == 0)
		return cw_host_fail(apache->host, CW_E_NOT_FOUND,
				    "begin again with: certwright enhance --auto-hsts",
				    "the virtual host of \"%s\" does not send "
				    "Strict-Transport-Security any more",
				    name);
	if (status == CW_OK && edits->count == 0)
		cw_host_log(apache->host, CW_LOG_INFO,
			    "the virtual host of \"%s\" sends Strict-Transport-Security already",
			    name);
	return status;
}

/* "auto-hsts=FROM:TO" */
static bool
is_auto_hsts(const char *enhancement, unsigned *from, unsigned *to)
{
	static const char prefix[] = "auto-hsts=";
	char *end;

	if (strncmp(enhancement, prefix, strlen(prefix)) != 0)
		return false;
	*from = (unsigned)strtoul(enhancement + strlen(prefix), &end, 10);
	*to = *end == ':' ? (unsigned)strtoul(end + 1, &end, 10) : 0;
	return true;
}

int
install_enhance(void *self, const char *given, const char *enhancement)
{
	struct apache *apache = self;
	autofree char *name = memory_copy(given, strlen(given));
	struct edits edits = {0};
	unsigned from, to;
	int status = install_load(apache);

	for (char *byte = name; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	if (status == CW_OK && strcmp(enhancement, "redirect") == 0)
		status = redirect(apache, &edits, name);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && status == CW_OK; i++)
		if (strcmp(enhancement, kinds[i].enhancement) == 0)
			status = enhance_tls(apache, &edits, name, i);
	if (status == CW_OK && is_auto_hsts(enhancement, &from, &to))
		status = auto_hsts(apache, &edits, name, from, to);
	if (status == CW_OK && edits.count == 0) {
		status = CW_UNNEEDED;
	} else if (status == CW_OK) {
		edits_apply(&edits);
		status = model_rebuild(&apache->model);
	}
	edits_clear(&edits);
	return status;
}
