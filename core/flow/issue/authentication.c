#include "flow/issue/authentication.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/issue/challenges.h"
#include "flow/issue/host.h"
#include "flow/issue/persistence.h"

/* Milliseconds that a plugin gets to end what it does after a signal. */
#define INTERRUPT_LIMIT 20000

/* One plugin. */
struct part {
	struct cw_authentication *authentication;
	const char *name;
	const struct cw_host_authenticator *host; /* does this part's work; NULL: a plugin does */
	struct cw_job_plugin *plugin;             /* NULL: it is the host, or could not be opened */
	struct cw_error error;                    /* why it is of no use */
	struct cw_challenge_set set;
	bool performed;
	/* What it was asked about for choosing. */
	struct cw_strv identifier_types;
	struct cw_strv identifiers;
	struct cw_strv *types; /* of each; NULL: not asked */
};

struct cw_authentication {
	struct cw_job *job;
	struct part *parts;
	size_t count;
	struct cw_strv plugins;
	/* The step under way. */
	cw_authentication_done done;
	void *context;
	size_t next; /* part */
	struct cw_timer *soon;
	const struct cw_request *const *requests;
	struct cw_acme_order *const *orders;
	size_t order_count;
	struct cw_persistence *persistence; /* while challenges are chosen */
	bool interrupted;
	bool looking; /* for PERSISTENCE */
	bool died;
};

/* The plugin for a name as it stands in the certificate. */
static const char *
plugin_of(const struct cw_request *request, const char *name)
{
	const char *mapped = cw_settings_map_get(request->settings, "authenticator_map", name);

	return mapped != NULL ? mapped : request->authenticator;
}

static void
add_plugins(const struct cw_request *request, struct cw_strv *plugins)
{
	cw_auto_strv struct cw_strv names = {0};

	cw_names_all(&request->names, &names);
	for (size_t i = 0; i < names.count; i++)
		cw_strv_add_unique(plugins, plugin_of(request, names.items[i]));
}

struct cw_authentication *
cw_authentication_new(struct cw_job *job)
{
	struct cw_authentication *made = cw_alloc(sizeof(*made));
	const struct cw_batch *batch = cw_job_batch(job);

	made->job = job;
	for (size_t i = 0; i < batch->count; i++)
		add_plugins(batch->requests[i], &made->plugins);
	cw_strv_sort(&made->plugins);
	made->count = made->plugins.count;
	made->parts = cw_calloc(made->count + 1, sizeof(*made->parts));
	for (size_t i = 0; i < made->count; i++) {
		made->parts[i].authentication = made;
		made->parts[i].name = made->plugins.items[i];
		if (strcmp(made->parts[i].name, CW_HOST_PLUGIN) == 0)
			made->parts[i].host = cw_job_context(job)->host;
	}
	return made;
}

static void
forget_types(struct part *part)
{
	for (size_t i = 0; part->types != NULL && i < part->identifiers.count; i++)
		cw_strv_clear(&part->types[i]);
	free(cw_take(&part->types));
	cw_strv_clear(&part->identifier_types);
	cw_strv_clear(&part->identifiers);
}

void
cw_authentication_free(struct cw_authentication *authentication)
{
	if (authentication == NULL)
		return;
	for (size_t i = authentication->count; i-- > 0;) {
		struct part *part = &authentication->parts[i];

		cw_job_plugin_free(part->plugin);
		cw_error_clear(&part->error);
		cw_challenge_set_clear(&part->set);
		forget_types(part);
	}
	cw_loop_cancel(cw_job_context(authentication->job)->loop, authentication->soon);
	cw_persistence_free(authentication->persistence);
	free(authentication->parts);
	cw_strv_clear(&authentication->plugins);
	free(authentication);
}

static void
begin_step(struct cw_authentication *authentication, cw_authentication_done done, void *context)
{
	authentication->done = done;
	authentication->context = context;
	authentication->next = 0;
}

static void
end_step(struct cw_authentication *authentication, const struct cw_error *error)
{
	authentication->done(authentication->context, error);
}

static void
end_step_now(void *context)
{
	struct cw_authentication *authentication = context;

	authentication->soon = NULL;
	end_step(authentication, NULL);
}

/* Ends the step when the loop turns: nothing had to be asked. */
static void
end_step_soon(struct cw_authentication *authentication)
{
	authentication->soon = cw_loop_timer(cw_job_context(authentication->job)->loop, 0,
					     end_step_now, authentication);
}

static bool
can_do_without_names(const struct cw_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (cw_settings_flag(batch->requests[i]->settings, "allow_subset_of_names"))
			return true;
	return false;
}

static void open_next(struct cw_authentication *authentication);

static void
part_opened(void *context, struct cw_job_plugin *plugin, const struct cw_error *error)
{
	struct part *part = context;
	struct cw_authentication *authentication = part->authentication;

	part->plugin = plugin;
	if (plugin == NULL)
		cw_error_copy(&part->error, error);
	if (plugin == NULL && (authentication->count == 1 ||
			       !can_do_without_names(cw_job_batch(authentication->job))))
		end_step(authentication, &part->error);
	else
		open_next(authentication);
}

static void
open_next(struct cw_authentication *authentication)
{
	struct part *part = &authentication->parts[authentication->next];

	if (authentication->next == authentication->count) {
		end_step(authentication, NULL);
		return;
	}
	authentication->next++;
	if (part->host != NULL) {
		open_next(authentication);
		return;
	}
	cw_job_open_plugin(authentication->job, part->name,
			   cw_job_batch(authentication->job)->requests[0]->settings, part_opened,
			   part);
}

void
cw_authentication_open(struct cw_authentication *authentication, cw_authentication_done done,
		       void *context)
{
	begin_step(authentication, done, context);
	if (authentication->count == 1 && authentication->parts[0].host != NULL)
		end_step_soon(authentication);
	else
		open_next(authentication);
}

static struct part *
part_for(struct cw_authentication *authentication, const struct cw_request *request,
	 const struct cw_acme_authorization *authorization)
{
	cw_autofree char *name = cw_format("%s%s", authorization->wildcard ? "*." : "",
					   authorization->identifier.value);
	const char *plugin = plugin_of(request, name);
	size_t index = 0;

	while (strcmp(authentication->parts[index].name, plugin) != 0)
		index++;
	return &authentication->parts[index];
}

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
	struct part *part = part_for(authentication, request, authorization);
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
		forget_types(&authentication->parts[i]);
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

static void
note_death(struct part *part)
{
	const struct cw_plugin_process *process = cw_job_plugin_process(part->plugin);

	if (!cw_plugin_process_is_alive(process) && !cw_plugin_process_was_silent(process))
		part->authentication->died = true;
}

static void ask_next_types(struct cw_authentication *authentication);

static void
types_told(void *context, const struct cw_error *error)
{
	struct part *part = context;

	if (error->status != CW_OK) {
		note_death(part);
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
	end_step(authentication, NULL);
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
		part = part_for(authentication, request, authorization);
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
	end_step_soon(authentication);
}

static void
records_known(void *context)
{
	struct cw_authentication *authentication = context;

	authentication->looking = false;
	ask_types(authentication);
}

void
cw_authentication_choose(struct cw_authentication *authentication,
			 const struct cw_request *const *requests,
			 struct cw_acme_order *const *orders, size_t count,
			 cw_authentication_done done, void *context)
{
	begin_step(authentication, done, context);
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

static void perform_next(struct cw_authentication *authentication);

static void
performed_by_host(void *context)
{
	struct part *part = context;

	cw_challenges_take_results(&part->set);
	perform_next(part->authentication);
}

static void
performed(void *context, const struct cw_error *error)
{
	struct part *part = context;

	/* The failure of the whole call stands in every slot too. */
	if (error->status != CW_OK)
		note_death(part);
	cw_challenges_take_results(&part->set);
	perform_next(part->authentication);
}

static void
perform_next(struct cw_authentication *authentication)
{
	while (authentication->next < authentication->count && !authentication->interrupted) {
		struct part *part = &authentication->parts[authentication->next++];

		if (part->set.count == 0)
			continue;
		part->performed = true;
		if (part->host != NULL) {
			part->host->publish(part->host->context, part->set.slots, part->set.count,
					    performed_by_host, part);
			return;
		}
		cw_plugin_process_perform(cw_job_plugin_process(part->plugin), part->set.slots,
					  part->set.count, performed, part);
		return;
	}
	end_step(authentication, NULL);
}

static bool
has_challenges(const struct cw_authentication *authentication)
{
	for (size_t i = 0; i < authentication->count; i++)
		if (authentication->parts[i].set.count > 0)
			return true;
	return false;
}

void
cw_authentication_perform(struct cw_authentication *authentication, cw_authentication_done done,
			  void *context)
{
	begin_step(authentication, done, context);
	if (has_challenges(authentication) && !authentication->interrupted)
		perform_next(authentication);
	else
		end_step_soon(authentication);
}

bool
cw_authentication_resume(struct cw_authentication *authentication,
			 const struct cw_request *const *requests,
			 struct cw_acme_order *const *orders, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < orders[i]->authorization_count; j++) {
			struct cw_acme_authorization *authorization = orders[i]->authorizations[j];
			struct part *part = part_for(authentication, requests[i], authorization);

			if (authorization->state == CW_ACME_PENDING &&
			    !cw_challenges_resume(&part->set, authorization))
				return false;
		}
	}
	return true;
}

int
cw_authentication_show(const struct cw_authentication *authentication,
		       const struct cw_settings *settings, const struct cw_asker *asker,
		       struct cw_error *error)
{
	cw_auto_buf struct cw_buf text = {0};

	if (!cw_settings_flag(settings, "debug_challenges"))
		return CW_OK;
	cw_buf_addf(&text, "The challenges are in place; the CA will look at them next.");
	for (size_t i = 0; i < authentication->count; i++)
		cw_challenges_describe(&authentication->parts[i].set, &text);
	if (asker->interactive)
		return asker->notify(asker->context, text.data, true, error);
	cw_log_info("%s", text.data);
	return CW_OK;
}

static void clean_next(struct cw_authentication *authentication);

static void
cleaned(void *context, const struct cw_error *error)
{
	struct part *part = context;

	if (error->status != CW_OK) {
		cw_autofree char *line = cw_error_line(error);

		cw_log_warning("cleaning up after the challenges: %s", line);
	}
	clean_next(part->authentication);
}

/* The last that performed first. */
static void
clean_next(struct cw_authentication *authentication)
{
	while (authentication->next < authentication->count) {
		struct part *part =
			&authentication->parts[authentication->count - 1 - authentication->next++];

		if (!part->performed || part->host != NULL)
			continue;
		part->performed = false;
		/* One that died is cleaned up after by the records that it left. */
		if (!cw_plugin_process_is_alive(cw_job_plugin_process(part->plugin)))
			continue;
		cw_plugin_process_cleanup(cw_job_plugin_process(part->plugin), cleaned, part);
		return;
	}
	for (size_t i = 0; i < authentication->count; i++)
		cw_challenge_set_clear(&authentication->parts[i].set);
	end_step(authentication, NULL);
}

void
cw_authentication_cleanup(struct cw_authentication *authentication, cw_authentication_done done,
			  void *context)
{
	bool any = false;

	begin_step(authentication, done, context);
	for (size_t i = 0; i < authentication->count; i++) {
		struct part *part = &authentication->parts[i];

		if (part->performed && part->host != NULL) {
			part->performed = false;
			part->host->remove(part->host->context, part->set.slots, part->set.count);
		}
		any |= part->performed &&
		       cw_plugin_process_is_alive(cw_job_plugin_process(part->plugin));
	}
	if (any) {
		clean_next(authentication);
		return;
	}
	for (size_t i = 0; i < authentication->count; i++) {
		authentication->parts[i].performed = false;
		cw_challenge_set_clear(&authentication->parts[i].set);
	}
	end_step_soon(authentication);
}

void
cw_authentication_interrupt(struct cw_authentication *authentication)
{
	authentication->interrupted = true;
	if (authentication->looking) {
		cw_persistence_free(cw_take(&authentication->persistence));
		records_known(authentication);
	}
	for (size_t i = 0; i < authentication->count; i++) {
		const struct part *part = &authentication->parts[i];

		if (part->host != NULL)
			part->host->interrupt(part->host->context);
		if (part->plugin != NULL)
			cw_plugin_process_interrupt(cw_job_plugin_process(part->plugin),
						    INTERRUPT_LIMIT);
	}
}

bool
cw_authentication_died(const struct cw_authentication *authentication)
{
	return authentication->died;
}
