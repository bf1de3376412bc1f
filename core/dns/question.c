/* DNS questions on the event loop: which may go out, and what is an answer to each. */
#include "dns/question.h"
#include <stdlib.h>
#include "base/clock.h"
#include "base/mem.h"
#include "dns/exchange.h"

enum { IN_FLIGHT_MAX = 128, TIME_LIMIT = 3000 /* milliseconds */, NAME_LENGTH_MAX = 253 };

struct question {
	struct cw_dns *dns;
	struct cw_dns_address server;
	char *name;
	enum cw_dns_type type;
	cw_dns_callback callback;
	void *context;
	uint16_t id;
	uint8_t *wire; /* NULL: it cannot be said */
	size_t length;
	struct cw_dns_exchange *exchange; /* NULL: it waits its turn, or: */
	struct cw_timer *refusal;         /* fails it from the loop */
	struct question *next;
};

struct cw_dns {
	struct cw_loop *loop;
	struct question *questions; /* the oldest first */
	size_t active;
};

static void start_waiting(struct cw_dns *dns);

int
cw_dns_new(struct cw_loop *loop, struct cw_dns **dns, struct cw_error *error)
{
	*dns = NULL;
	if (!cw_dns_library(error))
		return CW_E_UNSUPPORTED;
	*dns = cw_alloc(sizeof(**dns));
	(*dns)->loop = loop;
	return CW_OK;
}

static void
release(struct question *question)
{
	cw_dns_exchange_cancel(question->exchange);
	cw_loop_cancel(question->dns->loop, question->refusal);
	free(question->name);
	free(question->wire);
	free(question);
}

void
cw_dns_free(struct cw_dns *dns)
{
	if (dns == NULL)
		return;
	while (dns->questions != NULL) {
		struct question *question = dns->questions;

		dns->questions = question->next;
		release(question);
	}
	free(dns);
}

/* Ends a question: takes it off the list, calls back, lets another one go. */
static void
finish(struct question *question, const struct cw_dns_answer *answer, const char *why)
{
	struct cw_dns *dns = question->dns;
	struct question **link = &dns->questions;

	while (*link != question)
		link = &(*link)->next;
	*link = question->next;
	dns->active--;
	question->callback(question->context, answer, why);
	release(question);
	start_waiting(dns);
}

static bool
decode(const struct question *question, const uint8_t *message, size_t length,
       struct cw_dns_answer *answer)
{
	return cw_dns_decode(message, length, question->id, question->name, question->type, answer);
}

static bool
belongs(void *context, const uint8_t *message, size_t length)
{
	struct cw_dns_answer answer;
	bool good = decode(context, message, length, &answer);

	if (good)
		cw_dns_answer_clear(&answer);
	return good;
}

static void
exchanged(void *context, const uint8_t *message, size_t length, const struct cw_error *error)
{
	struct question *question = context;
	struct cw_dns_answer answer = {0};

	question->exchange = NULL;
	if (message != NULL && decode(question, message, length, &answer))
		finish(question, &answer, NULL);
	else
		finish(question, NULL,
		       message != NULL ? "its answer is malformed" : error->message);
	cw_dns_answer_clear(&answer);
}

static void
refuse(void *context)
{
	struct question *question = context;

	question->refusal = NULL;
	finish(question, NULL,
	       strlen(question->name) > NAME_LENGTH_MAX ? "the name is too long"
							: "the query could not be sent");
}

static void
start_waiting(struct cw_dns *dns)
{
	struct question *question = dns->questions;

	for (; question != NULL && dns->active < IN_FLIGHT_MAX; question = question->next) {
		const struct cw_dns_request request = {
			.server = question->server,
			.query = question->wire,
			.length = question->length,
			.limit = TIME_LIMIT,
			.belongs = belongs,
		};

		if (question->exchange != NULL || question->refusal != NULL)
			continue;
		dns->active++;
		if (question->wire == NULL)
			question->refusal = cw_loop_timer(dns->loop, 0, refuse, question);
		else
			question->exchange =
				cw_dns_exchange_start(dns->loop, &request, exchanged, question);
	}
}

void
cw_dns_ask(struct cw_dns *dns, const struct cw_dns_address *server, const char *name,
	   enum cw_dns_type type, bool recurse, cw_dns_callback callback, void *context)
{
	struct question *question = cw_alloc(sizeof(*question));
	struct question **link = &dns->questions;

	*question = (struct question){.dns = dns,
				      .server = *server,
				      .name = cw_strdup(name),
				      .type = type,
				      .callback = callback,
				      .context = context};
	cw_random(&question->id, sizeof(question->id));
	if (!cw_dns_encode(name, type, recurse, question->id, &question->wire, &question->length))
		question->wire = NULL;
	while (*link != NULL)
		link = &(*link)->next;
	*link = question;
	start_waiting(dns);
}
