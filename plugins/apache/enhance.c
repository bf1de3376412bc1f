/* Redirects to https, headers, OCSP stapling. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

/* Loads a module, and finds the hosts again. */
static int
enable_for(struct apache *apache, const char *module, const char *name, bool tls, struct plan *plan)
{
	int status = modules_enable(apache, module);

	plan_clear(plan);
	if (status == CW_OK)
		plan_find(apache, name, tls, plan);
	return status;
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
	int status = CW_OK;

	plan_find(apache, name, false, &plain);
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
		if (host->section->use != NULL)
			status = cw_host_fail(
				apache->host, CW_E_UNSUPPORTED, "add the redirect to the macro",
				"the virtual host of \"%s\" at %s is made by a macro, "
				"so it cannot be changed",
				name, directive_place(&apache->model.config, host->section));
		else
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

static int
enhance_tls(struct apache *apache, struct edits *edits, const char *name, size_t kind)
{
	struct plan tls;
	bool needed = false;
	int status = CW_OK;

	plan_find(apache, name, true, &tls);
	for (size_t i = 0; i < tls.count; i++)
		needed |= !is_there(apache, host_at(apache, &tls, i), kind);
	if (tls.count == 0)
		status = cw_host_fail(apache->host, CW_E_NOT_FOUND,
				      "install a certificate for it first",
				      "no virtual host serves \"%s\" by TLS", name);
	else if (!needed)
		cw_host_log(apache->host, CW_LOG_INFO,
			    "the virtual host of \"%s\" has the enhancement \"%s\" already", name,
			    kinds[kind].enhancement);
	else
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

int
install_enhance(void *self, const char *given, const char *enhancement)
{
	struct apache *apache = self;
	autofree char *name = memory_copy(given, strlen(given));
	struct edits edits = {0};
	int status = install_load(apache);

	for (char *byte = name; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	if (status == CW_OK && strcmp(enhancement, "redirect") == 0)
		status = redirect(apache, &edits, name);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && status == CW_OK; i++)
		if (strcmp(enhancement, kinds[i].enhancement) == 0)
			status = enhance_tls(apache, &edits, name, i);
	if (status == CW_OK && edits.count == 0) {
		status = CW_UNNEEDED;
	} else if (status == CW_OK) {
		edits_apply(&edits);
		status = model_rebuild(&apache->model);
	}
	edits_clear(&edits);
	return status;
}
