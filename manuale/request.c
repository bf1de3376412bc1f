#include "request.h"
#include <arpa/inet.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "files.h"
#include "json.h"
#include "key.h"
#include "say.h"

void
request_check(const char *pem, const char *path)
{
	X509_REQ *request = request_read(pem);

	if (request == NULL)
		die("\"%s\" is not a certificate request in PEM", path);
	if (X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1)
		die("the certificate request in \"%s\" is damaged: its signature does not match "
		    "its key",
		    path);
	X509_REQ_free(request);
}

static bool
has_name(struct json_object *names, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		const char *other = json_object_get_string(json_object_array_get_idx(names, i));

		if (strcasecmp(other, name) == 0)
			return true;
	}
	return false;
}

/* Adds a name of LENGTH bytes, unless it is there. */
static void
add_name(struct json_object *names, const unsigned char *text, int length)
{
	char *name = format("%.*s", length, (const char *)text);

	if (*name != '\0' && !has_name(names, name))
		json_object_array_add(names, json_object_new_string(name));
	free(name);
}

static void
add_general_name(struct json_object *names, const GENERAL_NAME *name)
{
	char address[INET6_ADDRSTRLEN];
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);

	if (type == GEN_DNS)
		add_name(names, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
	if (type == GEN_IPADD &&
	    inet_ntop(ASN1_STRING_length(value) == sizeof(struct in_addr) ? AF_INET : AF_INET6,
		      ASN1_STRING_get0_data(value), address, sizeof(address)) != NULL)
		add_name(names, (const unsigned char *)address, (int)strlen(address));
}

/* The names as a CA reads them: the common name is one of them. */
static struct json_object *
names_of(X509_REQ *request)
{
	struct json_object *names = json_object_new_array();
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
	GENERAL_NAMES *alternative = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
	X509_NAME *subject = X509_REQ_get_subject_name(request);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	if (names == NULL)
		die_nomem();
	for (int i = 0; i < sk_GENERAL_NAME_num(alternative); i++)
		add_general_name(names, sk_GENERAL_NAME_value(alternative, i));
	if (at >= 0) {
		const ASN1_STRING *common =
			X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));

		add_name(names, ASN1_STRING_get0_data(common), ASN1_STRING_length(common));
	}
	GENERAL_NAMES_free(alternative);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return names;
}

/* The values of an order's identifiers. */
static struct json_object *
values_of(struct json_object *identifiers)
{
	struct json_object *names = json_object_new_array();

	if (names == NULL)
		die_nomem();
	for (size_t i = 0; identifiers != NULL && i < json_object_array_length(identifiers); i++) {
		const char *value = json_text(json_object_array_get_idx(identifiers, i), "value");

		if (value != NULL)
			json_object_array_add(names, json_object_new_string(value));
	}
	return names;
}

/* Whether NAMES has any that OTHERS has not; then says which, and what they are. */
static bool
complain_of_missing(struct json_object *names, struct json_object *others, const char *path,
		    const char *said)
{
	char *list = format("%s", "");
	bool any;

	for (size_t i = 0; i < json_object_array_length(names); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(names, i));
		char *longer;

		if (has_name(others, name))
			continue;
		longer = format("%s%s%s", list, *list != '\0' ? ", " : "", name);
		free(list);
		list = longer;
	}
	any = *list != '\0';
	if (any)
		complain("the certificate request in \"%s\" %s: %s", path, said, list);
	free(list);
	return any;
}

void
request_check_names(const char *pem, const char *path, struct json_object *identifiers)
{
	X509_REQ *request = request_read(pem);
	struct json_object *names = names_of(request);
	struct json_object *wanted = values_of(identifiers);
	bool lacks = complain_of_missing(wanted, names, path, "does not have these names");
	bool has_more =
		complain_of_missing(names, wanted, path, "has names that are not in the order");

	if (lacks || has_more)
		die("the names of a request must be those of the order: make another request, or "
		    "give its names to authorize and issue");
	json_object_put(names);
	json_object_put(wanted);
	X509_REQ_free(request);
}
