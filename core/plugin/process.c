/* A plugin process from its start to its end, and the calls that are made of it. */
#include "plugin/process.h"
#include <signal.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/permissions.h"
#include "plugin/module_internal.h"
#include "plugin/process_internal.h"

#define WATCH_INTERVAL 1000 /* milliseconds between two looks of the watchdog */
#define LAST_WORDS 100      /* milliseconds for what a process wrote before it ended */

/* The end of the call under way. The process may be gone afterwards. */
static void
end_call(struct cw_plugin_process *process, const struct cw_error *error)
{
	cw_plugin_done done = process->call.done;
	void *context = process->call.context;
	cw_auto_error struct cw_error copy = {0};

	if (done == NULL)
		return;
	cw_error_copy(&copy, error);
	/* Whatever the call failed of, each challenge has its result. */
	for (size_t i = 0; error->status != CW_OK && i < process->call.count; i++) {
		struct cw_challenge_slot *slot;

		if (process->call.slots == NULL)
			break;
		slot = process->call.slots[i];
		if (slot->challenge.result != CW_OK)
			continue;
		slot->challenge.result = error->status;
		cw_error_copy(&slot->error, error);
		cw_error_set_identifier(&slot->error, slot->challenge.identifier);
	}
	process->call = (struct cw_plugin_call){0};
	done(context, &copy);
}

static void
describe_end(const struct cw_plugin_process *process, struct cw_error *error)
{
	const char *name = process->module->name;
	cw_auto_error struct cw_error fate = {0};

	if (process->late) {
		cw_fail(error, CW_E_PLUGIN, "it could not be loaded within %d seconds",
			CW_PLUGIN_LOAD_LIMIT / 1000);
	} else if (process->silent) {
		cw_fail(error, CW_E_PLUGIN,
			"%s of the plugin \"%s\" did not return within --plugin-timeout and was "
			"ended",
			process->function, name);
		cw_hint(error, "see the log; the other certificates are not affected");
	} else if (process->interrupted) {
		cw_fail(error, CW_E_CANCELLED, "%s was ended after a signal", process->what);
	} else if (process->broken.status == CW_E_PROTOCOL) {
		cw_error_copy(error, &process->broken);
		error->status = CW_E_PLUGIN;
	} else {
		cw_role_fate(process->role, &fate);
		if (process->function != NULL)
			cw_fail(error, CW_E_PLUGIN, "%s in %s of the plugin \"%s\"", fate.message,
				process->function, name);
		else
			cw_fail(error, CW_E_PLUGIN, "%s", fate.message);
		cw_hint(error, "that is a defect of the plugin; report it to its authors");
	}
}

/* When nothing more comes and the process is gone: what waits for it is told. */
static void
settle(struct cw_plugin_process *process)
{
	if (!process->cut_off || !cw_role_has_ended(process->role) || process->end.status != CW_OK)
		return;
	cw_loop_cancel(process->loop, cw_take(&process->watchdog));
	describe_end(process, &process->end);
	process->left_work = process->opened;
	end_call(process, &process->end);
}

void
cw_plugin_process_cut_off(struct cw_plugin_process *process)
{
	process->cut_off = true;
	cw_plugin_process_drop_requests(process);
	if (!cw_role_has_ended(process->role))
		cw_role_stop(process->role, 0);
	settle(process);
}

static void
peer_gone(void *context, const struct cw_error *reason)
{
	struct cw_plugin_process *process = context;

	if (process->cut_off)
		return;
	cw_error_copy(&process->broken, reason);
	cw_plugin_process_cut_off(process);
}

static void
words_are_over(void *context)
{
	struct cw_plugin_process *process = context;

	process->soon = NULL;
	if (!process->cut_off)
		cw_plugin_process_cut_off(process);
}

/* Its socket may be held by what left its group; that is not waited for. */
static void
role_ended(void *context)
{
	struct cw_plugin_process *process = context;

	if (process->cut_off) {
		settle(process);
		return;
	}
	cw_loop_cancel(process->loop, process->soon);
	process->soon = cw_loop_timer(process->loop, LAST_WORDS, words_are_over, process);
}

static void
look(void *context)
{
	struct cw_plugin_process *process = context;
	int64_t now = cw_now_ms();
	int64_t silence = now - process->heard;
	bool calling = process->call.done != NULL;

	process->watchdog = NULL;
	if (process->end.status != CW_OK || (!calling && !process->opened))
		return;
	process->late = !process->loaded && silence > CW_PLUGIN_LOAD_LIMIT;
	process->silent = process->opening.time_limit > 0 && process->function != NULL &&
			  process->requests == NULL && silence > process->opening.time_limit;
	process->interrupted = process->deadline != 0 && calling && now > process->deadline;
	if (process->late || process->silent || process->interrupted)
		cw_role_stop(process->role, 0);
	process->watchdog = cw_loop_timer(process->loop, WATCH_INTERVAL, look, process);
}

int
cw_plugin_process_start(struct cw_module *module, struct cw_loop *loop,
			struct cw_plugin_process **process, struct cw_error *error)
{
	struct cw_plugin_process *made = cw_alloc(sizeof(*made));
	const struct cw_peer_handler handler = {cw_plugin_process_received, peer_gone, made};
	struct cw_role_start start = {.role = "plugin", .ended = role_ended, .context = made};
	int status;

	*process = NULL;
	made->module = module;
	made->loop = loop;
	made->what = cw_format("the process of the plugin \"%s\"", module->name);
	start.what = made->what;
	status = cw_role_start(loop, &start, &made->role, error);
	if (status != CW_OK) {
		free(made->what);
		free(made);
		return status;
	}
	made->peer = cw_peer_new(loop, cw_role_take_socket(made->role), made->what, &handler);
	*process = made;
	return CW_OK;
}

void
cw_plugin_process_free(struct cw_plugin_process *process)
{
	if (process == NULL)
		return;
	cw_plugin_process_drop_requests(process);
	cw_loop_cancel(process->loop, process->watchdog);
	cw_loop_cancel(process->loop, process->soon);
	if (process->call.done != NULL)
		cw_role_stop(process->role, 0);
	cw_peer_free(process->peer);
	cw_role_free(process->role);
	cw_undo_close(process->undo);
	cw_error_clear(&process->broken);
	cw_error_clear(&process->end);
	free(process->function);
	free(process->what);
	free(process);
}

void
cw_plugin_process_move(struct cw_plugin_process *process, struct cw_loop *loop)
{
	cw_loop_cancel(process->loop, cw_take(&process->watchdog));
	process->loop = loop;
	cw_peer_move(process->peer, loop);
	cw_role_move(process->role, loop);
}

void
cw_plugin_process_interrupt(struct cw_plugin_process *process, int64_t milliseconds)
{
	if (!cw_plugin_process_is_alive(process) || process->deadline != 0)
		return;
	kill(cw_role_pid(process->role), SIGTERM);
	process->deadline = cw_now_ms() + milliseconds;
}

bool
cw_plugin_process_is_alive(const struct cw_plugin_process *process)
{
	return !process->cut_off && !cw_role_has_ended(process->role);
}

bool
cw_plugin_process_left_work(const struct cw_plugin_process *process)
{
	return process->left_work;
}

bool
cw_plugin_process_was_silent(const struct cw_plugin_process *process)
{
	return process->silent;
}

pid_t
cw_plugin_process_pid(const struct cw_plugin_process *process)
{
	return cw_role_pid(process->role);
}

const struct cw_module *
cw_plugin_process_module(const struct cw_plugin_process *process)
{
	return process->module;
}

/* One that breaks the protocol is ended, and its call fails with that. */
static void
answered(void *context, struct cw_message **answer, const struct cw_error *error)
{
	struct cw_plugin_process *process = context;
	cw_auto_error struct cw_error failure = {0};
	bool failed;

	/* The end of the peer comes next, which says why. */
	(void)error;
	if (*answer == NULL)
		return;
	process->heard = cw_now_ms();
	cw_message_get_error(*answer, &failure);
	failed = failure.status != CW_OK;
	if (process->call.read != NULL)
		process->call.read(process, *answer, failed);
	if (cw_message_finish(*answer, process->what, &process->broken) != CW_OK)
		cw_plugin_process_cut_off(process);
	else
		end_call(process, &failure);
}

static void
fail_soon(void *context)
{
	struct cw_plugin_process *process = context;

	process->soon = NULL;
	end_call(process, &process->end);
}

/* Makes CALL by sending REQUEST. */
static void
make_call(struct cw_plugin_process *process, struct cw_message *request,
	  const struct cw_plugin_call *call)
{
	process->call = *call;
	process->heard = cw_now_ms();
	if (process->end.status != CW_OK) {
		cw_message_free(request);
		process->soon = cw_loop_timer(process->loop, 0, fail_soon, process);
		return;
	}
	cw_peer_ask(process->peer, request, answered, process);
	if (process->watchdog == NULL)
		process->watchdog = cw_loop_timer(process->loop, WATCH_INTERVAL, look, process);
}

static void
make_simple_call(struct cw_plugin_process *process, enum cw_plugin_message type,
		 cw_plugin_done done, void *context)
{
	make_call(process, cw_message_new(type),
		  &(struct cw_plugin_call){.done = done, .context = context});
}

static void
read_description(struct cw_plugin_process *process, struct cw_message *answer, bool failed)
{
	struct cw_module *module = process->module;
	struct cw_plugin_description *about;

	if (failed)
		return;
	about = cw_wire_get_description(answer);
	if (cw_module_check_options(module, (const struct cw_plugin_option *const *)about->options,
				    NULL) != CW_OK)
		answer->broken = true;
	process->loaded = !answer->broken;
	/* Those who know it already go by what it said first. */
	if (process->loaded && module->about == NULL)
		cw_module_set_description(module, about);
	else
		cw_plugin_description_free(about);
}

void
cw_plugin_process_load(struct cw_plugin_process *process, cw_plugin_done done, void *context)
{
	const struct cw_module_entry *entry =
		(const struct cw_module_entry *)(const void *)process->module;
	struct cw_message *request = cw_message_new(CW_PLUGIN_LOAD);

	cw_message_put_text(request, process->module->name);
	cw_message_put_text(request, process->module->path);
	cw_message_put_text(request, entry->preloaded);
	cw_message_put_bool(request, entry->built_in != NULL);
	cw_message_put_bool(request, process->module->certbots);
	if (process->module->certbots)
		cw_wire_put_description(request, process->module->about);
	make_call(process, request,
		  &(struct cw_plugin_call){
			  .read = read_description, .done = done, .context = context});
}

int
cw_plugin_process_take(struct cw_module *module, struct cw_loop *loop,
		       struct cw_plugin_process **process, struct cw_error *error)
{
	struct cw_module_entry *entry = (struct cw_module_entry *)(void *)module;
	struct cw_plugin_process *kept = cw_take(&entry->process);

	if (kept == NULL || !cw_plugin_process_is_alive(kept)) {
		cw_plugin_process_free(kept);
		return cw_plugin_process_start(module, loop, process, error);
	}
	cw_plugin_process_move(kept, loop);
	*process = kept;
	return CW_OK;
}

static void
read_missing(struct cw_plugin_process *process, struct cw_message *answer, bool failed)
{
	cw_auto_strv struct cw_strv missing = {0};

	process->opened = !failed;
	if (failed)
		return;
	cw_message_get_list(answer, CW_MESSAGE_ITEMS, CW_MESSAGE_LINE, &missing);
	for (size_t i = 0; i < missing.count; i++)
		cw_log_debug("%s keeps rights that it does not need: %s", process->what,
			     missing.items[i]);
}

static void
send_open(struct cw_plugin_process *process)
{
	const struct cw_plugin_opening *opening = &process->opening;
	struct cw_message *request = cw_message_new(CW_PLUGIN_OPEN);
	struct cw_plugin_settings others = {
		.directories = *opening->directories,
		.interactive = opening->interactive,
		.only_open = opening->only_open,
		.lock_timeout = opening->lock_timeout,
		.strict_permissions = cw_permissions_are_strict(),
		.user = cw_strdup(opening->user),
		.require_sandbox = opening->require_sandbox,
		.without_landlock = opening->without_landlock,
		.without_seccomp = opening->without_seccomp,
		.points = opening->handlers != NULL && opening->handlers->point != NULL,
	};

	cw_wire_put_settings(request, process->module, opening->settings, &others);
	free(others.user);
	/* From now on it may leave something behind. */
	process->opened = true;
	make_call(process, request,
		  &(struct cw_plugin_call){.read = read_missing,
					   .done = process->open_done,
					   .context = process->open_context});
}

static void
loaded(void *context, const struct cw_error *error)
{
	struct cw_plugin_process *process = context;

	if (error->status == CW_OK)
		send_open(process);
	else
		process->open_done(process->open_context, error);
}

void
cw_plugin_process_open(struct cw_plugin_process *process, const struct cw_plugin_opening *opening,
		       cw_plugin_done done, void *context)
{
	process->opening = *opening;
	process->open_done = done;
	process->open_context = context;
	if (process->loaded || process->end.status != CW_OK)
		send_open(process);
	else
		cw_plugin_process_load(process, loaded, process);
}

static void
read_types(struct cw_plugin_process *process, struct cw_message *answer, bool failed)
{
	for (size_t i = 0; !failed && i < process->call.count; i++)
		cw_message_get_list(answer, CW_PLUGIN_TYPES_MAX, CW_MESSAGE_NAME,
				    &process->call.lists[i]);
}

void
cw_plugin_process_types(struct cw_plugin_process *process, const struct cw_strv *identifier_types,
			const struct cw_strv *identifiers, struct cw_strv *types,
			cw_plugin_done done, void *context)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_TYPES);

	cw_message_put_list(request, identifier_types);
	cw_message_put_list(request, identifiers);
	make_call(process, request,
		  &(struct cw_plugin_call){.read = read_types,
					   .done = done,
					   .context = context,
					   .lists = types,
					   .count = identifiers->count});
}

static void
read_results(struct cw_plugin_process *process, struct cw_message *answer, bool failed)
{
	/* Where nothing was performed at all there are none. */
	if (!failed || answer->read < answer->fields.length)
		cw_wire_get_results(answer, process->call.slots, process->call.count);
}

void
cw_plugin_process_perform(struct cw_plugin_process *process, struct cw_challenge_slot *const *slots,
			  size_t count, cw_plugin_done done, void *context)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_PERFORM);

	for (size_t i = 0; i < count; i++) {
		slots[i]->challenge.result = CW_OK;
		cw_error_clear(&slots[i]->error);
	}
	cw_wire_put_challenges(request, slots, count);
	make_call(process, request,
		  &(struct cw_plugin_call){.read = read_results,
					   .done = done,
					   .context = context,
					   .slots = slots,
					   .count = count});
}

void
cw_plugin_process_cleanup(struct cw_plugin_process *process, cw_plugin_done done, void *context)
{
	make_simple_call(process, CW_PLUGIN_CLEANUP, done, context);
}

static void
read_names(struct cw_plugin_process *process, struct cw_message *answer, bool failed)
{
	if (!failed)
		cw_message_get_list(answer, CW_MESSAGE_ITEMS, CW_MESSAGE_NAME, process->call.lists);
}

void
cw_plugin_process_names(struct cw_plugin_process *process, struct cw_strv *names,
			cw_plugin_done done, void *context)
{
	make_call(process, cw_message_new(CW_PLUGIN_NAMES),
		  &(struct cw_plugin_call){
			  .read = read_names, .done = done, .context = context, .lists = names});
}

static void
read_outcome(struct cw_plugin_process *process, struct cw_message *answer, bool failed)
{
	struct cw_installation_outcome *outcome = process->call.outcome;

	/* Where nothing was carried out at all there is none. */
	if (failed && answer->read == answer->fields.length)
		return;
	outcome->deployed = cw_message_get_bool(answer);
	outcome->enhanced = cw_message_get_bool(answer);
	outcome->changed = cw_message_get_bool(answer);
	outcome->unneeded = (uint64_t)cw_message_get_int(answer, INT64_MIN, INT64_MAX);
}

void
cw_plugin_process_install(struct cw_plugin_process *process,
			  const struct cw_installation *installation,
			  struct cw_installation_outcome *outcome, cw_plugin_done done,
			  void *context)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_INSTALL);

	*outcome = (struct cw_installation_outcome){0};
	cw_wire_put_installation(request, installation);
	make_call(process, request,
		  &(struct cw_plugin_call){.read = read_outcome,
					   .done = done,
					   .context = context,
					   .outcome = outcome});
}

void
cw_plugin_process_check(struct cw_plugin_process *process,
			const struct cw_installation *installation, cw_plugin_done done,
			void *context)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_CHECK);

	cw_wire_put_installation(request, installation);
	make_call(process, request, &(struct cw_plugin_call){.done = done, .context = context});
}

static void
read_updates(struct cw_plugin_process *process, struct cw_message *answer, bool failed)
{
	/* Where nothing was carried out at all there are none. */
	if (failed && answer->read == answer->fields.length)
		return;
	for (size_t i = 0; i < process->call.count; i++)
		cw_message_get_error(answer, &process->call.updates[i].error);
}

void
cw_plugin_process_update(struct cw_plugin_process *process, struct cw_update *updates, size_t count,
			 cw_plugin_done done, void *context)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_UPDATE);

	cw_message_put_int(request, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		cw_error_clear(&updates[i].error);
		cw_wire_put_installation(request, updates[i].installation);
	}
	make_call(process, request,
		  &(struct cw_plugin_call){.read = read_updates,
					   .done = done,
					   .context = context,
					   .updates = updates,
					   .count = count});
}

void
cw_plugin_process_reload(struct cw_plugin_process *process, cw_plugin_done done, void *context)
{
	make_simple_call(process, CW_PLUGIN_RELOAD, done, context);
}

void
cw_plugin_process_undo(struct cw_plugin_process *process, const char *data, cw_plugin_done done,
		       void *context)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_UNDO);

	cw_message_put_text(request, data);
	make_call(process, request, &(struct cw_plugin_call){.done = done, .context = context});
}

static void
note_close(struct cw_plugin_process *process, struct cw_message *answer, bool failed)
{
	(void)answer;
	if (!failed)
		process->opened = false;
}

void
cw_plugin_process_close(struct cw_plugin_process *process, cw_plugin_done done, void *context)
{
	make_call(process, cw_message_new(CW_PLUGIN_CLOSE),
		  &(struct cw_plugin_call){.read = note_close, .done = done, .context = context});
}
