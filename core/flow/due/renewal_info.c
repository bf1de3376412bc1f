#include "flow/due/renewal_info.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/log.h"
#include "flow/work/ca.h"
#include "store/rewrite.h"

#define SECTION "acme_renewal_info"
#define KEY "ari_retry_after"
#define DIRECTORY_LIMIT 20000 /* milliseconds that finding out about a server may take */
/* The most that RFC 9773 section 4.3 lets a client wait, and an hour that summer time can add. */
#define WAIT_MAX (25 * 3600)

/* A server, and what it is asked for a group of certificates. */
struct advisor {
	struct cw_advisors *advisors;
	char *server;
	struct cw_ca *ca;
	struct cw_ca_call *call;
	bool given_up;    /* it is not asked any more */
	bool unreachable; /* because it did not answer */
	struct cw_acme_renewal_info *infos;
	struct cw_acme_renewal_info **asked;
	struct cw_advice_wanted **wanted; /* of each of ASKED */
	size_t count;
};

struct cw_advisors {
	struct cw_context *context;
	struct advisor **items;
	size_t count;
	size_t busy; /* of them */
	bool done;
	struct cw_strv explanations; /* URLs that were shown */
};

struct cw_advisors *
cw_advisors_new(struct cw_context *context)
{
	struct cw_advisors *advisors = cw_alloc(sizeof(*advisors));

	advisors->context = context;
	return advisors;
}

void
cw_advisors_free(struct cw_advisors *advisors)
{
	if (advisors == NULL)
		return;
	for (size_t i = 0; i < advisors->count; i++) {
		struct advisor *advisor = advisors->items[i];

		free(advisor->server);
		cw_ca_close(advisor->ca);
		free(advisor);
	}
	free(advisors->items);
	cw_strv_clear(&advisors->explanations);
	free(advisors);
}

static void
cannot_ask(const char *server, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_log_warning("cannot ask %s when to renew, using the certificates' lifetimes instead: %s",
		       server, line);
}

static void
explain(struct cw_advisors *advisors, const struct cw_advice_wanted *wanted, const char *url)
{
	/* One text often is about very many certificates. */
	if (url != NULL && cw_strv_add_unique(&advisors->explanations, url))
		cw_log_info("the CA explains when to renew \"%s\": %s", wanted->name, url);
}

static void
take_answer(struct cw_advisors *advisors, struct cw_advice_wanted *wanted,
	    struct cw_acme_renewal_info *info)
{
	int64_t now = cw_time();

	if (info->error.status < 0) {
		cw_autofree char *line = cw_error_line(&info->error);

		cw_log_debug("no renewal information for \"%s\": %s", wanted->name, line);
		wanted->unanswered = true;
		cw_error_clear(&info->error);
	} else {
		wanted->advice = cw_due_by_window(info->window_start, info->window_end, now);
		wanted->ask_again = now + info->retry_after / 1000;
		wanted->start = info->window_start;
		wanted->end = info->window_end;
		explain(advisors, wanted, info->explanation_url);
	}
	free(info->explanation_url);
}

static void
end_one(struct advisor *advisor)
{
	struct cw_advisors *advisors = advisor->advisors;

	advisor->call = NULL;
	advisors->busy--;
	advisors->done = advisors->busy == 0;
}

/* The server is not asked again in this run. */
static void
give_up(struct advisor *advisor, const struct cw_error *error)
{
	cannot_ask(advisor->server, error);
	for (size_t i = 0; i < advisor->count; i++)
		advisor->wanted[i]->unanswered = true;
	/* Not within a call back of its own. */
	advisor->given_up = advisor->unreachable = true;
	end_one(advisor);
}

static void
on_infos(void *context, struct cw_error *error)
{
	struct advisor *advisor = context;
	cw_auto_error struct cw_error failure = {0};
	size_t reached = 0;

	if (error != NULL)
		cw_error_move(&failure, error);
	for (size_t i = 0; i < advisor->count; i++) {
		struct cw_acme_renewal_info *info = advisor->asked[i];

		if (info->error.status != CW_E_NETWORK && info->error.status != CW_E_TIMEOUT)
			reached++;
		else if (failure.status == CW_OK)
			cw_error_copy(&failure, &info->error);
		take_answer(advisor->advisors, advisor->wanted[i], info);
	}
	if (failure.status < 0 && reached == 0)
		give_up(advisor, &failure);
	else
		end_one(advisor);
}

static void
on_directory(void *context, struct cw_error *error)
{
	struct advisor *advisor = context;

	if (error != NULL) {
		give_up(advisor, error);
	} else if (!cw_ca_directory(advisor->ca)->renewal_info) {
		cw_log_debug("%s has no renewal information", advisor->server);
		advisor->given_up = true;
		end_one(advisor);
	} else {
		advisor->call = cw_ca_renewal_info(advisor->ca, advisor->asked, advisor->count,
						   on_infos, advisor);
	}
}

/* The advisor for SERVER, made when it is first asked for. */
static struct advisor *
find_advisor(struct cw_advisors *advisors, const char *server)
{
	struct advisor *advisor;

	for (size_t i = 0; i < advisors->count; i++)
		if (strcmp(advisors->items[i]->server, server) == 0)
			return advisors->items[i];
	advisor = cw_alloc(sizeof(*advisor));
	advisor->advisors = advisors;
	advisor->server = cw_strdup(server);
	advisors->items =
		cw_realloc(advisors->items, advisors->count + 1, sizeof(struct advisor *));
	advisors->items[advisors->count++] = advisor;
	advisor->ca = cw_context_new_ca(advisors->context, server);
	cw_ca_only_ask(advisor->ca, DIRECTORY_LIMIT);
	return advisor;
}

/* Adds one to those that its server is asked about; room is for COUNT. */
static void
add_wanted(struct cw_advisors *advisors, struct cw_advice_wanted *wanted, size_t count)
{
	struct advisor *advisor = find_advisor(advisors, wanted->server);
	struct cw_acme_renewal_info *info;

	wanted->advice = CW_ADVICE_NONE;
	wanted->ask_again = wanted->start = wanted->end = 0;
	wanted->unanswered = advisor->unreachable;
	if (advisor->given_up)
		return;
	if (advisor->infos == NULL) {
		advisor->infos = cw_calloc(count, sizeof(*advisor->infos));
		advisor->asked = cw_calloc(count, sizeof(struct cw_acme_renewal_info *));
		advisor->wanted = cw_calloc(count, sizeof(struct cw_advice_wanted *));
	}
	info = &advisor->infos[advisor->count];
	info->certificate_id = wanted->certificate_id;
	advisor->asked[advisor->count] = info;
	advisor->wanted[advisor->count++] = wanted;
}

/* Forgets the group, and what is in flight for it. */
static void
forget_group(struct advisor *advisor)
{
	cw_ca_cancel(cw_take(&advisor->call));
	free(cw_take(&advisor->infos));
	free(cw_take(&advisor->asked));
	free(cw_take(&advisor->wanted));
	advisor->count = 0;
}

int
cw_advisors_ask(struct cw_advisors *advisors, struct cw_advice_wanted *wanted, size_t count,
		struct cw_error *error)
{
	int status;

	advisors->busy = 0;
	for (size_t i = 0; i < count; i++)
		add_wanted(advisors, &wanted[i], count);
	for (size_t i = 0; i < advisors->count; i++) {
		struct advisor *advisor = advisors->items[i];

		if (advisor->count == 0)
			continue;
		advisors->busy++;
		advisor->call = cw_ca_open(advisor->ca, on_directory, advisor);
	}
	advisors->done = advisors->busy == 0;
	status = cw_loop_until(advisors->context->loop, &advisors->done, error);
	for (size_t i = 0; i < advisors->count; i++)
		forget_group(advisors->items[i]);
	return status;
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
