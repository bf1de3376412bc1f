/* Redirects to https, headers, OCSP stapling. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "change.h"
#include "headers.h"
#include "plan.h"
#include "redirect.h"
#include "tls.h"
#include "wildcard.h"

#define SCHEME_AND_HOST "$certwright_request"

/* The servers that have NAME for plain requests: on several addresses all those beside which it is
 * served by TLS, and in any case the best matches. */
static void
find_plain(const struct nginx *nginx, const char *name, struct choices *choices)
{
	choices_find(&nginx->model, name, nginx->http_port, false, choices);
	for (size_t i = 0; i < nginx->model.group_count; i++) {
		const struct group *plain = nginx->model.groups[i];
		const struct group *tls =
			model_group(&nginx->model, plain->address, nginx->https_port);
		struct name *by = NULL, *tls_by = NULL;
		enum name_match match;
		struct server *server;

		if (plain->ssl || plain->port != nginx->http_port || tls == NULL || !tls->ssl)
			continue;
		server = group_choose(plain, name, &by, &match);
		group_choose(tls, name, &tls_by, &match);
		if (by != NULL && tls_by != NULL)
			choices_add(choices, server);
	}
}

/* The servers of NAME, those for plain requests or those with TLS. */
static int
find_servers(struct nginx *nginx, const char *name, bool tls, struct choices *choices)
{
	if (name[0] == '*')
		return wildcard_servers(nginx, name, tls ? WILDCARD_TLS : WILDCARD_PLAIN, choices);
	if (tls)
		plan_find_tls(nginx, name, choices);
	else
		find_plain(nginx, name, choices);
	return CW_OK;
}

/* A condition for NAME: "*.x" as a regular expression, others as they are. Release with free(). */
static char *
condition(const char *variable, const char *prefix, const char *name)
{
	auto_text struct text out = {0};

	if (name[0] != '*')
		return memory_format("if (%s = %s%s) {", variable, prefix, name);
	text_format(&out, "if (%s ~ ^%s[^.]+", variable, prefix);
	for (const char *byte = name + 1; *byte != '\0'; byte++)
		text_format(&out, *byte == '.' ? "\\%c" : "%c", *byte);
	text_add_string(&out, "$) {");
	return memory_copy(out.data, out.length);
}

/* Only for this name: the server's other names may have no certificate or no server with TLS. */
static void
add_redirect(struct nginx *nginx, struct edits *edits, const struct server *server,
	     const char *name)
{
	bool both = tls_listens(server);
	autofree char *port = nginx->https_port == 443 ? memory_copy("", 0)
						       : memory_format(":%u", nginx->https_port);
	autofree char *head =
		both ? condition(SCHEME_AND_HOST, "http://", name) : condition("$host", "", name);
	autofree char *lines =
		memory_format("%s\n\treturn 301 https://$host%s$request_uri;\n}", head, port);
	struct directive *set = NULL;

	for (struct directive *at = server->directive->first_child; both && at != NULL;
	     at = at->next)
		if (syntax_is(at, "set") && at->word_count > 1 &&
		    strcmp(syntax_value(at, 1), SCHEME_AND_HOST) == 0)
			set = at;
	if (set != NULL) {
		edits_after(edits, set, lines);
		return;
	}
	if (both)
		edits_first(edits, server->directive, "set " SCHEME_AND_HOST " $scheme://$host;");
	edits_first(edits, server->directive, lines);
}

/* Whether NAME is served by TLS, but not on --https-port; *PORT is where, or 0 for a unix socket.
 */
static bool
has_other_port(const struct nginx *nginx, const char *name, unsigned *port)
{
	struct choices tls;
	bool other = false;

	*port = 0;
	if (name[0] == '*')
		return false;
	choices_find(&nginx->model, name, nginx->https_port, true, &tls);
	if (tls.count == 0) {
		choices_clear(&tls);
		plan_find_tls(nginx, name, &tls);
		other = tls.count > 0;
		for (size_t i = 0; i < tls.count; i++)
			for (size_t j = 0; j < tls.items[i]->listen_count && *port == 0; j++)
				if (listen_is_tls(tls.items[i], &tls.items[i]->listens[j]))
					*port = tls.items[i]->listens[j].port;
	}
	choices_clear(&tls);
	return other;
}

/* Clients may use another port: a proxy may be in front. */
static void
log_other_port(struct nginx *nginx, const char *name, unsigned port)
{
	if (port == 0)
		cw_host_log(
			nginx->host, CW_LOG_INFO,
			"\"%s\" is served by TLS only on a unix socket, so its plain requests are "
			"not redirected; the proxy in front of nginx can redirect them",
			name);
	else
		cw_host_log(
			nginx->host, CW_LOG_INFO,
			"\"%s\" is served by TLS on a port other than %u, so its plain requests "
			"are not redirected; give --https-port %u to redirect them to that port",
			name, nginx->https_port, port);
}

static int
redirect(struct nginx *nginx, struct edits *edits, const char *name)
{
	const struct request request = {.name = name, .port = nginx->http_port};
	struct choices plain;
	unsigned other;
	int status;

	if (has_other_port(nginx, name, &other)) {
		log_other_port(nginx, name, other);
		return CW_UNNEEDED;
	}
	status = find_servers(nginx, name, false, &plain);
	for (size_t i = 0; i < plain.count; i++)
		if (!redirect_is_there(&nginx->model, plain.items[i], &request))
			add_redirect(nginx, edits, plain.items[i], name);
	if (status == CW_OK && plain.count == 0)
		cw_host_log(
			nginx->host, CW_LOG_INFO,
			"no server block on port %u has the name \"%s\", so there is nothing to "
			"redirect",
			nginx->http_port, name);
	else if (status == CW_OK && edits->count == 0)
		cw_host_log(nginx->host, CW_LOG_INFO,
			    "plain requests for \"%s\" are redirected to https already", name);
	choices_clear(&plain);
	return status;
}

/* The path of the chain beside a certificate. Release with free(). */
static char *
chain_beside(struct nginx *nginx, const struct server *server)
{
	struct directive *certificate =
		model_find(&nginx->model, server->directive, "ssl_certificate", NULL);
	const char *path, *end;

	if (certificate == NULL || certificate->word_count < 2)
		return NULL;
	path = syntax_value(certificate, 1);
	end = strstr(path, "/fullchain.pem");
	return end != NULL ? memory_format("%.*s/chain.pem", (int)(end - path), path) : NULL;
}

static int
staple(struct nginx *nginx, struct edits *edits, const struct server *server, const char *name)
{
	const char *known = map_get(&nginx->chains, name);
	autofree char *beside = known == NULL ? chain_beside(nginx, server) : NULL;
	const struct wanted on[] = {{"ssl_stapling", "on"}, {"ssl_stapling_verify", "on"}};
	const char *chain = known != NULL ? known : beside;

	if (chain != NULL) {
		autofree char *word = syntax_quote(chain);
		const struct wanted trusted = {"ssl_trusted_certificate", word};

		/* Keep the user's file: client certificates may depend on it. */
		if (model_find(&nginx->model, server->directive, trusted.name, NULL) == NULL)
			change_set(&nginx->model, edits, server, &trusted);
	}
	for (size_t i = 0; i < sizeof(on) / sizeof(*on); i++)
		change_set(&nginx->model, edits, server, &on[i]);
	return CW_OK;
}

static int
unshare_stapling(struct nginx *nginx, const struct choices *choices)
{
	static const struct wanted on[] = {{"ssl_stapling", "on"}, {"ssl_stapling_verify", "on"}};
	autofree size_t *orders = memory_resize(NULL, choices->count + 1, sizeof(*orders));
	int status = CW_OK;

	for (size_t i = 0; i < choices->count; i++)
		orders[i] = choices->items[i]->order;
	for (size_t i = 0, count = choices->count; i < count && status == CW_OK; i++)
		status = change_unshare(&nginx->model, orders[i], on, 2);
	return status;
}

static int
enhance_tls(struct nginx *nginx, struct edits *edits, const char *name, const char *enhancement)
{
	bool staples = strcmp(enhancement, "staple-ocsp") == 0;
	struct choices tls;
	int status = find_servers(nginx, name, true, &tls);

	if (status == CW_OK && tls.count == 0)
		status = cw_host_fail(nginx->host, CW_E_NOT_FOUND,
				      "install a certificate for it first",
				      "no server block serves \"%s\" by TLS", name);
	if (status == CW_OK && staples) {
		status = unshare_stapling(nginx, &tls);
		choices_clear(&tls);
		if (status == CW_OK)
			status = find_servers(nginx, name, true, &tls);
	}
	for (size_t i = 0; i < tls.count && status == CW_OK; i++) {
		if (staples)
			status = staple(nginx, edits, tls.items[i], name);
		else if (strcmp(enhancement, "hsts") == 0)
			headers_add(nginx, edits, tls.items[i], "Strict-Transport-Security", NULL,
				    "add_header Strict-Transport-Security \"max-age=31536000\" "
				    "always;");
		else
			headers_add(nginx, edits, tls.items[i], "Content-Security-Policy",
				    "upgrade-insecure-requests",
				    "add_header Content-Security-Policy upgrade-insecure-requests "
				    "always;");
	}
	if (status == CW_OK && edits->count == 0 && !files_changed(&nginx->model.files))
		cw_host_log(nginx->host, CW_LOG_INFO,
			    "the server block of \"%s\" has the enhancement \"%s\" already", name,
			    enhancement);
	choices_clear(&tls);
	return status;
}

int
install_enhance(void *self, const char *given, const char *enhancement)
{
	struct nginx *nginx = self;
	autofree char *name = memory_copy(given, strlen(given));
	struct edits edits = {.mark = MANAGED_MARK};
	int status = install_load(nginx);

	for (char *byte = name; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	if (status == CW_OK)
		status = strcmp(enhancement, "redirect") == 0
				 ? redirect(nginx, &edits, name)
				 : enhance_tls(nginx, &edits, name, enhancement);
	if (status == CW_OK && edits.count == 0) {
		status = CW_UNNEEDED;
	} else if (status == CW_OK) {
		status = edits_apply(&edits);
		if (status == CW_OK)
			status = model_rebuild(&nginx->model);
	}
	edits_clear(&edits);
	return status;
}
