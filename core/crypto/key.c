#include "crypto/key.h"

#include "base/file.h"
#include "base/text.h"
#include "crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_FILE_MAX = 64 * 1024,
	RSA_BITS_MIN = 2048,
	RSA_BITS_MAX = 8192,
};

struct cw_key {
	EVP_PKEY *evp;
};

const struct cw_curve cw_curves[] = {
	{"secp256r1", "prime256v1", "P-256", "ES256", "SHA256", 32},
	{"secp384r1", "secp384r1", "P-384", "ES384", "SHA384", 48},
	{"secp521r1", "secp521r1", "P-521", "ES512", "SHA512", 66},
};
const size_t cw_curve_count = CW_COUNT(cw_curves);

const struct cw_curve *
cw_curve_of(const EVP_PKEY *evp)
{
	char name[64];

	if (!EVP_PKEY_is_a(evp, "EC") ||
	    EVP_PKEY_get_group_name(evp, name, sizeof(name), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < CW_COUNT(cw_curves); i++) {
		if (cw_equal_nocase(name, cw_curves[i].openssl_name) ||
		    cw_equal_nocase(name, cw_curves[i].jwk_name))
			return &cw_curves[i];
	}
	return NULL;
}

struct cw_key *
cw_key_wrap(EVP_PKEY *evp)
{
	struct cw_key *key = cw_alloc(sizeof(*key));

	key->evp = evp;
	return key;
}

EVP_PKEY *
cw_key_evp(const struct cw_key *key)
{
	return key->evp;
}

void
cw_key_free(struct cw_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->evp);
	free(key);
}

struct cw_key *
cw_key_share(const struct cw_key *key)
{
	struct cw_key *shared = cw_alloc(sizeof(*shared));

	EVP_PKEY_up_ref(key->evp);
	shared->evp = key->evp;
	return shared;
}

void
cw_key_cleanup(struct cw_key **key)
{
	cw_key_free(*key);
}

int
cw_key_generate(const struct cw_key_spec *spec, struct cw_key **key, struct cw_error *error)
{
	EVP_PKEY *evp = NULL;

	*key = NULL;
	if (spec->type == CW_KEY_RSA) {
		if (spec->rsa_bits < RSA_BITS_MIN || spec->rsa_bits > RSA_BITS_MAX) {
			cw_fail(error, CW_E_INVALID, "cannot generate an RSA key of %u bits",
				spec->rsa_bits);
			cw_hint(error, "choose a size from %d to %d bits", RSA_BITS_MIN,
				RSA_BITS_MAX);
			return CW_E_INVALID;
		}
		evp = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)spec->rsa_bits);
	} else {
		const struct cw_curve *curve = NULL;

		for (size_t i = 0; i < CW_COUNT(cw_curves); i++) {
			if (cw_equal(spec->curve, cw_curves[i].name))
				curve = &cw_curves[i];
		}
		if (curve == NULL) {
			cw_fail(error, CW_E_INVALID, "unknown elliptic curve \"%s\"",
				spec->curve == NULL ? "" : spec->curve);
			cw_hint(error, "choose secp256r1, secp384r1 or secp521r1");
			return CW_E_INVALID;
		}
		evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve->openssl_name);
	}
	if (evp == NULL)
		return cw_fail_openssl(error, CW_E_CRYPTO, "cannot generate a key");
	*key = cw_key_wrap(evp);
	return CW_OK;
}

/* Only what cw_key_type() can tell, so that no caller meets a third type. */
static int
take_key(EVP_PKEY *evp, const char *what, struct cw_key **key, struct cw_error *error)
{
	if (!EVP_PKEY_is_a(evp, "RSA") && cw_curve_of(evp) == NULL) {
		const char *name = EVP_PKEY_get0_type_name(evp);

		cw_fail(error, CW_E_UNSUPPORTED, "%s is a key of an unsupported type (%s)", what,
			name == NULL ? "unknown" : name);
		cw_hint(error, "use an RSA key, or an EC key on secp256r1, secp384r1 or secp521r1");
		EVP_PKEY_free(evp);
		return CW_E_UNSUPPORTED;
	}
	*key = cw_key_wrap(evp);
	return CW_OK;
}

/* Notes that a passphrase was wanted, and gives none. */
static int
refuse_passphrase(char *passphrase, int size, int writing, void *asked)
{
	(void)passphrase;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

int
cw_key_from_pem(const char *pem, size_t length, const char *what, struct cw_key **key,
		struct cw_error *error)
{
	cw_auto_bio BIO *bio = cw_bio_over(pem, length);
	bool encrypted = false;
	EVP_PKEY *evp;

	*key = NULL;
	if (bio == NULL)
		return cw_fail(error, CW_E_INVALID, "%s is too long for a key", what);
	ERR_clear_error();
	evp = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &encrypted);
	if (evp == NULL && encrypted) {
		ERR_clear_error();
		cw_fail(error, CW_E_UNSUPPORTED, "%s is encrypted with a passphrase", what);
		cw_hint(error, "remove the passphrase: openssl pkey -in KEY -out KEY.plain");
		return CW_E_UNSUPPORTED;
	}
	if (evp == NULL) {
		cw_fail_openssl(error, CW_E_INVALID, "%s is not a private key in PEM", what);
		cw_hint(error, "it should begin with \"-----BEGIN PRIVATE KEY-----\"");
		return CW_E_INVALID;
	}
	return take_key(evp, what, key, error);
}

static int
key_from_der(const struct cw_buf *der, const char *what, struct cw_key **key,
	     struct cw_error *error)
{
	const unsigned char *at = (const unsigned char *)der->data;
	EVP_PKEY *evp = d2i_AutoPrivateKey(NULL, &at, (long)der->length);

	if (evp == NULL)
		return cw_fail_openssl(error, CW_E_INVALID, "%s is not a private key in DER", what);
	return take_key(evp, what, key, error);
}

int
cw_key_load(const char *path, struct cw_key **key, struct cw_error *error)
{
	cw_auto(cw_buf_wipe) struct cw_buf contents = {0};
	cw_autofree char *what = cw_format("\"%s\"", path);
	int status;

	*key = NULL;
	status = cw_file_read(path, KEY_FILE_MAX, &contents, error);
	if (status != CW_OK)
		return status;
	if (cw_looks_like_der(contents.data, contents.length))
		return key_from_der(&contents, what, key, error);
	return cw_key_from_pem(cw_buf_text(&contents), contents.length, what, key, error);
}

char *
cw_key_to_pem(const struct cw_key *key)
{
	/* OpenSSL wipes what a memory BIO held, when growing and when freeing it. */
	cw_auto_bio BIO *bio = cw_need(BIO_new(BIO_s_mem()));

	if (PEM_write_bio_PKCS8PrivateKey(bio, key->evp, NULL, NULL, 0, NULL, NULL) != 1)
		cw_nomem();
	return cw_bio_take(bio);
}

void
cw_key_to_der(const struct cw_key *key, struct cw_buf *der)
{
	/* Likewise. */
	cw_auto_bio BIO *bio = cw_need(BIO_new(BIO_s_mem()));
	char *data;
	long length;

	if (i2d_PKCS8PrivateKey_bio(bio, key->evp, NULL, NULL, 0, NULL, NULL) != 1)
		cw_nomem();
	length = BIO_get_mem_data(bio, &data);
	cw_buf_add(der, data, (size_t)length);
}

/* MD5 names things here and protects nothing, so it must work where policy (FIPS) bars it: there
 * a library context of its own, which no configuration reaches, has it. */
static bool
md5(const void *data, size_t length, unsigned char digest[16])
{
	OSSL_LIB_CTX *apart = NULL;
	bool done;

	done = EVP_Q_digest(NULL, "MD5", NULL, data, length, digest, NULL) == 1;
	if (!done) {
		apart = OSSL_LIB_CTX_new();
		done = apart != NULL &&
		       EVP_Q_digest(apart, "MD5", NULL, data, length, digest, NULL) == 1;
		OSSL_LIB_CTX_free(apart);
		ERR_clear_error();
	}
	return done;
}

char *
cw_key_account_id(const struct cw_key *key)
{
	cw_auto_bio BIO *bio = cw_need(BIO_new(BIO_s_mem()));
	unsigned char digest[16];
	char *pem = NULL;
	long length;

	if (PEM_write_bio_PUBKEY(bio, key->evp) != 1)
		cw_nomem();
	length = BIO_get_mem_data(bio, &pem);
	if (length <= 0 || !md5(pem, (size_t)length, digest))
		cw_nomem();
	return cw_hex(digest, sizeof(digest));
}

enum cw_key_type
cw_key_type(const struct cw_key *key)
{
	return EVP_PKEY_is_a(key->evp, "EC") ? CW_KEY_EC : CW_KEY_RSA;
}

unsigned
cw_key_bits(const struct cw_key *key)
{
	int bits = EVP_PKEY_get_bits(key->evp);

	return bits > 0 ? (unsigned)bits : 0;
}

const char *
cw_key_curve(const struct cw_key *key)
{
	const struct cw_curve *curve = cw_curve_of(key->evp);

	return curve == NULL ? NULL : curve->name;
}

bool
cw_key_equal(const struct cw_key *a, const struct cw_key *b)
{
	bool equal = EVP_PKEY_eq(a->evp, b->evp) == 1;

	ERR_clear_error();
	return equal;
}

const char *
cw_key_jws_algorithm(const struct cw_key *key)
{
	const struct cw_curve *curve = cw_curve_of(key->evp);

	return curve == NULL ? "RS256" : curve->algorithm;
}

bool
cw_pem_has_private_key(const void *data, size_t length)
{
	static const char begin[] = "-----BEGIN ", end[] = "PRIVATE KEY-----";
	const char *at = data, *limit = at + length;

	while ((at = memmem(at, (size_t)(limit - at), begin, sizeof(begin) - 1)) != NULL) {
		const char *line_end = memchr(at, '\n', (size_t)(limit - at));
		size_t rest = (size_t)((line_end != NULL ? line_end : limit) - at);

		if (memmem(at, rest, end, sizeof(end) - 1) != NULL)
			return true;
		at += rest;
	}
	return false;
}
