#include "flow/issue/authentication.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/issue/challenges.h"

/* One plugin. */
struct part {
	const char *plugin;
	struct cw_instance *instance; /* NULL: it could not be opened */
	struct cw_error error;        /* why it is of no use */
	struct cw_challenge_set set;
	bool performed;
};

struct cw_authentication {
	struct part *parts;
	size_t count;
	struct cw_strv plugins;
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

static int
open_part(struct cw_context *context, const struct cw_services *services,
	  const struct cw_request *request, struct part *part, struct cw_error *error)
{
	struct cw_module *module = NULL;
	int status = cw_registry_open(context->registry, part->plugin, &module, error);

	if (status == CW_OK)
		status = cw_module_add_options(module, context->options, error);
	if (status == CW_OK)
		status = cw_instance_open(module, services, request->settings, &part->instance,
					  error);
	if (status == CW_OK)
		status = cw_instance_prepare(part->instance, error);
	return status;
}

static bool
can_do_without_names(const struct cw_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (cw_settings_flag(batch->requests[i]->settings, "allow_subset_of_names"))
			return true;
	return false;
}

int
cw_authentication_open(struct cw_context *context, const struct cw_services *services,
		       const struct cw_batch *batch, struct cw_authentication **authentication,
		       struct cw_error *error)
{
	struct cw_authentication *made = cw_alloc(sizeof(*made));

	*authentication = made;
	for (size_t i = 0; i < batch->count; i++)
		add_plugins(batch->requests[i], &made->plugins);
	cw_strv_sort(&made->plugins);
	made->count = made->plugins.count;
	made->parts = cw_calloc(made->count, sizeof(*made->parts));
	for (size_t i = 0; i < made->count; i++) {
		struct part *part = &made->parts[i];
		int status;

		part->plugin = made->plugins.items[i];
		status = open_part(context, services, batch->requests[0], part, &part->error);
		if (status < 0 && (made->count == 1 || !can_do_without_names(batch)))
			return cw_error_move(error, &part->error);
	}
	return CW_OK;
}

void
cw_authentication_close(struct cw_authentication *authentication)
{
	if (authentication == NULL)
		return;
	for (size_t i = authentication->count; i-- > 0;) {
		struct part *part = &authentication->parts[i];

		cw_instance_close(part->instance);
		cw_error_clear(&part->error);
		cw_challenge_set_clear(&part->set);
	}
	free(authentication->parts);
	cw_strv_clear(&authentication->plugins);
	free(authentication);
}

static struct part *
part_for(struct cw_authentication *authentication, const struct cw_request *request,
	 const struct cw_acme_authorization *authorization)
{
	cw_autofree char *name = cw_format("%s%s", authorization->wildcard ? "*." : "",
					   authorization->identifier.value);
	const char *plugin = plugin_of(request, name);
	size_t index = 0;

	while (strcmp(authentication->parts[index].plugin, plugin) != 0)
		index++;
	return &authentication->parts[index];
}

/* True when every pending authorization has a challenge now. */
static bool
choose_all(struct cw_authentication *authentication, const struct cw_request *request,
	   struct cw_acme_order *order)
{
	bool only = authentication->count == 1;
	bool complete = true;

	for (size_t i = 0; i < order->authorization_count; i++) {
		struct cw_acme_authorization *authorization = order->authorizations[i];
		struct part *part;

		if (authorization->state != CW_ACME_PENDING)
			continue;
		part = part_for(authentication, request, authorization);
		if (part->error.status == CW_OK) {
			cw_challenges_choose(&part->set, part->instance, part->plugin, only,
					     request, authorization);
		} else {
			cw_error_copy(&authorization->error, &part->error);
			cw_error_set_identifier(&authorization->error,
						authorization->identifier.value);
		}
		complete &= authorization->error.status == CW_OK;
	}
	return complete;
}

void
cw_authentication_choose(struct cw_authentication *authentication, const struct cw_request *request,
			 struct cw_acme_order *order)
{
	cw_autofree size_t *before = cw_calloc(authentication->count, sizeof(*before));
	bool complete;

	for (size_t i = 0; i < authentication->count; i++)
		before[i] = authentication->parts[i].set.count;
	complete = choose_all(authentication, request, order);
	for (size_t i = 0; i < authentication->count; i++) {
		if (complete)
			cw_challenges_share_identifiers(&authentication->parts[i].set, before[i]);
		else
			cw_challenges_truncate(&authentication->parts[i].set, before[i]);
	}
}

void
cw_authentication_perform(struct cw_authentication *authentication)
{
	int status = CW_OK;

	for (size_t i = 0; i < authentication->count && status != CW_E_CANCELLED; i++) {
		struct part *part = &authentication->parts[i];

		if (part->set.count == 0)
			continue;
		part->performed = true;
		/* The failure of the whole call stands in every slot too. */
		status =
			cw_instance_perform(part->instance, part->set.slots, part->set.count, NULL);
		cw_challenges_take_results(&part->set);
	}
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

void
cw_authentication_cleanup(struct cw_authentication *authentication)
{
	for (size_t i = authentication->count; i-- > 0;) {
		struct part *part = &authentication->parts[i];
		cw_auto_error struct cw_error error = {0};

		if (part->performed && cw_instance_cleanup(part->instance, part->set.slots,
							   part->set.count, &error) < 0) {
			cw_autofree char *line = cw_error_line(&error);

			cw_log_warning("cleaning up after the challenges: %s", line);
		}
		part->performed = false;
		cw_challenge_set_clear(&part->set);
	}
}
