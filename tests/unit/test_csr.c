#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "crypto/csr.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define cw_auto_csr cw_auto(cw_csr_clear)

static struct cw_key *
generate(const char *curve)
{
	struct cw_key_spec spec = {
		.type = curve == NULL ? CW_KEY_RSA : CW_KEY_EC, .rsa_bits = 2048, .curve = curve};
	struct cw_key *key;

	assert_int_equal(cw_key_generate(&spec, &key, NULL), CW_OK);
	return key;
}

static void
test_request_has_the_names_asked_for(void **state)
{
	static const char *const curves[] = {"secp256r1", "secp384r1", NULL};
	cw_auto_strv struct cw_strv dns = {0}, addresses = {0};
	struct cw_csr_spec spec = {.dns_names = &dns, .ip_addresses = &addresses};

	(void)state;
	cw_strv_add(&dns, "example.org");
	cw_strv_add(&dns, "*.example.org");
	cw_strv_add(&dns, "xn--bcher-kva.example");
	cw_strv_add(&addresses, "192.0.2.7");
	cw_strv_add(&addresses, "2001:db8:0:0::1");
	for (size_t i = 0; i < CW_COUNT(curves); i++) {
		cw_auto_key struct cw_key *key = generate(curves[i]);
		cw_auto_buf struct cw_buf der = {0};
		cw_auto_csr struct cw_csr csr = {0};

		assert_int_equal(cw_csr_make(key, &spec, &der, NULL), CW_OK);
		assert_int_equal(cw_csr_read(der.data, der.length, "it", &csr, NULL), CW_OK);
		assert_int_equal(csr.dns_names.count, 3);
		assert_string_equal(csr.dns_names.items[0], "example.org");
		assert_string_equal(csr.dns_names.items[1], "*.example.org");
		assert_string_equal(csr.dns_names.items[2], "xn--bcher-kva.example");
		assert_int_equal(csr.ip_addresses.count, 2);
		assert_string_equal(csr.ip_addresses.items[0], "192.0.2.7");
		assert_string_equal(csr.ip_addresses.items[1], "2001:db8::1");
		assert_true(cw_key_equal(csr.public_key, key));
		assert_int_equal(csr.der.length, der.length);
		assert_memory_equal(csr.der.data, der.data, der.length);
	}
}

/* The DER of a request as OpenSSL reads it. */
static X509_REQ *
decode(const struct cw_buf *der)
{
	const unsigned char *at = (const unsigned char *)der->data;
	X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der->length);

	assert_non_null(request);
	return request;
}

static void
test_must_staple_is_the_tls_feature_extension(void **state)
{
	static const unsigned char expected[] = {0x30, 0x03, 0x02, 0x01, 0x05};
	cw_auto_key struct cw_key *key = generate("secp256r1");
	cw_auto_strv struct cw_strv dns = {0};
	struct cw_csr_spec spec = {.dns_names = &dns};

	(void)state;
	cw_strv_add(&dns, "example.org");
	for (int staple = 0; staple <= 1; staple++) {
		cw_auto_buf struct cw_buf der = {0};
		STACK_OF(X509_EXTENSION) * extensions;
		X509_REQ *request;
		int at;

		spec.must_staple = staple;
		assert_int_equal(cw_csr_make(key, &spec, &der, NULL), CW_OK);
		request = decode(&der);
		assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(request)), 0);
		extensions = X509_REQ_get_extensions(request);
		at = X509v3_get_ext_by_NID(extensions, NID_tlsfeature, -1);
		assert_int_equal(at >= 0, staple);
		if (staple) {
			const ASN1_OCTET_STRING *value =
				X509_EXTENSION_get_data(X509v3_get_ext(extensions, at));

			assert_int_equal(ASN1_STRING_length(value), sizeof(expected));
			assert_memory_equal(ASN1_STRING_get0_data(value), expected,
					    sizeof(expected));
		}
		sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
		X509_REQ_free(request);
	}
}

static void
test_bad_names_are_refused_before_they_are_signed(void **state)
{
	static const struct {
		const char *dns, *address;
	} cases[] = {
		{NULL, NULL},
		{"", NULL},
		{"b\xc3\xbc"
		 "cher.example",
		 NULL},
		{"a b", NULL},
		{"a\nb", NULL},
		{NULL, "example.org"},
		{NULL, "1.2.3"},
		{NULL, "2001:db8::/32"},
	};
	cw_auto_key struct cw_key *key = generate("secp256r1");

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_strv struct cw_strv dns = {0}, addresses = {0};
		struct cw_csr_spec spec = {.dns_names = &dns, .ip_addresses = &addresses};
		cw_auto_buf struct cw_buf der = {0};
		cw_auto_error struct cw_error error = {0};

		if (cases[i].dns != NULL)
			cw_strv_add(&dns, cases[i].dns);
		if (cases[i].address != NULL)
			cw_strv_add(&addresses, cases[i].address);
		assert_int_equal(cw_csr_make(key, &spec, &der, &error), CW_E_INVALID);
		assert_int_equal(der.length, 0);
	}
}

/* A request in PEM with this common name and, when not NULL, these alternative names in the syntax
 * of x509v3_config(5). */
static char *
foreign_request(const char *common_name, const char *names, const char **broken)
{
	cw_auto_key struct cw_key *key = generate("secp256r1");
	X509_REQ *request = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *copy;
	long length;

	X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
				   (const unsigned char *)common_name, -1, -1, 0);
	X509_REQ_set_pubkey(request, cw_key_evp(key));
	if (names != NULL) {
		STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();

		sk_X509_EXTENSION_push(
			extensions, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names));
		X509_REQ_add_extensions(request, extensions);
		sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	}
	X509_REQ_sign(request, cw_key_evp(key), EVP_sha256());
	if (broken != NULL)
		X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "O", MBSTRING_UTF8,
					   (const unsigned char *)*broken, -1, -1, 0);
	PEM_write_bio_X509_REQ(bio, request);
	length = BIO_get_mem_data(bio, &data);
	copy = cw_memdup(data, (size_t)length);
	BIO_free(bio);
	X509_REQ_free(request);
	return copy;
}

static void
test_names_of_a_foreign_request_are_lower_case_and_each_once(void **state)
{
	cw_autofree char *pem = foreign_request(
		"WWW.Example.ORG",
		"DNS:a.example,DNS:www.example.org,email:me@example.org,IP:192.0.2.1,DNS:A.Example",
		NULL);
	cw_auto_csr struct cw_csr csr = {0};

	(void)state;
	assert_int_equal(cw_csr_read(pem, strlen(pem), "it", &csr, NULL), CW_OK);
	assert_int_equal(csr.dns_names.count, 2);
	assert_string_equal(csr.dns_names.items[0], "www.example.org");
	assert_string_equal(csr.dns_names.items[1], "a.example");
	assert_int_equal(csr.ip_addresses.count, 1);
	assert_string_equal(csr.ip_addresses.items[0], "192.0.2.1");
}

static void
test_common_name_alone_is_enough(void **state)
{
	cw_autofree char *host = foreign_request("example.org", NULL, NULL);
	cw_autofree char *address = foreign_request("2001:DB8::1", NULL, NULL);
	cw_auto_csr struct cw_csr host_csr = {0}, address_csr = {0};

	(void)state;
	assert_int_equal(cw_csr_read(host, strlen(host), "it", &host_csr, NULL), CW_OK);
	assert_string_equal(host_csr.dns_names.items[0], "example.org");
	assert_int_equal(cw_csr_read(address, strlen(address), "it", &address_csr, NULL), CW_OK);
	assert_int_equal(address_csr.dns_names.count, 0);
	assert_string_equal(address_csr.ip_addresses.items[0], "2001:db8::1");
}

static void
test_request_with_a_false_signature_is_refused(void **state)
{
	const char *added = "Somebody else";
	cw_autofree char *pem = foreign_request("example.org", NULL, &added);
	cw_auto_error struct cw_error error = {0};
	struct cw_csr csr;

	(void)state;
	assert_int_equal(cw_csr_read(pem, strlen(pem), "\"a.csr\"", &csr, &error), CW_E_INVALID);
	assert_true(cw_starts_with(error.message, "\"a.csr\" is damaged"));
	assert_null(csr.public_key);
}

static void
test_rubbish_is_no_request(void **state)
{
	static const char *const texts[] = {"", "hello", "0\x82\x01\x01",
					    "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		cw_auto_error struct cw_error error = {0};
		struct cw_csr csr;

		assert_int_equal(cw_csr_read(texts[i], strlen(texts[i]), "it", &csr, &error),
				 CW_E_INVALID);
		assert_true(cw_starts_with(error.message, "it is not a certificate request"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_has_the_names_asked_for),
		cmocka_unit_test(test_must_staple_is_the_tls_feature_extension),
		cmocka_unit_test(test_bad_names_are_refused_before_they_are_signed),
		cmocka_unit_test(test_names_of_a_foreign_request_are_lower_case_and_each_once),
		cmocka_unit_test(test_common_name_alone_is_enough),
		cmocka_unit_test(test_request_with_a_false_signature_is_refused),
		cmocka_unit_test(test_rubbish_is_no_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
