/*
 * libldns makes and reads the messages, but it lacks hmac-sha224 and, up to 1.8, hmac-sha384, so
 * the MAC is made here.
 */
#include "tsig.h"
#include <ldns/ldns.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
	FUDGE = 300, /* seconds, RFC 8945 section 10 */
	HEADER_SIZE = 12,
	SECRET_MAX = 1024,
	NAME_MAX_ = 255,
	CLASS_ANY = 255,
	TYPE_TSIG = 250,
	VARIABLES_SIZE = 2 * NAME_MAX_ + 32,
	RECORD_SIZE = VARIABLES_SIZE + TSIG_MAC_MAX + 32
};

static const struct algorithm {
	const char *name;   /* as in credentials */
	const char *domain; /* as in messages, RFC 8945 section 6 */
	const char *digest; /* as OpenSSL calls it */
} algorithms[] = {
	{"HMAC-MD5", "hmac-md5.sig-alg.reg.int.", "MD5"}, {"HMAC-SHA1", "hmac-sha1.", "SHA1"},
	{"HMAC-SHA224", "hmac-sha224.", "SHA224"},        {"HMAC-SHA256", "hmac-sha256.", "SHA256"},
	{"HMAC-SHA384", "hmac-sha384.", "SHA384"},        {"HMAC-SHA512", "hmac-sha512.", "SHA512"},
};

/* The default is HMAC-MD5, as in Certbot. */
static const struct algorithm *
find_algorithm(const char *name)
{
	if (name == NULL || *name == '\0')
		return &algorithms[0];
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcasecmp(algorithms[i].name, name) == 0 ||
		    strncasecmp(algorithms[i].domain, name, strlen(algorithms[i].domain) - 1) == 0)
			return &algorithms[i];
	return NULL;
}

/* A buffer of fixed size; once set, OVERFLOW stays set. */
struct octets {
	uint8_t bytes[RECORD_SIZE];
	size_t length;
	int overflow;
};

static void
put(struct octets *octets, const void *bytes, size_t length)
{
	if (length > sizeof(octets->bytes) - octets->length) {
		octets->overflow = 1;
		return;
	}
	if (length == 0)
		return;
	memcpy(octets->bytes + octets->length, bytes, length);
	octets->length += length;
}

static void
put16(struct octets *octets, unsigned value)
{
	const uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};

	put(octets, bytes, sizeof(bytes));
}

static void
put48(struct octets *octets, uint64_t value)
{
	put16(octets, (unsigned)(value >> 32) & 0xffff);
	put16(octets, (unsigned)(value >> 16) & 0xffff);
	put16(octets, (unsigned)value & 0xffff);
}

/* A domain name in canonical form: uncompressed and lower-case. */
static void
put_name(struct octets *octets, const char *text)
{
	ldns_rdf *name = ldns_dname_new_frm_str(text);

	if (name == NULL) {
		octets->overflow = 1;
		return;
	}
	ldns_dname2canonical(name);
	put(octets, ldns_rdf_data(name), ldns_rdf_size(name));
	ldns_rdf_deep_free(name);
}

/* Returns the length, or 0 if TEXT is not base64. */
static int
decode_secret(const char *text, uint8_t *secret)
{
	ldns_rdf *data = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_B64, text);
	size_t length = data != NULL ? ldns_rdf_size(data) : 0;

	if (length > SECRET_MAX)
		length = 0;
	if (data != NULL) {
		memcpy(secret, ldns_rdf_data(data), length);
		OPENSSL_cleanse(ldns_rdf_data(data), ldns_rdf_size(data));
	}
	ldns_rdf_deep_free(data);
	return (int)length;
}

int
tsig_check(const struct cw_host *host, const struct credentials *credentials)
{
	struct octets name = {{0}, 0, 0};
	uint8_t secret[SECRET_MAX];
	int length = decode_secret(credentials->secret, secret);

	OPENSSL_cleanse(secret, sizeof(secret));
	put_name(&name, credentials->name);
	if (name.overflow)
		return cw_host_fail(host, CW_E_INVALID, NULL,
				    "\"%s\" in the credentials file \"%s\" is not a TSIG key name",
				    credentials->name, credentials->path);
	if (length <= 0)
		return cw_host_fail(host, CW_E_INVALID,
				    "copy it as tsig-keygen wrote it, with the '=' at the end",
				    "the secret in the credentials file \"%s\" is not base64",
				    credentials->path);
	if (find_algorithm(credentials->algorithm) == NULL)
		return cw_host_fail(host, CW_E_INVALID,
				    "use HMAC-MD5, HMAC-SHA1, HMAC-SHA224, HMAC-SHA256, "
				    "HMAC-SHA384 or HMAC-SHA512",
				    "\"%s\" in the credentials file \"%s\" is not a TSIG algorithm",
				    credentials->algorithm, credentials->path);
	return CW_OK;
}

/* What is signed besides the message (RFC 8945 section 4.3.3). */
struct variables {
	uint64_t time;
	unsigned fudge, error;
	const uint8_t *other;
	size_t other_length;
};

static void
put_variables(struct octets *octets, const struct credentials *credentials,
	      const struct variables *variables)
{
	put_name(octets, credentials->name);
	put16(octets, CLASS_ANY);
	put16(octets, 0); /* TTL */
	put16(octets, 0);
	put_name(octets, find_algorithm(credentials->algorithm)->domain);
	put48(octets, variables->time);
	put16(octets, variables->fudge);
	put16(octets, variables->error);
	put16(octets, (unsigned)variables->other_length);
	put(octets, variables->other, variables->other_length);
}

/* The MAC over the request's MAC (NULL if this is the request), the message and the variables. */
static int
make_mac(const struct credentials *credentials, const struct tsig_mac *request,
	 const uint8_t *message, size_t length, const struct variables *variables,
	 struct tsig_mac *mac)
{
	const EVP_MD *digest = EVP_get_digestbyname(find_algorithm(credentials->algorithm)->digest);
	struct octets before = {{0}, 0, 0}, after = {{0}, 0, 0};
	uint8_t secret[SECRET_MAX], *all;
	int secret_length = decode_secret(credentials->secret, secret), good;
	unsigned size = 0;

	if (request != NULL) {
		put16(&before, (unsigned)request->length);
		put(&before, request->bytes, request->length);
	}
	put_variables(&after, credentials, variables);
	all = malloc(before.length + length + after.length);
	if (all == NULL || before.overflow || after.overflow || digest == NULL ||
	    secret_length <= 0) {
		free(all);
		return 0;
	}
	memcpy(all, before.bytes, before.length);
	memcpy(all + before.length, message, length);
	memcpy(all + before.length + length, after.bytes, after.length);
	good = HMAC(digest, secret, secret_length, all, before.length + length + after.length,
		    mac->bytes, &size) != NULL;
	if (!good)
		ERR_clear_error();
	mac->length = size;
	OPENSSL_cleanse(secret, sizeof(secret));
	free(all);
	return good;
}

static unsigned
get16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static void
set16(uint8_t *bytes, unsigned value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

int
tsig_sign(const struct credentials *credentials, uint8_t **wire, size_t *length,
	  struct tsig_mac *mac)
{
	struct variables variables = {(uint64_t)time(NULL), FUDGE, 0, NULL, 0};
	struct octets record = {{0}, 0, 0}, data = {{0}, 0, 0};
	uint8_t *grown;

	if (*length < HEADER_SIZE || !make_mac(credentials, NULL, *wire, *length, &variables, mac))
		return 0;
	put_name(&data, find_algorithm(credentials->algorithm)->domain);
	put48(&data, variables.time);
	put16(&data, variables.fudge);
	put16(&data, (unsigned)mac->length);
	put(&data, mac->bytes, mac->length);
	put(&data, *wire, 2); /* the message's ID */
	put16(&data, 0);      /* error */
	put16(&data, 0);      /* other data */
	put_name(&record, credentials->name);
	put16(&record, TYPE_TSIG);
	put16(&record, CLASS_ANY);
	put16(&record, 0); /* TTL */
	put16(&record, 0);
	put16(&record, (unsigned)data.length);
	put(&record, data.bytes, data.length);
	grown = record.overflow || data.overflow ? NULL : realloc(*wire, *length + record.length);
	if (grown == NULL)
		return 0;
	memcpy(grown + *length, record.bytes, record.length);
	*wire = grown;
	*length += record.length;
	set16(grown + 10, get16(grown + 10) + 1); /* ARCOUNT */
	return 1;
}

/* Returns where the last record of a message begins, or 0 if there is none. Release RECORD. */
static size_t
last_record(const uint8_t *wire, size_t length, ldns_rr **last)
{
	size_t at = HEADER_SIZE, begin = 0;

	*last = NULL;
	if (length < HEADER_SIZE)
		return 0;
	for (int section = LDNS_SECTION_QUESTION; section <= LDNS_SECTION_ADDITIONAL; section++) {
		unsigned count = get16(wire + 4 + 2 * section);

		for (unsigned i = 0; i < count; i++) {
			ldns_rr_free(*last);
			*last = NULL;
			begin = at;
			if (ldns_wire2rr(last, wire, length, &at, (ldns_pkt_section)section) !=
			    LDNS_STATUS_OK) {
				*last = NULL;
				return 0;
			}
		}
	}
	return *last != NULL ? begin : 0;
}

/* The fields of a TSIG record (RFC 8945 section 4.2). */
struct fields {
	struct variables variables;
	struct tsig_mac mac;
	unsigned original_id;
};

static int
take_fields(const ldns_rr *record, struct fields *fields)
{
	const ldns_rdf *algorithm, *when, *fudge, *mac, *id, *error, *other;

	if ((unsigned)ldns_rr_get_type(record) != TYPE_TSIG || ldns_rr_rd_count(record) != 7)
		return 0;
	algorithm = ldns_rr_rdf(record, 0);
	when = ldns_rr_rdf(record, 1);
	fudge = ldns_rr_rdf(record, 2);
	mac = ldns_rr_rdf(record, 3);
	id = ldns_rr_rdf(record, 4);
	error = ldns_rr_rdf(record, 5);
	other = ldns_rr_rdf(record, 6);
	if (algorithm == NULL || ldns_rdf_size(when) != 6 || ldns_rdf_size(fudge) != 2 ||
	    ldns_rdf_size(mac) < 2 || ldns_rdf_size(mac) - 2 > TSIG_MAC_MAX ||
	    ldns_rdf_size(id) != 2 || ldns_rdf_size(error) != 2 || ldns_rdf_size(other) < 2)
		return 0;
	for (size_t i = 0; i < 6; i++)
		fields->variables.time = fields->variables.time << 8 | ldns_rdf_data(when)[i];
	fields->variables.fudge = get16(ldns_rdf_data(fudge));
	fields->variables.error = get16(ldns_rdf_data(error));
	fields->variables.other = ldns_rdf_data(other) + 2;
	fields->variables.other_length = ldns_rdf_size(other) - 2;
	fields->mac.length = ldns_rdf_size(mac) - 2;
	memcpy(fields->mac.bytes, ldns_rdf_data(mac) + 2, fields->mac.length);
	fields->original_id = get16(ldns_rdf_data(id));
	return fields->variables.other_length <= 16;
}

static enum tsig_verdict
judge(const struct credentials *credentials, const uint8_t *wire, size_t begin,
      const struct fields *fields, const struct tsig_mac *request)
{
	uint64_t now = (uint64_t)time(NULL);
	uint64_t apart = now > fields->variables.time ? now - fields->variables.time
						      : fields->variables.time - now;
	struct tsig_mac mac = {{0}, 0};
	uint8_t *message = malloc(begin);
	int good;

	if (message == NULL)
		return TSIG_BAD;
	memcpy(message, wire, begin);
	set16(message, fields->original_id);
	set16(message + 10, get16(message + 10) - 1);
	good = make_mac(credentials, request, message, begin, &fields->variables, &mac) &&
	       mac.length == fields->mac.length &&
	       CRYPTO_memcmp(mac.bytes, fields->mac.bytes, mac.length) == 0 &&
	       apart <= fields->variables.fudge;
	free(message);
	return good ? TSIG_GOOD : TSIG_BAD;
}

enum tsig_verdict
tsig_verify(const struct credentials *credentials, const uint8_t *wire, size_t length,
	    const struct tsig_mac *mac, unsigned *error)
{
	struct fields fields = {.original_id = 0};
	enum tsig_verdict verdict = TSIG_UNSIGNED;
	ldns_rr *record = NULL;
	size_t begin = last_record(wire, length, &record);

	*error = 0;
	if (begin > 0 && (unsigned)ldns_rr_get_type(record) == TYPE_TSIG) {
		if (!take_fields(record, &fields)) {
			verdict = TSIG_BAD;
		} else if (fields.variables.error != 0) {
			/* The answer is unsigned if the key itself is the problem. */
			*error = fields.variables.error;
			verdict = TSIG_REFUSED;
		} else {
			verdict = judge(credentials, wire, begin, &fields, mac);
		}
	}
	ldns_rr_free(record);
	return verdict;
}
