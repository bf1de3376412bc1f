#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "crypto/glance.h"
#include "crypto/openssl.h"
#include "crypto/x509.h"
#include "scratch.h"

#include <openssl/pem.h>

/* Made with openssl(1): an OCSP responder, an authority key identifier, a serial number whose
 * highest bit is set. */
static const char whole[] = "-----BEGIN CERTIFICATE-----\n"
			    "MIIB0jCCAXmgAwIBAgIKAPAAAAAAAAAAATAKBggqhkjOPQQDAjAMMQowCAYDVQQD\n"
			    "DAFpMB4XDTI2MTEyMTA3NDQxMVoXDTM2MTExODA3NDQxMVowFDESMBAGA1UEAwwJ\n"
			    "YS5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvldmiaht+wOmb1O6\n"
			    "DPSJ8FOll5zjHMYYgyMpoEyVGsrO6JkaxPdFi64GN75HZ6rhcM8z+uI/khkAsdqU\n"
			    "9YDEl6OBujCBtzAJBgNVHRMEAjAAMB8GA1UdIwQYMBaAFNBNpk62uLSFh6RS0n9O\n"
			    "uuZSPOB5MFQGCCsGAQUFBwEBBEgwRjAgBggrBgEFBQcwAYYUaHR0cDovL29jc3Au\n"
			    "ZXhhbXBsZS8wIgYIKwYBBQUHMAKGFmh0dHA6Ly9pc3N1ZXIuZXhhbXBsZS8wFAYD\n"
			    "VR0RBA0wC4IJYS5leGFtcGxlMB0GA1UdDgQWBBSz3DC999REPk5EfWy8gr89ZYCI\n"
			    "6DAKBggqhkjOPQQDAgNHADBEAiA95MpWax3NOGX6NhSC0AIs7UnThpRdkxGt+Vle\n"
			    "w5RbGgIgZfO+wsqPbUyOhOI84D6C0NCvrJCUFlwVqp9awMTe2Ck=\n"
			    "-----END CERTIFICATE-----\n";

static struct cw_glance
glance_at(const char *text, int expected)
{
	cw_autofree char *path = scratch_path("cert.pem");
	struct cw_glance glance;

	scratch_write("cert.pem", text, 0600);
	assert_int_equal(cw_glance(path, &glance, NULL), expected);
	return glance;
}

static void
test_a_glance_sees_what_decoding_sees(void **state)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_auto_glance struct cw_glance glance = glance_at(whole, CW_OK);
	cw_autofree char *ari_id = NULL, *url = NULL;

	(void)state;
	assert_int_equal(cw_certificate_from_pem(whole, strlen(whole), "it", &certificate, NULL),
			 CW_OK);
	ari_id = cw_certificate_ari_id(certificate);
	url = cw_certificate_ocsp_url(certificate);
	assert_int_equal(glance.not_before, cw_certificate_not_before(certificate));
	assert_int_equal(glance.not_after, cw_certificate_not_after(certificate));
	assert_string_equal(glance.ari_id, ari_id);
	assert_string_equal(glance.ocsp_url, url);
	assert_string_equal(glance.ocsp_url, "http://ocsp.example/");
}

static void
test_what_is_no_certificate_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "text", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIBQzCB\n-----END CERTIFICATE-----\n"};
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *path = scratch_path("absent.pem");
	struct cw_glance glance;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++)
		assert_null(glance_at(texts[i], CW_E_INVALID).ari_id);
	assert_int_equal(cw_glance(path, &glance, &error), CW_E_NOT_FOUND);
	assert_non_null(strstr(error.message, path));
}

/* Whatever a single byte becomes, nothing is read beyond the end (valgrind, sanitizers). */
static void
test_damage_anywhere_is_survived(void **state)
{
	cw_auto_bio BIO *bio = cw_bio_over(whole, strlen(whole));
	unsigned char *der = NULL;
	char *name = NULL, *header = NULL;
	long length = 0;

	(void)state;
	assert_int_equal(PEM_read_bio(bio, &name, &header, &der, &length), 1);
	for (long i = 0; i < length; i += 3) {
		cw_auto_bio BIO *out = BIO_new(BIO_s_mem());
		cw_autofree char *text = NULL;
		cw_autofree char *path = scratch_path("cert.pem");
		cw_auto_glance struct cw_glance glance = {0};
		unsigned char before = der[i];

		der[i] ^= (unsigned char)(1 + i % 255);
		PEM_write_bio(out, name, header, der, i % 2 == 0 ? length : i);
		der[i] = before;
		text = cw_bio_take(out);
		scratch_write("cert.pem", text, 0600);
		cw_glance(path, &glance, NULL);
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_glance_sees_what_decoding_sees, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_what_is_no_certificate_is_refused,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_damage_anywhere_is_survived, scratch_make,
						scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
