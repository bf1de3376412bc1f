/* The plugin process: one request of the coordinator after the other, each a few calls into the
 * plugin. Between them, the loop serves what the plugin watches. */
#include "plugin/worker.h"
#include <stdlib.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/permissions.h"
#include "plugin/worker_internal.h"

static const char coordinator[] = "the coordinating process";

static struct cw_message *
answer_of(const struct cw_error *error)
{
	struct cw_message *answer = cw_message_new(CW_PLUGIN_ANSWER);

	cw_message_put_error(answer, error);
	return answer;
}

/*
 * What there is to do for a request: reads all fields of REQUEST and finishes it, does it, and
 * makes the answer. Where that begins with an error that was put by the caller, NULL is returned.
 */
typedef struct cw_message *(*duty)(struct cw_worker *worker, struct cw_message *request,
				   struct cw_error *error);

static int
finish(const struct cw_message *request, struct cw_error *error)
{
	return cw_message_finish(request, coordinator, error);
}

static struct cw_message *
do_load(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	cw_autofree char *name = cw_message_need_text(request, CW_MESSAGE_NAME);
	cw_autofree char *path = cw_message_need_text(request, CW_MESSAGE_LINE);
	cw_autofree char *preloaded = cw_message_get_text(request, CW_MESSAGE_LINE);
	bool built_in = cw_message_get_bool(request);
	bool certbots = cw_message_get_bool(request);
	struct cw_plugin_description *about = certbots ? cw_wire_get_description(request) : NULL;
	const struct cw_plugin *plugin;
	struct cw_message *answer;

	if (finish(request, error) != CW_OK || worker->entry != NULL) {
		cw_plugin_description_free(about);
		return NULL;
	}
	worker->entry = cw_module_new(name, path);
	worker->entry->module.certbots = certbots;
	worker->entry->preloaded = cw_take(&preloaded);
	if (built_in)
		worker->entry->built_in = cw_null_installer;
	if (cw_module_load(&worker->entry->module, &plugin, error) != CW_OK) {
		cw_plugin_description_free(about);
		return NULL;
	}
	cw_module_set_description(&worker->entry->module,
				  about != NULL ? about : cw_plugin_describe(plugin));
	answer = answer_of(NULL);
	cw_wire_put_description(answer, worker->entry->module.about);
	return answer;
}

static void
close_instance(struct cw_worker *worker)
{
	cw_instance_close(cw_take(&worker->instance));
	cw_plugin_challenges_clear(&worker->challenges);
	worker->performed = false;
	cw_worker_clear_services(worker);
	cw_plugin_settings_clear(&worker->settings);
}

static struct cw_message *
do_open(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	struct cw_message *answer;
	int status;

	close_instance(worker);
	cw_wire_get_settings(request, &worker->entry->module, &worker->settings);
	status = finish(request, error);
	if (status == CW_OK) {
		cw_permissions_set_strict(worker->settings.strict_permissions);
		cw_worker_fill_services(worker);
		status = cw_instance_open(&worker->entry->module, &worker->services,
					  worker->settings.values, &worker->instance, error);
	}
	if (status == CW_OK && !worker->settings.only_open)
		status = cw_instance_prepare(worker->instance, error);
	if (status != CW_OK) {
		close_instance(worker);
		return NULL;
	}
	answer = answer_of(NULL);
	cw_message_put_list(answer, &worker->missing);
	cw_strv_clear(&worker->missing);
	return answer;
}

static struct cw_message *
do_types(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	cw_auto_strv struct cw_strv kinds = {0}, identifiers = {0};
	struct cw_message *answer;

	cw_message_get_list(request, CW_PLUGIN_CHALLENGES_MAX, CW_MESSAGE_NAME, &kinds);
	cw_message_get_list(request, CW_PLUGIN_CHALLENGES_MAX, CW_MESSAGE_NAME, &identifiers);
	if (kinds.count != identifiers.count)
		request->broken = true;
	if (finish(request, error) != CW_OK)
		return NULL;
	answer = answer_of(NULL);
	for (size_t i = 0; i < kinds.count; i++) {
		cw_auto_strv struct cw_strv types = {0};

		cw_instance_challenge_types(worker->instance, kinds.items[i], identifiers.items[i],
					    &types);
		cw_message_put_list(answer, &types);
	}
	return answer;
}

static struct cw_message *
do_perform(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	struct cw_plugin_challenges *challenges = &worker->challenges;
	struct cw_message *answer;

	cw_plugin_challenges_clear(challenges);
	cw_wire_get_challenges(request, challenges);
	if (finish(request, error) != CW_OK)
		return NULL;
	worker->performed = true;
	cw_instance_perform(worker->instance, challenges->slots, challenges->count, error);
	answer = answer_of(error);
	cw_wire_put_results(answer, challenges->slots, challenges->count);
	return answer;
}

static struct cw_message *
do_cleanup(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	struct cw_plugin_challenges *challenges = &worker->challenges;

	if (finish(request, error) != CW_OK || !worker->performed)
		return NULL;
	worker->performed = false;
	cw_instance_cleanup(worker->instance, challenges->slots, challenges->count, error);
	cw_plugin_challenges_clear(challenges);
	return NULL;
}

static struct cw_message *
do_names(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	struct cw_message *answer;

	if (finish(request, error) != CW_OK ||
	    cw_instance_names(worker->instance, &names, error) != CW_OK)
		return NULL;
	answer = answer_of(NULL);
	cw_message_put_list(answer, &names);
	return answer;
}

static struct cw_message *
do_install(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	struct cw_installation installation = {0};
	struct cw_installation_outcome outcome;
	struct cw_message *answer = NULL;

	cw_wire_get_installation(request, &installation);
	if (finish(request, error) == CW_OK) {
		cw_installation_carry_out(worker->instance, &installation, &outcome, error);
		answer = answer_of(error);
		cw_message_put_bool(answer, outcome.deployed);
		cw_message_put_bool(answer, outcome.enhanced);
		cw_message_put_bool(answer, outcome.changed);
		cw_message_put_int(answer, (int64_t)outcome.unneeded);
	}
	cw_installation_clear(&installation);
	return answer;
}

static struct cw_message *
do_check(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	struct cw_installation installation = {0};

	cw_wire_get_installation(request, &installation);
	if (finish(request, error) == CW_OK)
		cw_installation_check(worker->instance, &installation, error);
	cw_installation_clear(&installation);
	return NULL;
}

static void
clear_updates(struct cw_update *updates, struct cw_installation *installations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cw_installation_clear(&installations[i]);
		cw_error_clear(&updates[i].error);
	}
}

static struct cw_message *
do_update(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	size_t count = cw_message_get_count(request, CW_PLUGIN_UPDATES_MAX);
	cw_autofree struct cw_installation *installations =
		cw_calloc(count + 1, sizeof(*installations));
	cw_autofree struct cw_update *updates = cw_calloc(count + 1, sizeof(*updates));
	struct cw_message *answer = NULL;

	for (size_t i = 0; i < count; i++) {
		cw_wire_get_installation(request, &installations[i]);
		updates[i].installation = &installations[i];
	}
	if (finish(request, error) == CW_OK) {
		cw_installation_update(worker->instance, updates, count, error);
		answer = answer_of(error);
		for (size_t i = 0; i < count; i++)
			cw_message_put_error(answer, &updates[i].error);
	}
	clear_updates(updates, installations, count);
	return answer;
}

static struct cw_message *
do_reload(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	if (finish(request, error) == CW_OK &&
	    cw_instance_config_test(worker->instance, error) == CW_OK)
		cw_instance_reload(worker->instance, error);
	return NULL;
}

static struct cw_message *
do_undo(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	cw_autofree char *data = cw_message_need_text(request, CW_PLUGIN_UNDO_MAX);

	if (finish(request, error) == CW_OK)
		cw_instance_undo(worker->instance, data, error);
	return NULL;
}

static struct cw_message *
do_close(struct cw_worker *worker, struct cw_message *request, struct cw_error *error)
{
	if (finish(request, error) == CW_OK)
		close_instance(worker);
	return NULL;
}

static const struct {
	enum cw_plugin_message type;
	duty duty;
	bool loaded, opened; /* what must have been done before */
	bool shielded;       /* also after a signal */
} duties[] = {
	{CW_PLUGIN_LOAD, do_load, false, false, false},
	{CW_PLUGIN_OPEN, do_open, true, false, false},
	{CW_PLUGIN_TYPES, do_types, true, true, false},
	{CW_PLUGIN_PERFORM, do_perform, true, true, false},
	{CW_PLUGIN_CLEANUP, do_cleanup, true, true, true},
	{CW_PLUGIN_NAMES, do_names, true, true, false},
	{CW_PLUGIN_INSTALL, do_install, true, true, false},
	{CW_PLUGIN_CHECK, do_check, true, true, false},
	{CW_PLUGIN_UPDATE, do_update, true, true, false},
	{CW_PLUGIN_RELOAD, do_reload, true, true, false},
	{CW_PLUGIN_UNDO, do_undo, true, true, true},
	{CW_PLUGIN_CLOSE, do_close, true, false, true},
};

/* The coordinator sends nothing but what has its place here. */
static void
received(void *context, struct cw_message *message)
{
	struct cw_worker *worker = context;
	cw_auto_message struct cw_message *request = message;
	cw_auto_error struct cw_error error = {0};
	struct cw_message *answer = NULL;

	for (size_t i = 0; i < CW_COUNT(duties); i++) {
		if (duties[i].type != request->type || worker->busy ||
		    (duties[i].loaded && worker->entry == NULL) ||
		    (duties[i].opened && worker->instance == NULL))
			continue;
		worker->busy = true;
		if (!duties[i].shielded)
			cw_shield_signals(-1);
		answer = duties[i].duty(worker, request, &error);
		if (!duties[i].shielded)
			cw_shield_signals(+1);
		worker->busy = false;
		cw_peer_answer(worker->peer, request, answer != NULL ? answer : answer_of(&error));
		return;
	}
	cw_fail(&error, CW_E_PROTOCOL, "%s sent a message out of its turn (type %u)", coordinator,
		request->type);
	cw_peer_answer(worker->peer, request, answer_of(&error));
}

/* Without the coordinator what was begun is undone, and nothing else. */
static void
gone(void *context, const struct cw_error *reason)
{
	struct cw_worker *worker = context;

	(void)reason;
	worker->over = true;
}

static void
die_of_nomem(void)
{
	static const char text[] = "out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(EXIT_FAILURE);
}

static void
clean_up(struct cw_worker *worker)
{
	struct cw_plugin_challenges *challenges = &worker->challenges;

	if (worker->performed && worker->instance != NULL)
		cw_instance_cleanup(worker->instance, challenges->slots, challenges->count, NULL);
	close_instance(worker);
	cw_log_set_terminal(NULL, NULL, CW_LOG_ERROR);
	cw_strv_clear(&worker->missing);
	cw_module_free(worker->entry);
	cw_loop_cancel(worker->loop, worker->beat);
	cw_peer_free(worker->peer);
	cw_loop_free(worker->loop);
}

int
cw_plugin_main(int socket)
{
	struct cw_worker worker = {.loop = cw_loop_new(), .presence = -1};
	const struct cw_peer_handler handler = {received, gone, &worker};

	cw_set_nomem_handler(die_of_nomem);
	cw_catch_signals();
	/* A signal ends the call under way; the process ends with the coordinator's word. */
	cw_shield_signals(+1);
	worker.peer = cw_peer_new(worker.loop, socket, coordinator, &handler);
	cw_log_set_terminal(cw_worker_log, &worker, CW_LOG_DEBUG);
	while (!worker.over)
		cw_loop_turn(worker.loop, -1, NULL);
	clean_up(&worker);
	return EXIT_SUCCESS;
}
