#include "flow/due/renewal_info.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "acme/wait.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/rewrite.h"

#define SECTION "acme_renewal_info"
#define KEY "ari_retry_after"
#define DIRECTORY_LIMIT 20000 /* milliseconds that finding out about a server may take */
/* The most that RFC 9773 section 4.3 lets a client wait, and an hour that summer time can add. */
#define WAIT_MAX (25 * 3600)

struct advisor {
	char *server;
	struct cw_acme *acme; /* NULL: it cannot be asked */
};

struct cw_advisors {
	struct cw_http *http;
	struct cw_loop *loop;
	struct advisor *items;
	size_t count;
	struct cw_strv explanations; /* URLs that were shown */
};

struct cw_advisors *
cw_advisors_new(struct cw_http *http, struct cw_loop *loop)
{
	struct cw_advisors *advisors = cw_alloc(sizeof(*advisors));

	advisors->http = http;
	advisors->loop = loop;
	return advisors;
}

void
cw_advisors_free(struct cw_advisors *advisors)
{
	if (advisors == NULL)
		return;
	for (size_t i = 0; i < advisors->count; i++) {
		free(advisors->items[i].server);
		cw_acme_free(advisors->items[i].acme);
	}
	free(advisors->items);
	cw_strv_clear(&advisors->explanations);
	free(advisors);
}

static void
cannot_ask(const char *server, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_log_warning("cannot ask %s when to renew, going by the certificates' lifetimes: %s",
		       server, line);
}

/* The server's client, connected when it is first asked for; NULL when it cannot be asked. */
static int
find_advisor(struct cw_advisors *advisors, const char *server, struct advisor **found,
	     struct cw_error *error)
{
	struct cw_acme_options options = {.directory_url = server, .time_limit = DIRECTORY_LIMIT};
	cw_auto_error struct cw_error failure = {0};
	struct advisor *advisor;
	int status;

	for (size_t i = 0; i < advisors->count; i++) {
		*found = &advisors->items[i];
		if (strcmp((*found)->server, server) == 0)
			return CW_OK;
	}
	advisors->items =
		cw_realloc(advisors->items, advisors->count + 1, sizeof(*advisors->items));
	advisor = *found = &advisors->items[advisors->count++];
	*advisor = (struct advisor){.server = cw_strdup(server)};
	status = cw_acme_new(advisors->loop, advisors->http, &options, NULL, &advisor->acme,
			     &failure);
	if (status == CW_E_CANCELLED)
		return cw_error_move(error, &failure);
	if (status < 0) {
		cannot_ask(server, &failure);
	} else if (cw_acme_resource(advisor->acme, "renewalInfo") == NULL) {
		cw_log_debug("%s has no renewal information", server);
		cw_acme_free(cw_take(&advisor->acme));
	}
	return CW_OK;
}

static void
explain(struct cw_advisors *advisors, const struct cw_advice_wanted *wanted, const char *url)
{
	/* One text often is about very many certificates. */
	if (url != NULL && cw_strv_add_unique(&advisors->explanations, url))
		cw_log_info("what the CA has to say about when to renew \"%s\": %s", wanted->name,
			    url);
}

static void
take_answer(struct cw_advisors *advisors, struct cw_advice_wanted *wanted,
	    struct cw_acme_renewal_info *info)
{
	int64_t now = cw_time();

	if (info->error.status < 0) {
		cw_autofree char *line = cw_error_line(&info->error);

		cw_log_debug("no renewal information for \"%s\": %s", wanted->name, line);
		cw_error_clear(&info->error);
	} else {
		wanted->advice = cw_due_by_window(info->window_start, info->window_end, now);
		wanted->ask_again = now + info->retry_after / 1000;
		explain(advisors, wanted, info->explanation_url);
	}
	free(info->explanation_url);
}

/* Asks ADVISOR about those that are its own. */
static int
ask_one(struct cw_advisors *advisors, struct advisor *advisor, struct cw_advice_wanted *wanted,
	size_t count, struct cw_error *error)
{
	cw_autofree struct cw_acme_renewal_info *infos = cw_calloc(count, sizeof(*infos));
	cw_autofree struct cw_acme_renewal_info **asked =
		cw_calloc(count, sizeof(struct cw_acme_renewal_info *));
	cw_auto_error struct cw_error failure = {0};
	size_t asked_count = 0;
	size_t reached = 0;
	int status;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(wanted[i].server, advisor->server) != 0)
			continue;
		infos[i].certificate_id = wanted[i].certificate_id;
		asked[asked_count++] = &infos[i];
	}
	status = cw_acme_renewal_info(advisor->acme, asked, asked_count, &failure);
	for (size_t i = 0; i < asked_count; i++) {
		bool network = asked[i]->error.status == CW_E_NETWORK ||
			       asked[i]->error.status == CW_E_TIMEOUT;

		if (!network)
			reached++;
		else if (failure.status == CW_OK)
			cw_error_copy(&failure, &asked[i]->error);
		take_answer(advisors, &wanted[asked[i] - infos], asked[i]);
	}
	if (status == CW_E_CANCELLED)
		return cw_error_move(error, &failure);
	if (failure.status < 0 && reached == 0) {
		cannot_ask(advisor->server, &failure);
		cw_acme_free(cw_take(&advisor->acme));
	}
	return CW_OK;
}

int
cw_advisors_ask(struct cw_advisors *advisors, struct cw_advice_wanted *wanted, size_t count,
		struct cw_error *error)
{
	for (size_t i = 0; i < count; i++) {
		wanted[i].advice = CW_ADVICE_NONE;
		wanted[i].ask_again = 0;
	}
	for (size_t i = 0; i < count; i++) {
		struct advisor *advisor = NULL;
		bool first = true;
		int status;

		for (size_t j = 0; j < i && first; j++)
			first = strcmp(wanted[j].server, wanted[i].server) != 0;
		if (!first)
			continue;
		status = find_advisor(advisors, wanted[i].server, &advisor, error);
		if (status == CW_OK && advisor->acme != NULL)
			status = ask_one(advisors, advisor, wanted, count, error);
		if (status < 0)
			return status;
	}
	return CW_OK;
}

/* The time of a local one. mktime() would look for a new /etc/localtime each time. */
static int64_t
from_local(struct tm *parts)
{
	int64_t as_utc = (int64_t)timegm(parts);
	time_t when = (time_t)as_utc;
	struct tm there;

	/* Its offset is that of the time itself, which the first turn finds. */
	for (int turn = 0; turn < 2; turn++) {
		if (localtime_r(&when, &there) == NULL)
			return 0;
		when = (time_t)(as_utc - there.tm_gmtoff);
	}
	return when;
}

int64_t
cw_ask_again_read(const struct cw_configobj *config, int64_t now)
{
	const char *text = cw_configobj_get(config, SECTION, KEY);
	struct tm local = {0};
	const char *rest;
	int64_t when;

	if (text == NULL)
		return 0;
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &local);
	if (rest == NULL || *rest != '\0')
		return 0;
	when = from_local(&local);
	return when > now && when - now <= WAIT_MAX ? when : 0;
}

static bool
format_local(int64_t when, char text[CW_ASK_AGAIN_LENGTH + 1])
{
	time_t seconds = (time_t)when;
	struct tm local;

	return localtime_r(&seconds, &local) != NULL &&
	       strftime(text, CW_ASK_AGAIN_LENGTH + 1, "%Y-%m-%dT%H:%M:%S", &local) ==
		       CW_ASK_AGAIN_LENGTH;
}

void
cw_ask_again_write(struct cw_configobj *config, int64_t when)
{
	char text[CW_ASK_AGAIN_LENGTH + 1];

	if (format_local(when, text))
		cw_configobj_set(config, SECTION, KEY, text);
}

void
cw_ask_again_find(const struct cw_configobj *config, struct cw_ask_again_place *place)
{
	size_t length = 0;

	if (!cw_configobj_place(config, SECTION, KEY, &place->offset, &length) ||
	    length != CW_ASK_AGAIN_LENGTH)
		place->offset = 0;
	else
		memcpy(place->text, cw_configobj_get(config, SECTION, KEY), length + 1);
}

bool
cw_ask_again_overwrite(const char *path, const struct cw_ask_again_place *place, int64_t when)
{
	char text[CW_ASK_AGAIN_LENGTH + 1];

	return place->offset != 0 && format_local(when, text) &&
	       cw_rewrite_in_place(path, place->offset, place->text, text, CW_ASK_AGAIN_LENGTH);
}
