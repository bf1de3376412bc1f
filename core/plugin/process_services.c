/* What a plugin process asks of the coordinator, and what it says. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/instance_internal.h"
#include "plugin/process_internal.h"
#include "store/state.h"

enum { SECRETS_MAX = 10000 };

struct cw_plugin_request {
	struct cw_plugin_process *process; /* NULL: gone */
	struct cw_message *message;        /* its type and number */
	struct cw_plugin_question question;
	struct cw_plugin_request *next;
};

struct cw_plugin_process *
cw_plugin_request_process(const struct cw_plugin_request *request)
{
	return request->process;
}

static struct cw_plugin_request *
new_request(struct cw_plugin_process *process, const struct cw_message *message)
{
	struct cw_plugin_request *request = cw_alloc(sizeof(*request));

	request->process = process;
	request->message = cw_message_new(message->type);
	request->message->number = message->number;
	request->next = process->requests;
	process->requests = request;
	return request;
}

static void
free_request(struct cw_plugin_request *request)
{
	cw_message_free(request->message);
	cw_plugin_question_clear(&request->question);
	free(request);
}

void
cw_plugin_process_drop_requests(struct cw_plugin_process *process)
{
	while (process->requests != NULL) {
		process->requests->process = NULL;
		process->requests = process->requests->next;
	}
}

static struct cw_message *
answer_of(const struct cw_error *error)
{
	struct cw_message *answer = cw_message_new(CW_PLUGIN_ANSWER);

	cw_message_put_error(answer, error);
	return answer;
}

/* Sends ANSWER, which is taken, and forgets REQUEST. */
static void
send_answer(struct cw_plugin_request *request, struct cw_message *answer)
{
	struct cw_plugin_process *process = request->process;
	struct cw_plugin_request **at;

	if (process == NULL) {
		cw_message_free(answer);
		free_request(request);
		return;
	}
	for (at = &process->requests; *at != request; at = &(*at)->next)
		continue;
	*at = request->next;
	process->heard = cw_now_ms();
	cw_peer_answer(process->peer, request->message, answer);
	free_request(request);
}

void
cw_plugin_answer(struct cw_plugin_request *request, const struct cw_error *error)
{
	send_answer(request, answer_of(error));
}

void
cw_plugin_answer_question(struct cw_plugin_request *request, const struct cw_plugin_reply *reply,
			  const struct cw_error *error)
{
	struct cw_message *answer = answer_of(error);

	if (error == NULL || error->status == CW_OK) {
		struct cw_plugin_reply copy = *reply;

		if (request->question.kind != CW_QUESTION_CHOICE)
			copy.choice = 0;
		cw_wire_put_reply(answer, &copy);
	}
	send_answer(request, answer);
}

void
cw_plugin_answer_listen(struct cw_plugin_request *request, int descriptor,
			const struct cw_error *error)
{
	cw_auto_error struct cw_error failure = {0};
	int copy = -1;
	struct cw_message *answer;

	if (error != NULL)
		cw_error_copy(&failure, error);
	if (failure.status == CW_OK) {
		copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
		if (copy < 0)
			cw_fail_errno(&failure, errno, "cannot hand a listening socket over");
	}
	answer = answer_of(&failure);
	answer->descriptor = copy;
	send_answer(request, answer);
}

void
cw_plugin_answer_network(struct cw_plugin_request *request, struct cw_message *answer,
			 const struct cw_error *error)
{
	if (answer == NULL)
		answer = answer_of(error);
	answer->type = CW_PLUGIN_ANSWER;
	send_answer(request, answer);
}

/* Answers a request at once. */
static void
answer_now(struct cw_plugin_process *process, const struct cw_message *message,
	   struct cw_message *answer)
{
	process->heard = cw_now_ms();
	cw_peer_answer(process->peer, message, answer);
}

static bool
finish(struct cw_plugin_process *process, struct cw_message *message)
{
	return cw_message_finish(message, process->what, &process->broken) == CW_OK;
}

static bool
take_question(struct cw_plugin_process *process, struct cw_message *message)
{
	const struct cw_plugin_handlers *handlers = process->opening.handlers;
	struct cw_plugin_request *request;
	struct cw_plugin_question question = {0};

	cw_wire_get_question(message, &question);
	if (!finish(process, message)) {
		cw_plugin_question_clear(&question);
		return false;
	}
	request = new_request(process, message);
	request->question = question;
	handlers->ask(handlers->context, &request->question, request);
	return true;
}

static bool
take_socket(struct cw_plugin_process *process, struct cw_message *message)
{
	const struct cw_plugin_handlers *handlers = process->opening.handlers;
	cw_autofree char *address = cw_message_need_text(message, CW_MESSAGE_NAME);
	unsigned port = (unsigned)cw_message_get_int(message, 0, UINT32_MAX);
	struct cw_plugin_request *request;

	if (!finish(process, message))
		return false;
	request = new_request(process, message);
	if (message->type == CW_PLUGIN_LISTEN)
		handlers->listen(handlers->context, address, port, request);
	else
		handlers->unlisten(handlers->context, address, port, request);
	return true;
}

static bool
take_option(struct cw_plugin_process *process, struct cw_message *message)
{
	const struct cw_plugin_handlers *handlers = process->opening.handlers;
	cw_autofree char *name = cw_message_need_text(message, CW_MESSAGE_NAME);
	cw_autofree char *key = cw_message_get_text(message, CW_MESSAGE_LINE);
	cw_autofree char *value = cw_message_get_text(message, CW_MESSAGE_LINE);
	cw_auto_error struct cw_error error = {0};

	if (!finish(process, message))
		return false;
	handlers->set_option(handlers->context, name, key, value, &error);
	answer_now(process, message, answer_of(&error));
	return true;
}

static bool
take_shared_put(struct cw_plugin_process *process, struct cw_message *message)
{
	cw_autofree char *key = cw_message_need_text(message, CW_PLUGIN_KEY_MAX);
	bool has_value = cw_message_get_bool(message);
	cw_auto_buf struct cw_buf value = {0};
	cw_auto_error struct cw_error error = {0};

	cw_message_get_bytes(message, CW_PLUGIN_VALUE_MAX, &value);
	if (!finish(process, message))
		return false;
	cw_shared_store_put(process->opening.store, process->module->name, key,
			    has_value ? cw_buf_text(&value) : NULL, value.length, &error);
	answer_now(process, message, answer_of(&error));
	return true;
}

static bool
take_shared_get(struct cw_plugin_process *process, struct cw_message *message)
{
	cw_autofree char *key = cw_message_need_text(message, CW_PLUGIN_KEY_MAX);
	cw_auto_error struct cw_error error = {0};
	const void *value = NULL;
	struct cw_message *answer;
	size_t length = 0;

	if (!finish(process, message))
		return false;
	cw_shared_store_get(process->opening.store, process->module->name, key, &value, &length,
			    &error);
	answer = answer_of(&error);
	if (error.status == CW_OK)
		cw_message_put_bytes(answer, value, length);
	answer_now(process, message, answer);
	return true;
}

static void
check_lineage(const struct cw_plugin_process *process, const char *lineage, struct cw_error *error)
{
	const struct cw_plugin_handlers *handlers = process->opening.handlers;

	if (!handlers->concerns(handlers->context, lineage))
		cw_fail(error, CW_E_INVALID,
			"the plugin \"%s\" keeps a value for \"%s\", for which it does not work "
			"now",
			process->module->name, lineage);
}

static void
check_state(const struct cw_plugin_process *process, const char *lineage, struct cw_error *error)
{
	if (process->opening.directories->work == NULL)
		cw_fail(error, CW_E_UNSUPPORTED, "this request keeps nothing in files");
	else
		check_lineage(process, lineage, error);
}

static bool
take_state_put(struct cw_plugin_process *process, struct cw_message *message)
{
	cw_autofree char *lineage = cw_message_need_text(message, CW_MESSAGE_NAME);
	cw_autofree char *key = cw_message_need_text(message, CW_PLUGIN_KEY_MAX);
	bool has_value = cw_message_get_bool(message);
	cw_auto_buf struct cw_buf value = {0};
	cw_auto_error struct cw_error error = {0};

	cw_message_get_bytes(message, CW_PLUGIN_VALUE_MAX, &value);
	if (!finish(process, message))
		return false;
	check_state(process, lineage, &error);
	if (error.status == CW_OK)
		cw_state_put(process->opening.directories->work, lineage, process->module->name,
			     key, has_value ? cw_buf_text(&value) : NULL, value.length, &error);
	answer_now(process, message, answer_of(&error));
	return true;
}

static bool
take_state_get(struct cw_plugin_process *process, struct cw_message *message)
{
	cw_autofree char *lineage = cw_message_need_text(message, CW_MESSAGE_NAME);
	cw_autofree char *key = cw_message_need_text(message, CW_PLUGIN_KEY_MAX);
	cw_auto_buf struct cw_buf value = {0};
	cw_auto_error struct cw_error error = {0};
	struct cw_message *answer;

	if (!finish(process, message))
		return false;
	check_state(process, lineage, &error);
	if (error.status == CW_OK)
		cw_state_get(process->opening.directories->work, lineage, process->module->name,
			     key, &value, &error);
	answer = answer_of(&error);
	if (error.status == CW_OK)
		cw_message_put_bytes(answer, cw_buf_text(&value), value.length);
	answer_now(process, message, answer);
	return true;
}

/* Whether PATH is what the user gave as one of the plugin's options: no other file is read for it.
 */
static bool
is_option_value(const struct cw_plugin_process *process, const char *path)
{
	const struct cw_settings *settings = process->opening.settings;

	for (size_t i = 0; process->module->options[i] != NULL; i++) {
		const char *internal = process->module->options[i]->internal;

		if (cw_settings_source(settings, internal) > CW_SOURCE_DEFAULT &&
		    cw_equal(cw_settings_get(settings, internal), path))
			return true;
	}
	return false;
}

static bool
take_credentials(struct cw_plugin_process *process, struct cw_message *message)
{
	cw_autofree char *path = cw_message_need_text(message, CW_MESSAGE_LINE);
	bool strict = cw_message_get_bool(message);
	cw_auto_error struct cw_error error = {0};
	cw_autosecret char *text = NULL;
	struct cw_message *answer;

	if (!finish(process, message))
		return false;
	if (is_option_value(process, path))
		cw_credentials_read(path, strict, &text, &error);
	else
		cw_fail(&error, CW_E_PERMISSION,
			"the plugin \"%s\" asked for the file \"%s\", which is not the value of "
			"one "
			"of its options",
			process->module->name, path);
	answer = answer_of(&error);
	if (error.status == CW_OK)
		cw_message_put_text(answer, text);
	answer_now(process, message, answer);
	return true;
}

/* In the name of the process, which dies with us: whoever replays it finds both gone. */
static bool
take_undo_plugin(struct cw_plugin_process *process, struct cw_message *message)
{
	cw_autofree char *data = cw_message_need_text(message, CW_PLUGIN_UNDO_MAX);
	cw_auto_strv struct cw_strv options = {0};
	cw_auto_error struct cw_error error = {0};
	struct cw_message *answer;
	unsigned id = 0;

	if (!finish(process, message) || ++process->undos > CW_PLUGIN_UNDOS_MAX)
		return false;
	if (process->undo == NULL)
		process->undo = cw_undo_open_for(process->opening.directories->work,
						 cw_role_pid(process->role));
	cw_module_save_options(process->module, process->opening.settings, &options);
	cw_undo_add_plugin(process->undo, process->module->name, &options, data, &id, &error);
	answer = answer_of(&error);
	if (error.status == CW_OK)
		cw_message_put_int(answer, id);
	answer_now(process, message, answer);
	return true;
}

static bool
take_undo_done(struct cw_plugin_process *process, struct cw_message *message)
{
	unsigned id = (unsigned)cw_message_get_int(message, 0, UINT32_MAX);
	cw_auto_error struct cw_error error = {0};

	if (!finish(process, message))
		return false;
	if (process->undo == NULL)
		cw_fail(&error, CW_E_INVALID, "nothing is to be undone under the number %u", id);
	else
		cw_undo_done(process->undo, id, &error);
	answer_now(process, message, answer_of(&error));
	return true;
}

static bool
take_network(struct cw_plugin_process *process, struct cw_message **message)
{
	const struct cw_plugin_handlers *handlers = process->opening.handlers;
	enum cw_plugin_message service = (enum cw_plugin_message)(*message)->type;
	struct cw_plugin_request *request = new_request(process, *message);

	handlers->network(handlers->context, service, cw_take(message), request);
	return true;
}

static bool
take_point(struct cw_plugin_process *process, struct cw_message *message)
{
	const struct cw_plugin_handlers *handlers = process->opening.handlers;
	cw_autofree char *call = cw_message_need_text(message, CW_PLUGIN_KEY_MAX);
	cw_autofree char *service = cw_message_get_text(message, CW_PLUGIN_KEY_MAX);
	cw_auto_error struct cw_error error = {0};

	if (!finish(process, message) || handlers->point == NULL)
		return false;
	handlers->point(handlers->context, call, service, &error);
	answer_now(process, message, answer_of(&error));
	return true;
}

static bool
take_log(struct cw_plugin_process *process, struct cw_message *message)
{
	enum cw_log_level level =
		(enum cw_log_level)cw_message_get_int(message, CW_LOG_DEBUG, CW_LOG_ERROR);
	cw_autofree char *text = cw_message_need_text(message, CW_MESSAGE_LINE);

	if (!finish(process, message))
		return false;
	switch (level) {
	case CW_LOG_ERROR: cw_log_error("%s", text); break;
	case CW_LOG_WARNING: cw_log_warning("%s", text); break;
	case CW_LOG_INFO: cw_log_info("%s", text); break;
	case CW_LOG_DEBUG:
	default: cw_log_debug("%s", text); break;
	}
	return true;
}

static bool
take_secret(struct cw_plugin_process *process, struct cw_message *message)
{
	cw_autosecret char *text = cw_message_need_text(message, CW_MESSAGE_LINE);

	if (!finish(process, message) || ++process->secrets > SECRETS_MAX)
		return false;
	cw_log_secret(text);
	return true;
}

static bool
take_function(struct cw_plugin_process *process, struct cw_message *message)
{
	cw_autofree char *name = cw_message_get_text(message, CW_PLUGIN_KEY_MAX);

	if (!finish(process, message))
		return false;
	free(process->function);
	process->function = cw_take(&name);
	return true;
}

/* False when it breaks the protocol. */
static bool
take(struct cw_plugin_process *process, struct cw_message **message)
{
	bool notice = (*message)->number == 0;

	switch ((*message)->type) {
	case CW_PLUGIN_LOG: return notice && take_log(process, *message);
	case CW_PLUGIN_SECRET: return notice && take_secret(process, *message);
	case CW_PLUGIN_CALL: return notice && take_function(process, *message);
	case CW_PLUGIN_BEAT: return notice && finish(process, *message);
	default: break;
	}
	/* The others are for who has opened it. */
	if (notice || !process->opened || process->opening.handlers == NULL)
		return false;
	switch ((*message)->type) {
	case CW_PLUGIN_ASK: return take_question(process, *message);
	case CW_PLUGIN_LISTEN:
	case CW_PLUGIN_UNLISTEN: return take_socket(process, *message);
	case CW_PLUGIN_SET_OPTION: return take_option(process, *message);
	case CW_PLUGIN_SHARED_PUT: return take_shared_put(process, *message);
	case CW_PLUGIN_SHARED_GET: return take_shared_get(process, *message);
	case CW_PLUGIN_STATE_PUT: return take_state_put(process, *message);
	case CW_PLUGIN_STATE_GET: return take_state_get(process, *message);
	case CW_PLUGIN_CREDENTIALS: return take_credentials(process, *message);
	case CW_PLUGIN_UNDO_PLUGIN: return take_undo_plugin(process, *message);
	case CW_PLUGIN_UNDO_DONE: return take_undo_done(process, *message);
	case CW_PLUGIN_HTTP:
	case CW_PLUGIN_LOCATE:
	case CW_PLUGIN_WAIT_TXT:
	case CW_PLUGIN_DNS_EXCHANGE: return take_network(process, message);
	case CW_PLUGIN_POINT: return take_point(process, *message);
	default: return false;
	}
}

void
cw_plugin_process_received(void *context, struct cw_message *message)
{
	struct cw_plugin_process *process = context;
	unsigned type = message->type;

	if (!process->cut_off) {
		process->heard = cw_now_ms();
		if (!take(process, &message)) {
			if (process->broken.status == CW_OK)
				cw_fail(&process->broken, CW_E_PROTOCOL,
					"%s sent a message out of its turn (type %u)",
					process->what, type);
			cw_plugin_process_cut_off(process);
		}
	}
	cw_message_free(message);
}
