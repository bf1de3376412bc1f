/* The DNS, for plugins: where names are, whether their records are there, messages to servers. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "dns/exchange.h"
#include "dns/locate.h"
#include "dns/lookup.h"
#include "dns/txt.h"
#include "network/internal.h"

enum { NAMES_MAX = 10000 /* of one request */ };

struct locate_job {
	struct cw_serving job;
	struct cw_dns_locating *locating;
};

static void
clear_locate(struct cw_serving *job)
{
	cw_dns_locate_cancel(((struct locate_job *)job)->locating);
}

static void
located(void *context, const struct cw_dns_location *locations, size_t count)
{
	struct locate_job *locate = context;
	struct cw_message *answer = cw_serving_answer();

	locate->locating = NULL;
	for (size_t i = 0; i < count; i++) {
		cw_message_put_int(answer, locations[i].status);
		cw_message_put_text(answer, locations[i].target);
		cw_message_put_text(answer, locations[i].zone);
		cw_message_put_text(answer, locations[i].reason);
	}
	cw_serving_finish(&locate->job, answer);
}

void
cw_serve_locate(struct cw_network_process *process, struct cw_message *request)
{
	struct locate_job *locate = cw_serving_new(process, request, sizeof(*locate), clear_locate);
	cw_autofree char *resolver = cw_message_get_text(request, CW_MESSAGE_NAME);
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_error struct cw_error error = {0};

	cw_message_get_list(request, NAMES_MAX, CW_MESSAGE_NAME, &names);
	if (cw_message_finish(request, "the coordinator", &error) == CW_OK)
		locate->locating =
			cw_dns_locate(process->loop, resolver, &names, located, locate, &error);
	if (locate->locating == NULL)
		cw_serving_fail(&locate->job, &error);
}

struct wait_job {
	struct cw_serving job;
	struct cw_txt_waiter *waiter;
	struct cw_strv names, values;
	struct cw_txt_record *records;
};

static void
clear_wait(struct cw_serving *job)
{
	struct wait_job *wait = (struct wait_job *)job;

	cw_txt_cancel(wait->waiter);
	for (size_t i = 0; wait->records != NULL && i < wait->names.count; i++)
		free(wait->records[i].reason);
	free(wait->records);
	cw_strv_clear(&wait->names);
	cw_strv_clear(&wait->values);
}

static void
waited(void *context, const struct cw_error *error)
{
	struct wait_job *wait = context;
	struct cw_message *answer = cw_serving_answer();

	(void)error;
	wait->waiter = NULL;
	for (size_t i = 0; i < wait->names.count; i++) {
		cw_message_put_int(answer, wait->records[i].result);
		cw_message_put_text(answer, wait->records[i].reason);
	}
	cw_serving_finish(&wait->job, answer);
}

static struct cw_txt_waiter *
start_wait(struct wait_job *wait, const char *resolver, unsigned seconds, struct cw_error *error)
{
	size_t count = wait->names.count;
	cw_autofree struct cw_txt_record **pointers =
		cw_calloc(count + 1, sizeof(struct cw_txt_record *));

	wait->records = cw_calloc(count + 1, sizeof(*wait->records));
	for (size_t i = 0; i < count; i++) {
		wait->records[i] = (struct cw_txt_record){.size = sizeof(wait->records[i]),
							  .name = wait->names.items[i],
							  .value = wait->values.items[i]};
		pointers[i] = &wait->records[i];
	}
	return cw_txt_wait(wait->job.process->loop, resolver, pointers, count, seconds, waited,
			   wait, error);
}

void
cw_serve_wait_txt(struct cw_network_process *process, struct cw_message *request)
{
	struct wait_job *wait = cw_serving_new(process, request, sizeof(*wait), clear_wait);
	cw_autofree char *resolver = cw_message_get_text(request, CW_MESSAGE_NAME);
	unsigned seconds = (unsigned)cw_message_get_int(request, 0, UINT32_MAX);
	cw_auto_error struct cw_error error = {0};

	cw_message_get_list(request, NAMES_MAX, CW_MESSAGE_NAME, &wait->names);
	cw_message_get_list(request, NAMES_MAX, CW_MESSAGE_LINE, &wait->values);
	if (wait->names.count != wait->values.count)
		request->broken = true;
	if (cw_message_finish(request, "the coordinator", &error) == CW_OK)
		wait->waiter = start_wait(wait, resolver, seconds, &error);
	if (wait->waiter == NULL)
		cw_serving_fail(&wait->job, &error);
}

struct lookup_job {
	struct cw_serving job;
	struct cw_dns_lookup *lookup;
};

static void
clear_lookup(struct cw_serving *job)
{
	cw_dns_lookup_cancel(((struct lookup_job *)job)->lookup);
}

static void
looked_up(void *context, const struct cw_dns_found *found, size_t count)
{
	struct lookup_job *lookup = context;
	struct cw_message *answer = cw_serving_answer();

	lookup->lookup = NULL;
	for (size_t i = 0; i < count; i++) {
		cw_message_put_int(answer, found[i].status);
		cw_message_put_text(answer, found[i].reason);
		cw_message_put_list(answer, &found[i].texts);
	}
	cw_serving_finish(&lookup->job, answer);
}

void
cw_serve_lookup(struct cw_network_process *process, struct cw_message *request)
{
	struct lookup_job *lookup = cw_serving_new(process, request, sizeof(*lookup), clear_lookup);
	cw_autofree char *resolver = cw_message_get_text(request, CW_MESSAGE_NAME);
	enum cw_dns_type type = (enum cw_dns_type)cw_message_get_int(request, 1, UINT16_MAX);
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_error struct cw_error error = {0};

	cw_message_get_list(request, CW_WIRE_LOOKUPS, CW_MESSAGE_NAME, &names);
	if (cw_message_finish(request, "the coordinator", &error) == CW_OK)
		lookup->lookup = cw_dns_lookup_start(process->loop, resolver, type, &names,
						     looked_up, lookup, &error);
	if (lookup->lookup == NULL)
		cw_serving_fail(&lookup->job, &error);
}

struct dns_job {
	struct cw_serving job;
	struct cw_dns_exchange *exchange;
};

static void
clear_exchange(struct cw_serving *job)
{
	cw_dns_exchange_cancel(((struct dns_job *)job)->exchange);
}

static void
exchanged(void *context, const uint8_t *bytes, size_t length, const struct cw_error *error)
{
	struct dns_job *dns = context;
	struct cw_message *answer;

	dns->exchange = NULL;
	if (bytes == NULL) {
		cw_serving_fail(&dns->job, error);
		return;
	}
	answer = cw_serving_answer();
	cw_message_put_bytes(answer, bytes, length);
	cw_serving_finish(&dns->job, answer);
}

void
cw_serve_dns_exchange(struct cw_network_process *process, struct cw_message *request)
{
	struct dns_job *dns = cw_serving_new(process, request, sizeof(*dns), clear_exchange);
	cw_autofree char *server = cw_message_need_text(request, CW_MESSAGE_NAME);
	struct cw_dns_request exchange = {.stream = cw_message_get_bool(request)};
	cw_auto_buf struct cw_buf query = {0};
	cw_auto_error struct cw_error error = {0};

	cw_message_get_bytes(request, CW_DNS_MESSAGE_MAX, &query);
	exchange.limit = cw_message_get_int(request, 1, INT32_MAX);
	if (cw_message_finish(request, "the coordinator", &error) == CW_OK &&
	    query.length < CW_DNS_HEADER_SIZE)
		cw_fail(&error, CW_E_INVALID, "the message for \"%s\" is no DNS message", server);
	else if (error.status == CW_OK && !cw_dns_parse_address(server, &exchange.server))
		cw_fail(&error, CW_E_INVALID, "\"%s\" is no address of a name server", server);
	if (error.status != CW_OK) {
		cw_serving_fail(&dns->job, &error);
		return;
	}
	exchange.query = (const uint8_t *)cw_buf_text(&query);
	exchange.length = query.length;
	dns->exchange = cw_dns_exchange_start(process->loop, &exchange, exchanged, dns);
}
