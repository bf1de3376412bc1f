/*
 * A certificate goes to the servers that nginx chooses for the name on the port for https; where
 * none has the name there, to those that have it for plain requests, which get TLS listeners; where
 * none has it at all, to a copy of the default server.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "change.h"
#include "copy.h"
#include "plugin.h"
#include "tls.h"
#include "wildcard.h"

static bool
is_better(const struct choices *a, const struct choices *b)
{
	if (a->match != b->match)
		return a->match < b->match;
	return a->length > b->length;
}

/* A server that only sends plain requests on to https is none that could serve them there. */
static void
drop_redirects(struct nginx *nginx, const char *name, struct choices *choices)
{
	size_t kept = 0;

	for (size_t i = 0; i < choices->count; i++)
		if (!change_is_redirect(&nginx->model, choices->items[i], name))
			choices->items[kept++] = choices->items[i];
	choices->count = kept;
}

static int
no_site(struct nginx *nginx, const char *name, const struct server *redirect)
{
	autofree char *place = file_place(redirect->directive);

	return cw_host_fail(nginx->host, CW_E_NOT_FOUND,
			    "add a server block that serves the name by https",
			    "the only server block for \"%s\" (%s) sends everybody to https, where "
			    "none has the name",
			    name, place);
}

/* The servers for NAME; none when no server has it. */
static int
find_targets(struct nginx *nginx, const char *name, struct choices *targets)
{
	struct choices plain;
	const struct server *redirect;

	if (name[0] == '*')
		return wildcard_servers(nginx, name, WILDCARD_CERTIFICATE, targets);
	choices_find(&nginx->model, name, nginx->https_port, true, targets);
	choices_find(&nginx->model, name, nginx->http_port, false, &plain);
	if (plain.count == 0) {
		choices_clear(&plain);
		choices_find(&nginx->model, name, 0, false, &plain);
	}
	redirect = plain.count > 0 ? plain.items[0] : NULL;
	drop_redirects(nginx, name, &plain);
	if (plain.count > 0 && (targets->count == 0 || is_better(&plain, targets))) {
		choices_clear(targets);
		*targets = plain;
		return CW_OK;
	}
	choices_clear(&plain);
	return targets->count == 0 && redirect != NULL ? no_site(nginx, name, redirect) : CW_OK;
}

static int
change_targets(struct nginx *nginx, const size_t *orders, size_t count, const struct wanted *wanted,
	       size_t wanted_count)
{
	struct edits edits = {.mark = MANAGED_MARK};
	int status = CW_OK;

	for (size_t i = 0; i < count && status == CW_OK; i++)
		status = change_unshare(&nginx->model, orders[i], wanted, wanted_count);
	for (size_t i = 0; i < count && status == CW_OK; i++) {
		const struct server *server = nginx->model.servers[orders[i]];
		bool had_tls = tls_listens(nginx, server);

		for (size_t j = 0; j < wanted_count; j++)
			change_set(&nginx->model, &edits, server, &wanted[j]);
		if (!had_tls)
			status = tls_add(nginx, &edits, server);
	}
	if (status == CW_OK && edits.count > 0) {
		nginx->tested = false;
		status = edits_apply(&edits, &nginx->model.files);
		if (status == CW_OK)
			status = model_rebuild(&nginx->model);
	}
	edits_clear(&edits);
	return status;
}

static int
deploy_to(struct nginx *nginx, const struct choices *targets,
	  const struct cw_deployment *deployment)
{
	autofree char *certificate = syntax_quote(deployment->fullchain_path);
	autofree char *key = syntax_quote(deployment->key_path);
	autofree size_t *orders = memory_resize(NULL, targets->count, sizeof(*orders));
	const struct wanted wanted[] = {{"ssl_certificate", certificate},
					{"ssl_certificate_key", key}};

	for (size_t i = 0; i < targets->count; i++)
		orders[i] = targets->items[i]->order;
	return change_targets(nginx, orders, targets->count, wanted, 2);
}

static void
remember_chain(struct nginx *nginx, const char *name, const char *chain)
{
	if (chain != NULL)
		map_set(&nginx->chains, arena_copy(nginx->keep, name, strlen(name)),
			arena_copy(nginx->keep, chain, strlen(chain)));
}

int
install_deploy(void *self, const struct cw_deployment *deployment)
{
	struct nginx *nginx = self;
	autofree char *name = memory_copy(deployment->name, strlen(deployment->name));
	struct choices targets = {0};
	int status = program_identify(&nginx->program);

	for (char *byte = name; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	if (status == CW_OK)
		status = install_load(nginx);
	if (status != CW_OK)
		return status;
	remember_chain(nginx, name, deployment->chain_path);
	status = find_targets(nginx, name, &targets);
	if (status == CW_OK && targets.count == 0) {
		choices_clear(&targets);
		status = copy_default_server(nginx, name);
		if (status == CW_OK)
			status = find_targets(nginx, name, &targets);
	}
	if (status == CW_OK && targets.count > 0)
		status = deploy_to(nginx, &targets, deployment);
	choices_clear(&targets);
	return status;
}
