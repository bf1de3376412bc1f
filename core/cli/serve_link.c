#include "cli/serve_link.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "library/protocol.h"

struct cw_serve_question {
	struct cw_serve_link *link;
	unsigned id;
	char *what;
	cw_link_replied replied;
	void *context;
	struct cw_timer *timer;
	struct cw_serve_question *next;
};

/* A host that takes no events is one that wants no more. */
static void
give_up_sending(struct cw_serve_link *link)
{
	link->broken = true;
	raise(SIGTERM);
}

static void
send_object(struct cw_serve_link *link, char kind, struct json_object *object)
{
	char *text = cw_json_secret_text(object);

	if (cw_channel_send(link->channel, kind, text, strlen(text)) < 0)
		give_up_sending(link);
	cw_free_secret(text);
}

void
cw_link_note(struct cw_serve_link *link, struct json_object *note)
{
	if (!link->lone && !link->broken)
		send_object(link, CW_FRAME_NOTE, note);
	json_object_put(note);
}

void
cw_link_message(struct cw_serve_link *link, const char *level, const char *text)
{
	struct json_object *note;

	if (link->lone)
		return;
	note = cw_json_new_object();
	cw_json_set_string(note, "event", "message");
	cw_json_set_string(note, "level", level);
	cw_json_set_string(note, "text", text);
	cw_link_note(link, note);
}

static void
end_question(struct cw_serve_question *question, struct json_object *reply,
	     const struct cw_error *error)
{
	struct cw_serve_question **at = &question->link->questions;
	cw_link_replied replied = question->replied;
	void *context = question->context;

	while (*at != question)
		at = &(*at)->next;
	*at = question->next;
	cw_loop_cancel(question->link->loop, question->timer);
	free(question->what);
	free(question);
	if (replied != NULL)
		replied(context, reply, error);
}

static void
too_late(void *user)
{
	struct cw_serve_question *question = user;
	cw_auto_error struct cw_error error = {0};

	question->timer = NULL;
	cw_fail(&error, CW_E_TIMEOUT,
		"the program that uses the library did not reply to %s in %lld s", question->what,
		(long long)(question->link->timeout / 1000));
	cw_hint(&error, "reply sooner, or give the request a longer \"answer_timeout\"");
	end_question(question, NULL, &error);
}

static void
nobody_replies(void *user)
{
	struct cw_serve_question *question = user;
	cw_auto_error struct cw_error error = {0};

	question->timer = NULL;
	cw_fail(&error, CW_E_UNSUPPORTED,
		"nobody takes the events of this call, and so replies to %s", question->what);
	cw_hint(&error, "start the call with cw_call_start()");
	end_question(question, NULL, &error);
}

unsigned
cw_link_ask(struct cw_serve_link *link, struct json_object *question, const char *what,
	    cw_link_replied replied, void *context)
{
	struct cw_serve_question *asked = cw_alloc(sizeof(*asked));

	asked->link = link;
	asked->id = ++link->last_id;
	asked->what = cw_strdup(what);
	asked->replied = replied;
	asked->context = context;
	asked->next = link->questions;
	link->questions = asked;
	asked->timer = link->lone ? cw_loop_timer(link->loop, 0, nobody_replies, asked)
				  : cw_loop_timer(link->loop, link->timeout, too_late, asked);
	cw_json_set_int(question, "id", asked->id);
	if (!link->lone && !link->broken)
		send_object(link, CW_FRAME_QUESTION, question);
	json_object_put(question);
	return asked->id;
}

static struct cw_serve_question *
find_question(const struct cw_serve_link *link, int64_t id)
{
	struct cw_serve_question *question = link->questions;

	while (question != NULL && question->id != id)
		question = question->next;
	return question;
}

void
cw_link_forget(struct cw_serve_link *link, unsigned id)
{
	struct cw_serve_question *question = find_question(link, id);

	if (question == NULL)
		return;
	question->replied = NULL;
	end_question(question, NULL, NULL);
}

void
cw_link_fail_all(struct cw_serve_link *link, const struct cw_error *error)
{
	while (link->questions != NULL)
		end_question(link->questions, NULL, error);
}

/* Without a valid id it cannot be said which question has the wrong reply: all have. */
static void
take_reply(struct cw_serve_link *link, const char *text)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_secret_json struct json_object *reply = NULL;
	struct cw_serve_question *question;

	if (cw_json_parse_secret(text, strlen(text), "the reply", &reply, &error) < 0) {
		cw_link_fail_all(link, &error);
		return;
	}
	if (cw_json_int(reply, "id", 0) <= 0) {
		cw_fail(&error, CW_E_INVALID, "the reply has no \"id\" of a question");
		cw_link_fail_all(link, &error);
		return;
	}
	/* One that came too late is dropped. */
	question = find_question(link, cw_json_int(reply, "id", 0));
	if (question != NULL)
		end_question(question, reply, NULL);
}

static void
readable(void *context, int descriptor, short events)
{
	struct cw_serve_link *link = context;

	(void)events;
	for (;;) {
		char *text = NULL;
		int kind = cw_channel_take(link->channel, &text);

		if (kind == CW_FRAME_REPLY) {
			take_reply(link, text);
			cw_free_secret(text);
			continue;
		}
		if (kind < 0 && errno == ENOMEM)
			cw_nomem();
		cw_free_secret(text);
		if (kind != 0) {
			/* The host cancels the request, is gone, or breaks the protocol. */
			if (link->loop != NULL)
				cw_loop_watch(link->loop, descriptor, 0, NULL, NULL);
			raise(SIGTERM);
		}
		return;
	}
}

void
cw_link_use_loop(struct cw_serve_link *link, struct cw_loop *loop)
{
	if (link->loop != NULL) {
		cw_auto_error struct cw_error error = {0};

		cw_fail(&error, CW_E_CANCELLED, "the request is over");
		cw_link_fail_all(link, &error);
		cw_loop_watch(link->loop, link->channel->socket, 0, NULL, NULL);
	}
	link->loop = loop;
	if (loop != NULL)
		cw_loop_watch(loop, link->channel->socket, POLLIN, readable, link);
}

bool
cw_link_answer(struct cw_serve_link *link, bool ok, const char *text)
{
	/* Half a reply must not be left to whoever reads the next request. */
	while (link->channel->length > 0) {
		char *rest = NULL;
		int kind = cw_channel_take(link->channel, &rest);

		cw_free_secret(rest);
		if (kind < 0 || (kind == 0 && !cw_channel_wait(link->channel, (int)link->timeout)))
			return false;
	}
	return cw_channel_send(link->channel, ok ? CW_FRAME_ANSWER : CW_FRAME_FAILURE, text,
			       strlen(text)) == 0;
}
