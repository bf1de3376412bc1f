#include <stdlib.h>
#include "cli/serve_link.h"
#include "flow/issue/host.h"

/* A challenge that the host was given. */
struct published {
	struct cw_challenge_slot *slot;
	unsigned id;
	struct batch *batch; /* NULL: it has its result */
	struct published *next;
};

/* Those of one call of publish(). */
struct batch {
	size_t waiting;
	void (*done)(void *context);
	void *context;
};

struct cw_serve_challenges {
	struct cw_host_authenticator host;
	struct cw_serve_link *link;
	struct published *published;
};

static struct json_object *
describe(const struct cw_challenge *challenge)
{
	struct json_object *event = cw_json_new_object();

	cw_json_set_string(event, "event", "challenge");
	cw_json_set_string(event, "type", challenge->type);
	cw_json_set_string(event, "identifier", challenge->identifier);
	cw_json_set_string(event, "identifier_type", challenge->identifier_type);
	cw_json_set_bool(event, "wildcard", challenge->wildcard);
	cw_json_set_string(event, "token", challenge->token);
	cw_json_set_string(event, "key_authorization", challenge->key_authorization);
	cw_json_set_string(event, "validation", challenge->validation);
	cw_json_set_string(event, "location", challenge->location);
	return event;
}

static void
judge(struct json_object *reply, const char *name, struct cw_error *error)
{
	struct json_object *ready = NULL;
	cw_autofree char *detail = cw_json_prose(reply, "detail");

	if (!json_object_object_get_ex(reply, "ready", &ready) ||
	    !json_object_is_type(ready, json_type_boolean)) {
		cw_fail(error, CW_E_INVALID,
			"the reply to the challenge for \"%s\" has no \"ready\"", name);
		return;
	}
	if (json_object_get_boolean(ready))
		return;
	cw_fail(error, CW_E_PLUGIN,
		"the program that uses the library cannot publish the challenge for \"%s\"%s%s",
		name, detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

static void
replied(void *context, struct json_object *reply, const struct cw_error *failure)
{
	struct published *published = context;
	struct cw_challenge_slot *slot = published->slot;
	struct batch *batch = cw_take(&published->batch);

	if (failure != NULL)
		cw_error_copy(&slot->error, failure);
	else
		judge(reply, slot->challenge.identifier, &slot->error);
	slot->challenge.result = slot->error.status;
	if (--batch->waiting > 0)
		return;
	batch->done(batch->context);
	free(batch);
}

static void
publish(void *context, struct cw_challenge_slot *const *slots, size_t count,
	void (*done)(void *done_context), void *done_context)
{
	struct cw_serve_challenges *challenges = context;
	struct batch *batch = cw_alloc(sizeof(*batch));

	batch->waiting = count;
	batch->done = done;
	batch->context = done_context;
	for (size_t i = 0; i < count; i++) {
		struct published *published = cw_alloc(sizeof(*published));
		cw_autofree char *what =
			cw_format("the challenge for \"%s\"", slots[i]->challenge.identifier);

		published->slot = slots[i];
		published->batch = batch;
		published->next = challenges->published;
		challenges->published = published;
		published->id = cw_link_ask(challenges->link, describe(&slots[i]->challenge), what,
					    replied, published);
	}
}

static void
interrupt(void *context)
{
	struct cw_serve_challenges *challenges = context;
	cw_auto_error struct cw_error error = {0};

	cw_fail(&error, CW_E_CANCELLED, "interrupted by a signal");
	cw_link_fail_all(challenges->link, &error);
}

static void
say_over(struct cw_serve_challenges *challenges, unsigned id)
{
	struct json_object *note = cw_json_new_object();

	cw_json_set_string(note, "event", "challenge_over");
	cw_json_set_int(note, "id", id);
	cw_link_note(challenges->link, note);
}

static void
take_out(struct cw_serve_challenges *challenges, const struct cw_challenge_slot *slot)
{
	struct published **at = &challenges->published;

	while (*at != NULL) {
		struct published *published = *at;

		if (published->slot != slot) {
			at = &published->next;
			continue;
		}
		*at = published->next;
		say_over(challenges, published->id);
		free(published);
	}
}

static void
remove_all(void *context, struct cw_challenge_slot *const *slots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		take_out(context, slots[i]);
}

struct cw_serve_challenges *
cw_serve_challenges_new(struct cw_serve_link *link)
{
	struct cw_serve_challenges *challenges = cw_alloc(sizeof(*challenges));

	challenges->link = link;
	challenges->host = (struct cw_host_authenticator){
		.publish = publish,
		.interrupt = interrupt,
		.remove = remove_all,
		.context = challenges,
	};
	return challenges;
}

void
cw_serve_challenges_free(struct cw_serve_challenges *challenges)
{
	while (challenges->published != NULL)
		take_out(challenges, challenges->published->slot);
	free(challenges);
}

const struct cw_host_authenticator *
cw_serve_challenges_host(const struct cw_serve_challenges *challenges)
{
	return &challenges->host;
}
