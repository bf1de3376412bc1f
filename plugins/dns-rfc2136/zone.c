#include "zone.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* NAME's text without its trailing dot; release with free(). */
static char *
name_text(const ldns_rdf *name)
{
	char *text = ldns_rdf2str(name);
	size_t length = text != NULL ? strlen(text) : 0;

	if (length > 1 && text[length - 1] == '.')
		text[length - 1] = '\0';
	return text;
}

static int
is_at_or_above(const char *zone, const char *name)
{
	size_t zone_length = strlen(zone), length = strlen(name);

	if (strcmp(zone, ".") == 0)
		return 1;
	return zone_length <= length && strcasecmp(name + length - zone_length, zone) == 0 &&
	       (zone_length == length || name[length - zone_length - 1] == '.');
}

char *
zone_in(const ldns_rr_list *list, const char *name)
{
	size_t count = list != NULL ? ldns_rr_list_rr_count(list) : 0;

	for (size_t i = 0; i < count; i++) {
		const ldns_rr *record = ldns_rr_list_rr(list, i);
		char *owner;

		if (ldns_rr_get_type(record) != LDNS_RR_TYPE_SOA)
			continue;
		owner = name_text(ldns_rr_owner(record));
		if (owner != NULL && is_at_or_above(owner, name))
			return owner;
		free(owner);
	}
	return NULL;
}

/* Asks for the SOA record of NAME. *ZONE is the zone of an authoritative answer, else NULL. */
static int
ask_soa(struct server *server, const char *name, int sign, char **zone)
{
	ldns_rdf *owner = ldns_dname_new_frm_str(name);
	ldns_pkt *question =
		owner != NULL ? ldns_pkt_query_new(owner, LDNS_RR_TYPE_SOA, LDNS_RR_CLASS_IN, 0)
			      : NULL;
	ldns_pkt *answer = NULL;
	int status;

	*zone = NULL;
	if (question == NULL) {
		ldns_rdf_deep_free(owner);
		return server_fail(server, CW_E_INVALID, NULL, "\"%s\" is not a valid DNS name",
				   name);
	}
	status = server_ask(server, question, sign, &answer);
	ldns_pkt_free(question);
	if (status != CW_OK)
		return status;
	if (ldns_pkt_aa(answer) && (ldns_pkt_get_rcode(answer) == LDNS_RCODE_NOERROR ||
				    ldns_pkt_get_rcode(answer) == LDNS_RCODE_NXDOMAIN)) {
		*zone = zone_in(ldns_pkt_answer(answer), name);
		if (*zone == NULL)
			*zone = zone_in(ldns_pkt_authority(answer), name);
	}
	ldns_pkt_free(answer);
	return CW_OK;
}

/* From the name upwards: a server need not name the zone of a name that it does not serve. */
int
zone_find(struct server *server, const char *name, int sign, char **zone)
{
	*zone = NULL;
	for (const char *at = name; at != NULL; at = strchr(at, '.')) {
		int status;

		at += *at == '.' ? 1 : 0;
		status = ask_soa(server, at, sign, zone);
		if (status != CW_OK || *zone != NULL)
			return status;
	}
	return CW_OK;
}
