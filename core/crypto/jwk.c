#include "base/text.h"
#include "crypto/key.h"
#include "crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

enum {
	RSA_MODULUS_MIN = 2048, /* RFC 7518 section 3.3 */
	RSA_MODULUS_MAX = 16384,
};

/* The members of an RSA key (RFC 7518 section 6.3), in Certbot's order. */
enum rsa_member { RSA_N, RSA_E, RSA_D, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_QI, RSA_MEMBERS };
static const struct {
	const char *jwk;
	const char *openssl;
} rsa_members[RSA_MEMBERS] = {
	[RSA_N] = {"n", OSSL_PKEY_PARAM_RSA_N},
	[RSA_E] = {"e", OSSL_PKEY_PARAM_RSA_E},
	[RSA_D] = {"d", OSSL_PKEY_PARAM_RSA_D},
	[RSA_P] = {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
	[RSA_Q] = {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},
	[RSA_DP] = {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
	[RSA_DQ] = {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2},
	[RSA_QI] = {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
};

struct rsa_numbers {
	BIGNUM *numbers[RSA_MEMBERS];
};

static void
clear_numbers(struct rsa_numbers *rsa)
{
	for (size_t i = 0; i < RSA_MEMBERS; i++)
		BN_clear_free(rsa->numbers[i]);
}

static void
free_params(OSSL_PARAM **params)
{
	OSSL_PARAM_free(*params);
}

static void
free_builder(OSSL_PARAM_BLD **builder)
{
	OSSL_PARAM_BLD_free(*builder);
}

static void
free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void
free_bn_context(BN_CTX **context)
{
	BN_CTX_free(*context);
}

/* A member's number; SIZE: the bytes it must have, 0: any up to those of the largest modulus. */
static int
read_number(struct json_object *jwk, const char *member, const char *what, size_t size,
	    BIGNUM **number, struct cw_error *error)
{
	const char *text = cw_json_string(jwk, member);
	unsigned char *bytes;
	size_t length = 0;

	if (text == NULL)
		return cw_fail(error, CW_E_INVALID, "%s has no member \"%s\"", what, member);
	bytes = cw_base64url_decode(text, &length);
	if (bytes == NULL || length == 0 || length > RSA_MODULUS_MAX / 8 ||
	    (size != 0 && length != size)) {
		if (bytes != NULL)
			cw_wipe(bytes, length);
		free(bytes);
		return cw_fail(
			error, CW_E_INVALID,
			"the member \"%s\" of %s is not a base64url number of the right size",
			member, what);
	}
	/* BN_secure_new() makes the parameter list wipe its copy as well. */
	*number = cw_need(BN_secure_new());
	if (BN_bin2bn(bytes, (int)length, *number) == NULL)
		cw_nomem();
	cw_wipe(bytes, length);
	free(bytes);
	return CW_OK;
}

static int
make_key(const char *type, OSSL_PARAM_BLD *builder, EVP_PKEY **evp)
{
	cw_auto(free_params) OSSL_PARAM *params = cw_need(OSSL_PARAM_BLD_to_param(builder));
	cw_auto(free_context) EVP_PKEY_CTX *context =
		cw_need(EVP_PKEY_CTX_new_from_name(NULL, type, NULL));

	return EVP_PKEY_fromdata_init(context) == 1 &&
	       EVP_PKEY_fromdata(context, evp, EVP_PKEY_KEYPAIR, params) == 1;
}

/* Whether A * B leaves 1 when divided by MODULUS. */
static bool
are_inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *modulus, BN_CTX *context)
{
	cw_auto_bignum BIGNUM *product = cw_need(BN_secure_new());

	return BN_mod_mul(product, a, b, modulus, context) == 1 && BN_is_one(product);
}

/*
 * Whether the numbers belong together: n = p q, d, dp and dq undo e modulo p-1 and q-1, qi undoes q
 * modulo p. A key damaged on disk would else sign with its wrong half. That p and q are prime is
 * not tested: it takes longer than a whole order.
 */
static bool
rsa_agrees(const struct rsa_numbers *rsa)
{
	BIGNUM *const *is = rsa->numbers;
	cw_auto(free_bn_context) BN_CTX *context = cw_need(BN_CTX_secure_new());
	cw_auto_bignum BIGNUM *product = cw_need(BN_secure_new());
	cw_auto_bignum BIGNUM *p1 = cw_need(BN_dup(is[RSA_P]));
	cw_auto_bignum BIGNUM *q1 = cw_need(BN_dup(is[RSA_Q]));

	if (!BN_is_odd(is[RSA_P]) || !BN_is_odd(is[RSA_Q]) || BN_is_one(is[RSA_P]) ||
	    BN_is_one(is[RSA_Q]) || BN_cmp(is[RSA_D], is[RSA_N]) >= 0 ||
	    BN_cmp(is[RSA_DP], is[RSA_P]) >= 0 || BN_cmp(is[RSA_DQ], is[RSA_Q]) >= 0 ||
	    BN_cmp(is[RSA_QI], is[RSA_P]) >= 0)
		return false;
	return BN_mul(product, is[RSA_P], is[RSA_Q], context) == 1 &&
	       BN_cmp(product, is[RSA_N]) == 0 && BN_sub_word(p1, 1) == 1 &&
	       BN_sub_word(q1, 1) == 1 && are_inverse(is[RSA_D], is[RSA_E], p1, context) &&
	       are_inverse(is[RSA_D], is[RSA_E], q1, context) &&
	       are_inverse(is[RSA_DP], is[RSA_E], p1, context) &&
	       are_inverse(is[RSA_DQ], is[RSA_E], q1, context) &&
	       are_inverse(is[RSA_QI], is[RSA_Q], is[RSA_P], context);
}

static int
rsa_from_jwk(struct json_object *jwk, const char *what, EVP_PKEY **evp, struct cw_error *error)
{
	cw_auto(clear_numbers) struct rsa_numbers rsa = {0};
	cw_auto(free_builder) OSSL_PARAM_BLD *builder = cw_need(OSSL_PARAM_BLD_new());
	int status, bits;

	for (size_t i = 0; i < RSA_MEMBERS; i++) {
		status = read_number(jwk, rsa_members[i].jwk, what, 0, &rsa.numbers[i], error);
		if (status != CW_OK)
			return status;
		if (OSSL_PARAM_BLD_push_BN(builder, rsa_members[i].openssl, rsa.numbers[i]) != 1)
			cw_nomem();
	}
	bits = BN_num_bits(rsa.numbers[RSA_N]);
	if (bits < RSA_MODULUS_MIN || bits > RSA_MODULUS_MAX)
		return cw_fail(error, CW_E_UNSUPPORTED,
			       "%s is an RSA key of %d bits; it must have %d to %d", what, bits,
			       RSA_MODULUS_MIN, RSA_MODULUS_MAX);
	if (!rsa_agrees(&rsa))
		return cw_fail(error, CW_E_INVALID, "%s is damaged: its numbers do not match",
			       what);
	if (!make_key("RSA", builder, evp))
		return cw_fail_openssl(error, CW_E_INVALID, "%s is not a usable RSA key", what);
	return CW_OK;
}

/* Whether the public point is the private number times the generator. */
static bool
pair_agrees(EVP_PKEY *evp)
{
	cw_auto(free_context) EVP_PKEY_CTX *context =
		cw_need(EVP_PKEY_CTX_new_from_pkey(NULL, evp, NULL));

	return EVP_PKEY_private_check(context) == 1 && EVP_PKEY_pairwise_check(context) == 1;
}

static int
ec_from_jwk(struct json_object *jwk, const char *what, EVP_PKEY **evp, struct cw_error *error)
{
	cw_auto(free_builder) OSSL_PARAM_BLD *builder = cw_need(OSSL_PARAM_BLD_new());
	cw_auto_bignum BIGNUM *x = NULL, *y = NULL, *d = NULL;
	const char *name = cw_json_string(jwk, "crv");
	const struct cw_curve *curve = NULL;
	unsigned char point[1 + 2 * 66] = {POINT_CONVERSION_UNCOMPRESSED};
	int status;

	for (size_t i = 0; i < cw_curve_count; i++) {
		if (cw_equal(name, cw_curves[i].jwk_name))
			curve = &cw_curves[i];
	}
	if (curve == NULL)
		return cw_fail(error, CW_E_UNSUPPORTED,
			       "%s is not on a supported curve (P-256, P-384, P-521)", what);
	status = read_number(jwk, "x", what, (size_t)curve->size, &x, error);
	if (status == CW_OK)
		status = read_number(jwk, "y", what, (size_t)curve->size, &y, error);
	if (status == CW_OK)
		status = read_number(jwk, "d", what, (size_t)curve->size, &d, error);
	if (status != CW_OK)
		return status;
	if (BN_bn2binpad(x, point + 1, curve->size) < 0 ||
	    BN_bn2binpad(y, point + 1 + curve->size, curve->size) < 0 ||
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
					    curve->openssl_name, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point,
					     1 + 2 * (size_t)curve->size) != 1 ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, d) != 1)
		cw_nomem();
	if (!make_key("EC", builder, evp))
		return cw_fail_openssl(error, CW_E_INVALID, "%s is not a usable EC key", what);
	if (!pair_agrees(*evp)) {
		ERR_clear_error();
		return cw_fail(error, CW_E_INVALID,
			       "%s is damaged: its public point does not match its private number",
			       what);
	}
	return CW_OK;
}

int
cw_key_from_jwk(struct json_object *jwk, const char *what, struct cw_key **key,
		struct cw_error *error)
{
	const char *type = cw_json_string(jwk, "kty");
	EVP_PKEY *evp = NULL;
	int status;

	*key = NULL;
	ERR_clear_error();
	if (cw_equal(type, "RSA"))
		status = rsa_from_jwk(jwk, what, &evp, error);
	else if (cw_equal(type, "EC"))
		status = ec_from_jwk(jwk, what, &evp, error);
	else
		status = cw_fail(error, CW_E_UNSUPPORTED,
				 "%s is not a JWK of type RSA or EC (\"kty\")", what);
	if (status != CW_OK) {
		EVP_PKEY_free(evp);
		return status;
	}
	*key = cw_key_wrap(evp);
	return CW_OK;
}

/* Adds the key's number OPENSSL as MEMBER, with SIZE bytes (0: as few as it takes). */
static void
add_number(struct json_object *jwk, const char *member, const EVP_PKEY *evp, const char *openssl,
	   int size)
{
	cw_auto_bignum BIGNUM *number = NULL;
	cw_autosecret char *text = NULL;
	unsigned char *bytes;

	if (EVP_PKEY_get_bn_param(evp, openssl, &number) != 1) {
		ERR_clear_error();
		return;
	}
	if (size == 0)
		size = BN_num_bytes(number);
	bytes = cw_alloc((size_t)size + 1);
	if (BN_bn2binpad(number, bytes, size) < 0)
		cw_nomem();
	text = cw_base64url(bytes, (size_t)size);
	cw_wipe(bytes, (size_t)size);
	free(bytes);
	cw_json_set(jwk, member, cw_need(json_object_new_string(text)));
}

struct json_object *
cw_key_to_jwk(const struct cw_key *key)
{
	const EVP_PKEY *evp = cw_key_evp(key);
	const struct cw_curve *curve = cw_curve_of(evp);
	struct json_object *jwk = cw_json_new_object();

	if (curve == NULL) {
		for (size_t i = 0; i < RSA_MEMBERS; i++)
			add_number(jwk, rsa_members[i].jwk, evp, rsa_members[i].openssl, 0);
		cw_json_set_string(jwk, "kty", "RSA");
		return jwk;
	}
	add_number(jwk, "d", evp, OSSL_PKEY_PARAM_PRIV_KEY, curve->size);
	add_number(jwk, "x", evp, OSSL_PKEY_PARAM_EC_PUB_X, curve->size);
	add_number(jwk, "y", evp, OSSL_PKEY_PARAM_EC_PUB_Y, curve->size);
	cw_json_set_string(jwk, "crv", curve->jwk_name);
	cw_json_set_string(jwk, "kty", "EC");
	return jwk;
}

struct json_object *
cw_key_public_jwk(const struct cw_key *key)
{
	const EVP_PKEY *evp = cw_key_evp(key);
	const struct cw_curve *curve = cw_curve_of(evp);
	struct json_object *jwk = cw_json_new_object();

	/* In the order of the names, so that the text is the thumbprint's input as it stands. */
	if (curve == NULL) {
		add_number(jwk, "e", evp, OSSL_PKEY_PARAM_RSA_E, 0);
		cw_json_set_string(jwk, "kty", "RSA");
		add_number(jwk, "n", evp, OSSL_PKEY_PARAM_RSA_N, 0);
		return jwk;
	}
	cw_json_set_string(jwk, "crv", curve->jwk_name);
	cw_json_set_string(jwk, "kty", "EC");
	add_number(jwk, "x", evp, OSSL_PKEY_PARAM_EC_PUB_X, curve->size);
	add_number(jwk, "y", evp, OSSL_PKEY_PARAM_EC_PUB_Y, curve->size);
	return jwk;
}

char *
cw_key_thumbprint(const struct cw_key *key)
{
	cw_auto_json struct json_object *jwk = cw_key_public_jwk(key);
	const char *text = cw_json_text(jwk);
	unsigned char digest[32];

	if (EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), digest, NULL) != 1)
		cw_nomem();
	return cw_base64url(digest, sizeof(digest));
}
