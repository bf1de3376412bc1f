#include "crypto/names.h"

#include "base/text.h"
#include "crypto/openssl.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 253 }; /* RFC 1035 section 2.3.4, without the root */

void
cw_names_cleanup(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

/* Adds a name of TYPE with these bytes. */
static void
add_name(GENERAL_NAMES *names, int type, const void *data, int length)
{
	GENERAL_NAME *name = cw_need(GENERAL_NAME_new());
	ASN1_STRING *value = cw_need(
		ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING));

	if (ASN1_STRING_set(value, data, length) != 1)
		cw_nomem();
	GENERAL_NAME_set0_value(name, type, value);
	if (sk_GENERAL_NAME_push(names, name) == 0)
		cw_nomem();
}

int
cw_names_add_dns(GENERAL_NAMES *names, const char *name, struct cw_error *error)
{
	size_t length = strlen(name);

	for (const char *at = name; *at != '\0'; at++) {
		if (*at <= ' ' || *at >= 0x7f)
			return cw_fail(error, CW_E_INVALID,
				       "\"%s\" cannot be in a certificate: it is not ASCII", name);
	}
	if (length == 0 || length > NAME_MAX_BYTES)
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not a domain name: it has %zu bytes",
			       name, length);
	add_name(names, GEN_DNS, name, (int)length);
	return CW_OK;
}

int
cw_names_add_address(GENERAL_NAMES *names, const char *address, struct cw_error *error)
{
	unsigned char bytes[16];
	int length = cw_address_bytes(address, bytes);

	if (length == 0)
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not an IP address", address);
	add_name(names, GEN_IPADD, bytes, length);
	return CW_OK;
}

/* A DNS name as text; NULL when bytes in it could not be shown or compared safely. */
static char *
dns_text(const ASN1_STRING *value)
{
	const unsigned char *data = ASN1_STRING_get0_data(value);
	int length = ASN1_STRING_length(value);

	for (int i = 0; i < length; i++) {
		if (data[i] <= ' ' || data[i] >= 0x7f)
			return NULL;
	}
	return length == 0 ? NULL : cw_lower(cw_memdup(data, (size_t)length));
}

void
cw_names_read(const GENERAL_NAMES *names, struct cw_strv *dns_names, struct cw_strv *ip_addresses)
{
	/* A NULL stack has -1 names. */
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		cw_autofree char *text = NULL;
		int type;
		const ASN1_STRING *value =
			GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

		if (type == GEN_DNS)
			text = dns_text(value);
		else if (type == GEN_IPADD)
			text = cw_address_text(ASN1_STRING_get0_data(value),
					       ASN1_STRING_length(value));
		if (text != NULL)
			cw_strv_add_unique(type == GEN_DNS ? dns_names : ip_addresses, text);
	}
}

void
cw_names_sort_in(const char *name, struct cw_strv *dns_names, struct cw_strv *ip_addresses)
{
	unsigned char bytes[16];
	int length = cw_address_bytes(name, bytes);
	cw_autofree char *address = cw_address_text(bytes, length);

	if (address != NULL)
		cw_strv_add_unique(ip_addresses, address);
	else
		cw_strv_add_unique(dns_names, name);
}

/* The last value of this type as UTF-8, NULL when there is none; release with free(). */
static char *
name_part(const X509_NAME *name, int type)
{
	unsigned char *text = NULL;
	char *copy = NULL;
	int at = -1, length;

	for (int next; (next = X509_NAME_get_index_by_NID(name, type, at)) >= 0;)
		at = next;
	if (at < 0)
		return NULL;
	length =
		ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	/* A NUL inside would show a name other than the one that was signed. */
	if (length >= 0 && memchr(text, '\0', (size_t)length) == NULL)
		copy = cw_memdup(text, (size_t)length);
	OPENSSL_free(text);
	return copy;
}

char *
cw_common_name(const X509_NAME *name)
{
	return name_part(name, NID_commonName);
}

char *
cw_issuer_text(const X509_NAME *name)
{
	cw_autofree char *organization = name_part(name, NID_organizationName);
	cw_autofree char *common = name_part(name, NID_commonName);

	if (common == NULL)
		return cw_take(&organization);
	if (organization == NULL)
		return cw_take(&common);
	/* Many names begin with that of the organization, perhaps without its legal form. */
	if (strncmp(common, organization, strcspn(organization, " ,")) == 0)
		return cw_take(&common);
	return cw_format("%s %s", organization, common);
}

void
cw_names_put_common_name_first(const X509_NAME *subject, struct cw_strv *dns_names)
{
	cw_autofree char *common_name = cw_common_name(subject);

	if (common_name == NULL)
		return;
	cw_lower(common_name);
	for (size_t i = 0; i < dns_names->count; i++) {
		char *found = dns_names->items[i];

		if (strcmp(found, common_name) != 0)
			continue;
		memmove(dns_names->items + 1, dns_names->items, i * sizeof(*dns_names->items));
		dns_names->items[0] = found;
		return;
	}
}

X509_EXTENSION *
cw_extension(int nid, bool critical, const unsigned char *value, int length)
{
	ASN1_OCTET_STRING *octets = cw_need(ASN1_OCTET_STRING_new());
	X509_EXTENSION *extension = NULL;

	if (ASN1_OCTET_STRING_set(octets, value, length) == 1)
		extension = X509_EXTENSION_create_by_NID(NULL, nid, critical, octets);
	ASN1_OCTET_STRING_free(octets);
	return extension;
}
