#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "crypto/jws.h"
#include "crypto/key.h"
#include "key_fixture.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* RFC 7515 appendix A.2.1, in the order of Certbot's private_key.json. */
static const char rsa_jwk[] =
	"{\"n\": \""
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrc"
	"S2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGz"
	"jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xs"
	"mtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8"
	"q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
	"\", "
	"\"e\": \""
	"AQAB"
	"\", "
	"\"d\": \""
	"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeX"
	"Zx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFN"
	"S3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4e"
	"hNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS9"
	"8l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ"
	"\", "
	"\"p\": \""
	"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3Khoo"
	"KeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPg"
	"tldC-KDV5z-y2XDwGUc"
	"\", "
	"\"q\": \""
	"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zF"
	"YHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBype"
	"eF6689rjcJIDEz9RWdc"
	"\", "
	"\"dp\": \""
	"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBf"
	"pT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5"
	"Mbr1C1XsmvkxHQAdYo0"
	"\", "
	"\"dq\": \""
	"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrm"
	"I2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLB"
	"Sp3nssTdlqvd0tIiTHU"
	"\", "
	"\"qi\": \""
	"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7"
	"fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2"
	"-ZQwVK0JKSHuLFkuQ3U"
	"\", "
	"\"kty\": \""
	"RSA"
	"\"}";

/* Appendix A.2.1: what is signed there, and in A.3. */
static const char payload[] = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
			      "\"http://example.com/is_root\":true}";
static const char rsa_signature[] =
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Q"
	"c_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTy"
	"WzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu"
	"sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"
	"XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/* Appendix A.3.1. */
static const char es256_jwk[] =
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\","
	"\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}";
static const char es256_signature[] =
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/* Appendix A.4.1; its payload is "Payload". */
static const char es512_jwk[] =
	"{\"kty\":\"EC\",\"crv\":\"P-521\","
	"\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWc"
	"eqwQGk\","
	"\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e"
	"3kyMj2\","
	"\"d\":\"AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9m"
	"E15j2C\"}";
static const char es512_signature[] =
	"AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7Xdt"
	"AG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";

/* Appendix A.1.1. */
static const char mac_key[] =
	"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

/* Signs with an empty header but for "alg". */
static struct json_object *
sign(const char *jwk, const char *text)
{
	cw_auto_key struct cw_key *key = key_of(jwk);
	struct cw_signer *signer = cw_signer_from_key(key);
	cw_auto_json struct json_object *header = cw_json_new_object();
	cw_autofree char *jws = NULL;

	assert_int_equal(cw_jws_sign(signer, header, text, &jws, NULL), CW_OK);
	cw_signer_free(signer);
	return json(jws);
}

/* Whether SIGNATURE (base64url, R || S) over the input is by KEY. */
static bool
verifies(const struct cw_key *key, const char *digest, const char *input, const char *signature)
{
	size_t length;
	cw_autofree unsigned char *flat = cw_base64url_decode(signature, &length);
	ECDSA_SIG *parts = ECDSA_SIG_new();
	unsigned char *der = NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int size, result;

	ECDSA_SIG_set0(parts, BN_bin2bn(flat, (int)length / 2, NULL),
		       BN_bin2bn(flat + length / 2, (int)length / 2, NULL));
	size = i2d_ECDSA_SIG(parts, &der);
	EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, cw_key_evp(key), NULL);
	result = EVP_DigestVerify(context, der, (size_t)size, (const unsigned char *)input,
				  strlen(input));
	OPENSSL_free(der);
	ECDSA_SIG_free(parts);
	EVP_MD_CTX_free(context);
	return result == 1;
}

static void
test_rs256_signs_as_rfc7515_a2_says(void **state)
{
	cw_auto_json struct json_object *jws = sign(rsa_jwk, payload);
	cw_autofree char *encoded = cw_base64url(payload, strlen(payload));

	(void)state;
	assert_int_equal(json_object_object_length(jws), 3);
	assert_string_equal(cw_json_string(jws, "protected"), "eyJhbGciOiJSUzI1NiJ9");
	assert_string_equal(cw_json_string(jws, "payload"), encoded);
	assert_string_equal(cw_json_string(jws, "signature"), rsa_signature);
}

static void
test_rsa_key_is_written_as_certbot_does(void **state)
{
	cw_auto_key struct cw_key *key = key_of(rsa_jwk);
	cw_auto_json struct json_object *written = cw_key_to_jwk(key), *read = json(rsa_jwk);
	cw_autofree char *id = cw_key_account_id(key);

	(void)state;
	assert_string_equal(cw_json_text(written), cw_json_text(read));
	/* openssl pkey -pubout | md5sum */
	assert_string_equal(id, "0c11aa077516af6651a8cdaf3a629698");
}

static void
test_es256_and_es512_verify_against_rfc7515(void **state)
{
	cw_auto_key struct cw_key *p256 = key_of(es256_jwk), *p521 = key_of(es512_jwk);
	cw_autofree char *encoded = cw_base64url(payload, strlen(payload));
	cw_autofree char *input = cw_format("eyJhbGciOiJFUzI1NiJ9.%s", encoded);

	(void)state;
	assert_true(verifies(p256, "SHA256", input, es256_signature));
	assert_true(verifies(p521, "SHA512", "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA", es512_signature));
}

static void
test_ec_signatures_verify_and_have_their_fixed_width(void **state)
{
	static const struct {
		const char *curve, *algorithm, *digest;
		size_t length;
	} cases[] = {
		{"secp256r1", "ES256", "SHA256", 64},
		{"secp384r1", "ES384", "SHA384", 96},
		{"secp521r1", "ES512", "SHA512", 132},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_key_spec spec = {.type = CW_KEY_EC, .curve = cases[i].curve};
		cw_auto_key struct cw_key *key = NULL;

		assert_int_equal(cw_key_generate(&spec, &key, NULL), CW_OK);
		assert_string_equal(cw_key_jws_algorithm(key), cases[i].algorithm);
		/* Of so many some have an R or an S with leading zeros. */
		for (int round = 0; round < 300; round++) {
			cw_autofree unsigned char *signature = NULL;
			cw_autofree char *input = cw_format("input %d", round), *text = NULL;
			size_t length;

			assert_int_equal(cw_key_sign_jws(key, input, strlen(input), &signature,
							 &length, NULL),
					 CW_OK);
			assert_int_equal(length, cases[i].length);
			text = cw_base64url(signature, length);
			if (round < 20)
				assert_true(verifies(key, cases[i].digest, input, text));
		}
	}
}

static void
test_header_keeps_its_members_behind_alg(void **state)
{
	cw_auto_key struct cw_key *key = key_of(es256_jwk);
	struct cw_signer *signer = cw_signer_from_key(key);
	cw_auto_json struct json_object *header = cw_json_new_object(), *jws = NULL;
	cw_autofree char *text = NULL;
	cw_autofree unsigned char *protected = NULL;
	size_t length;

	(void)state;
	cw_json_set_string(header, "nonce", "abc");
	cw_json_set_string(header, "url", "https://ca.example/a/1");
	cw_json_set(header, "jwk", json_object_get(signer->jwk));
	assert_int_equal(cw_jws_sign(signer, header, NULL, &text, NULL), CW_OK);
	jws = json(text);
	protected = cw_base64url_decode(cw_json_string(jws, "protected"), &length);
	assert_string_equal(
		(char *)protected,
		"{\"alg\":\"ES256\",\"nonce\":\"abc\",\"url\":\"https://ca.example/a/1\","
		"\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\","
		"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}}");
	/* POST-as-GET (RFC 8555 section 6.3). */
	assert_string_equal(cw_json_string(jws, "payload"), "");
	/* The caller's header is as it was. */
	assert_int_equal(json_object_object_length(header), 3);
	assert_string_equal(signer->thumbprint, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
	cw_signer_free(signer);
}

static int
refuse(void *context, const void *data, size_t length, unsigned char **signature,
       size_t *signature_length, struct cw_error *error)
{
	(void)context;
	(void)data;
	(void)length;
	(void)signature;
	(void)signature_length;
	return cw_fail(error, CW_E_CRYPTO, "the token was removed");
}

static void
test_failure_of_the_signer_is_passed_on(void **state)
{
	struct cw_signer signer = {.algorithm = "ES256", .sign = refuse};
	cw_auto_json struct json_object *header = cw_json_new_object();
	cw_auto_error struct cw_error error = {0};
	char *jws;

	(void)state;
	assert_int_equal(cw_jws_sign(&signer, header, "{}", &jws, &error), CW_E_CRYPTO);
	assert_null(jws);
	assert_string_equal(error.message, "the token was removed");
}

static const char account_jwk[] =
	"{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";

/* Computed apart, with Python's hmac. */
static const struct {
	const char *algorithm, *signature;
} bindings[] = {
	{"HS256", "aBflegcdYaQ-B9MSLOIO9tP8bHBmHrcFxl4F2lax008"},
	{"HS384", "tAdItpvKIQeW3CveNcJOuLgtIt53aUbkpTREB4Va9ZC9sax_D7wa05_ZS95Ps4k8"},
	{"HS512", "kVBcSiKu2nlCo3vkIgjtDHDerypTqE-D04r62CyDW1SIuExrtB0WbQmmlkOTVE2dwxGXow1Rkz7y_WCL"
		  "KTa86Q"},
};

static void
test_external_account_binding_has_the_mac_of_each_algorithm(void **state)
{
	cw_auto_json struct json_object *jwk = json(account_jwk);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(bindings); i++) {
		cw_auto_json struct json_object *binding = NULL;
		cw_autofree unsigned char *protected = NULL, *body = NULL;
		cw_autofree char *expected =
			cw_format("{\"alg\":\"%s\",\"kid\":\"kid-1\","
				  "\"url\":\"https://ca.example/new-account\"}",
				  bindings[i].algorithm);
		size_t length;

		assert_int_equal(
			cw_jws_external_account(jwk, "kid-1", mac_key, bindings[i].algorithm,
						"https://ca.example/new-account", &binding, NULL),
			CW_OK);
		protected = cw_base64url_decode(cw_json_string(binding, "protected"), &length);
		body = cw_base64url_decode(cw_json_string(binding, "payload"), &length);
		assert_string_equal((char *)protected, expected);
		assert_string_equal((char *)body, account_jwk);
		assert_string_equal(cw_json_string(binding, "signature"), bindings[i].signature);
	}
}

static void
test_mac_key_may_be_padded_or_of_the_other_alphabet(void **state)
{
	cw_auto_json struct json_object *jwk = json(account_jwk);
	cw_autofree char *padded = cw_format("%s==", mac_key);
	cw_auto_json struct json_object *binding = NULL;

	(void)state;
	cw_replace_char(padded, '-', '+');
	cw_replace_char(padded, '_', '/');
	assert_int_equal(cw_jws_external_account(jwk, "kid-1", padded, "HS256",
						 "https://ca.example/new-account", &binding, NULL),
			 CW_OK);
	assert_string_equal(cw_json_string(binding, "signature"), bindings[0].signature);
}

static void
test_bad_external_account_is_refused_without_showing_the_key(void **state)
{
	static const struct {
		const char *key, *algorithm;
	} cases[] = {{"", "HS256"},
		     {"not base64!", "HS256"},
		     {"====", "HS256"},
		     {mac_key, "RS256"},
		     {mac_key, NULL}};
	cw_auto_json struct json_object *jwk = json(account_jwk);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_error struct cw_error error = {0};
		struct json_object *binding;

		assert_int_equal(cw_jws_external_account(jwk, "kid", cases[i].key,
							 cases[i].algorithm, "https://ca.example/",
							 &binding, &error),
				 CW_E_INVALID);
		assert_null(binding);
		assert_true(*cases[i].key == '\0' || strstr(error.message, cases[i].key) == NULL);
		assert_non_null(error.hint);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rs256_signs_as_rfc7515_a2_says),
		cmocka_unit_test(test_rsa_key_is_written_as_certbot_does),
		cmocka_unit_test(test_es256_and_es512_verify_against_rfc7515),
		cmocka_unit_test(test_ec_signatures_verify_and_have_their_fixed_width),
		cmocka_unit_test(test_header_keeps_its_members_behind_alg),
		cmocka_unit_test(test_failure_of_the_signer_is_passed_on),
		cmocka_unit_test(test_external_account_binding_has_the_mac_of_each_algorithm),
		cmocka_unit_test(test_mac_key_may_be_padded_or_of_the_other_alphabet),
		cmocka_unit_test(test_bad_external_account_is_refused_without_showing_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
