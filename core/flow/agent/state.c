/* certificate.h: what is remembered. */
#include <string.h>
#include "base/file.h"
#include "flow/agent/certificate.h"

enum { STATE_MAX = 256 * 1024 * 1024 };

static void
set_number(struct json_object *object, const char *key, int64_t number)
{
	if (number != 0)
		cw_json_set_int(object, key, number);
}

/* NULL: there is nothing to remember. */
static struct json_object *
describe(const struct cw_agent_certificate *certificate)
{
	struct json_object *object = cw_json_new_object();

	if (certificate->choice.time != 0) {
		struct json_object *choice = cw_json_new_object();

		cw_json_set_int(choice, "start", certificate->choice.start);
		cw_json_set_int(choice, "end", certificate->choice.end);
		cw_json_set_int(choice, "time", certificate->choice.time);
		cw_json_set_bool(choice, "by_ca", certificate->choice.by_ca);
		cw_json_set(object, "choice", choice);
	}
	set_number(object, "last_success", certificate->last_success);
	set_number(object, "success_before", certificate->success_before);
	set_number(object, "attempts", certificate->attempts);
	set_number(object, "unsettled", certificate->unsettled);
	set_number(object, "retry", certificate->retry);
	set_number(object, "server_index", certificate->server_index);
	set_number(object, "server_since", certificate->server_since);
	if (certificate->last_failure != NULL)
		cw_json_set(object, "last_failure", json_object_get(certificate->last_failure));
	if (certificate->told != NULL)
		cw_json_set(object, "told", json_object_get(certificate->told));
	return object;
}

int
cw_agent_state_save(const char *folder, const struct cw_agent_certificates *all,
		    struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_auto_json struct json_object *state = cw_json_new_object();
	struct json_object *certificates = cw_json_new_object();
	cw_autofree char *path = cw_format("%s/state.json", folder);
	const char *text;

	cw_json_set(state, "certificates", certificates);
	for (size_t i = 0; i < all->count; i++)
		cw_json_set(certificates, all->items[i]->name, describe(all->items[i]));
	text = cw_json_text(state);
	return cw_file_write(path, text, strlen(text), &mode, error);
}

static void
recall(struct json_object *object, struct cw_agent_certificate *certificate)
{
	struct json_object *choice = cw_json_object(object, "choice");

	certificate->choice = (struct cw_plan_choice){
		.start = cw_json_int(choice, "start", 0),
		.end = cw_json_int(choice, "end", 0),
		.time = cw_json_int(choice, "time", 0),
		.by_ca = cw_json_bool(choice, "by_ca", false),
	};
	certificate->last_success = cw_json_int(object, "last_success", 0);
	certificate->success_before = cw_json_int(object, "success_before", 0);
	certificate->attempts = (unsigned)cw_json_int(object, "attempts", 0);
	certificate->unsettled = (unsigned)cw_json_int(object, "unsettled", 0);
	certificate->retry = cw_json_int(object, "retry", 0);
	certificate->server_index = (unsigned)cw_json_int(object, "server_index", 0);
	certificate->server_since = cw_json_int(object, "server_since", 0);
	certificate->last_failure = json_object_get(cw_json_object(object, "last_failure"));
	certificate->told = json_object_get(cw_json_object(object, "told"));
}

void
cw_agent_state_load(const char *folder, struct cw_agent_certificates *all)
{
	cw_autofree char *path = cw_format("%s/state.json", folder);
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_json struct json_object *state = NULL;
	struct json_object *certificates;

	if (cw_file_read(path, STATE_MAX, &text, NULL) < 0 ||
	    cw_json_parse(cw_buf_text(&text), text.length, "the state", &state, NULL) < 0)
		return;
	certificates = cw_json_object(state, "certificates");
	if (certificates == NULL)
		return;
	json_object_object_foreach(certificates, name, object)
	{
		struct cw_agent_certificate *certificate = cw_agent_find(all, name);

		if (certificate != NULL)
			recall(object, certificate);
	}
}
