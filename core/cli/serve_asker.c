#include <stdlib.h>
#include <string.h>
#include "cli/serve_link.h"

struct answer {
	bool done;
	struct json_object *value; /* NULL: the user gives none */
	struct cw_error error;
};

static void
replied(void *context, struct json_object *reply, const struct cw_error *error)
{
	struct answer *answer = context;
	struct json_object *value = NULL;

	answer->done = true;
	if (error != NULL)
		cw_error_copy(&answer->error, error);
	else if (!json_object_object_get_ex(reply, "answer", &value))
		cw_fail(&answer->error, CW_E_INVALID, "the reply to a question has no \"answer\"");
	answer->value = json_object_get(value);
}

static struct json_object *
new_question(const char *kind, const char *text)
{
	struct json_object *question = cw_json_new_object();

	cw_json_set_string(question, "event", "question");
	cw_json_set_string(question, "kind", kind);
	cw_json_set_string(question, "text", text);
	return question;
}

/* Sends QUESTION, which it takes. *VALUE is of TYPE, for json_object_put(). */
static int
ask(struct cw_serve_link *link, struct json_object *question, enum json_type type,
    struct json_object **value, struct cw_error *error)
{
	struct answer answer = {.done = false};
	unsigned id = cw_link_ask(link, question, "a question", replied, &answer);
	int status = cw_loop_until(link->loop, &answer.done, error);

	*value = NULL;
	if (status < 0) {
		cw_link_forget(link, id);
		return status;
	}
	if (answer.error.status < 0)
		status = cw_error_move(error, &answer.error);
	else if (answer.value == NULL)
		status = cw_fail(error, CW_E_CANCELLED, "cancelled");
	else if (json_object_get_type(answer.value) != type)
		status = cw_fail(error, CW_E_INVALID,
				 "the answer to a question is of the wrong type");
	if (status < 0)
		json_object_put(answer.value);
	else
		*value = answer.value;
	return status;
}

static int
ask_notify(void *context, const char *text, bool wait, struct cw_error *error)
{
	struct json_object *value;
	int status;

	if (!wait) {
		cw_link_message(context, "info", text);
		return CW_OK;
	}
	status = ask(context, new_question("continue", text), json_type_boolean, &value, error);
	if (status == CW_OK && !json_object_get_boolean(value))
		status = cw_fail(error, CW_E_CANCELLED, "cancelled");
	json_object_put(value);
	return status;
}

static int
ask_yes_no(void *context, const char *text, bool *answer, struct cw_error *error)
{
	struct json_object *question = new_question("yes_no", text);
	struct json_object *value;
	int status;

	cw_json_set_bool(question, "default", *answer);
	status = ask(context, question, json_type_boolean, &value, error);
	if (status == CW_OK)
		*answer = json_object_get_boolean(value);
	json_object_put(value);
	return status;
}

static int
ask_text(void *context, const char *text, bool secret, char **answer, struct cw_error *error)
{
	struct json_object *question = new_question("text", text);
	struct json_object *value;
	int status;

	*answer = NULL;
	cw_json_set_bool(question, "secret", secret);
	status = ask(context, question, json_type_string, &value, error);
	if (status == CW_OK)
		*answer = cw_strdup(json_object_get_string(value));
	cw_json_wipe(&value);
	return status;
}

static int
ask_choice(void *context, const char *text, const char *const *items, size_t count, size_t *choice,
	   struct cw_error *error)
{
	struct json_object *question = new_question("choice", text);
	struct json_object *list = cw_json_new_array();
	struct json_object *value;
	int64_t number = -1;
	int status;

	for (size_t i = 0; i < count; i++)
		cw_json_append(list, json_object_new_string(items[i]));
	cw_json_set(question, "items", list);
	status = ask(context, question, json_type_int, &value, error);
	if (status == CW_OK)
		number = json_object_get_int64(value);
	json_object_put(value);
	if (status == CW_OK && (number < 0 || (uint64_t)number >= count))
		return cw_fail(error, CW_E_INVALID, "the answer %lld is not one of %zu items",
			       (long long)number, count);
	if (status == CW_OK)
		*choice = (size_t)number;
	return status;
}

struct cw_asker
cw_link_asker(struct cw_serve_link *link)
{
	return (struct cw_asker){true, ask_notify, ask_yes_no, ask_text, ask_choice, link};
}
