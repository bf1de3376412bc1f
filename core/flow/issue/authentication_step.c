/* The parts of an authentication, and how its steps begin and end. */
#include <stdlib.h>
#include <string.h>
#include "flow/issue/authentication_internal.h"

const char *
cw_authentication_plugin(const struct cw_request *request, const char *name)
{
	const char *mapped = cw_settings_map_get(request->settings, "authenticator_map", name);

	return mapped != NULL ? mapped : request->authenticator;
}

struct part *
cw_authentication_part(struct cw_authentication *authentication, const struct cw_request *request,
		       const struct cw_acme_authorization *authorization)
{
	cw_autofree char *name = cw_format("%s%s", authorization->wildcard ? "*." : "",
					   authorization->identifier.value);
	const char *plugin = cw_authentication_plugin(request, name);
	size_t index = 0;

	while (strcmp(authentication->parts[index].name, plugin) != 0)
		index++;
	return &authentication->parts[index];
}

void
cw_authentication_note_death(struct part *part)
{
	const struct cw_plugin_process *process = cw_job_plugin_process(part->plugin);

	if (!cw_plugin_process_is_alive(process) && !cw_plugin_process_was_silent(process))
		part->authentication->died = true;
}

void
cw_authentication_forget_types(struct part *part)
{
	for (size_t i = 0; part->types != NULL && i < part->identifiers.count; i++)
		cw_strv_clear(&part->types[i]);
	free(cw_take(&part->types));
	cw_strv_clear(&part->identifier_types);
	cw_strv_clear(&part->identifiers);
}

void
cw_authentication_begin_step(struct cw_authentication *authentication, cw_authentication_done done,
			     void *context)
{
	authentication->done = done;
	authentication->context = context;
	authentication->next = 0;
}

void
cw_authentication_end_step(struct cw_authentication *authentication, const struct cw_error *error)
{
	authentication->done(authentication->context, error);
}

static void
end_step_now(void *context)
{
	struct cw_authentication *authentication = context;

	authentication->soon = NULL;
	cw_authentication_end_step(authentication, NULL);
}

void
cw_authentication_end_step_soon(struct cw_authentication *authentication)
{
	authentication->soon = cw_loop_timer(cw_job_context(authentication->job)->loop, 0,
					     end_step_now, authentication);
}
