#include "flow/report/state.h"
#include <string.h>
#include "base/clock.h"
#include "base/text.h"

/* What cannot be told from the other members. */
static const char *const firm[] = {"missing", "broken", "revoked"};

bool
cw_state_time(struct json_object *object, const char *key, int64_t *when)
{
	const char *text = cw_json_string(object, key);

	return text != NULL && cw_parse_rfc3339(text, when);
}

bool
cw_state_is(struct json_object *object, const char *key, const char *value)
{
	return cw_equal(cw_json_string(object, key), value);
}

static const char *
state_at(struct json_object *certificate, int64_t now)
{
	int64_t expiry, start;

	if (cw_state_time(certificate, "expiry", &expiry) && now >= expiry)
		return "expired";
	if (cw_state_is(certificate, "origin", "self-signed"))
		return "self-signed";
	if (!cw_state_time(cw_json_object(certificate, "window"), "start", &start) || now < start)
		return "valid";
	return cw_json_object(certificate, "last_failure") != NULL ? "failing" : "due";
}

void
cw_state_judge(struct json_object *certificate, int64_t now)
{
	for (size_t i = 0; i < CW_COUNT(firm); i++)
		if (cw_state_is(certificate, "state", firm[i]))
			return;
	cw_json_set_string(certificate, "state", state_at(certificate, now));
}
