/*
 * DNS messages, made and read with libldns. It is mapped when the first message is made, for most
 * runs ask nothing of the DNS.
 */
#include "dns/question.h"
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "base/hole.h"
#include "base/mem.h"
#include "base/text.h"
#ifdef HAVE_LDNS
#include <dlfcn.h>
#include <ldns/ldns.h>
#endif

void
cw_dns_answer_clear(struct cw_dns_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		free(answer->records[i].owner);
		free(answer->records[i].text);
	}
	free(answer->records);
	*answer = (struct cw_dns_answer){0};
}

#ifdef HAVE_LDNS

#ifndef CW_LDNS_LIBRARY
#define CW_LDNS_LIBRARY "libldns.so.3"
#endif

enum { EDNS_SIZE = 1232, RECORDS_MAX = 1024, TEXT_MAX = 64 * 1024 };

#define LDNS_FUNCTIONS(F)                                                                          \
	F(ldns_dname_new_frm_str)                                                                  \
	F(ldns_pkt_query_new)                                                                      \
	F(ldns_pkt_set_id)                                                                         \
	F(ldns_pkt_set_edns_udp_size)                                                              \
	F(ldns_pkt2wire)                                                                           \
	F(ldns_wire2pkt)                                                                           \
	F(ldns_pkt_free)                                                                           \
	F(ldns_pkt_id)                                                                             \
	F(ldns_pkt_qr)                                                                             \
	F(ldns_pkt_get_rcode)                                                                      \
	F(ldns_pkt_question)                                                                       \
	F(ldns_pkt_answer)                                                                         \
	F(ldns_pkt_authority)                                                                      \
	F(ldns_rr_list_rr_count)                                                                   \
	F(ldns_rr_list_rr)                                                                         \
	F(ldns_rr_owner)                                                                           \
	F(ldns_rr_get_type)                                                                        \
	F(ldns_rr_rd_count)                                                                        \
	F(ldns_rr_rdf)                                                                             \
	F(ldns_rdf2str)                                                                            \
	F(ldns_rdf_data)                                                                           \
	F(ldns_rdf_size)                                                                           \
	F(ldns_rdf_deep_free)

static struct {
	bool loaded;
#define DECLARE(name) __typeof__(name) *name;
	LDNS_FUNCTIONS(DECLARE)
#undef DECLARE
} ldns;

#ifdef CW_LINKED_LDNS
bool
cw_dns_library(struct cw_error *error)
{
	(void)error;
#define TAKE(name) ldns.name = name;
	LDNS_FUNCTIONS(TAKE)
#undef TAKE
	ldns.loaded = true;
	return true;
}
#else
static bool
take(void *handle, const char *name, void *function, struct cw_error *error)
{
	void *symbol = dlsym(handle, name);

	if (symbol == NULL) {
		cw_fail(error, CW_E_UNSUPPORTED, "the DNS library \"%s\" has no \"%s\"",
			CW_LDNS_LIBRARY, name);
		cw_hint(error, "install libldns 1.8 or newer (Debian: libldns3, Fedora: ldns)");
		return false;
	}
	memcpy(function, &symbol, sizeof(symbol));
	return true;
}

bool
cw_dns_library(struct cw_error *error)
{
	void *handle;

	if (ldns.loaded)
		return true;
	handle = dlopen(CW_LDNS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		cw_fail(error, CW_E_UNSUPPORTED,
			"cannot wait for DNS records: the library \"%s\" is missing",
			CW_LDNS_LIBRARY);
		cw_hint(error, "install it (Debian: libldns3, Fedora: ldns)");
		return false;
	}
#define TAKE(name)                                                                                 \
	if (!take(handle, #name, &ldns.name, error)) {                                             \
		dlclose(handle);                                                                   \
		return false;                                                                      \
	}
	LDNS_FUNCTIONS(TAKE)
#undef TAKE
	ldns.loaded = true;
	return true;
}
#endif

bool
cw_dns_encode(const char *name, enum cw_dns_type type, bool recurse, uint16_t id, uint8_t **wire,
	      size_t *length)
{
	ldns_rdf *dname = ldns.ldns_dname_new_frm_str(name);
	ldns_pkt *packet;
	ldns_status status;

	if (dname == NULL)
		return false;
	packet = ldns.ldns_pkt_query_new(dname, (ldns_rr_type)type, LDNS_RR_CLASS_IN,
					 recurse ? LDNS_RD : 0);
	if (packet == NULL) {
		ldns.ldns_rdf_deep_free(dname);
		return false;
	}
	ldns.ldns_pkt_set_id(packet, id);
	ldns.ldns_pkt_set_edns_udp_size(packet, EDNS_SIZE);
	status = ldns.ldns_pkt2wire(wire, packet, length);
	ldns.ldns_pkt_free(packet);
	return status == LDNS_STATUS_OK;
}

/* A domain name without its trailing dot, "" for the root. */
static char *
name_text(const ldns_rdf *name)
{
	char *text = name != NULL ? ldns.ldns_rdf2str(name) : NULL;
	size_t length;

	if (text == NULL)
		return cw_strdup("");
	length = strlen(text);
	if (length > 0 && text[length - 1] == '.')
		text[length - 1] = '\0';
	return cw_lower(text);
}

/* The strings of a TXT record joined (RFC 7208 section 3.3 does it so too). */
static char *
txt_text(const ldns_rr *rr)
{
	char *text = cw_strdup("");
	size_t length = 0;

	for (size_t i = 0; i < ldns.ldns_rr_rd_count(rr) && length < TEXT_MAX; i++) {
		const ldns_rdf *rdf = ldns.ldns_rr_rdf(rr, i);
		size_t size = ldns.ldns_rdf_size(rdf);

		if (size < 2) /* a length byte, then the string */
			continue;
		text = cw_realloc(text, length + size, 1);
		memcpy(text + length, ldns.ldns_rdf_data(rdf) + 1, size - 1);
		length += size - 1;
		text[length] = '\0';
	}
	return text;
}

/* "FLAGS TAG VALUE" (RFC 8659 section 4.1); NULL if it is malformed. */
static char *
caa_text(const ldns_rr *rr)
{
	const ldns_rdf *flags = ldns.ldns_rr_rdf(rr, 0), *tag = ldns.ldns_rr_rdf(rr, 1),
		       *value = ldns.ldns_rr_rdf(rr, 2);
	const uint8_t *name;

	if (ldns.ldns_rr_rd_count(rr) != 3 || ldns.ldns_rdf_size(flags) != 1 ||
	    ldns.ldns_rdf_size(tag) < 2)
		return NULL;
	name = ldns.ldns_rdf_data(tag) + 1; /* behind its length */
	return cw_format("%u %.*s %.*s", *ldns.ldns_rdf_data(flags),
			 (int)ldns.ldns_rdf_size(tag) - 1, (const char *)name,
			 (int)ldns.ldns_rdf_size(value), (const char *)ldns.ldns_rdf_data(value));
}

static bool
take_address(const ldns_rdf *rdf, struct cw_dns_address *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&address->address;

	switch (ldns.ldns_rdf_size(rdf)) {
	case 4:
		v4->sin_family = AF_INET;
		memcpy(&v4->sin_addr, ldns.ldns_rdf_data(rdf), 4);
		address->length = sizeof(*v4);
		return true;
	case 16:
		v6->sin6_family = AF_INET6;
		memcpy(&v6->sin6_addr, ldns.ldns_rdf_data(rdf), 16);
		address->length = sizeof(*v6);
		return true;
	default: return false;
	}
}

static void
take_record(const ldns_rr *rr, bool authority, struct cw_dns_answer *answer)
{
	struct cw_dns_record *record = &answer->records[answer->count];
	unsigned type = ldns.ldns_rr_get_type(rr);
	bool known = true;

	*record = (struct cw_dns_record){.authority = authority};
	if (ldns.ldns_rr_rd_count(rr) == 0)
		return;
	switch (type) {
	case CW_DNS_TXT: record->text = txt_text(rr); break;
	case CW_DNS_NS:
	case CW_DNS_CNAME: record->text = name_text(ldns.ldns_rr_rdf(rr, 0)); break;
	case CW_DNS_A:
	case CW_DNS_AAAA: known = take_address(ldns.ldns_rr_rdf(rr, 0), &record->address); break;
	case CW_DNS_SOA: break;
	case CW_DNS_CAA:
		record->text = caa_text(rr);
		known = record->text != NULL;
		break;
	default: known = false;
	}
	if (!known)
		return;
	record->type = (enum cw_dns_type)type;
	record->owner = name_text(ldns.ldns_rr_owner(rr));
	answer->count++;
}

static void
take_section(const ldns_rr_list *list, bool authority, struct cw_dns_answer *answer)
{
	size_t count = list != NULL ? ldns.ldns_rr_list_rr_count(list) : 0;

	if (count > RECORDS_MAX)
		count = RECORDS_MAX;
	answer->records =
		cw_realloc(answer->records, answer->count + count + 1, sizeof(*answer->records));
	for (size_t i = 0; i < count; i++)
		take_record(ldns.ldns_rr_list_rr(list, i), authority, answer);
}

static bool
is_answer_to(const ldns_pkt *packet, uint16_t id, const char *name, enum cw_dns_type type)
{
	const ldns_rr_list *question = ldns.ldns_pkt_question(packet);
	cw_autofree char *asked = NULL;

	if (!ldns.ldns_pkt_qr(packet) || ldns.ldns_pkt_id(packet) != id || question == NULL ||
	    ldns.ldns_rr_list_rr_count(question) != 1)
		return false;
	asked = name_text(ldns.ldns_rr_owner(ldns.ldns_rr_list_rr(question, 0)));
	return cw_equal_nocase(asked, name) &&
	       (unsigned)ldns.ldns_rr_get_type(ldns.ldns_rr_list_rr(question, 0)) == type;
}

bool
cw_dns_decode(const uint8_t *wire, size_t length, uint16_t id, const char *name,
	      enum cw_dns_type type, struct cw_dns_answer *answer)
{
	ldns_pkt *packet = NULL;
	bool good;

	*answer = (struct cw_dns_answer){0};
	cw_test_hole("dns", wire, length);
	if (ldns.ldns_wire2pkt(&packet, wire, length) != LDNS_STATUS_OK)
		return false;
	good = is_answer_to(packet, id, name, type);
	if (good) {
		answer->code = (unsigned)ldns.ldns_pkt_get_rcode(packet);
		take_section(ldns.ldns_pkt_answer(packet), false, answer);
		take_section(ldns.ldns_pkt_authority(packet), true, answer);
	}
	ldns.ldns_pkt_free(packet);
	return good;
}

#else

bool
cw_dns_library(struct cw_error *error)
{
	cw_fail(error, CW_E_UNSUPPORTED,
		"cannot wait for DNS records: this certwright was built without libldns");
	cw_hint(error, "build it with libldns (Debian: libldns-dev, Fedora: ldns-devel), or give "
		       "the plugin a fixed time to wait");
	return false;
}

bool
cw_dns_encode(const char *name, enum cw_dns_type type, bool recurse, uint16_t id, uint8_t **wire,
	      size_t *length)
{
	(void)name;
	(void)type;
	(void)recurse;
	(void)id;
	*wire = NULL;
	*length = 0;
	return false;
}

bool
cw_dns_decode(const uint8_t *wire, size_t length, uint16_t id, const char *name,
	      enum cw_dns_type type, struct cw_dns_answer *answer)
{
	(void)wire;
	(void)length;
	(void)id;
	(void)name;
	(void)type;
	*answer = (struct cw_dns_answer){0};
	return false;
}

#endif
