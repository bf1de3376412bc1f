#include "plan.h"
#include <stdlib.h>
#include <string.h>
#include "copy.h"
#include "naming.h"
#include "pair.h"
#include "redirect.h"
#include "wildcard.h"

static void
plan_add(struct plan *plan, struct server *server, enum step step)
{
	plan->items = memory_resize(plan->items, plan->count + 1, sizeof(*plan->items));
	plan->items[plan->count].server = server;
	plan->items[plan->count++].step = step;
}

void
plan_clear(struct plan *plan)
{
	free(plan->items);
	memset(plan, 0, sizeof(*plan));
}

void
plan_find_tls(const struct nginx *nginx, const char *name, struct choices *choices)
{
	bool here = false;

	memset(choices, 0, sizeof(*choices));
	/* The https port first. The address that a client uses decides which server it reaches. */
	for (int others = 0; others < 2; others++) {
		for (size_t i = 0; i < nginx->model.group_count; i++) {
			const struct group *group = nginx->model.groups[i];
			struct name *by = NULL;
			enum name_match match;
			struct server *server;

			if (!group->ssl || (group->port != nginx->https_port) != others)
				continue;
			server = group_choose(group, name, &by, &match);
			if (by != NULL && !(here && match != MATCH_EXACT))
				choices_add(choices, server);
		}
		here = choices->count > 0;
	}
}

/* The names that NAME of a server stands for, in the form of certificates. A name that no
 * certificate can have becomes one that none has. */
static void
certificate_names(const struct name *name, const char *names[2])
{
	names[0] = names[1] = NULL;
	if (name->text[0] == '.') {
		names[0] = name->text + 1;
		names[1] = name->text; /* "*" is put in front */
	} else {
		names[0] = name->text;
	}
}

/* Whether a certificate for COUNT names covers all names that NAME stands for, or with ANY one
 * of them. */
static bool
covers(const char *const *names, size_t count, const struct name *name, bool any)
{
	const char *parts[2];
	autofree char *wildcard = NULL;
	bool first, second;

	certificate_names(name, parts);
	first = names_cover(names, count, parts[0]);
	if (parts[1] == NULL)
		return first;
	wildcard = memory_format("*%s", parts[1]);
	second = names_cover(names, count, wildcard);
	return any ? first || second : first && second;
}

/* Whether a present certificate covers names of the server that the new one does not.
 * Self-signed ones do not count: no browser trusts them. */
static void
add_lost(const struct wish *wish, const struct server *server, const struct pairs *pairs,
	 struct text *lost)
{
	for (size_t i = 0; i < server->name_count; i++) {
		const struct name *name = &server->names[i];

		if (covers(wish->names, wish->name_count, name, false))
			continue;
		for (size_t j = 0; j < pairs->count; j++) {
			const struct pair *pair = &pairs->items[j];

			if (!pair->readable || pair->read.self_signed ||
			    !covers((const char *const *)pair->read.names, pair->read.name_count,
				    name, true))
				continue;
			text_format(lost, "%s%s", lost->length > 0 ? ", " : "", name->text);
			break;
		}
	}
}

static int
refuse_loss(struct nginx *nginx, const struct wish *wish, const char *place, const char *lost)
{
	return cw_host_fail(nginx->host, CW_E_EXISTS,
			    "obtain one certificate for all names of the block (--expand), or give "
			    "the name a server block of its own",
			    "the server block at \"%s\" has a certificate for \"%s\", and the "
			    "certificate for \"%s\" does not cover that name",
			    place, lost, wish->name);
}

/* Whether a certificate may replace one that covers more names. */
static int
allow_loss(struct nginx *nginx, const struct wish *wish, const struct server *server,
	   const char *lost)
{
	autofree char *place = file_place(server->directive);
	autofree char *question =
		memory_format("The server block at %s also serves %s, but the certificate for %s "
			      "does not cover that. Replace the block's certificate anyway?",
			      place, lost, wish->name);
	autofree char *key = memory_format("replace %s", lost);
	int answer = 0, status;

	if (!nginx->host->interactive(nginx->host))
		return refuse_loss(nginx, wish, place, lost);
	if (wish->check || map_get(&nginx->answers, key) != NULL)
		return CW_OK;
	status = nginx->host->ask_yes_no(nginx->host, question, &answer);
	if (status != CW_OK)
		return status;
	if (answer == 0)
		return cw_host_fail(nginx->host, CW_E_CANCELLED,
				    "give the name a server block of its own, or obtain one "
				    "certificate for all names of the block (--expand)",
				    "the server block at \"%s\" keeps its certificate", place);
	map_set(&nginx->answers, arena_copy(nginx->keep, key, strlen(key)), nginx);
	return CW_OK;
}

/* Whether the new certificate may replace the server's. */
static int
check_loss(struct nginx *nginx, const struct wish *wish, const struct server *server,
	   const struct pairs *pairs)
{
	auto_text struct text lost = {0};

	if (pairs_have(pairs, wish->certificate))
		return CW_OK;
	add_lost(wish, server, pairs, &lost);
	return lost.length > 0 ? allow_loss(nginx, wish, server, lost.data) : CW_OK;
}

/* Whether the server's other names still need its present certificate. */
static bool
needs_own(const struct wish *wish, const struct server *server, const struct pairs *pairs)
{
	bool all = true;

	for (size_t i = 0; i < server->name_count; i++)
		all &= covers(wish->names, wish->name_count, &server->names[i], false);
	return !all && pairs->count > 0 && !pairs_have(pairs, wish->certificate) &&
	       !naming_has(server, wish->name);
}

/* How a server with TLS that nginx chooses for the name gets the certificate. */
static int
choose_step(struct nginx *nginx, const struct wish *wish, const struct server *server,
	    enum step *step)
{
	struct pairs pairs;
	int status = CW_OK;

	pairs_find(&nginx->model, server, &pairs);
	*step = needs_own(wish, server, &pairs) ? STEP_OWN : STEP_USE;
	if (*step == STEP_USE)
		status = check_loss(nginx, wish, server, &pairs);
	pairs_clear(&pairs);
	return status;
}

static int
plan_tls(struct nginx *nginx, const struct wish *wish, const struct choices *choices,
	 struct plan *plan)
{
	int status = CW_OK;

	for (size_t i = 0; i < choices->count && status == CW_OK; i++) {
		enum step step;

		status = choose_step(nginx, wish, choices->items[i], &step);
		if (status == CW_OK)
			plan_add(plan, choices->items[i], step);
	}
	return status;
}

/*
 * The default servers with TLS, of no particular site, that serve NAME on the https port because no
 * server there has the name. What https serves must stay, so they count if plain requests are sent
 * there or get nothing. Beside a plain server with CONTENT of its own they count only if they have
 * a certificate for the name that is not self-signed: otherwise browsers refused it, and the site
 * is the plain server's.
 */
static void
find_catch_all(struct nginx *nginx, const char *name, bool content, struct choices *choices)
{
	for (size_t i = 0; i < nginx->model.group_count; i++) {
		const struct group *group = nginx->model.groups[i];
		struct server *server = group->default_server;
		bool redirects;

		if (!group->ssl || group->port != nginx->https_port || !copy_is_nobodys(server) ||
		    model_find(&nginx->model, server->directive, "ssl_reject_handshake", "on") !=
			    NULL ||
		    redirects_content(&nginx->model, server, name, nginx->https_port, &redirects) ==
			    CONTENT_NONE ||
		    (content && !pairs_cover(&nginx->model, server, name)))
			continue;
		choices_add(choices, server);
	}
}

static int
only_redirects(struct nginx *nginx, const char *name, const struct server *redirect)
{
	autofree char *place = file_place(redirect->directive);

	return cw_host_fail(nginx->host, CW_E_NOT_FOUND,
			    "add a server block that serves the name by https, or add what to "
			    "serve (root, locations) to this one",
			    "the server block for \"%s\" (%s) only redirects to https, but no "
			    "block serves the name there",
			    name, place);
}

/* Whether the server redirects requests by TLS for other names of its own to themselves. */
static bool
redirects_others(struct nginx *nginx, const struct wish *wish, struct server *server)
{
	bool any = false;

	for (size_t i = 0; i < server->name_count && !any; i++) {
		const char *host = name_host(&server->names[i]);

		if (host != NULL && strcmp(host, wish->name) != 0)
			redirects_content(&nginx->model, server, host, nginx->https_port, &any);
	}
	return any;
}

static int
plan_one_plain(struct nginx *nginx, const struct wish *wish, struct server *server,
	       struct plan *plan)
{
	struct naming naming;
	bool redirects;
	enum content content =
		redirects_content(&nginx->model, server, wish->name, nginx->https_port, &redirects);
	int status;

	if (redirects && content != CONTENT_OWN)
		return CW_OK;
	if (!redirects && !naming_would_take(nginx, server, wish->name) &&
	    !(content != CONTENT_NONE && redirects_others(nginx, wish, server))) {
		plan_add(plan, server, STEP_USE);
		return CW_OK;
	}
	status = naming_find(nginx, wish, server, false, &naming);
	naming_clear(&naming);
	if (status == CW_OK)
		plan_add(plan, server, STEP_CONTENT);
	return status;
}

static int
plan_plain(struct nginx *nginx, const struct wish *wish, const struct choices *plain,
	   struct plan *plan)
{
	struct choices catch_all = {0};
	bool content = false, redirects;
	int status = CW_OK;

	for (size_t i = 0; i < plain->count; i++)
		content |= redirects_content(&nginx->model, plain->items[i], wish->name,
					     nginx->https_port, &redirects) != CONTENT_NONE &&
			   !redirects;
	find_catch_all(nginx, wish->name, content, &catch_all);
	status = plan_tls(nginx, wish, &catch_all, plan);
	choices_clear(&catch_all);
	if (status != CW_OK || plan->count > 0)
		return status;
	for (size_t i = 0; i < plain->count && status == CW_OK; i++)
		status = plan_one_plain(nginx, wish, plain->items[i], plan);
	if (status != CW_OK || plan->count > 0)
		return status;
	return only_redirects(nginx, wish->name, plain->items[0]);
}

static int
plan_wildcard(struct nginx *nginx, const struct wish *wish, struct plan *plan)
{
	struct choices choices;
	int status;

	/* At a terminal the user is asked about each server. */
	if (wish->check && nginx->host->interactive(nginx->host))
		return CW_OK;
	status = wildcard_servers(nginx, wish->name, WILDCARD_CERTIFICATE, &choices);
	for (size_t i = 0; i < choices.count && status == CW_OK; i++) {
		struct pairs pairs;

		pairs_find(&nginx->model, choices.items[i], &pairs);
		status = check_loss(nginx, wish, choices.items[i], &pairs);
		pairs_clear(&pairs);
		plan_add(plan, choices.items[i], STEP_USE);
	}
	choices_clear(&choices);
	return status;
}

int
plan_make(struct nginx *nginx, const struct wish *wish, struct plan *plan)
{
	struct choices choices;
	int status = CW_OK;

	memset(plan, 0, sizeof(*plan));
	if (wish->name[0] == '*')
		return plan_wildcard(nginx, wish, plan);
	plan_find_tls(nginx, wish->name, &choices);
	if (choices.count > 0) {
		status = plan_tls(nginx, wish, &choices, plan);
	} else {
		choices_find(&nginx->model, wish->name, nginx->http_port, false, &choices);
		if (choices.count == 0)
			choices_find(&nginx->model, wish->name, 0, false, &choices);
		if (choices.count > 0)
			status = plan_plain(nginx, wish, &choices, plan);
		else if (wish->check)
			status = copy_default_server(nginx, wish->name, true);
	}
	choices_clear(&choices);
	return status;
}
