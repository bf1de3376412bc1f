#include "flow/report/page_text.h"
#include <time.h>
#include "base/clock.h"
#include "base/printable.h"
#include "flow/report/state.h"

static const char *const months[] = {"January",   "February", "March",    "April",
				     "May",       "June",     "July",     "August",
				     "September", "October",  "November", "December"};

static const char *
entity(char character)
{
	switch (character) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

char *
cw_page_escape(const char *text)
{
	cw_autofree char *printable = cw_printable(text, false);
	cw_auto_buf struct cw_buf escaped = {0};

	for (const char *at = printable; *at != '\0'; at++) {
		const char *name = entity(*at);

		if (name != NULL)
			cw_buf_add_text(&escaped, name);
		else
			cw_buf_add_char(&escaped, *at);
	}
	return cw_buf_take(&escaped);
}

static bool
read_parts(struct json_object *object, const char *key, struct tm *parts)
{
	int64_t when;
	time_t seconds;

	if (!cw_state_time(object, key, &when))
		return false;
	seconds = (time_t)when;
	return gmtime_r(&seconds, parts) != NULL;
}

char *
cw_page_time(struct json_object *object, const char *key)
{
	struct tm parts;

	if (!read_parts(object, key, &parts))
		return NULL;
	return cw_format("<time datetime=\"%s\">%d %s %d, %02d:%02d UTC</time>",
			 cw_json_string(object, key), parts.tm_mday, months[parts.tm_mon],
			 parts.tm_year + 1900, parts.tm_hour, parts.tm_min);
}

char *
cw_page_day(struct json_object *object, const char *key)
{
	struct tm parts;

	if (!read_parts(object, key, &parts))
		return NULL;
	return cw_format("%d %.3s %d", parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900);
}
