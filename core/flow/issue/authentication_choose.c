/* Which challenge each authorization gets: the plugins are asked for their types first. */
#include <stdlib.h>
#include <string.h>
#include "flow/issue/authentication_internal.h"
#include "flow/issue/host.h"
#include "flow/issue/persistence.h"

/* The types that the plugin of PART has for an authorization, as it said when it was asked. */
static const struct cw_strv *
types_for(const struct part *part, const struct cw_acme_authorization *authorization)
{
	static const struct cw_strv none;

	for (size_t i = 0; part->types != NULL && i < part->identifiers.count; i++)
		if (strcmp(part->identifiers.items[i], authorization->identifier.value) == 0)
			return &part->types[i];
	return &none;
}

/* Whether the order is for the wildcard of a name, too. */
static bool
wants_wildcard(const struct cw_acme_order *order, const char *name)
{
	for (size_t i = 0; i < order->authorization_count; i++)
		if (order->authorizations[i]->wildcard &&
		    strcmp(order->authorizations[i]->identifier.value, name) == 0)
			return true;
	return false;
}

static void
choose_for_name(struct cw_authentication *authentication, const struct cw_request *request,
		const struct cw_acme_order *order, struct cw_acme_authorization *authorization)
{
	struct part *part = cw_authentication_part(authentication, request, authorization);
	cw_autofree char *no_record = NULL;
	struct cw_choice choice = {
		.plugin = part->name,
		.types = types_for(part, authorization),
		.only = authentication->count == 1,
		.wildcard = wants_wildcard(order, authorization->identifier.value),
	};

	if (part->error.status != CW_OK) {
		cw_error_copy(&authorization->error, &part->error);
		cw_error_set_identifier(&authorization->error, authorization->identifier.value);
		return;
	}
	choice.persistent =
		cw_persistence_has(authentication->persistence, request, authorization, &no_record);
	choice.no_record = no_record;
	cw_challenges_choose(&part->set, &choice, request, authorization);
}

/* True when every pending authorization has a challenge now. */
static bool
choose_for_order(struct cw_authentication *authentication, const struct cw_request *request,
		 struct cw_acme_order *order)
{
	bool complete = true;

	for (size_t i = 0; i < order->authorization_count; i++) {
		struct cw_acme_authorization *authorization = order->authorizations[i];

		if (authorization->state != CW_ACME_PENDING)
			continue;
		choose_for_name(authentication, request, order, authorization);
		complete &= authorization->error.status == CW_OK;
	}
	return complete;
}

static void
choose_all(struct cw_authentication *authentication)
{
	cw_autofree size_t *before = cw_calloc(authentication->count, sizeof(*before));

	for (size_t i = 0; i < authentication->order_count; i++) {
		bool complete;

		for (size_t j = 0; j < authentication->count; j++)
			before[j] = authentication->parts[j].set.count;
		complete = choose_for_order(authentication, authentication->requests[i],
					    authentication->orders[i]);
		for (size_t j = 0; j < authentication->count; j++) {
			struct cw_challenge_set *set = &authentication->parts[j].set;

			if (complete)
				cw_challenges_share_identifiers(set, before[j]);
			else
				cw_challenges_truncate(set, before[j]);
		}
	}
	for (size_t i = 0; i < authentication->count; i++)
		cw_authentication_forget_types(&authentication->parts[i]);
	cw_persistence_free(cw_take(&authentication->persistence));
}

/* What the description of the host says. */
static void
tell_types_of_host(struct part *part)
{
	struct cw_registry *registry = cw_job_context(part->authentication->job)->registry;
	struct cw_module *module;

	if (cw_registry_open(registry, part->name, &module, &part->error) != CW_OK)
		return;
	part->types = cw_calloc(part->identifiers.count + 1, sizeof(struct cw_strv));
	for (size_t i = 0; i < part->identifiers.count; i++)
		cw_strv_copy(&part->types[i], strcmp(part->identifier_types.items[i], "ip") == 0
						      ? &module->about->ip_types
						      : &module->about->dns_types);
}

static void ask_next_types(struct cw_authentication *authentication);

static void
types_told(void *context, const struct cw_error *error)
{
	struct part *part = context;

	if (error->status != CW_OK) {
		cw_authentication_note_death(part);
		cw_error_copy(&part->error, error);
	}
	ask_next_types(part->authentication);
}

static void
ask_next_types(struct cw_authentication *authentication)
{
	while (authentication->next < authentication->count) {
		struct part *part = &authentication->parts[authentication->next++];

		if (part->plugin == NULL || part->identifiers.count == 0)
			continue;
		part->types = cw_calloc(part->identifiers.count, sizeof(struct cw_strv));
		cw_plugin_process_types(cw_job_plugin_process(part->plugin),
					&part->identifier_types, &part->identifiers, part->types,
					types_told, part);
		return;
	}
	choose_all(authentication);
	cw_authentication_end_step(authentication, NULL);
}

/* What each plugin is to be asked about: each identifier once. */
static void
gather_identifiers(struct cw_authentication *authentication, const struct cw_request *request,
		   const struct cw_acme_order *order)
{
	for (size_t i = 0; i < order->authorization_count; i++) {
		const struct cw_acme_authorization *authorization = order->authorizations[i];
		struct part *part;

		if (authorization->state != CW_ACME_PENDING)
			continue;
		part = cw_authentication_part(authentication, request, authorization);
		if (cw_strv_add_unique(&part->identifiers, authorization->identifier.value))
			cw_strv_add(&part->identifier_types, authorization->identifier.type);
	}
}

/* The plugins are asked for their types, if there is one to ask. */
static void
ask_types(struct cw_authentication *authentication)
{
	bool any = false;

	for (size_t i = 0; i < authentication->order_count; i++)
		gather_identifiers(authentication, authentication->requests[i],
				   authentication->orders[i]);
	for (size_t i = 0; i < authentication->count; i++) {
		struct part *part = &authentication->parts[i];

		if (part->host != NULL)
			tell_types_of_host(part);
		any |= part->plugin != NULL && part->identifiers.count > 0;
	}
	if (any) {
		ask_next_types(authentication);
		return;
	}
	choose_all(authentication);
	cw_authentication_end_step_soon(authentication);
}

static void
records_known(void *context)
{
	struct cw_authentication *authentication = context;

	authentication->looking = false;
	ask_types(authentication);
}

void
cw_authentication_stop_looking(struct cw_authentication *authentication)
{
	if (!authentication->looking)
		return;
	cw_persistence_free(cw_take(&authentication->persistence));
	records_known(authentication);
}

void
cw_authentication_choose(struct cw_authentication *authentication,
			 const struct cw_request *const *requests,
			 struct cw_acme_order *const *orders, size_t count,
			 cw_authentication_done done, void *context)
{
	cw_authentication_begin_step(authentication, done, context);
	authentication->requests = requests;
	authentication->orders = orders;
	authentication->order_count = count;
	authentication->persistence =
		cw_persistence_start(cw_job_context(authentication->job), requests, orders, count,
				     records_known, authentication);
	authentication->looking = authentication->persistence != NULL;
	if (!authentication->looking)
		ask_types(authentication);
}
