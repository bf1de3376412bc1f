#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/issue/authentication_internal.h"
#include "flow/issue/host.h"
#include "flow/issue/persistence.h"

/* Milliseconds that a plugin gets to end what it does after a signal. */
#define INTERRUPT_LIMIT 20000

static void
add_plugins(const struct cw_request *request, struct cw_strv *plugins)
{
	cw_auto_strv struct cw_strv names = {0};

	cw_names_all(&request->names, &names);
	for (size_t i = 0; i < names.count; i++)
		cw_strv_add_unique(plugins, cw_authentication_plugin(request, names.items[i]));
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
		cw_authentication_forget_types(part);
	}
	cw_loop_cancel(cw_job_context(authentication->job)->loop, authentication->soon);
	cw_persistence_free(authentication->persistence);
	free(authentication->parts);
	cw_strv_clear(&authentication->plugins);
	free(authentication);
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
		cw_authentication_end_step(authentication, &part->error);
	else
		open_next(authentication);
}

static void
open_next(struct cw_authentication *authentication)
{
	struct part *part = &authentication->parts[authentication->next];

	if (authentication->next == authentication->count) {
		cw_authentication_end_step(authentication, NULL);
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
	cw_authentication_begin_step(authentication, done, context);
	if (authentication->count == 1 && authentication->parts[0].host != NULL)
		cw_authentication_end_step_soon(authentication);
	else
		open_next(authentication);
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
		cw_authentication_note_death(part);
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
	cw_authentication_end_step(authentication, NULL);
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
	cw_authentication_begin_step(authentication, done, context);
	if (has_challenges(authentication) && !authentication->interrupted)
		perform_next(authentication);
	else
		cw_authentication_end_step_soon(authentication);
}

bool
cw_authentication_resume(struct cw_authentication *authentication,
			 const struct cw_request *const *requests,
			 struct cw_acme_order *const *orders, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < orders[i]->authorization_count; j++) {
			struct cw_acme_authorization *authorization = orders[i]->authorizations[j];
			struct part *part =
				cw_authentication_part(authentication, requests[i], authorization);

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
	cw_authentication_end_step(authentication, NULL);
}

void
cw_authentication_cleanup(struct cw_authentication *authentication, cw_authentication_done done,
			  void *context)
{
	bool any = false;

	cw_authentication_begin_step(authentication, done, context);
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
	cw_authentication_end_step_soon(authentication);
}

void
cw_authentication_interrupt(struct cw_authentication *authentication)
{
	authentication->interrupted = true;
	cw_authentication_stop_looking(authentication);
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
