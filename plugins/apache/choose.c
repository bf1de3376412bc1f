#include "choose.h"
#include <stdlib.h>
#include <string.h>
#include "edit.h"

static void
remember(struct apache *apache, const char *key, const char *answer)
{
	map_set(&apache->answers, arena_copy(apache->keep, key, strlen(key)),
		arena_copy(apache->keep, answer, strlen(answer)));
}

/* The names of a host, each with a blank in front. */
static void
add_names(const struct host *host, struct text *text)
{
	for (size_t i = 0; i < host->name_count; i++)
		if (*host->names[i] != '\0')
			text_format(text, " %s", host->names[i]);
}

/* Hosts that can be given a name. */
static void
find_candidates(const struct apache *apache, struct plan *plan)
{
	for (size_t i = 0; i < apache->model.host_count; i++) {
		const struct host *host = &apache->model.hosts[i];

		if (host->section->use == NULL &&
		    plan_is_on_port(host, host->tls ? apache->https_port : apache->http_port))
			plan_add(plan, host);
	}
}

static int
ask_for_host(struct apache *apache, const char *name, const struct plan *plan, size_t *choice)
{
	struct config *config = &apache->model.config;
	autofree char *question =
		memory_format("No virtual host has the name %s. Which one is to have it?", name);
	const char **items = arena_alloc(config->arena, plan->count * sizeof(*items));

	for (size_t i = 0; i < plan->count; i++) {
		const struct host *host = &apache->model.hosts[plan->orders[i]];
		auto_text struct text item = {0};

		text_format(&item, "%s, %s:", directive_place(config, host->section),
			    host->tls ? "https" : "http");
		add_names(host, &item);
		items[i] = arena_copy(config->arena, item.data, item.length);
	}
	return apache->host->ask_choice(apache->host, question, items, plan->count, choice);
}

/* The index of the host at PLACE; the count: there is none. */
static size_t
find_place(struct apache *apache, const struct plan *plan, const char *place)
{
	size_t i = 0;

	while (i < plan->count && place != NULL &&
	       strcmp(place, directive_place(&apache->model.config,
					     apache->model.hosts[plan->orders[i]].section)) != 0)
		i++;
	return place != NULL ? i : plan->count;
}

static int
give_name(struct apache *apache, const struct host *host, const char *name)
{
	bool has_name = host_find(host, "ServerName") != NULL;
	autofree char *line = memory_format("Server%s %s\n", has_name ? "Alias" : "Name", name);
	struct edits edits = {0};

	edits_last(&edits, host->section, line);
	edits_apply(&edits);
	return model_rebuild(&apache->model);
}

int
choose_host(struct apache *apache, const char *name, bool check)
{
	autofree char *key = memory_format("host of %s", name);
	struct plan plan = {0};
	size_t choice;
	int status = CW_OK;

	find_candidates(apache, &plan);
	if (plan.count == 0 || !apache->host->interactive(apache->host)) {
		plan_clear(&plan);
		return cw_host_fail(apache->host, CW_E_NOT_FOUND,
				    "add it to a virtual host as ServerName or ServerAlias",
				    "no virtual host of Apache has the name \"%s\"", name);
	}
	if (!check) {
		choice = find_place(apache, &plan, map_get(&apache->answers, key));
		if (choice == plan.count)
			status = ask_for_host(apache, name, &plan, &choice);
		if (status == CW_OK) {
			const struct host *host = &apache->model.hosts[plan.orders[choice]];

			remember(apache, key,
				 directive_place(&apache->model.config, host->section));
			status = give_name(apache, host, name);
		}
	}
	plan_clear(&plan);
	return status;
}

/* A site's plain host and its host with TLS have the same names; the user is asked once. */
static int
ask_for_one(struct apache *apache, const char *name, enum choice choice, const struct host *host,
	    bool *wanted)
{
	auto_text struct text names = {0}, question = {0};
	const char *known;
	int answer = 1, status;

	add_names(host, &names);
	text_format(&question, "%s %s for%s (%s)?",
		    choice == CHOICE_CERTIFICATE ? "Install the certificate of"
						 : "Add the enhancement of",
		    name, names.data != NULL ? names.data : "",
		    directive_place(&apache->model.config, host->section));
	text_format(&names, " of %s", name);
	known = map_get(&apache->answers, names.data);
	if (known != NULL) {
		*wanted = strcmp(known, "yes") == 0;
		return CW_OK;
	}
	status = apache->host->ask_yes_no(apache->host, question.data, &answer);
	if (status != CW_OK)
		return status;
	*wanted = answer != 0;
	remember(apache, names.data, *wanted ? "yes" : "no");
	return CW_OK;
}

int
choose_among(struct apache *apache, const char *name, enum choice choice, struct plan *plan)
{
	size_t kept = 0, count = plan->count;

	if (*name != '*' || !apache->host->interactive(apache->host))
		return CW_OK;
	for (size_t i = 0; i < count; i++) {
		bool wanted = false;
		int status = ask_for_one(apache, name, choice,
					 &apache->model.hosts[plan->orders[i]], &wanted);

		if (status != CW_OK)
			return status;
		if (wanted)
			plan->orders[kept++] = plan->orders[i];
	}
	plan->count = kept;
	if (count > 0 && kept == 0)
		return cw_host_fail(apache->host, CW_E_CANCELLED, NULL,
				    "no virtual host was chosen for \"%s\"", name);
	return CW_OK;
}
