/* Challenges, installations and questions. */
#include <stdlib.h>
#include "base/mem.h"
#include "plugin/wire.h"

enum { TOKEN_MAX = 512 };

void
cw_wire_put_challenges(struct cw_message *message, struct cw_challenge_slot *const *slots,
		       size_t count)
{
	const char *const *last = NULL;

	cw_message_put_int(message, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		const struct cw_challenge *challenge = &slots[i]->challenge;
		bool new = i == 0 || challenge->all_identifiers != last;
		cw_auto_strv struct cw_strv identifiers = {0};

		cw_message_put_text(message, challenge->lineage);
		cw_message_put_text(message, challenge->type);
		cw_message_put_text(message, challenge->identifier_type);
		cw_message_put_text(message, challenge->identifier);
		cw_message_put_bool(message, challenge->wildcard != 0);
		cw_message_put_text(message, challenge->token);
		cw_message_put_text(message, challenge->key_authorization);
		cw_message_put_text(message, challenge->validation);
		cw_message_put_text(message, challenge->location);
		/* Those of one certificate have them in common. */
		cw_message_put_bool(message, new);
		for (size_t j = 0; new &&j < challenge->all_identifiers_count; j++)
			cw_strv_add(&identifiers, challenge->all_identifiers[j]);
		if (new)
			cw_message_put_list(message, &identifiers);
		last = challenge->all_identifiers;
	}
}

static const char *
get_text(struct cw_message *message, struct cw_plugin_challenges *challenges, size_t limit)
{
	char *text = cw_message_need_text(message, limit);

	cw_strv_take(&challenges->texts, text);
	return text;
}

static void
get_identifiers(struct cw_message *message, struct cw_plugin_challenges *challenges)
{
	struct cw_strv *list;

	challenges->identifiers =
		cw_realloc(challenges->identifiers, challenges->identifiers_count + 1,
			   sizeof(*challenges->identifiers));
	list = &challenges->identifiers[challenges->identifiers_count++];
	*list = (struct cw_strv){0};
	cw_message_get_list(message, CW_PLUGIN_CHALLENGES_MAX, CW_MESSAGE_NAME, list);
}

static void
get_challenge(struct cw_message *message, struct cw_plugin_challenges *challenges,
	      struct cw_challenge *challenge)
{
	const struct cw_strv *identifiers;

	challenge->size = sizeof(*challenge);
	challenge->lineage = get_text(message, challenges, CW_MESSAGE_NAME);
	challenge->type = get_text(message, challenges, CW_MESSAGE_NAME);
	challenge->identifier_type = get_text(message, challenges, CW_MESSAGE_NAME);
	challenge->identifier = get_text(message, challenges, CW_MESSAGE_NAME);
	challenge->wildcard = cw_message_get_bool(message);
	challenge->token = get_text(message, challenges, TOKEN_MAX);
	challenge->key_authorization = get_text(message, challenges, CW_MESSAGE_NAME);
	challenge->validation = get_text(message, challenges, CW_MESSAGE_NAME);
	challenge->location = get_text(message, challenges, CW_MESSAGE_NAME);
	if (cw_message_get_bool(message))
		get_identifiers(message, challenges);
	if (challenges->identifiers_count == 0) {
		message->broken = true;
		return;
	}
	identifiers = &challenges->identifiers[challenges->identifiers_count - 1];
	challenge->all_identifiers = (const char *const *)cw_strv_items(identifiers);
	challenge->all_identifiers_count = identifiers->count;
}

void
cw_wire_get_challenges(struct cw_message *message, struct cw_plugin_challenges *challenges)
{
	size_t count = cw_message_get_count(message, CW_PLUGIN_CHALLENGES_MAX);

	challenges->slots = cw_calloc(count + 1, sizeof(*challenges->slots));
	for (size_t i = 0; i < count && !message->broken; i++) {
		challenges->slots[i] = cw_alloc(sizeof(*challenges->slots[i]));
		challenges->count++;
		get_challenge(message, challenges, &challenges->slots[i]->challenge);
	}
}

void
cw_plugin_challenges_clear(struct cw_plugin_challenges *challenges)
{
	for (size_t i = 0; i < challenges->count; i++) {
		cw_error_clear(&challenges->slots[i]->error);
		free(challenges->slots[i]);
	}
	free(challenges->slots);
	for (size_t i = 0; i < challenges->identifiers_count; i++)
		cw_strv_clear(&challenges->identifiers[i]);
	free(challenges->identifiers);
	cw_strv_clear(&challenges->texts);
	*challenges = (struct cw_plugin_challenges){0};
}

void
cw_wire_put_results(struct cw_message *message, struct cw_challenge_slot *const *slots,
		    size_t count)
{
	for (size_t i = 0; i < count; i++)
		cw_message_put_error(message, &slots[i]->error);
}

void
cw_wire_get_results(struct cw_message *message, struct cw_challenge_slot *const *slots,
		    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cw_message_get_error(message, &slots[i]->error);
		slots[i]->challenge.result = slots[i]->error.status;
	}
}

void
cw_wire_put_installation(struct cw_message *message, const struct cw_installation *installation)
{
	cw_message_put_text(message, installation->lineage);
	cw_message_put_list(message, &installation->names);
	cw_message_put_list(message, &installation->covered);
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		cw_message_put_text(message, installation->paths[i]);
	cw_message_put_list(message, &installation->enhancements);
	cw_message_put_bool(message, installation->deploy);
	cw_message_put_int(message, installation->reason);
	cw_message_put_text(message, installation->previous_serial);
	cw_message_put_int(message, installation->expiry);
}

void
cw_wire_get_installation(struct cw_message *message, struct cw_installation *installation)
{
	installation->lineage = cw_message_get_text(message, CW_MESSAGE_NAME);
	cw_message_get_list(message, CW_MESSAGE_ITEMS, CW_MESSAGE_NAME, &installation->names);
	cw_message_get_list(message, CW_MESSAGE_ITEMS, CW_MESSAGE_NAME, &installation->covered);
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		installation->paths[i] = cw_message_get_text(message, CW_MESSAGE_LINE);
	cw_message_get_list(message, CW_PLUGIN_ENHANCEMENTS_MAX, CW_MESSAGE_NAME,
			    &installation->enhancements);
	installation->deploy = cw_message_get_bool(message);
	installation->reason =
		(enum cw_reason)cw_message_get_int(message, CW_REASON_INSTALL, CW_REASON_ROLLBACK);
	installation->previous_serial = cw_message_get_text(message, CW_MESSAGE_NAME);
	installation->expiry = cw_message_get_int(message, INT64_MIN, INT64_MAX);
}

void
cw_plugin_question_clear(struct cw_plugin_question *question)
{
	free(question->text);
	cw_strv_clear(&question->items);
	*question = (struct cw_plugin_question){0};
}

void
cw_wire_put_question(struct cw_message *message, const struct cw_plugin_question *question)
{
	cw_message_put_int(message, question->kind);
	cw_message_put_text(message, question->text);
	cw_message_put_bool(message, question->flag);
	cw_message_put_list(message, &question->items);
}

void
cw_wire_get_question(struct cw_message *message, struct cw_plugin_question *question)
{
	question->kind = (enum cw_question_kind)cw_message_get_int(message, CW_QUESTION_NOTIFY,
								   CW_QUESTION_CHOICE);
	question->text = cw_message_need_text(message, CW_MESSAGE_LINE);
	question->flag = cw_message_get_bool(message);
	cw_message_get_list(message, CW_MESSAGE_ITEMS, CW_MESSAGE_LINE, &question->items);
	if ((question->kind == CW_QUESTION_CHOICE) != (question->items.count > 0))
		message->broken = true;
}

void
cw_plugin_reply_clear(struct cw_plugin_reply *reply)
{
	if (reply->text != NULL)
		cw_wipe(reply->text, strlen(reply->text));
	free(reply->text);
	*reply = (struct cw_plugin_reply){0};
}

void
cw_wire_put_reply(struct cw_message *message, const struct cw_plugin_reply *reply)
{
	cw_message_put_bool(message, reply->yes);
	cw_message_put_text(message, reply->text);
	cw_message_put_int(message, (int64_t)reply->choice);
}

void
cw_wire_get_reply(struct cw_message *message, const struct cw_plugin_question *question,
		  struct cw_plugin_reply *reply)
{
	size_t items = question->items.count;

	reply->yes = cw_message_get_bool(message);
	reply->text = cw_message_get_text(message, CW_MESSAGE_LINE);
	reply->choice = (size_t)cw_message_get_int(message, 0, items > 0 ? (int64_t)items - 1 : 0);
}
