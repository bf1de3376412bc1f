/* The services of the DNS: what plugins gave is checked here, the network process does the work. */
#include "dns/exchange.h"
#include "plugin/instance_internal.h"
#include "plugin/services_remote.h"

#define PLACE_SIZE CW_SIZE_1_0(struct cw_dns_place, zone)
#define RECORD_SIZE CW_SIZE_1_0(struct cw_txt_record, reason)
#define QUERY_SIZE CW_SIZE_1_0(struct cw_dns_query, reason)

int
cw_service_locate(const struct cw_host *host, struct cw_dns_place *const *places, size_t count)
{
	int status;

	for (size_t i = 0; i < count; i++) {
		if (places[i]->size < PLACE_SIZE || places[i]->name == NULL)
			return cw_host_misused(host, "locate", "a place is cut short");
		places[i]->result = CW_E_CANCELLED;
		places[i]->target = NULL;
		places[i]->zone = NULL;
	}
	status = cw_host_begin(host, "locate");
	return status == CW_OK && count > 0 ? cw_remote_locate(host, places, count) : status;
}

int
cw_service_wait_txt(const struct cw_host *host, struct cw_txt_record *const *records, size_t count,
		    unsigned seconds)
{
	int status;

	for (size_t i = 0; i < count; i++)
		if (records[i]->size < RECORD_SIZE || records[i]->name == NULL ||
		    records[i]->value == NULL)
			return cw_host_misused(host, "wait_txt", "a record is cut short");
	status = cw_host_begin(host, "wait_txt");
	return status == CW_OK && count > 0 ? cw_remote_wait_txt(host, records, count, seconds)
					    : status;
}

int
cw_service_dns_exchange(const struct cw_host *host, struct cw_dns_query *query)
{
	int status;

	if (query->size < QUERY_SIZE || query->server == NULL || query->message == NULL)
		return cw_host_misused(host, "dns_exchange", "the query is cut short");
	if (query->message_length < CW_DNS_HEADER_SIZE ||
	    query->message_length > CW_DNS_MESSAGE_MAX)
		return cw_host_misused(host, "dns_exchange", "the message is no DNS message");
	query->answer = NULL;
	query->answer_length = 0;
	query->reason = NULL;
	status = cw_host_begin(host, "dns_exchange");
	return status == CW_OK ? cw_remote_dns_exchange(host, query) : status;
}
