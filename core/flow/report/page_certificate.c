#include "flow/report/page_certificate.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "flow/kit/template.h"
#include "flow/report/describe.h"
#include "flow/report/health.h"
#include "flow/report/page.h"
#include "flow/report/page_text.h"
#include "flow/report/state.h"
#include "flow/report/words.h"

enum { NAMES_SHOWN = 6, WORDS_MAX = 24 };

/* The words of the template certificate.html, and whether lines are written. */
struct values {
	struct cw_template_word words[WORDS_MAX];
	size_t count;
	struct cw_strv conditions;
};

/* Takes TEXT. */
static void
set(struct values *values, const char *name, char *text)
{
	if (values->count < WORDS_MAX - 1)
		values->words[values->count++] = (struct cw_template_word){name, text};
	else
		free(text);
}

static void
set_escaped(struct values *values, const char *name, const char *text)
{
	set(values, name, cw_page_escape(text != NULL ? text : ""));
}

static void
set_number(struct values *values, const char *name, int64_t number)
{
	set(values, name, cw_format("%" PRId64, number));
}

static void
clear(struct values *values)
{
	for (size_t i = 0; i < values->count; i++)
		free((char *)values->words[i].text);
	cw_strv_clear(&values->conditions);
}

/* "www.example.org, mail.example.org and 4 more" */
static char *
join_some(const struct cw_strv *domains)
{
	cw_auto_strv struct cw_strv some = {0};
	cw_autofree char *joined = NULL;

	for (size_t i = 0; i < domains->count && i < NAMES_SHOWN; i++)
		cw_strv_add(&some, domains->items[i]);
	joined = cw_strv_join(&some, ", ");
	if (domains->count <= NAMES_SHOWN)
		return cw_take(&joined);
	return cw_format("%s and %zu more", joined, domains->count - NAMES_SHOWN);
}

static char *
describe_issuer(struct json_object *certificate)
{
	cw_autofree char *issuer = cw_json_prose(certificate, "issuer");

	if (cw_state_is(certificate, "origin", "self-signed"))
		return cw_strdup("self-signed, until there is a better one");
	if (issuer == NULL)
		return cw_strdup("");
	return cw_state_is(certificate, "origin", "provided")
		       ? cw_format("provided by you, issued by %s", issuer)
		       : cw_format("issued by %s", issuer);
}

/* The names, unless the certificate's own says it already, and who issued it. */
static void
set_names(struct values *values, struct json_object *certificate, const char *name)
{
	cw_auto_strv struct cw_strv domains = {0};
	cw_autofree char *some = NULL, *all = NULL, *search = NULL, *both = NULL;
	cw_autofree char *issuer = describe_issuer(certificate);
	bool alone;

	cw_json_add_to_strv(certificate, "domains", &domains);
	some = join_some(&domains);
	all = cw_strv_join(&domains, " ");
	search = cw_lower(
		cw_format("%s %s %s %s", name, all, issuer, cw_describe_state(certificate)));
	alone = domains.count == 0 || (domains.count == 1 && strcmp(domains.items[0], name) == 0);
	both = cw_format("%s%s%s", alone ? "" : some, alone || *issuer == '\0' ? "" : " · ",
			 issuer);
	set_escaped(values, "NAMES", both);
	set_escaped(values, "SEARCH", search);
}

/* What the bar shows, for those who do not see it. */
static char *
describe_life(struct json_object *certificate, const struct cw_life *life)
{
	struct json_object *window = cw_json_object(certificate, "window");
	cw_autofree char *begin = cw_page_day(certificate, "not_before");
	cw_autofree char *end = cw_page_day(certificate, "expiry");
	cw_autofree char *start = cw_page_day(window, "start");
	cw_autofree char *last = cw_page_day(window, "end");
	cw_autofree char *text = cw_format("valid from %s to %s; %d percent of this is over", begin,
					   end, life->elapsed * 100 / CW_LIFE);

	if (start == NULL)
		return cw_take(&text);
	return cw_format("%s; renewal window from %s to %s", text, start, last);
}

static void
set_life(struct values *values, struct json_object *certificate, int64_t now)
{
	struct cw_life life;
	int overlap;

	if (!cw_describe_life(certificate, now, &life))
		return;
	cw_strv_add(&values->conditions, "life");
	overlap = life.elapsed < life.window_end ? life.elapsed : life.window_end;
	set(values, "LIFE", describe_life(certificate, &life));
	set(values, "BEGIN", cw_page_day(certificate, "not_before"));
	set(values, "END", cw_page_day(certificate, "expiry"));
	set_number(values, "WINDOW", life.window_start);
	set_number(values, "LENGTH", life.window_end - life.window_start);
	set_number(values, "ELAPSED", life.elapsed);
	set_number(values, "OVERLAP",
		   overlap > life.window_start ? overlap - life.window_start : 0);
}

static void
add_hint(struct cw_buf *hints, struct json_object *object)
{
	cw_autofree char *hint = cw_json_prose(object, "hint");
	cw_autofree char *escaped = NULL;

	if (hint == NULL)
		return;
	escaped = cw_page_escape(hint);
	if (cw_starts_with(hint, "certwright "))
		cw_buf_addf(hints, "<p class=\"hint command\"><code>%s</code></p>\n", escaped);
	else
		cw_buf_addf(hints, "<p class=\"hint\">%s</p>\n", escaped);
}

/* Whether "it expired 2 days ago" stands beside the bar already, in a colour that warns. */
static bool
repeats(const char *attention, const char *expiry)
{
	return expiry != NULL && cw_starts_with(attention, "it expired ") &&
	       strcmp(attention + strlen("it "), expiry) == 0;
}

static void
set_attention(struct values *values, struct json_object *certificate, const char *expiry)
{
	struct json_object *problems = cw_json_array(certificate, "problems");
	cw_autofree char *attention = cw_json_prose(certificate, "attention");
	cw_auto_buf struct cw_buf hints = {0};

	set_escaped(values, "ATTENTION", attention);
	add_hint(&hints, cw_json_object(certificate, "last_failure"));
	for (size_t i = 0; problems != NULL && i < json_object_array_length(problems); i++)
		add_hint(&hints, json_object_array_get_idx(problems, i));
	set(values, "HINTS", cw_buf_take(&hints));
	if (attention != NULL && !repeats(attention, expiry))
		cw_strv_add(&values->conditions, "attention");
}

/* A term and what it is; DESCRIPTION is HTML. */
static void
add_detail(struct cw_buf *details, const char *term, const char *description)
{
	if (description != NULL && *description != '\0')
		cw_buf_addf(details, "<dt>%s</dt><dd>%s</dd>\n", term, description);
}

static void
add_member(struct cw_buf *details, const char *term, struct json_object *object, const char *key)
{
	cw_autofree char *text = cw_json_prose(object, key);
	cw_autofree char *escaped = cw_page_escape(text != NULL ? text : "");

	add_detail(details, term, escaped);
}

static void
add_time(struct cw_buf *details, const char *term, struct json_object *object, const char *key)
{
	cw_autofree char *time = cw_page_time(object, key);

	add_detail(details, term, time);
}

static void
add_window(struct cw_buf *details, struct json_object *certificate)
{
	struct json_object *window = cw_json_object(certificate, "window");
	cw_autofree char *start = cw_page_time(window, "start");
	cw_autofree char *end = cw_page_time(window, "end");
	cw_autofree char *both =
		start != NULL && end != NULL ? cw_format("%s to %s", start, end) : NULL;

	add_detail(details, "Renewal window", both);
}

static void
add_failure(struct cw_buf *details, struct json_object *certificate)
{
	struct json_object *failure = cw_json_object(certificate, "last_failure");
	int64_t attempts = cw_json_int(certificate, "attempts", 0);

	if (failure == NULL)
		return;
	add_time(details, "Last failure", failure, "time");
	add_member(details, "Because", failure, "message");
	add_time(details, "Not before", failure, "until");
	if (attempts > 1) {
		cw_autofree char *count = cw_format("%" PRId64, attempts);

		add_detail(details, "Failed attempts", count);
	}
}

static void
add_problems(struct cw_buf *details, struct json_object *certificate)
{
	struct json_object *problems = cw_json_array(certificate, "problems");

	for (size_t i = 0; problems != NULL && i < json_object_array_length(problems); i++)
		add_member(details, "Problem", json_object_array_get_idx(problems, i), "message");
}

static char *
make_details(struct json_object *certificate)
{
	cw_auto_strv struct cw_strv domains = {0};
	cw_autofree char *names = NULL, *escaped = NULL;
	cw_auto_buf struct cw_buf details = {0};

	cw_json_add_to_strv(certificate, "domains", &domains);
	names = cw_strv_join(&domains, ", ");
	escaped = cw_page_escape(names);
	add_detail(&details, "Names", escaped);
	add_time(&details, "Valid from", certificate, "not_before");
	add_time(&details, "Valid to", certificate, "expiry");
	add_window(&details, certificate);
	add_time(&details, "Next look", cw_json_object(certificate, "next"), "time");
	add_time(&details, "Obtained", certificate, "last_success");
	add_failure(&details, certificate);
	add_problems(&details, certificate);
	add_member(&details, "Origin", certificate, "origin");
	add_member(&details, "CA server", certificate, "server");
	add_member(&details, "Authenticator", certificate, "authenticator");
	add_member(&details, "Installer", certificate, "installer");
	add_member(&details, "Key", certificate, "key_type");
	add_member(&details, "Serial number", certificate, "serial");
	return cw_buf_take(&details);
}

void
cw_page_add_certificate(struct json_object *certificate, int64_t now, struct cw_buf *out)
{
	cw_auto(clear) struct values values = {0};
	cw_autofree char *name = cw_json_prose(certificate, "name");
	cw_autofree char *expiry = cw_describe_expiry(certificate, now);
	cw_autofree char *next = cw_describe_next(certificate, now);
	int64_t seconds = 0;

	cw_state_time(certificate, "expiry", &seconds);
	set_escaped(&values, "HEALTH", cw_health_name(cw_health_read(certificate)));
	set_escaped(&values, "NAME", name);
	set_number(&values, "SECONDS", seconds);
	set_escaped(&values, "STATE", cw_describe_state(certificate));
	set_names(&values, certificate, name != NULL ? name : "");
	set_life(&values, certificate, now);
	set_escaped(&values, "EXPIRY", expiry != NULL ? expiry : "no certificate");
	set_escaped(&values, "NEXT", next);
	set_attention(&values, certificate, expiry);
	set(&values, "DETAILS", make_details(certificate));
	cw_template_expand(cw_page_certificate_html, "certificate.html",
			   &(struct cw_template_values){values.words, values.conditions}, out,
			   NULL);
}
