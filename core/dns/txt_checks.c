#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "dns/txt_internal.h"

static void ask_txt(void *context);

static void
check_seen(struct cw_txt_check *check)
{
	struct cw_txt_wanted *record = check->record;

	check->seen = true;
	if (--record->missing > 0)
		return;
	record->out->result = CW_OK;
	cw_log_debug("the TXT record \"%s\" is at all %zu servers", record->out->name,
		     record->count);
	if (--record->waiter->missing == 0)
		cw_txt_finish_soon(record->waiter);
}

static char *
describe(const struct cw_dns_answer *answer, size_t values)
{
	if (answer->code == CW_DNS_NO_SUCH_NAME)
		return cw_strdup("it says that the name does not exist");
	if (answer->code == CW_DNS_REFUSED)
		return cw_strdup("it refuses to answer for this name");
	if (answer->code != CW_DNS_NO_ERROR)
		return cw_format("it answered with the error code %u", answer->code);
	if (values == 0)
		return cw_strdup("it has no TXT record there");
	return cw_strdup(values == 1 ? "it has another value" : "it has other values");
}

static void
txt_answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct cw_txt_check *check = context;
	size_t values = 0;
	bool found = false;

	for (size_t i = 0; answer != NULL && i < answer->count; i++) {
		const struct cw_dns_record *record = &answer->records[i];

		if (record->authority || record->type != CW_DNS_TXT)
			continue;
		values++;
		found = found || strcmp(record->text, check->record->out->value) == 0;
	}
	if (found && answer->code == CW_DNS_NO_ERROR) {
		check_seen(check);
		return;
	}
	check->wrong = check->server->zone->name != NULL && answer != NULL &&
		       (answer->code == CW_DNS_NO_ERROR || answer->code == CW_DNS_NO_SUCH_NAME);
	cw_txt_replace(&check->last, answer != NULL ? describe(answer, values) : cw_strdup(why));
	cw_txt_again(check->record->waiter, &check->retry, ask_txt, check);
}

static void
ask_txt(void *context)
{
	struct cw_txt_check *check = context;
	struct cw_txt_wanted *record = check->record;
	const struct cw_txt_server *server = check->server;

	check->retry.timer = NULL;
	/* Only a resolver, where no server of the zone is known, has to ask others. */
	cw_dns_ask(record->waiter->dns, &server->addresses[check->retry.tries % server->count],
		   record->name, CW_DNS_TXT, server->zone->name == NULL, txt_answered, check);
}

void
cw_txt_start_checks(struct cw_txt_wanted *record)
{
	struct cw_txt_zone *zone = record->zone;

	record->checks = cw_calloc(zone->count, sizeof(*record->checks));
	record->count = record->missing = zone->count;
	for (size_t i = 0; i < zone->count; i++) {
		record->checks[i].record = record;
		record->checks[i].server = &zone->servers[i];
		ask_txt(&record->checks[i]);
	}
}
