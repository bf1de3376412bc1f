/* What an instance in a plugin process stands on: the coordinator, and for plugins with the user's
 * rights this process itself. */
#include <poll.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "plugin/worker_internal.h"

#define BEAT_INTERVAL 1000 /* milliseconds */

static const char coordinator[] = "the coordinating process";

void
cw_worker_log(void *context, enum cw_log_level level, const char *line)
{
	struct cw_worker *worker = context;
	struct cw_message *notice = cw_message_new(CW_PLUGIN_LOG);
	cw_autofree char *text = cw_memdup(line, strnlen(line, CW_MESSAGE_LINE));

	cw_message_put_int(notice, level);
	cw_message_put_text(notice, text);
	cw_peer_tell(worker->peer, notice);
}

static void
beat(void *context)
{
	struct cw_worker *worker = context;

	worker->beat = NULL;
	if (!worker->in_call)
		return;
	cw_peer_tell(worker->peer, cw_message_new(CW_PLUGIN_BEAT));
	worker->beat = cw_loop_timer(worker->loop, BEAT_INTERVAL, beat, worker);
}

static void
in_call(void *context, const char *plugin, const char *call)
{
	struct cw_worker *worker = context;
	struct cw_message *notice = cw_message_new(CW_PLUGIN_CALL);

	(void)plugin;
	cw_message_put_text(notice, call);
	cw_peer_tell(worker->peer, notice);
	/* Before a crash, too, it must have left. */
	cw_peer_flush(worker->peer);
	worker->in_call = call != NULL;
	if (worker->in_call && worker->beat == NULL)
		worker->beat = cw_loop_timer(worker->loop, BEAT_INTERVAL, beat, worker);
}

static void
still_busy(void *context)
{
	struct cw_worker *worker = context;

	cw_peer_tell(worker->peer, cw_message_new(CW_PLUGIN_BEAT));
	/* The plugin may compute on, without a turn of the loop. */
	cw_peer_flush(worker->peer);
}

struct waiting {
	struct cw_message *answer;
	struct cw_error error;
	bool done;
};

static void
answered(void *context, struct cw_message **answer, const struct cw_error *error)
{
	struct waiting *waiting = context;

	waiting->done = true;
	if (*answer != NULL)
		waiting->answer = cw_take(answer);
	else
		cw_error_copy(&waiting->error, error);
}

/* Waits with the loop turning, so that what the plugin watches is served. */
static int
ask_turning(struct cw_worker *worker, struct cw_message *request, struct cw_message **answer,
	    struct cw_error *error)
{
	struct waiting waiting = {.done = false};
	uint32_t number = cw_peer_ask(worker->peer, request, answered, &waiting);
	int status = cw_loop_until(worker->loop, &waiting.done, error);

	if (!waiting.done)
		cw_peer_forget(worker->peer, number);
	if (status == CW_OK && waiting.error.status != CW_OK)
		status = waiting.error.status;
	if (error != NULL && waiting.error.status != CW_OK)
		cw_error_move(error, &waiting.error);
	cw_error_clear(&waiting.error);
	*answer = waiting.answer;
	return status;
}

static int
ask(void *context, struct cw_message *request, bool turn, struct cw_message **answer,
    struct cw_error *error)
{
	struct cw_worker *worker = context;
	cw_auto_error struct cw_error failure = {0};
	int status;

	*answer = NULL;
	if (turn)
		status = ask_turning(worker, request, answer, error);
	else
		status = cw_peer_ask_now(worker->peer, request, answer, error);
	if (status != CW_OK)
		return status;
	cw_message_get_error(*answer, &failure);
	if (failure.status == CW_OK)
		return CW_OK;
	cw_message_free(*answer);
	*answer = NULL;
	status = failure.status;
	if (error != NULL)
		cw_error_move(error, &failure);
	return status;
}

/* A request whose answer says nothing but whether it went well. */
static int
ask_simply(struct cw_worker *worker, struct cw_message *request, bool turn, struct cw_error *error)
{
	cw_auto_message struct cw_message *answer = NULL;
	int status = ask(worker, request, turn, &answer, error);

	return status == CW_OK ? cw_message_finish(answer, coordinator, error) : status;
}

/* Waits for the answer: until then the plugin does nothing more. */
static int
reach_point(void *context, const char *call, const char *service, struct cw_error *error)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_POINT);

	cw_message_put_text(request, call);
	cw_message_put_text(request, service);
	return ask_simply(context, request, false, error);
}

static struct cw_message *
about_socket(enum cw_plugin_message type, const char *address, unsigned port)
{
	struct cw_message *request = cw_message_new(type);

	cw_message_put_text(request, address);
	cw_message_put_int(request, port);
	return request;
}

static int
request_socket(void *context, const char *address, unsigned port, int *descriptor,
	       struct cw_error *error)
{
	cw_auto_message struct cw_message *answer = NULL;
	struct cw_message *request = about_socket(CW_PLUGIN_LISTEN, address, port);
	int status = ask(context, request, false, &answer, error);

	if (status == CW_OK)
		status = cw_message_finish(answer, coordinator, error);
	if (status != CW_OK)
		return status;
	if (answer->descriptor < 0)
		return cw_fail(error, CW_E_IO, "no descriptor is left for a listening socket");
	*descriptor = answer->descriptor;
	answer->descriptor = -1;
	return CW_OK;
}

/* Waits for the answer: from then on no connection comes that would not be accepted. */
static void
give_socket_back(void *context, const char *address, unsigned port)
{
	ask_simply(context, about_socket(CW_PLUGIN_UNLISTEN, address, port), true, NULL);
}

static int
tell_option(void *context, const char *name, const char *key, const char *value,
	    struct cw_error *error)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_SET_OPTION);

	cw_message_put_text(request, name);
	cw_message_put_text(request, key);
	cw_message_put_text(request, value);
	return ask_simply(context, request, false, error);
}

/* Sends QUESTION, whose text is borrowed. */
static int
put_question(struct cw_worker *worker, struct cw_plugin_question *question, const char *text,
	     struct cw_plugin_reply *reply, struct cw_error *error)
{
	struct cw_message *request = cw_message_new(CW_PLUGIN_ASK);
	cw_auto_message struct cw_message *answer = NULL;
	int status;

	question->text = cw_strdup(text);
	cw_wire_put_question(request, question);
	status = ask(worker, request, false, &answer, error);
	if (status == CW_OK) {
		cw_wire_get_reply(answer, question, reply);
		status = cw_message_finish(answer, coordinator, error);
	}
	cw_plugin_question_clear(question);
	return status;
}

static int
ask_notify(void *context, const char *text, bool wait, struct cw_error *error)
{
	struct cw_plugin_question question = {.kind = CW_QUESTION_NOTIFY, .flag = wait};
	struct cw_plugin_reply reply = {0};
	int status = put_question(context, &question, text, &reply, error);

	cw_plugin_reply_clear(&reply);
	return status;
}

static int
ask_yes_no(void *context, const char *text, bool *value, struct cw_error *error)
{
	struct cw_plugin_question question = {.kind = CW_QUESTION_YES_NO, .flag = *value};
	struct cw_plugin_reply reply = {0};
	int status = put_question(context, &question, text, &reply, error);

	if (status == CW_OK)
		*value = reply.yes;
	cw_plugin_reply_clear(&reply);
	return status;
}

static int
ask_text(void *context, const char *text, bool secret, char **value, struct cw_error *error)
{
	struct cw_plugin_question question = {.kind = CW_QUESTION_TEXT, .flag = secret};
	struct cw_plugin_reply reply = {0};
	int status = put_question(context, &question, text, &reply, error);

	if (status == CW_OK)
		*value = reply.text != NULL ? cw_take(&reply.text) : cw_strdup("");
	cw_plugin_reply_clear(&reply);
	return status;
}

static int
ask_choice(void *context, const char *text, const char *const *items, size_t count, size_t *choice,
	   struct cw_error *error)
{
	struct cw_plugin_question question = {.kind = CW_QUESTION_CHOICE};
	struct cw_plugin_reply reply = {0};
	int status;

	for (size_t i = 0; i < count; i++)
		cw_strv_add(&question.items, items[i]);
	status = put_question(context, &question, text, &reply, error);
	if (status == CW_OK)
		*choice = reply.choice;
	cw_plugin_reply_clear(&reply);
	return status;
}

static void
tell_secret(void *context, const char *text)
{
	struct cw_worker *worker = context;
	struct cw_message *notice = cw_message_new(CW_PLUGIN_SECRET);

	cw_message_put_text(notice, text);
	cw_peer_tell(worker->peer, notice);
}

/* Where this cannot be written, no file can be edited either. */
static void
mark_presence(struct cw_worker *worker)
{
	cw_auto_error struct cw_error error = {0};

	if (worker->settings.directories.work == NULL)
		return;
	if (cw_presence_mark(worker->settings.directories.work, &worker->presence, &error) < 0)
		cw_log_debug("%s", error.message);
}

/* The answer to OPEN tells what the sandbox lacks. */
static int
restrict_to(void *context, enum cw_rights rights, struct cw_error *error)
{
	/* Where a descriptor is held back for bad times (standalone's), it is one of this. */
	static const char *const readable[] = {"/dev/null", NULL};
	struct cw_worker *worker = context;
	const struct cw_plugin_settings *settings = &worker->settings;
	struct cw_sandbox sandbox = {
		.user = settings->user,
		.readable = readable,
		.network = rights == CW_RIGHTS_NETWORK,
		.without_landlock = settings->without_landlock,
		.without_seccomp = settings->without_seccomp,
	};
	int status;

	if (worker->restricted && rights < worker->rights)
		return cw_fail(error, CW_E_PLUGIN,
			       "the process of the plugin \"%s\" has given up rights that are "
			       "needed now",
			       worker->entry->module.name);
	if (rights == CW_RIGHTS_USER) {
		worker->services.undo = cw_undo_open(settings->directories.work);
		mark_presence(worker);
		return CW_OK;
	}
	worker->services.restricted = true;
	if (worker->restricted)
		return CW_OK;
	worker->restricted = true;
	worker->rights = rights;
	status = cw_sandbox_enter(&sandbox, &worker->missing, error);
	if (status != CW_OK || !settings->require_sandbox || worker->missing.count == 0)
		return status;
	status = cw_fail(error, CW_E_UNSUPPORTED,
			 "the process of the plugin \"%s\" cannot give up its rights: %s",
			 worker->entry->module.name, worker->missing.items[0]);
	cw_hint(error, "leave --require-sandbox out to go on without");
	return status;
}

void
cw_worker_fill_services(struct cw_worker *worker)
{
	worker->asker = (struct cw_asker){
		.interactive = worker->settings.interactive,
		.notify = ask_notify,
		.yes_no = ask_yes_no,
		.text = ask_text,
		.choice = ask_choice,
		.context = worker,
	};
	worker->services = (struct cw_services){
		.loop = worker->loop,
		.directories = &worker->settings.directories,
		.asker = &worker->asker,
		.lock_timeout = worker->settings.lock_timeout,
		.ask = ask,
		.listen = request_socket,
		.unlisten = give_socket_back,
		.set_option = tell_option,
		.secret = tell_secret,
		.restrict_to = restrict_to,
		.in_call = in_call,
		.still_busy = still_busy,
		.point = worker->settings.points ? reach_point : NULL,
		.context = worker,
	};
}

void
cw_worker_clear_services(struct cw_worker *worker)
{
	cw_undo_close(cw_take(&worker->services.undo));
	if (worker->presence >= 0)
		close(worker->presence);
	worker->presence = -1;
}
