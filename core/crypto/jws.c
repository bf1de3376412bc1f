#include "crypto/jws.h"

#include "base/text.h"
#include "crypto/key.h"
#include "crypto/openssl.h"

#include <limits.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* A signer over a key; the first member is what callers see. */
struct key_signer {
	struct cw_signer signer;
	struct json_object *jwk;
	char *thumbprint;
};

static void
free_digest_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* An ECDSA signature in DER (RFC 3279 section 2.2.3) as R || S of SIZE bytes each. */
static bool
flatten_signature(const unsigned char *der, size_t length, int size, unsigned char *flat)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)length);
	bool fits;

	if (signature == NULL)
		return false;
	fits = BN_bn2binpad(ECDSA_SIG_get0_r(signature), flat, size) == size &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(signature), flat + size, size) == size;
	ECDSA_SIG_free(signature);
	return fits;
}

int
cw_key_sign_jws(const struct cw_key *key, const void *data, size_t length,
		unsigned char **signature, size_t *signature_length, struct cw_error *error)
{
	const struct cw_curve *curve = cw_curve_of(cw_key_evp(key));
	cw_auto(free_digest_context) EVP_MD_CTX *context = cw_need(EVP_MD_CTX_new());
	cw_autofree unsigned char *made = NULL;
	size_t made_length = 0;

	ERR_clear_error();
	*signature = NULL;
	*signature_length = 0;
	if (EVP_DigestSignInit_ex(context, NULL, curve == NULL ? "SHA256" : curve->digest, NULL,
				  NULL, cw_key_evp(key), NULL) != 1 ||
	    EVP_DigestSign(context, NULL, &made_length, data, length) != 1)
		return cw_fail_openssl(error, CW_E_CRYPTO, "a signature could not be made");
	made = cw_alloc(made_length + 1);
	if (EVP_DigestSign(context, made, &made_length, data, length) != 1)
		return cw_fail_openssl(error, CW_E_CRYPTO, "a signature could not be made");
	if (curve == NULL) {
		*signature = cw_take(&made);
		*signature_length = made_length;
		return CW_OK;
	}
	*signature_length = 2 * (size_t)curve->size;
	*signature = cw_alloc(*signature_length);
	if (flatten_signature(made, made_length, curve->size, *signature))
		return CW_OK;
	free(*signature);
	*signature = NULL;
	return cw_fail_openssl(error, CW_E_CRYPTO, "a signature could not be made");
}

static int
sign_with_key(void *context, const void *data, size_t length, unsigned char **signature,
	      size_t *signature_length, struct cw_error *error)
{
	return cw_key_sign_jws(context, data, length, signature, signature_length, error);
}

struct cw_signer *
cw_signer_from_key(const struct cw_key *key)
{
	struct key_signer *made = cw_alloc(sizeof(*made));

	made->jwk = cw_key_public_jwk(key);
	made->thumbprint = cw_key_thumbprint(key);
	made->signer.algorithm = cw_key_jws_algorithm(key);
	made->signer.jwk = made->jwk;
	made->signer.thumbprint = made->thumbprint;
	made->signer.sign = sign_with_key;
	/* Signing only reads the key. */
	made->signer.context = (void *)(uintptr_t)key;
	return &made->signer;
}

void
cw_signer_free(struct cw_signer *signer)
{
	struct key_signer *made = (struct key_signer *)(void *)signer;

	if (made == NULL)
		return;
	cw_json_clear(&made->jwk);
	free(made->thumbprint);
	free(made);
}

/* BASE64URL(header) "." BASE64URL(payload) (RFC 7515 section 5.1), with "alg" first in the header.
 * *DOT is the dot's place. */
static char *
signing_input(const char *algorithm, struct json_object *header, const char *payload, size_t *dot)
{
	cw_auto_json struct json_object *protected = cw_json_new_object();
	cw_autofree char *first = NULL, *second = NULL;
	const char *text;

	cw_json_set_string(protected, "alg", algorithm);
	json_object_object_foreach(header, member, value)
	{
		cw_json_set(protected, member, json_object_get(value));
	}
	text = cw_json_text(protected);
	first = cw_base64url(text, strlen(text));
	second = cw_base64url(payload, strlen(payload));
	*dot = strlen(first);
	return cw_format("%s.%s", first, second);
}

int
cw_jws_sign(const struct cw_signer *signer, struct json_object *header, const char *payload,
	    char **jws, struct cw_error *error)
{
	cw_autofree unsigned char *signature = NULL;
	cw_autofree char *input = NULL, *text = NULL;
	size_t length = 0, dot = 0;
	int status;

	*jws = NULL;
	input = signing_input(signer->algorithm, header, payload == NULL ? "" : payload, &dot);
	status = signer->sign(signer->context, input, strlen(input), &signature, &length, error);
	if (status != CW_OK)
		return status;
	text = cw_base64url(signature, length);
	/* Base64url needs no escapes in JSON. */
	*jws = cw_format("{\"protected\":\"%.*s\",\"payload\":\"%s\",\"signature\":\"%s\"}",
			 (int)dot, input, input + dot + 1, text);
	return CW_OK;
}

static const struct {
	const char *algorithm;
	const char *digest;
} mac_algorithms[] = {
	{"HS256", "SHA256"},
	{"HS384", "SHA384"},
	{"HS512", "SHA512"},
};

/* CAs hand their MAC keys out in either alphabet of base64, padded or not. NULL: neither. */
static unsigned char *
decode_mac_key(const char *text, size_t *length)
{
	cw_autosecret char *plain = cw_strdup(text);
	size_t end;

	cw_replace_char(plain, '+', '-');
	cw_replace_char(plain, '/', '_');
	for (end = strlen(plain); end > 0 && plain[end - 1] == '='; end--)
		plain[end - 1] = '\0';
	return cw_base64url_decode(plain, length);
}

static int
make_mac(const char *digest, const char *hmac_key, const char *input, unsigned char *mac,
	 size_t *mac_length, struct cw_error *error)
{
	size_t key_length = 0;
	unsigned char *key = decode_mac_key(hmac_key, &key_length);
	int status = CW_OK;

	ERR_clear_error();
	if (key == NULL || key_length == 0) {
		status = cw_fail(error, CW_E_INVALID,
				 "the MAC key of the external account is not base64url");
		cw_hint(error, "copy it again, whole, from where the CA shows it");
	} else if (EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key, key_length,
			     (const unsigned char *)input, strlen(input), mac, EVP_MAX_MD_SIZE,
			     mac_length) == NULL) {
		status = cw_fail_openssl(error, CW_E_CRYPTO,
					 "the external account binding could not be made");
	}
	if (key != NULL)
		cw_wipe(key, key_length);
	free(key);
	return status;
}

int
cw_jws_external_account(struct json_object *account_jwk, const char *kid, const char *hmac_key,
			const char *algorithm, const char *url, struct json_object **binding,
			struct cw_error *error)
{
	cw_auto_json struct json_object *header = cw_json_new_object();
	cw_autofree char *input = NULL, *signature = NULL;
	unsigned char mac[EVP_MAX_MD_SIZE];
	const char *digest = NULL;
	size_t length = 0, dot = 0;
	int status;

	*binding = NULL;
	for (size_t i = 0; i < CW_COUNT(mac_algorithms); i++) {
		if (cw_equal(algorithm, mac_algorithms[i].algorithm))
			digest = mac_algorithms[i].digest;
	}
	if (digest == NULL) {
		cw_fail(error, CW_E_INVALID, "unknown algorithm \"%s\" for an external account",
			algorithm == NULL ? "" : algorithm);
		cw_hint(error, "choose HS256, HS384 or HS512");
		return CW_E_INVALID;
	}
	cw_json_set_string(header, "kid", kid);
	cw_json_set_string(header, "url", url);
	input = signing_input(algorithm, header, cw_json_text(account_jwk), &dot);
	status = make_mac(digest, hmac_key, input, mac, &length, error);
	if (status != CW_OK)
		return status;
	signature = cw_base64url(mac, length);
	input[dot] = '\0';
	*binding = cw_json_new_object();
	cw_json_set_string(*binding, "protected", input);
	cw_json_set_string(*binding, "payload", input + dot + 1);
	cw_json_set_string(*binding, "signature", signature);
	return CW_OK;
}

int
cw_jws_key_change(const struct cw_signer *new_signer, struct json_object *old_jwk,
		  const char *account_url, const char *url, char **jws, struct cw_error *error)
{
	cw_auto_json struct json_object *header = cw_json_new_object();
	cw_auto_json struct json_object *payload = cw_json_new_object();

	cw_json_set(header, "jwk", json_object_get(new_signer->jwk));
	cw_json_set_string(header, "url", url);
	cw_json_set_string(payload, "account", account_url);
	cw_json_set(payload, "oldKey", json_object_get(old_jwk));
	return cw_jws_sign(new_signer, header, cw_json_text(payload), jws, error);
}
