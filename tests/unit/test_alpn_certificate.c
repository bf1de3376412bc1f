#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "common/alpn_certificate.h"

#include <openssl/x509v3.h>

static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* RFC 8737 section 3: the critical extension of the digest. */
static const ASN1_OCTET_STRING *
acme_identifier(const X509 *x509)
{
	ASN1_OBJECT *object = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	int at = X509_get_ext_by_OBJ(x509, object, -1);

	ASN1_OBJECT_free(object);
	assert_true(at >= 0);
	assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(x509, at)), 1);
	return X509_EXTENSION_get_data(X509_get_ext(x509, at));
}

static void
assert_only_name(X509 *x509, const char *type, const char *name)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);

	assert_int_equal(sk_GENERAL_NAME_num(names), 1);
	GENERAL_NAMES_free(names);
	if (*type == 'd')
		assert_int_equal(X509_check_host(x509, name, 0, 0, NULL), 1);
	else
		assert_int_equal(X509_check_ip_asc(x509, name, 0), 1);
}

static void
test_the_certificate_is_that_of_rfc8737(void **state)
{
	static const char *const identifiers[][2] = {
		{"dns", "a.example"}, {"ip", "192.0.2.1"}, {"ip", "2001:db8::1"}};
	static const unsigned char expected[] = {0x04, 0x20, 0x01, 0x23, 0x45, 0x67};
	EVP_PKEY *key = alpn_key();

	(void)state;
	for (size_t i = 0; i < CW_COUNT(identifiers); i++) {
		X509 *x509 = alpn_certificate(key, identifiers[i][0], identifiers[i][1], digest);
		const ASN1_OCTET_STRING *value;

		assert_non_null(x509);
		assert_only_name(x509, identifiers[i][0], identifiers[i][1]);
		assert_int_equal(X509_verify(x509, key), 1);
		assert_true(X509_cmp_current_time(X509_get0_notBefore(x509)) < 0);
		assert_true(X509_cmp_current_time(X509_get0_notAfter(x509)) > 0);
		value = acme_identifier(x509);
		assert_int_equal(ASN1_STRING_length(value), 34);
		assert_memory_equal(ASN1_STRING_get0_data(value), expected, sizeof(expected));
		X509_free(x509);
	}
	EVP_PKEY_free(key);
}

static void
test_a_certificate_needs_a_digest_and_an_identifier(void **state)
{
	static const struct {
		const char *type, *identifier, *digest;
	} cases[] = {
		{"dns", "a.example", "0123"},
		{"dns", "a.example", ""},
		{"dns", "a.example",
		 "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
		{"ip", "a.example", digest},
	};
	EVP_PKEY *key = alpn_key();

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++)
		assert_null(
			alpn_certificate(key, cases[i].type, cases[i].identifier, cases[i].digest));
	EVP_PKEY_free(key);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_certificate_is_that_of_rfc8737),
		cmocka_unit_test(test_a_certificate_needs_a_digest_and_an_identifier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
