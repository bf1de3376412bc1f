#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/text.h"
#include "crypto/key.h"
#include "crypto/x509.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* RFC 9773 appendix A: the identifier of this certificate is given there. */
static const char ari_certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt\n"
	"cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS\n"
	"BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu\n"
	"7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf\n"
	"qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B\n"
	"yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb\n"
	"+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK\n"
	"-----END CERTIFICATE-----\n";

static struct cw_key *
generate(void)
{
	struct cw_key_spec spec = {.type = CW_KEY_EC, .curve = "secp256r1"};
	struct cw_key *key;

	assert_int_equal(cw_key_generate(&spec, &key, NULL), CW_OK);
	return key;
}

static void
add_extension(X509 *x509, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
}

struct certificate_spec {
	const char *subject, *issuer;
	const char *names; /* as x509v3_config(5); NULL: none */
	const char *ocsp;  /* NULL: none */
	const char *serial;
};

/* A certificate in PEM for KEY, signed with ISSUER_KEY. */
static char *
issue(const struct certificate_spec *spec, const struct cw_key *key,
      const struct cw_key *issuer_key)
{
	X509 *x509 = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	BIGNUM *serial = NULL;
	char *data, *copy;
	long length;

	X509_set_version(x509, X509_VERSION_3);
	BN_hex2bn(&serial, spec->serial == NULL ? "01" : spec->serial);
	BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509));
	BN_free(serial);
	if (spec->subject != NULL)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
					   (const unsigned char *)spec->subject, -1, -1, 0);
	if (spec->issuer != NULL)
		X509_NAME_add_entry_by_txt(X509_get_issuer_name(x509), "CN", MBSTRING_UTF8,
					   (const unsigned char *)spec->issuer, -1, -1, 0);
	ASN1_TIME_set_string(X509_getm_notBefore(x509), "20260131120000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x509), "20260501115959Z");
	X509_set_pubkey(x509, cw_key_evp(key));
	if (spec->names != NULL)
		add_extension(x509, NID_subject_alt_name, spec->names);
	if (spec->ocsp != NULL)
		add_extension(x509, NID_info_access, spec->ocsp);
	X509_sign(x509, cw_key_evp(issuer_key), EVP_sha256());
	PEM_write_bio_X509(bio, x509);
	length = BIO_get_mem_data(bio, &data);
	copy = cw_memdup(data, (size_t)length);
	BIO_free(bio);
	X509_free(x509);
	return copy;
}

static struct cw_certificate *
read_pem(const char *pem)
{
	struct cw_certificate *certificate;

	assert_int_equal(
		cw_certificate_from_pem(pem, strlen(pem), "the certificate", &certificate, NULL),
		CW_OK);
	return certificate;
}

static void
test_ari_identifier_is_that_of_rfc9773(void **state)
{
	cw_auto_certificate struct cw_certificate *certificate = read_pem(ari_certificate);
	cw_autofree char *identifier = cw_certificate_ari_id(certificate);
	cw_autofree char *serial = cw_certificate_serial(certificate);

	(void)state;
	assert_string_equal(identifier, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
	assert_string_equal(serial, "87654321");
}

static void
test_properties_of_a_certificate_are_read(void **state)
{
	struct certificate_spec spec = {
		.subject = "B.example",
		.issuer = "Test CA",
		.names = "DNS:a.example,DNS:b.example,DNS:*.c.example,IP:192.0.2.1,"
			 "IP:2001:DB8:0:0:0:0:0:1,email:me@a.example",
		.ocsp = "OCSP;URI:http://ocsp.example/x,caIssuers;URI:http://ca.example/",
		.serial = "00FA0B",
	};
	cw_auto_key struct cw_key *key = generate(), *other = generate();
	cw_autofree char *pem = issue(&spec, key, key);
	cw_auto_certificate struct cw_certificate *certificate = read_pem(pem);
	cw_auto_strv struct cw_strv dns = {0}, addresses = {0};
	cw_autofree char *serial = cw_certificate_serial(certificate);
	cw_autofree char *ocsp = cw_certificate_ocsp_url(certificate);

	(void)state;
	cw_certificate_names(certificate, &dns, &addresses);
	assert_int_equal(dns.count, 3);
	assert_string_equal(dns.items[0], "b.example");
	assert_string_equal(dns.items[1], "a.example");
	assert_string_equal(dns.items[2], "*.c.example");
	assert_int_equal(addresses.count, 2);
	assert_string_equal(addresses.items[0], "192.0.2.1");
	assert_string_equal(addresses.items[1], "2001:db8::1");
	assert_int_equal(cw_certificate_not_before(certificate), 1769860800);
	assert_int_equal(cw_certificate_not_after(certificate), 1777636799);
	assert_string_equal(serial, "fa0b");
	assert_string_equal(ocsp, "http://ocsp.example/x");
	assert_string_equal(cw_certificate_key_type(certificate), "ECDSA");
	assert_true(cw_certificate_has_key(certificate, key));
	assert_false(cw_certificate_has_key(certificate, other));
}

static void
test_what_a_certificate_lacks_is_null(void **state)
{
	struct certificate_spec spec = {.names = "DNS:a.example"};
	cw_auto_key struct cw_key *key = generate();
	cw_autofree char *pem = issue(&spec, key, key);
	cw_auto_certificate struct cw_certificate *certificate = read_pem(pem);

	(void)state;
	assert_null(cw_certificate_ari_id(certificate));
	assert_null(cw_certificate_ocsp_url(certificate));
}

static void
test_common_name_outside_the_alternative_names_is_no_name(void **state)
{
	struct certificate_spec spec = {.subject = "x.example", .names = "DNS:a.example"};
	cw_auto_key struct cw_key *key = generate();
	cw_autofree char *pem = issue(&spec, key, key), *bare = NULL;
	cw_auto_certificate struct cw_certificate *certificate = read_pem(pem), *old = NULL;
	cw_auto_strv struct cw_strv dns = {0}, addresses = {0};

	(void)state;
	cw_certificate_names(certificate, &dns, &addresses);
	assert_int_equal(dns.count, 1);
	assert_string_equal(dns.items[0], "a.example");
	/* Old certificates have nothing else. */
	spec.names = NULL;
	bare = issue(&spec, key, key);
	old = read_pem(bare);
	cw_strv_clear(&dns);
	cw_certificate_names(old, &dns, &addresses);
	assert_int_equal(dns.count, 1);
	assert_string_equal(dns.items[0], "x.example");
}

static void
test_base64url_is_the_der(void **state)
{
	cw_auto_certificate struct cw_certificate *certificate = read_pem(ari_certificate);
	cw_autofree char *text = cw_certificate_base64url(certificate);
	cw_autofree unsigned char *der = NULL;
	const unsigned char *at;
	size_t length;
	X509 *x509;

	(void)state;
	der = cw_base64url_decode(text, &length);
	assert_non_null(der);
	at = der;
	x509 = d2i_X509(NULL, &at, (long)length);
	assert_non_null(x509);
	assert_ptr_equal(at, der + length);
	X509_free(x509);
}

/* A chain of three: leaf, intermediate, and a root that signs itself. */
struct chain {
	struct cw_key *leaf_key, *intermediate_key, *root_key;
	char *leaf, *intermediate, *root;
};

static void
make_chain(struct chain *chain)
{
	struct certificate_spec leaf = {.issuer = "Intermediate", .names = "DNS:a.example"};
	struct certificate_spec intermediate = {.subject = "Intermediate", .issuer = "Root"};
	struct certificate_spec root = {.subject = "Root", .issuer = "Root"};

	chain->leaf_key = generate();
	chain->intermediate_key = generate();
	chain->root_key = generate();
	chain->leaf = issue(&leaf, chain->leaf_key, chain->intermediate_key);
	chain->intermediate = issue(&intermediate, chain->intermediate_key, chain->root_key);
	chain->root = issue(&root, chain->root_key, chain->root_key);
}

static void
clear_chain(struct chain *chain)
{
	cw_key_free(chain->leaf_key);
	cw_key_free(chain->intermediate_key);
	cw_key_free(chain->root_key);
	free(chain->leaf);
	free(chain->intermediate);
	free(chain->root);
}

static void
test_chain_is_split_into_leaf_and_rest(void **state)
{
	cw_auto(clear_chain) struct chain chain;
	cw_autofree char *whole = NULL, *rest_expected = NULL, *leaf = NULL, *rest = NULL,
			 *issuer = NULL;

	(void)state;
	make_chain(&chain);
	/* Blank lines and carriage returns are not kept. */
	whole = cw_format("%s\r\n%s\n\n%s\n", chain.leaf, chain.intermediate, chain.root);
	rest_expected = cw_format("%s%s", chain.intermediate, chain.root);
	assert_int_equal(cw_chain_split(whole, strlen(whole), &leaf, &rest, NULL, NULL), CW_OK);
	assert_string_equal(leaf, chain.leaf);
	assert_string_equal(rest, rest_expected);
	issuer = cw_chain_topmost_issuer(whole, strlen(whole));
	assert_string_equal(issuer, "Root");
}

static void
test_chain_of_one_has_an_empty_rest(void **state)
{
	cw_auto(clear_chain) struct chain chain;
	cw_autofree char *leaf = NULL, *rest = NULL, *issuer = NULL;

	(void)state;
	make_chain(&chain);
	assert_int_equal(cw_chain_split(chain.leaf, strlen(chain.leaf), &leaf, &rest, NULL, NULL),
			 CW_OK);
	assert_string_equal(leaf, chain.leaf);
	assert_string_equal(rest, "");
	issuer = cw_chain_topmost_issuer(chain.leaf, strlen(chain.leaf));
	assert_string_equal(issuer, "Intermediate");
}

static void
test_chain_that_does_not_hold_together_is_refused(void **state)
{
	cw_auto(clear_chain) struct chain chain, other;
	cw_autofree char *pem = NULL, *mixed = NULL, *key = NULL, *cut = NULL;
	const char *cases[6];

	(void)state;
	make_chain(&chain);
	make_chain(&other);
	key = cw_key_to_pem(chain.leaf_key);
	pem = cw_format("%s%s", chain.leaf, other.intermediate);
	mixed = cw_format("%s%s", chain.leaf, key);
	cut = cw_format("%s%.200s", chain.leaf, chain.intermediate);
	cases[0] = pem;
	cases[1] = mixed;
	cases[2] = cut;
	cases[3] = "";
	cases[4] = "<html>";
	cases[5] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_error struct cw_error error = {0};
		char *leaf, *rest;

		assert_int_equal(
			cw_chain_split(cases[i], strlen(cases[i]), &leaf, &rest, NULL, &error),
			CW_E_PROTOCOL);
		assert_null(leaf);
		assert_null(rest);
		assert_non_null(strstr(error.message, "chain"));
	}
	assert_null(cw_chain_topmost_issuer("", 0));
}

static void
test_endless_chain_is_refused(void **state)
{
	cw_auto(clear_chain) struct chain chain;
	cw_auto_buf struct cw_buf pem = {0};
	char *leaf, *rest;

	(void)state;
	make_chain(&chain);
	for (int i = 0; i < 100; i++)
		cw_buf_add_text(&pem, chain.root);
	assert_int_equal(cw_chain_split(pem.data, pem.length, &leaf, &rest, NULL, NULL),
			 CW_E_PROTOCOL);
}

static void
test_signer_is_told_by_the_signature(void **state)
{
	cw_auto(clear_chain) struct chain chain;
	cw_auto_certificate struct cw_certificate *leaf = NULL, *intermediate = NULL, *root = NULL;

	(void)state;
	make_chain(&chain);
	leaf = read_pem(chain.leaf);
	intermediate = read_pem(chain.intermediate);
	root = read_pem(chain.root);
	assert_true(cw_certificate_signed_by(leaf, intermediate));
	assert_true(cw_certificate_signed_by(root, root));
	assert_false(cw_certificate_signed_by(leaf, root));
}

static void
test_rubbish_is_no_certificate(void **state)
{
	static const char *const texts[] = {
		"", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
	cw_auto_error struct cw_error missing = {0};
	struct cw_certificate *certificate;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		cw_auto_error struct cw_error error = {0};

		assert_int_equal(cw_certificate_from_pem(texts[i], strlen(texts[i]), "\"a.pem\"",
							 &certificate, &error),
				 CW_E_INVALID);
		assert_null(certificate);
		assert_true(cw_starts_with(error.message, "\"a.pem\" is not a certificate"));
	}
	assert_int_equal(cw_certificate_load("/nonexistent/a.pem", &certificate, &missing),
			 CW_E_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ari_identifier_is_that_of_rfc9773),
		cmocka_unit_test(test_properties_of_a_certificate_are_read),
		cmocka_unit_test(test_what_a_certificate_lacks_is_null),
		cmocka_unit_test(test_common_name_outside_the_alternative_names_is_no_name),
		cmocka_unit_test(test_base64url_is_the_der),
		cmocka_unit_test(test_chain_is_split_into_leaf_and_rest),
		cmocka_unit_test(test_chain_of_one_has_an_empty_rest),
		cmocka_unit_test(test_chain_that_does_not_hold_together_is_refused),
		cmocka_unit_test(test_endless_chain_is_refused),
		cmocka_unit_test(test_signer_is_told_by_the_signature),
		cmocka_unit_test(test_rubbish_is_no_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
