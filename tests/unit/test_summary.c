#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/openssl.h"
#include "crypto/summary.h"
#include "crypto/x509.h"
#include "sample_certificate.h"
#include "scratch.h"

#include <openssl/pem.h>

enum { ALL = CW_SUMMARY_ARI_ID | CW_SUMMARY_NAMES | CW_SUMMARY_ISSUER };

static struct cw_certificate_summary
summary_of(const char *text, int expected)
{
	cw_autofree char *path = scratch_path("cert.pem");
	struct cw_certificate_summary summary;

	scratch_write("cert.pem", text, 0600);
	assert_int_equal(cw_certificate_summary_read(path, ALL, &summary, NULL), expected);
	return summary;
}

/* Both see the same, unless a whole look sees damage where a summary does not look. */
static void
assert_as_decoded(const char *text, const struct cw_certificate_summary *summary)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_autofree char *ari_id = NULL, *url = NULL, *serial = NULL, *issuer = NULL;
	cw_auto_strv struct cw_strv dns = {0}, ip = {0};

	if (cw_certificate_from_pem(text, strlen(text), "it", &certificate, NULL) != CW_OK)
		return;
	ari_id = cw_certificate_ari_id(certificate);
	url = cw_certificate_ocsp_url(certificate);
	assert_int_equal(summary->not_before, cw_certificate_not_before(certificate));
	assert_int_equal(summary->not_after, cw_certificate_not_after(certificate));
	/* A whole look takes no identifier from a certificate with any extension it cannot read. */
	serial = cw_certificate_serial(certificate);
	cw_certificate_names(certificate, &dns, &ip);
	assert_string_equal(summary->serial, serial);
	issuer = cw_certificate_issuer(certificate);
	assert_true(cw_equal(summary->issuer, issuer));
	if (dns.count + ip.count > 0) {
		cw_autofree char *expected = cw_strv_join(&dns, " ");
		cw_autofree char *found = cw_strv_join(&summary->dns, " ");

		assert_string_equal(found, expected);
		assert_int_equal(summary->ip.count, ip.count);
	}
	if ((ari_id != NULL && !cw_equal(summary->ari_id, ari_id)) ||
	    !cw_equal(summary->ocsp_url, url))
		fail_msg("%s %s, not %s %s", summary->ari_id, summary->ocsp_url, ari_id, url);
}

static void
test_a_summary_has_what_decoding_finds(void **state)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_auto_certificate_summary struct cw_certificate_summary summary =
		summary_of(sample_certificate, CW_OK);
	cw_autofree char *ari_id = NULL, *url = NULL;

	(void)state;
	assert_int_equal(cw_certificate_from_pem(sample_certificate, strlen(sample_certificate),
						 "it", &certificate, NULL),
			 CW_OK);
	ari_id = cw_certificate_ari_id(certificate);
	url = cw_certificate_ocsp_url(certificate);
	assert_int_equal(summary.not_before, cw_certificate_not_before(certificate));
	assert_int_equal(summary.not_after, cw_certificate_not_after(certificate));
	assert_string_equal(summary.key_type, cw_certificate_key_type(certificate));
	assert_as_decoded(sample_certificate, &summary);
	assert_string_equal(summary.ari_id, ari_id);
	assert_string_equal(summary.ocsp_url, url);
	assert_string_equal(summary.ocsp_url, "http://ocsp.example/");
}

static void
test_what_is_no_certificate_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "text", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIBQzCB\n-----END CERTIFICATE-----\n"};
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *path = scratch_path("absent.pem");
	struct cw_certificate_summary summary;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++)
		assert_null(summary_of(texts[i], CW_E_INVALID).ari_id);
	assert_int_equal(cw_certificate_summary_read(path, ALL, &summary, &error), CW_E_NOT_FOUND);
	assert_non_null(strstr(error.message, path));
}

static void
test_other_spellings_are_read_as_well(void **state)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
	const char *body = sample_certificate + strlen(begin);
	const char *end = strstr(body, "-----END");
	cw_autofree char *joined = cw_memdup(body, (size_t)(end - body));
	const char *line = strtok(joined, "\n");
	cw_auto_buf struct cw_buf in_one_line = {0}, with_returns = {0}, in_threes = {0};
	cw_autofree char *headed = cw_format("Subject: a.example\n\n%s", sample_certificate);
	cw_autofree char *indented = cw_format("%s  %s", begin, body);

	(void)state;
	cw_buf_add_text(&in_one_line, begin);
	cw_buf_addf(&with_returns, "%.*s\r\n", (int)strlen(begin) - 1, begin);
	cw_buf_add_text(&in_threes, begin);
	for (; line != NULL; line = strtok(NULL, "\n")) {
		cw_buf_add_text(&in_one_line, line);
		cw_buf_addf(&with_returns, "%s\r\n", line);
		for (const char *at = line; *at != '\0'; at += strnlen(at, 3))
			cw_buf_addf(&in_threes, "%.3s\n", at);
	}
	cw_buf_addf(&in_one_line, "\n%s", end);
	cw_buf_add_text(&with_returns, end);
	cw_buf_add_text(&in_threes, end);
	const char *const texts[] = {headed, indented, cw_buf_text(&in_one_line),
				     cw_buf_text(&with_returns), cw_buf_text(&in_threes)};
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		cw_auto_certificate_summary struct cw_certificate_summary summary =
			summary_of(texts[i], CW_OK);

		assert_as_decoded(sample_certificate, &summary);
		assert_non_null(summary.ari_id);
	}
}

static void
test_what_is_not_wanted_is_not_made(void **state)
{
	cw_autofree char *path = scratch_path("cert.pem");
	cw_auto_certificate_summary struct cw_certificate_summary summary = {0};

	(void)state;
	scratch_write("cert.pem", sample_certificate, 0600);
	assert_int_equal(cw_certificate_summary_read(path, 0, &summary, NULL), CW_OK);
	assert_null(summary.ari_id);
	assert_int_equal(summary.dns.count, 0);
	assert_non_null(summary.ocsp_url);
}

/* Text that is cut off, or has signs that are none of base64, is nobody's certificate. */
static void
test_damaged_text_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < strlen(sample_certificate); i++) {
		cw_autofree char *cut = cw_memdup(sample_certificate, i);
		cw_autofree char *marked = cw_strdup(sample_certificate);
		cw_autofree char *path = scratch_path("cert.pem");
		cw_auto_certificate_summary struct cw_certificate_summary summary = {0};

		/* The line end behind all is not needed. */
		if (i + 1 < strlen(sample_certificate))
			assert_null(summary_of(cut, CW_E_INVALID).ari_id);
		marked[i] = i % 2 == 0 ? '=' : '!';
		scratch_write("cert.pem", marked, 0600);
		if (cw_certificate_summary_read(path, ALL, &summary, NULL) == CW_OK)
			assert_as_decoded(marked, &summary);
	}
}

/* Whatever a single byte becomes, nothing is read beyond the end (valgrind, sanitizers). */
static void
test_damage_anywhere_is_survived(void **state)
{
	cw_auto_bio BIO *bio = cw_bio_over(sample_certificate, strlen(sample_certificate));
	unsigned char *der = NULL;
	char *name = NULL, *header = NULL;
	long length = 0;

	(void)state;
	assert_int_equal(PEM_read_bio(bio, &name, &header, &der, &length), 1);
	for (long i = 0; i < length; i += 3) {
		cw_auto_bio BIO *out = BIO_new(BIO_s_mem());
		cw_autofree char *text = NULL;
		cw_autofree char *path = scratch_path("cert.pem");
		cw_auto_certificate_summary struct cw_certificate_summary summary = {0};
		unsigned char before = der[i];

		der[i] ^= (unsigned char)(1 + i % 255);
		PEM_write_bio(out, name, header, der, i % 2 == 0 ? length : i);
		der[i] = before;
		text = cw_bio_take(out);
		scratch_write("cert.pem", text, 0600);
		if (cw_certificate_summary_read(path, ALL, &summary, NULL) == CW_OK)
			assert_as_decoded(text, &summary);
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_summary_has_what_decoding_finds,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_other_spellings_are_read_as_well, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_what_is_not_wanted_is_not_made, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_damaged_text_is_refused, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_what_is_no_certificate_is_refused,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_damage_anywhere_is_survived, scratch_make,
						scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
