#include "update.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "zone.h"

enum { TTL = 120, AT_ONCE = 100 };

struct updater {
	const struct cw_host *host;
	const struct credentials *credentials;
	struct server *server;
	int add;
	struct change *changes;
	size_t count;
};

CW_PRINTF(4, 5)
static int
fail_change(struct change *change, int status, const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(change->failure.message, sizeof(change->failure.message), format, arguments);
	va_end(arguments);
	change->failure.hint = hint;
	change->status = status;
	return status;
}

void
change_clear(struct change *change)
{
	free(change->zone);
	memset(change, 0, sizeof(*change));
}

/* What a server means by a code (RFC 1035 section 4.1.1, RFC 2136 section 2.2). */
static const struct rcode {
	unsigned code;
	const char *name, *meaning;
} rcodes[] = {
	{1, "FORMERR", "it does not understand the message"},
	{2, "SERVFAIL", "the server itself failed; its log may say why"},
	{3, "NXDOMAIN", "there is no such name"},
	{4, "NOTIMP", "it does not take dynamic updates"},
	{5, "REFUSED", "its policy forbids that for this key"},
	{6, "YXDOMAIN", "a name exists that should not"},
	{7, "YXRRSET", "a record exists that should not"},
	{8, "NXRRSET", "a record is missing"},
	{9, "NOTAUTH", "it does not serve this zone, or does not accept the key"},
	{10, "NOTZONE", "the name is not in this zone"},
};

static const struct rcode *
find_rcode(unsigned code)
{
	static const struct rcode unknown = {0, "an unknown code", "the server does not say why"};

	for (size_t i = 0; i < sizeof(rcodes) / sizeof(rcodes[0]); i++)
		if (rcodes[i].code == code)
			return &rcodes[i];
	return &unknown;
}

static int
take_failure(const struct updater *updater, struct change *change, int status)
{
	change->failure = *server_failure(updater->server);
	change->status = status;
	return status;
}

static int
find_zone(const struct updater *updater, struct change *change)
{
	const struct credentials *credentials = updater->credentials;
	int status =
		zone_find(updater->server, change->name, credentials->sign_query, &change->zone);

	/* The server may choose a view by the key. */
	if (status == CW_OK && change->zone == NULL && !credentials->sign_query)
		status = zone_find(updater->server, change->name, 1, &change->zone);
	if (status != CW_OK)
		return take_failure(updater, change, status);
	if (change->zone == NULL)
		return fail_change(
			change, CW_E_NOT_FOUND,
			"check that dns_rfc2136_server in the credentials file is the "
			"primary server of the zone",
			"the name server %s, port %u, serves no zone that contains \"%s\"",
			credentials->server, credentials->port, change->name);
	cw_host_log(updater->host, CW_LOG_DEBUG, "\"%s\" is in the zone \"%s\"", change->name,
		    change->zone);
	return CW_OK;
}

static ldns_rr *
make_record(const struct change *change, int add)
{
	ldns_rr *record = ldns_rr_new();
	ldns_rdf *owner = ldns_dname_new_frm_str(change->name);
	ldns_rdf *value = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_STR, change->value);

	if (record == NULL || owner == NULL || value == NULL) {
		ldns_rr_free(record);
		ldns_rdf_deep_free(owner);
		ldns_rdf_deep_free(value);
		return NULL;
	}
	ldns_rr_set_owner(record, owner);
	ldns_rr_set_type(record, LDNS_RR_TYPE_TXT);
	/* RFC 2136 section 2.5.4: the class NONE removes one record of a set. */
	ldns_rr_set_class(record, add ? LDNS_RR_CLASS_IN : LDNS_RR_CLASS_NONE);
	ldns_rr_set_ttl(record, add ? TTL : 0);
	ldns_rr_push_rdf(record, value);
	return record;
}

static ldns_pkt *
make_update(const char *zone)
{
	ldns_pkt *packet = ldns_pkt_new();
	ldns_rr *question = ldns_rr_new();
	ldns_rdf *owner = ldns_dname_new_frm_str(zone);

	if (packet == NULL || question == NULL || owner == NULL) {
		ldns_pkt_free(packet);
		ldns_rr_free(question);
		ldns_rdf_deep_free(owner);
		return NULL;
	}
	ldns_pkt_set_opcode(packet, LDNS_PACKET_UPDATE);
	ldns_rr_set_question(question, true);
	ldns_rr_set_owner(question, owner);
	ldns_rr_set_type(question, LDNS_RR_TYPE_SOA);
	ldns_rr_set_class(question, LDNS_RR_CLASS_IN);
	ldns_pkt_push_rr(packet, LDNS_SECTION_QUESTION, question);
	return packet;
}

static int
no_memory(const struct updater *updater)
{
	return server_fail(updater->server, CW_E_NOMEM, NULL, "out of memory");
}

/* Sends the COUNT changes at LIST, all of one zone. *CODE is what the server answered. */
static int
send_update(const struct updater *updater, struct change *const *list, size_t count, unsigned *code)
{
	ldns_pkt *packet = make_update(list[0]->zone), *answer = NULL;
	int status = packet != NULL ? CW_OK : no_memory(updater);

	for (size_t i = 0; i < count && status == CW_OK; i++) {
		ldns_rr *record = make_record(list[i], updater->add);

		if (record == NULL || !ldns_pkt_push_rr(packet, LDNS_SECTION_AUTHORITY, record)) {
			ldns_rr_free(record);
			status = no_memory(updater);
		}
	}
	if (status == CW_OK)
		status = server_ask(updater->server, packet, 1, &answer);
	if (status == CW_OK)
		*code = (unsigned)ldns_pkt_get_rcode(answer);
	ldns_pkt_free(packet);
	ldns_pkt_free(answer);
	return status;
}

static int
refused(const struct updater *updater, struct change *change, unsigned code)
{
	const struct rcode *rcode = find_rcode(code);

	return fail_change(
		change, code == 2 ? CW_E_PROTOCOL : CW_E_PERMISSION,
		"look at the server's log, and at allow-update or update-policy of the zone",
		"the name server %s, port %u, did not %s the TXT record \"%s\" %s the "
		"zone \"%s\": %s (%s)",
		updater->credentials->server, updater->credentials->port,
		updater->add ? "add" : "remove", change->name, updater->add ? "to" : "from",
		change->zone, rcode->meaning, rcode->name);
}

static void
make_changes(const struct updater *updater, struct change *const *list, size_t count)
{
	unsigned code = 0;
	int status = send_update(updater, list, count, &code);

	if (status == CW_OK && code != 0 && count > 1) {
		/* One forbidden change must not fail the others. */
		for (size_t i = 0; i < count; i++)
			make_changes(updater, &list[i], 1);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (status != CW_OK)
			take_failure(updater, list[i], status);
		else if (code != 0)
			refused(updater, list[i], code);
		else
			list[i]->status = CW_OK;
	}
}

static int
is_waiting(const struct change *change)
{
	return change->status == CW_E_CANCELLED && change->zone != NULL;
}

/* Makes the waiting changes of the zone of changes[FIRST]. */
static void
update_zone(const struct updater *updater, size_t first)
{
	struct change *list[AT_ONCE];
	size_t count = 0;

	for (size_t i = first; i < updater->count && count < AT_ONCE; i++)
		if (is_waiting(&updater->changes[i]) &&
		    strcasecmp(updater->changes[i].zone, updater->changes[first].zone) == 0)
			list[count++] = &updater->changes[i];
	make_changes(updater, list, count);
}

void
update_all(const struct cw_host *host, const struct credentials *credentials, int udp, int add,
	   struct change *changes, size_t count)
{
	struct updater updater = {host, credentials, server_new(host, credentials, udp),
				  add,  changes,     count};

	for (size_t i = 0; i < count; i++) {
		changes[i].status = CW_E_CANCELLED;
		if (updater.server == NULL)
			fail_change(&changes[i], CW_E_NOMEM, NULL, "out of memory");
		else if (changes[i].zone == NULL)
			find_zone(&updater, &changes[i]);
	}
	for (size_t i = 0; i < count && updater.server != NULL; i++)
		if (is_waiting(&changes[i]))
			update_zone(&updater, i);
	server_free(updater.server);
}
