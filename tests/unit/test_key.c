#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "crypto/key.h"
#include "key_fixture.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 7515 appendix A.3.1, as Certbot writes it. */
static const char ec_jwk[] = "{\"d\": \"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\", "
			     "\"x\": \"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\", "
			     "\"y\": \"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\", "
			     "\"crv\": \"P-256\", \"kty\": \"EC\"}";

static struct cw_key *
generate(enum cw_key_type type, unsigned bits, const char *curve)
{
	struct cw_key_spec spec = {.type = type, .rsa_bits = bits, .curve = curve};
	struct cw_key *key;

	assert_int_equal(cw_key_generate(&spec, &key, NULL), CW_OK);
	return key;
}

/* The status and message of reading TEXT as a JWK. */
static int
refusal(const char *text, char **message)
{
	cw_auto_json struct json_object *jwk = json(text);
	cw_auto_error struct cw_error error = {0};
	cw_auto_key struct cw_key *key = NULL;
	int status = cw_key_from_jwk(jwk, "the key", &key, &error);

	assert_null(key);
	*message = cw_error_line(&error);
	return status;
}

static void
test_thumbprint_is_that_of_rfc7638(void **state)
{
	static const char modulus[] =
		"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6"
		"tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5"
		"v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD0"
		"8qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU"
		"8awapJzKnqDKgw";
	size_t length;
	cw_autofree unsigned char *bytes = cw_base64url_decode(modulus, &length);
	BIGNUM *n = BN_bin2bn(bytes, (int)length, NULL), *e = BN_new();
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *evp = NULL;
	cw_auto_key struct cw_key *key = NULL;
	cw_autofree char *thumbprint = NULL;
	OSSL_PARAM *params;

	(void)state;
	BN_set_word(e, 65537);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
	params = OSSL_PARAM_BLD_to_param(builder);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &evp, EVP_PKEY_PUBLIC_KEY, params), 1);
	key = cw_key_wrap(evp);
	thumbprint = cw_key_thumbprint(key);
	assert_string_equal(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	BN_free(n);
	BN_free(e);
}

static void
test_ec_jwk_is_read_and_written_as_certbot_does(void **state)
{
	cw_auto_key struct cw_key *key = key_of(ec_jwk);
	cw_auto_json struct json_object *jwk = cw_key_to_jwk(key), *read = json(ec_jwk);

	(void)state;
	assert_string_equal(cw_json_text(jwk), cw_json_text(read));
	assert_int_equal(cw_key_type(key), CW_KEY_EC);
	assert_int_equal(cw_key_bits(key), 256);
	assert_string_equal(cw_key_curve(key), "secp256r1");
	assert_string_equal(cw_key_jws_algorithm(key), "ES256");
}

static void
test_account_id_is_certbots(void **state)
{
	cw_auto_key struct cw_key *key = key_of(ec_jwk);
	cw_autofree char *id = cw_key_account_id(key);

	(void)state;
	/* openssl pkey -pubout | md5sum */
	assert_string_equal(id, "b69acad1073b2bf71a4fb9294dc47990");
}

static void
test_public_jwk_holds_no_secret(void **state)
{
	cw_auto_key struct cw_key *ec = key_of(ec_jwk), *rsa = generate(CW_KEY_RSA, 2048, NULL);
	cw_auto_json struct json_object *ec_public = cw_key_public_jwk(ec);
	cw_auto_json struct json_object *rsa_public = cw_key_public_jwk(rsa);

	(void)state;
	assert_string_equal(cw_json_text(ec_public),
			    "{\"crv\":\"P-256\",\"kty\":\"EC\","
			    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
			    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}");
	assert_int_equal(json_object_object_length(rsa_public), 3);
	assert_string_equal(cw_json_string(rsa_public, "e"), "AQAB");
	assert_string_equal(cw_json_string(rsa_public, "kty"), "RSA");
	assert_non_null(cw_json_string(rsa_public, "n"));
}

static void
test_every_generated_key_survives_jwk_and_pem(void **state)
{
	static const struct cw_key_spec specs[] = {
		{CW_KEY_EC, 0, "secp256r1"}, {CW_KEY_EC, 0, "secp384r1"},
		{CW_KEY_EC, 0, "secp521r1"}, {CW_KEY_RSA, 2048, NULL},
		{CW_KEY_RSA, 3072, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(specs); i++) {
		cw_auto_key struct cw_key *key =
			generate(specs[i].type, specs[i].rsa_bits, specs[i].curve);
		cw_auto_key struct cw_key *by_jwk = NULL, *by_pem = NULL;
		cw_auto_json struct json_object *jwk = cw_key_to_jwk(key), *again = NULL;
		cw_autosecret char *pem = cw_key_to_pem(key);

		assert_int_equal(cw_key_from_jwk(jwk, "it", &by_jwk, NULL), CW_OK);
		assert_int_equal(cw_key_from_pem(pem, strlen(pem), "it", &by_pem, NULL), CW_OK);
		assert_true(cw_key_equal(key, by_jwk));
		assert_true(cw_key_equal(key, by_pem));
		again = cw_key_to_jwk(by_pem);
		assert_string_equal(cw_json_text(jwk), cw_json_text(again));
		assert_true(cw_starts_with(pem, "-----BEGIN PRIVATE KEY-----\n"));
		assert_true(cw_equal(cw_key_curve(by_pem), specs[i].curve));
		if (specs[i].type == CW_KEY_RSA)
			assert_int_equal(cw_key_bits(by_pem), specs[i].rsa_bits);
	}
}

static void
test_different_keys_are_not_equal(void **state)
{
	cw_auto_key struct cw_key *a = generate(CW_KEY_EC, 0, "secp256r1");
	cw_auto_key struct cw_key *b = generate(CW_KEY_EC, 0, "secp256r1");
	cw_auto_key struct cw_key *c = generate(CW_KEY_RSA, 2048, NULL);

	(void)state;
	assert_true(cw_key_equal(a, a));
	assert_false(cw_key_equal(a, b));
	assert_false(cw_key_equal(a, c));
}

static void
test_impossible_keys_are_refused_before_generation(void **state)
{
	static const struct cw_key_spec specs[] = {
		{CW_KEY_EC, 0, "secp256k1"}, {CW_KEY_EC, 0, NULL},     {CW_KEY_RSA, 1024, NULL},
		{CW_KEY_RSA, 2047, NULL},    {CW_KEY_RSA, 8193, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(specs); i++) {
		cw_auto_error struct cw_error error = {0};
		struct cw_key *key;

		assert_int_equal(cw_key_generate(&specs[i], &key, &error), CW_E_INVALID);
		assert_null(key);
		assert_non_null(cw_error_hint(&error));
	}
}

static void
test_jwk_whose_point_does_not_match_is_refused(void **state)
{
	cw_auto_json struct json_object *jwk = json(ec_jwk);
	cw_auto_key struct cw_key *other = generate(CW_KEY_EC, 0, "secp256r1");
	cw_auto_json struct json_object *other_jwk = cw_key_to_jwk(other);
	cw_autofree char *message = NULL;

	(void)state;
	cw_json_set_string(jwk, "d", cw_json_string(other_jwk, "d"));
	assert_int_equal(refusal(cw_json_text(jwk), &message), CW_E_INVALID);
	assert_non_null(strstr(message, "the key is damaged"));
}

static void
test_jwk_whose_point_is_not_on_the_curve_is_refused(void **state)
{
	cw_auto_json struct json_object *jwk = json(ec_jwk);
	cw_autofree char *message = NULL;

	(void)state;
	cw_json_set_string(jwk, "x", cw_json_string(jwk, "y"));
	assert_int_equal(refusal(cw_json_text(jwk), &message), CW_E_INVALID);
}

static void
test_rsa_jwk_with_a_changed_number_is_refused(void **state)
{
	static const char *const members[] = {"n", "e", "d", "p", "q", "dp", "dq", "qi"};
	cw_auto_key struct cw_key *key = generate(CW_KEY_RSA, 2048, NULL);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(members); i++) {
		cw_auto_json struct json_object *jwk = cw_key_to_jwk(key);
		cw_autofree char *value = cw_strdup(cw_json_string(jwk, members[i]));
		cw_autofree char *message = NULL;

		value[1] = value[1] == 'B' ? 'C' : 'B';
		cw_json_set_string(jwk, members[i], value);
		assert_int_equal(refusal(cw_json_text(jwk), &message), CW_E_INVALID);
		assert_null(strstr(message, value));
	}
}

static void
test_malformed_jwk_is_refused_by_member(void **state)
{
	static const struct {
		const char *member, *value, *message;
		int status;
	} cases[] = {
		{"d", NULL, "\"d\"", CW_E_INVALID},
		{"d", "", "\"d\"", CW_E_INVALID},
		{"d", "####", "\"d\"", CW_E_INVALID},
		{"d", "AQAB", "\"d\"", CW_E_INVALID},
		{"x", NULL, "\"x\"", CW_E_INVALID},
		{"y", "AA", "\"y\"", CW_E_INVALID},
		{"crv", "P-192", "curve", CW_E_UNSUPPORTED},
		{"crv", NULL, "curve", CW_E_UNSUPPORTED},
		{"kty", "oct", "kty", CW_E_UNSUPPORTED},
		{"kty", "RSA", "\"n\"", CW_E_INVALID},
		{"kty", NULL, "kty", CW_E_UNSUPPORTED},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_json struct json_object *jwk = json(ec_jwk);
		cw_autofree char *message = NULL;

		cw_json_set_string(jwk, cases[i].member, cases[i].value);
		assert_int_equal(refusal(cw_json_text(jwk), &message), cases[i].status);
		assert_non_null(strstr(message, cases[i].message));
		assert_non_null(strstr(message, "the key"));
	}
}

/* What openssl's older commands write. */
static char *
traditional_pem(const struct cw_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *copy;
	long length;

	assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, cw_key_evp(key), NULL, NULL, 0,
							      NULL, NULL),
			 1);
	length = BIO_get_mem_data(bio, &data);
	copy = cw_memdup(data, (size_t)length);
	BIO_free(bio);
	return copy;
}

static void
test_older_pem_forms_are_read(void **state)
{
	cw_auto_key struct cw_key *rsa = generate(CW_KEY_RSA, 2048, NULL);
	cw_auto_key struct cw_key *ec = generate(CW_KEY_EC, 0, "secp384r1");
	cw_auto_key struct cw_key *rsa_read = NULL, *ec_read = NULL;
	cw_autofree char *pkcs1 = traditional_pem(rsa), *sec1 = traditional_pem(ec);
	/* openssl ecparam -genkey puts the parameters first. */
	cw_autofree char *with_parameters = cw_format("-----BEGIN EC PARAMETERS-----\n"
						      "BgUrgQQAIg==\n"
						      "-----END EC PARAMETERS-----\n%s",
						      sec1);

	(void)state;
	assert_true(cw_starts_with(pkcs1, "-----BEGIN RSA PRIVATE KEY-----"));
	assert_true(cw_starts_with(sec1, "-----BEGIN EC PRIVATE KEY-----"));
	assert_int_equal(cw_key_from_pem(pkcs1, strlen(pkcs1), "it", &rsa_read, NULL), CW_OK);
	assert_true(cw_key_equal(rsa, rsa_read));
	assert_int_equal(
		cw_key_from_pem(with_parameters, strlen(with_parameters), "it", &ec_read, NULL),
		CW_OK);
	assert_true(cw_key_equal(ec, ec_read));
}

static void
test_der_and_pem_files_are_loaded(void **state)
{
	char folder[] = "/tmp/test_key.XXXXXX";
	cw_auto_key struct cw_key *key = generate(CW_KEY_EC, 0, "secp256r1"), *pem_read = NULL,
				  *der_read = NULL;
	cw_autosecret char *pem = cw_key_to_pem(key);
	struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *pem_path = NULL, *der_path = NULL;
	unsigned char *der = NULL;
	int length = i2d_PrivateKey(cw_key_evp(key), &der);

	(void)state;
	assert_non_null(mkdtemp(folder));
	pem_path = cw_format("%s/key.pem", folder);
	der_path = cw_format("%s/key.der", folder);
	assert_int_equal(cw_file_write(pem_path, pem, strlen(pem), &mode, NULL), CW_OK);
	assert_int_equal(cw_file_write(der_path, der, (size_t)length, &mode, NULL), CW_OK);
	assert_int_equal(cw_key_load(pem_path, &pem_read, NULL), CW_OK);
	assert_int_equal(cw_key_load(der_path, &der_read, NULL), CW_OK);
	assert_true(cw_key_equal(key, pem_read));
	assert_true(cw_key_equal(key, der_read));
	OPENSSL_clear_free(der, (size_t)length);
	cw_tree_remove(folder, NULL);
}

static void
test_key_file_that_is_missing_is_named(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *line = NULL;
	struct cw_key *key;

	(void)state;
	assert_int_equal(cw_key_load("/nonexistent/key.pem", &key, &error), CW_E_NOT_FOUND);
	assert_null(key);
	line = cw_error_line(&error);
	assert_non_null(strstr(line, "/nonexistent/key.pem"));
}

static void
test_encrypted_pem_is_refused_without_asking(void **state)
{
	cw_auto_key struct cw_key *key = generate(CW_KEY_EC, 0, "secp256r1"), *read = NULL;
	cw_auto_error struct cw_error error = {0};
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long length;

	(void)state;
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, cw_key_evp(key), EVP_aes_128_cbc(),
						       "secret", 6, NULL, NULL),
			 1);
	length = BIO_get_mem_data(bio, &data);
	assert_int_equal(cw_key_from_pem(data, (size_t)length, "\"a.pem\"", &read, &error),
			 CW_E_UNSUPPORTED);
	assert_string_equal(error.message, "\"a.pem\" is encrypted with a passphrase");
	BIO_free(bio);
}

static void
test_key_types_that_acme_does_not_use_are_refused(void **state)
{
	static const char *const types[] = {"ED25519", "X25519"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(types); i++) {
		cw_auto_error struct cw_error error = {0};
		cw_auto_key struct cw_key *key =
			cw_key_wrap(EVP_PKEY_Q_keygen(NULL, NULL, types[i]));
		cw_autosecret char *pem = cw_key_to_pem(key);
		struct cw_key *read;

		assert_int_equal(cw_key_from_pem(pem, strlen(pem), "it", &read, &error),
				 CW_E_UNSUPPORTED);
		assert_non_null(strstr(error.message, types[i]));
	}
}

static void
test_rubbish_is_no_key(void **state)
{
	static const char *const texts[] = {"", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n",
					    ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END "
					     "CERTIFICATE-----\n")};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		cw_auto_error struct cw_error error = {0};
		struct cw_key *key;

		assert_int_equal(cw_key_from_pem(texts[i], strlen(texts[i]), "it", &key, &error),
				 CW_E_INVALID);
		assert_null(key);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thumbprint_is_that_of_rfc7638),
		cmocka_unit_test(test_ec_jwk_is_read_and_written_as_certbot_does),
		cmocka_unit_test(test_account_id_is_certbots),
		cmocka_unit_test(test_public_jwk_holds_no_secret),
		cmocka_unit_test(test_every_generated_key_survives_jwk_and_pem),
		cmocka_unit_test(test_different_keys_are_not_equal),
		cmocka_unit_test(test_impossible_keys_are_refused_before_generation),
		cmocka_unit_test(test_jwk_whose_point_does_not_match_is_refused),
		cmocka_unit_test(test_jwk_whose_point_is_not_on_the_curve_is_refused),
		cmocka_unit_test(test_rsa_jwk_with_a_changed_number_is_refused),
		cmocka_unit_test(test_malformed_jwk_is_refused_by_member),
		cmocka_unit_test(test_older_pem_forms_are_read),
		cmocka_unit_test(test_der_and_pem_files_are_loaded),
		cmocka_unit_test(test_key_file_that_is_missing_is_named),
		cmocka_unit_test(test_encrypted_pem_is_refused_without_asking),
		cmocka_unit_test(test_key_types_that_acme_does_not_use_are_refused),
		cmocka_unit_test(test_rubbish_is_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
