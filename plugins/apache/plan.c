#include "plan.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../common/certificate.h"
#include "choose.h"
#include "copy.h"
#include "pair.h"
#include "split.h"

void
plan_clear(struct plan *plan)
{
	free(plan->orders);
	memset(plan, 0, sizeof(*plan));
}

void
plan_add(struct plan *plan, const struct host *host)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->orders[i] == host->order)
			return;
	plan->orders = memory_resize(plan->orders, plan->count + 1, sizeof(*plan->orders));
	plan->orders[plan->count++] = host->order;
}

/* Whether the host has the name itself or, for a wildcard, a name that the wildcard covers. */
static bool
has_itself(const struct host *host, const char *name)
{
	if (host_has_exact_name(host, name))
		return true;
	for (size_t i = 0; i < host->name_count && *name == '*'; i++)
		if (names_cover(&name, 1, host->names[i]))
			return true;
	return false;
}

bool
plan_is_on_port(const struct host *host, unsigned port)
{
	for (size_t i = 0; i < host->address_count; i++)
		if (host->addresses[i].port == port || host->addresses[i].port == 0)
			return true;
	return false;
}

/* Those that Apache chooses for the name, by a name or pattern of theirs, on PORT. */
static void
add_chosen(const struct model *model, const char *name, unsigned port, bool tls, struct plan *plan)
{
	struct arena *arena = arena_new();
	struct map seen = {0};

	for (size_t i = 0; i < model->host_count; i++)
		for (size_t j = 0; j < model->hosts[i].address_count; j++) {
			const struct address *at = &model->hosts[i].addresses[j];
			autofree char *key = memory_format("%s %u", at->host, at->port);
			const struct host *host;

			if ((at->port != port && at->port != 0) || map_get(&seen, key) != NULL)
				continue;
			map_set(&seen, arena_copy(arena, key, strlen(key)), plan);
			host = model_choose(model, at->host, at->port, name);
			if (host->tls == tls && host_has_name(host, name))
				plan_add(plan, host);
		}
	map_clear(&seen);
	arena_free(arena);
}

void
plan_find(const struct apache *apache, const char *name, bool tls, struct plan *plan)
{
	const struct model *model = &apache->model;
	unsigned port = tls ? apache->https_port : apache->http_port;

	memset(plan, 0, sizeof(*plan));
	for (size_t i = 0; i < model->host_count; i++) {
		const struct host *host = &model->hosts[i];

		if (host->tls == tls && has_itself(host, name) &&
		    (tls || plan_is_on_port(host, port)))
			plan_add(plan, host);
	}
	if (*name != '*' && (tls || plan->count == 0))
		add_chosen(model, name, port, tls, plan);
}

void
plan_find_plain(const struct apache *apache, const char *name, struct plan *plan)
{
	plan_find(apache, name, false, plan);
	if (*name != '*')
		add_chosen(&apache->model, name, apache->http_port, false, plan);
}

bool
plan_is_nameless(const struct host *host)
{
	return host->name_count == 1 && *host->names[0] == '\0';
}

bool
plan_is_covered(const struct wish *wish, const char *name)
{
	return *name == '\0' || wish->name_count == 0 ||
	       names_cover(wish->names, wish->name_count, name);
}

/* How many of these certificates are for NAME, signed by somebody. */
static size_t
count_covering(const char *const *paths, size_t count, const char *name)
{
	size_t covering = 0;

	for (size_t i = 0; i < count; i++) {
		struct certificate present = {0};

		covering +=
			certificate_read(paths[i], &present) && !present.self_signed &&
			names_cover((const char *const *)present.names, present.name_count, name);
		certificate_clear(&present);
	}
	return covering;
}

/* Whether the new certificate takes the last of these for NAME away. As long as its type is
 * unknown, it may be any of them that it replaces. */
static bool
is_lost(const struct wish *wish, const char *const *paths, size_t count, const char *name)
{
	size_t covering = count_covering(paths, count, name);

	return covering > 0 && (wish->check || covering == count);
}

/* A name of the host that its present certificate is for, and the new one is not; NULL: none. */
static const char *
lost_name(struct apache *apache, const struct wish *wish, const struct host *host)
{
	const char *paths[2 * PAIRS_MAX];
	size_t count = pair_replaced(apache, host, wish, paths);

	for (size_t i = 0; i < host->name_count; i++)
		if (*host->names[i] != '\0' && !plan_is_covered(wish, host->names[i]) &&
		    is_lost(wish, paths, count, host->names[i]))
			return host->names[i];
	return NULL;
}

/* Other names of a host keep a certificate that is for them, unless the user agrees. */
static int
agree(struct apache *apache, const struct wish *wish, const struct host *host)
{
	const char *lost = lost_name(apache, wish, host);
	const char *place = directive_place(&apache->model.config, host->section);
	autofree char *question = NULL;
	int answer = 0;

	if (lost == NULL || (wish->check && apache->host->interactive(apache->host)))
		return CW_OK;
	question = memory_format("The virtual host at %s has a certificate for \"%s\" too, which "
				 "the new one is not for. Replace it?",
				 place, lost);
	if (apache->host->interactive(apache->host) &&
	    apache->host->ask_yes_no(apache->host, question, &answer) == CW_OK && answer)
		return CW_OK;
	return cw_host_fail(apache->host, CW_E_EXISTS,
			    "obtain a certificate for all names of that virtual host, or divide it",
			    "the virtual host at %s has a certificate for \"%s\" too, which that "
			    "for \"%s\" would replace",
			    place, lost, wish->name);
}

int
plan_check_editable(struct apache *apache, const struct host *host, const char *name)
{
	if (host->section->use == NULL)
		return CW_OK;
	return cw_host_fail(apache->host, CW_E_UNSUPPORTED,
			    "edit the macro, or write the virtual host without it",
			    "the virtual host of \"%s\" at %s is made by a macro, so it cannot be "
			    "changed",
			    name, directive_place(&apache->model.config, host->section));
}

static int
check_host(struct apache *apache, const struct wish *wish, const struct host *host)
{
	int status = plan_check_editable(apache, host, wish->name);

	if (status != CW_OK)
		return status;
	if (split_is_needed(apache, wish, host))
		return CW_OK;
	return host->tls ? agree(apache, wish, host) : copy_check(apache, host, wish->name);
}

/* The hosts with TLS and without any name that Apache takes for NAME, as no other has it. */
static void
find_nameless(const struct apache *apache, const char *name, struct plan *plan)
{
	const struct model *model = &apache->model;

	for (size_t i = 0; i < model->host_count; i++) {
		const struct host *host = &model->hosts[i];

		for (size_t j = 0; j < host->address_count; j++) {
			const struct address *at = &host->addresses[j];

			if (host->tls && plan_is_nameless(host) &&
			    (at->port == apache->https_port || at->port == 0) &&
			    model_choose(model, at->host, at->port, name) == host)
				plan_add(plan, host);
		}
	}
}

/* Plain hosts that do nothing but redirect have their site where the redirect leads. */
static void
follow_redirects(const struct apache *apache, const char *name, struct plan *plan)
{
	struct plan nameless = {0};

	for (size_t i = 0; i < plan->count; i++)
		if (!copy_is_redirect(&apache->model.hosts[plan->orders[i]]))
			return;
	find_nameless(apache, name, &nameless);
	if (nameless.count == 0)
		return;
	plan_clear(plan);
	*plan = nameless;
}

/* Those with TLS or else the plain ones. */
static void
find_hosts(const struct apache *apache, const char *name, struct plan *plan)
{
	plan_find(apache, name, true, plan);
	if (plan->count > 0)
		return;
	plan_clear(plan);
	plan_find(apache, name, false, plan);
	plan->copies = true;
	if (plan->count > 0 && *name != '*')
		follow_redirects(apache, name, plan);
}

/* A host that has the name, but is not on the plain port and has no TLS. */
static int
check_named(struct apache *apache, const char *name)
{
	const struct model *model = &apache->model;

	for (size_t i = 0; i < model->host_count; i++) {
		const struct host *host = &model->hosts[i];

		if (host_has_exact_name(host, name) && plan_is_on_port(host, apache->https_port))
			return copy_check_port(apache, host);
	}
	return CW_OK;
}

int
plan_make(struct apache *apache, const struct wish *wish, struct plan *plan)
{
	int status = CW_OK;

	find_hosts(apache, wish->name, plan);
	if (plan->count == 0) {
		status = check_named(apache, wish->name);
		if (status == CW_OK)
			status = choose_host(apache, wish->name, wish->check);
		if (status == CW_OK && !wish->check)
			find_hosts(apache, wish->name, plan);
	} else if (!wish->check) {
		status = choose_among(apache, wish->name, CHOICE_CERTIFICATE, plan);
	}
	for (size_t i = 0; i < plan->count && status == CW_OK; i++)
		status = check_host(apache, wish, &apache->model.hosts[plan->orders[i]]);
	return status;
}
