#include "flow/report/describe.h"
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "flow/report/health.h"
#include "flow/report/state.h"
#include "flow/report/words.h"

/* Those that are not said as they are called. */
static const struct {
	const char *state;
	const char *words;
} states[] = {
	{"due", "due for renewal"},
	{"failing", "renewal fails"},
};

/* With and without a time to come. */
static const struct {
	const char *action;
	const char *ahead;
	const char *now;
} actions[] = {
	{"renew", "renews", "renews at the next run"},
	{"ask", "asks the CA", "asks the CA at the next run"},
	{"retry", "tries again", "tries again at the next run"},
	{"check", "looks again", "looks again at the next run"},
};

/* What happens to those that have no next action. */
static const struct {
	const char *origin;
	const char *words;
} idle[] = {
	{"acme", "not renewed automatically"},
	{"provided", "renewed by you"},
	{"self-signed", "until there is a better one"},
};

const char *
cw_describe_state(struct json_object *certificate)
{
	const char *state = cw_json_string(certificate, "state");

	for (size_t i = 0; i < CW_COUNT(states); i++)
		if (cw_equal(state, states[i].state))
			return states[i].words;
	return state != NULL ? state : "unknown";
}

char *
cw_describe_expiry(struct json_object *certificate, int64_t now)
{
	cw_autofree char *relative = NULL;
	int64_t expiry;

	if (!cw_state_time(certificate, "expiry", &expiry))
		return NULL;
	relative = cw_words_relative(expiry, now);
	return cw_format("%s %s", expiry > now ? "expires" : "expired", relative);
}

static const char *
describe_idle(struct json_object *certificate)
{
	for (size_t i = 0; i < CW_COUNT(idle); i++)
		if (cw_state_is(certificate, "origin", idle[i].origin))
			return idle[i].words;
	return "";
}

char *
cw_describe_next(struct json_object *certificate, int64_t now)
{
	struct json_object *next = cw_json_object(certificate, "next");
	int64_t when;

	for (size_t i = 0; i < CW_COUNT(actions); i++) {
		cw_autofree char *relative = NULL;

		if (!cw_state_is(next, "action", actions[i].action) ||
		    !cw_state_time(next, "time", &when))
			continue;
		if (when <= now)
			return cw_strdup(actions[i].now);
		relative = cw_words_relative(when, now);
		return cw_format("%s %s", actions[i].ahead, relative);
	}
	return cw_strdup(describe_idle(certificate));
}

/* WHEN's place between BEGIN and END. */
static int
place(int64_t when, int64_t begin, int64_t end)
{
	if (when <= begin)
		return 0;
	return when >= end ? CW_LIFE : (int)((when - begin) * CW_LIFE / (end - begin));
}

bool
cw_describe_life(struct json_object *certificate, int64_t now, struct cw_life *life)
{
	struct json_object *window = cw_json_object(certificate, "window");
	int64_t begin, end, first, last;

	*life = (struct cw_life){0};
	if (!cw_state_time(certificate, "not_before", &begin) ||
	    !cw_state_time(certificate, "expiry", &end) || end <= begin)
		return false;
	life->elapsed = place(now, begin, end);
	if (cw_state_time(window, "start", &first) && cw_state_time(window, "end", &last)) {
		life->window_start = place(first, begin, end);
		life->window_end = place(last, begin, end);
	}
	return true;
}

static int64_t
expiry_of(struct json_object *certificate)
{
	int64_t expiry = 0;

	cw_state_time(certificate, "expiry", &expiry);
	return expiry;
}

static int
compare(const void *a, const void *b)
{
	struct json_object *one = *(struct json_object *const *)a;
	struct json_object *other = *(struct json_object *const *)b;
	int difference = (int)cw_health_read(other) - (int)cw_health_read(one);
	int64_t first = expiry_of(one), second = expiry_of(other);
	const char *name = cw_json_string(one, "name"), *other_name = cw_json_string(other, "name");

	if (difference != 0)
		return difference;
	if (first != second)
		return first < second ? -1 : 1;
	return name != NULL && other_name != NULL ? strcmp(name, other_name) : 0;
}

struct json_object **
cw_describe_order(struct json_object *status, size_t *count)
{
	struct json_object *certificates = cw_json_array(status, "certificates");
	struct json_object **order;
	size_t length = certificates != NULL ? json_object_array_length(certificates) : 0;

	*count = 0;
	order = cw_calloc(length + 1, sizeof(struct json_object *));
	for (size_t i = 0; i < length; i++) {
		struct json_object *certificate = json_object_array_get_idx(certificates, i);

		if (json_object_is_type(certificate, json_type_object))
			order[(*count)++] = certificate;
	}
	qsort(order, *count, sizeof(*order), compare);
	return order;
}
