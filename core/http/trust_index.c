#include "http/trust_index.h"

#include "base/mem.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	X509_NAME *subject;
	unsigned char *der; /* NULL: it is in the store */
	long length;
};

struct cw_trust_index {
	X509_STORE *store;
	struct entry *entries;
	size_t count;
};

static bool
enter(const unsigned char **at, const unsigned char *end, int wanted, long *length)
{
	int tag, class;

	return (ASN1_get_object(at, length, &tag, &class, end - *at) & 0x81) == 0 &&
	       (wanted == 0 || (class == V_ASN1_UNIVERSAL && tag == wanted));
}

/* The subject in TBSCertificate (RFC 5280 section 4.1), or NULL: an optional version, the serial
 * number, the algorithm, the issuer and the validity stand before it. */
static X509_NAME *
subject_of(const unsigned char *der, long length)
{
	const unsigned char *at = der, *end = der + length;
	long whole, part;

	if (!enter(&at, end, V_ASN1_SEQUENCE, &whole) || !enter(&at, end, V_ASN1_SEQUENCE, &part))
		return NULL;
	end = at + part;
	for (int skipped = part > 0 && *at == 0xa0 ? 0 : 1; skipped < 5; skipped++) {
		if (at >= end || !enter(&at, end, 0, &part))
			return NULL;
		at += part;
	}
	return at < end ? d2i_X509_NAME(NULL, &at, end - at) : NULL;
}

static bool
add_entry(struct cw_trust_index *index, unsigned char *der, long length)
{
	X509_NAME *subject = subject_of(der, length);

	if (subject == NULL)
		return false;
	index->entries = cw_realloc(index->entries, index->count + 1, sizeof(*index->entries));
	index->entries[index->count++] =
		(struct entry){.subject = subject, .der = der, .length = length};
	return true;
}

static bool
is_plain(const char *name)
{
	return strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0;
}

bool
cw_trust_index_add(struct cw_trust_index *index, const char *path)
{
	BIO *file = BIO_new_file(path, "r");
	size_t before = index->count;
	unsigned char *der;
	char *name, *header;
	bool others = false;
	long length;

	if (file == NULL)
		return false;
	while (PEM_read_bio(file, &name, &header, &der, &length)) {
		if (!is_plain(name))
			others = true;
		else if (add_entry(index, der, length))
			der = NULL;
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	BIO_free(file);
	/* Certificates with restrictions of their own, and revocation lists. */
	if (others && X509_STORE_load_file(index->store, path) == 1)
		return true;
	return index->count > before;
}

/* Puts the certificate of ENTRY into the store; NULL where it cannot be parsed. */
static X509 *
add_to_store(struct cw_trust_index *index, struct entry *entry)
{
	const unsigned char *at = entry->der;
	X509 *certificate = d2i_X509(NULL, &at, entry->length);
	bool added = certificate != NULL && X509_STORE_add_cert(index->store, certificate) == 1;

	OPENSSL_free(cw_take(&entry->der));
	if (added)
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* For a subject that the store does not have yet. Of several certificates OpenSSL finds the others
 * in the store. */
static int
find(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *subject, X509_OBJECT *found)
{
	struct cw_trust_index *index = X509_LOOKUP_get_method_data(lookup);
	X509 *first = NULL;

	for (size_t i = 0; i < index->count && type == X509_LU_X509; i++) {
		struct entry *entry = &index->entries[i];
		X509 *certificate;

		if (entry->der == NULL || X509_NAME_cmp(entry->subject, subject) != 0)
			continue;
		certificate = add_to_store(index, entry);
		if (first == NULL)
			first = certificate;
		/* The store holds it. */
		X509_free(certificate);
	}
	if (first == NULL || X509_OBJECT_set1_X509(found, first) != 1)
		return 0;
	/* The caller counts it once more; see X509_LOOKUP_get_by_subject_fn(3). */
	X509_free(first);
	return 1;
}

static void
free_index(X509_LOOKUP *lookup)
{
	struct cw_trust_index *index = X509_LOOKUP_get_method_data(lookup);

	for (size_t i = 0; index != NULL && i < index->count; i++) {
		X509_NAME_free(index->entries[i].subject);
		OPENSSL_free(index->entries[i].der);
	}
	if (index != NULL)
		free(index->entries);
	free(index);
}

/* One for the whole process, as OpenSSL has of its own. */
static X509_LOOKUP_METHOD *
method(void)
{
	static X509_LOOKUP_METHOD *made;

	if (made == NULL) {
		made = X509_LOOKUP_meth_new("trusted certificates that were read");
		if (made == NULL)
			cw_nomem();
		X509_LOOKUP_meth_set_get_by_subject(made, find);
		X509_LOOKUP_meth_set_free(made, free_index);
	}
	return made;
}

struct cw_trust_index *
cw_trust_index_new(X509_STORE *store)
{
	struct cw_trust_index *index = cw_alloc(sizeof(*index));
	X509_LOOKUP *lookup = X509_STORE_add_lookup(store, method());

	if (lookup == NULL)
		cw_nomem();
	index->store = store;
	X509_LOOKUP_set_method_data(lookup, index);
	return index;
}
