/* Carries out a plan: adds certificates to server blocks, and adds server blocks. */
#include <stdlib.h>
#include <string.h>
#include "copy.h"
#include "pair.h"
#include "plan.h"
#include "tls.h"

static int
apply(struct nginx *nginx, struct edits *edits)
{
	int status = CW_OK;

	if (edits->count > 0) {
		status = edits_apply(edits);
		if (status == CW_OK)
			status = model_rebuild(&nginx->model);
	}
	edits_clear(edits);
	return status;
}

/* A copy for https leaves plain requests to the original. */
static int
drop_plain_listeners(struct nginx *nginx, size_t order)
{
	const struct server *server = nginx->model.servers[order];
	struct edits edits = {.mark = MANAGED_MARK};

	for (size_t i = 0; i < server->listen_count; i++) {
		const struct listen *listen = &server->listens[i];

		if (!listen->quic && !listen_is_tls(server, listen) && listen->directive != NULL)
			edits_remove(&edits, listen->directive);
	}
	return apply(nginx, &edits);
}

static int
carry_out(struct nginx *nginx, const struct wish *wish, const char *key, size_t *order,
	  enum step step)
{
	struct edits edits = {.mark = MANAGED_MARK};
	int status = CW_OK;

	if (step != STEP_USE) {
		bool own = step == STEP_OWN;
		struct naming naming;

		status = naming_find(nginx, wish, nginx->model.servers[*order], own, &naming);
		if (status == CW_OK)
			status = copy_server(nginx, (*order)++, &naming,
					     own ? COPY_TLS : COPY_CONTENT);
		naming_clear(&naming);
	}
	if (status == CW_OK)
		status = pairs_set(&nginx->model, *order, wish->certificate, key);
	if (status == CW_OK && !tls_listens(nginx->model.servers[*order]))
		status = tls_add(nginx, &edits, nginx->model.servers[*order]);
	if (status == CW_OK)
		status = apply(nginx, &edits);
	edits_clear(&edits);
	if (status == CW_OK && step == STEP_CONTENT)
		status = drop_plain_listeners(nginx, *order);
	return status;
}

static int
deploy_to(struct nginx *nginx, const struct wish *wish, const char *key, const struct plan *plan)
{
	autofree size_t *orders = memory_resize(NULL, plan->count, sizeof(*orders));
	autofree enum step *steps = memory_resize(NULL, plan->count, sizeof(*steps));
	size_t count = plan->count;
	int status = CW_OK;

	/* Rebuilding the model frees the plan's servers. */
	for (size_t i = 0; i < count; i++) {
		orders[i] = plan->items[i].server->order;
		steps[i] = plan->items[i].step;
	}
	for (size_t i = 0; i < count && status == CW_OK; i++) {
		size_t order = orders[i];

		status = carry_out(nginx, wish, key, &orders[i], steps[i]);
		for (size_t j = i + 1; j < count; j++)
			orders[j] += orders[i] != order && orders[j] > order;
	}
	return status;
}

static void
remember_chain(struct nginx *nginx, const char *name, const char *chain)
{
	if (chain != NULL)
		map_set(&nginx->chains, arena_copy(nginx->keep, name, strlen(name)),
			arena_copy(nginx->keep, chain, strlen(chain)));
}

static int
deploy(struct nginx *nginx, const struct wish *wish, const char *key)
{
	struct plan plan;
	int status = plan_make(nginx, wish, &plan);

	if (status == CW_OK && plan.count == 0 && !wish->check) {
		status = copy_default_server(nginx, wish->name, false);
		if (status == CW_OK)
			status = plan_make(nginx, wish, &plan);
	}
	if (status == CW_OK && plan.count > 0 && !wish->check)
		status = deploy_to(nginx, wish, key, &plan);
	plan_clear(&plan);
	return status;
}

int
nginx_deploy(void *self, const struct deploying *deploying)
{
	struct nginx *nginx = self;
	const struct cw_deployment *deployment = deploying->deployment;
	const struct wish wish = {.name = deploying->name,
				  .certificate = deployment->fullchain_path,
				  .names = deploying->names,
				  .name_count = deploying->name_count,
				  .check = deploying->check};
	int status = program_identify(&nginx->program);

	if (status == CW_OK)
		status = install_load(nginx);
	if (status == CW_OK && !wish.check)
		remember_chain(nginx, wish.name, deployment->chain_path);
	return status == CW_OK ? deploy(nginx, &wish, deployment->key_path) : status;
}
