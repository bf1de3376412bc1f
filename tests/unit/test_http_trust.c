#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_fixture.h"

#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
get_tls(struct fixture *fixture, struct cw_error *error)
{
	cw_autofree char *url = cw_format("https://127.0.0.1:%u/", fixture->tls.port);
	cw_auto_answer struct cw_http_answer result;

	return cw_http_run(fixture->http, &(struct cw_http_message){.url = url}, &result, error);
}

static void
test_untrusted_certificate_is_refused_with_a_way_out(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_error struct cw_error error = {0}, again = {0};

	start_tls(fixture, "IP:127.0.0.1");
	assert_int_equal(get_tls(fixture, &error), CW_E_NETWORK);
	assert_non_null(strstr(error.message, "the certificate of \"127.0.0.1\""));
	assert_non_null(strstr(error.message, "self-signed certificate"));
	assert_non_null(strstr(error.hint, "SSL_CERT_FILE"));
	assert_non_null(strstr(error.hint, "--no-verify-ssl"));
	assert_int_equal(get_tls(fixture, &again), CW_E_NETWORK);
	replace_client(fixture, 20, 10, false);
	assert_int_equal(get_tls(fixture, NULL), CW_OK);
}

static void
test_trust_variables_are_used_in_their_order(void **state)
{
	static const char *const variables[] = {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
						"CURL_CA_BUNDLE"};
	struct fixture *fixture = *state;

	start_tls(fixture, "IP:127.0.0.1");
	for (size_t i = 0; i < CW_COUNT(variables); i++) {
		setenv(variables[i], fixture->tls.certificate, 1);
		replace_client(fixture, 20, 10, true);
		assert_int_equal(get_tls(fixture, NULL), CW_OK);
		if (i > 0) {
			/* An earlier one wins. */
			cw_auto_error struct cw_error error = {0};

			setenv(variables[i - 1], "/nonexistent/ca.pem", 1);
			replace_client(fixture, 20, 10, true);
			assert_int_equal(get_tls(fixture, &error), CW_E_INVALID);
			assert_non_null(strstr(error.hint, variables[i - 1]));
			unsetenv(variables[i - 1]);
		}
		unsetenv(variables[i]);
	}
}

static void
test_folder_of_trusted_certificates_is_used(void **state)
{
	static const char *const variables[] = {"SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"};
	static const char *const rehash[] = {"openssl", "rehash", ".", NULL};
	struct fixture *fixture = *state;

	start_tls(fixture, "IP:127.0.0.1");
	run_openssl(fixture->tls.folder, rehash);
	for (size_t i = 0; i < CW_COUNT(variables); i++) {
		setenv(variables[i], fixture->tls.folder, 1);
		replace_client(fixture, 20, 10, true);
		assert_int_equal(get_tls(fixture, NULL), CW_OK);
		unsetenv(variables[i]);
	}
}

static void
test_certificate_of_another_host_is_refused(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_error struct cw_error error = {0};

	start_tls(fixture, "DNS:other.example");
	setenv("SSL_CERT_FILE", fixture->tls.certificate, 1);
	replace_client(fixture, 20, 10, true);
	assert_int_equal(get_tls(fixture, &error), CW_E_NETWORK);
	unsetenv("SSL_CERT_FILE");
	assert_non_null(strstr(error.message, "is not trusted"));
	assert_non_null(strstr(error.hint, "check the host in the URL"));
}

/* A file of FOLDER. */
static void
append(struct cw_buf *bundle, const char *folder, const char *name)
{
	cw_autofree char *path = cw_format("%s/%s", folder, name);

	assert_int_equal(cw_file_read(path, 65536, bundle, NULL), CW_OK);
}

/* A client that has read BUNDLE, of which no file is left. */
static void
preload(struct fixture *fixture, const struct cw_buf *bundle)
{
	struct cw_http_options options = {
		.user_agent = "test/1", .verify = true, .preload_trust = true};
	struct cw_file_mode mode = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *path = cw_format("%s/bundle.pem", fixture->tls.folder);

	assert_int_equal(cw_file_write(path, bundle->data, bundle->length, &mode, NULL), CW_OK);
	setenv("SSL_CERT_FILE", path, 1);
	cw_http_free(fixture->http);
	assert_int_equal(cw_http_new(fixture->loop, &options, &fixture->http, NULL), CW_OK);
	unsetenv("SSL_CERT_FILE");
	assert_int_equal(unlink(path), 0);
}

/* Makes NAME: a certificate with the subject SUBJECT and a key of its own. */
static void
make_other(struct fixture *fixture, const char *subject, const char *name)
{
	const char *const make_it[] = {"openssl",
				       "req",
				       "-x509",
				       "-newkey",
				       "ec",
				       "-pkeyopt",
				       "ec_paramgen_curve:P-256",
				       "-nodes",
				       "-keyout",
				       "other-key",
				       "-out",
				       name,
				       "-subj",
				       subject,
				       NULL};

	run_openssl(fixture->tls.folder, make_it);
}

static void
test_preloaded_certificates_need_no_file(void **state)
{
	/* Empty sequences: of a certificate, and of what is signed in one. */
	static const char damaged[] = "-----BEGIN CERTIFICATE-----\nMAA=\n"
				      "-----END CERTIFICATE-----\n"
				      "-----BEGIN CERTIFICATE-----\nMAIwAA==\n"
				      "-----END CERTIFICATE-----\n";
	struct fixture *fixture = *state;
	cw_auto_buf struct cw_buf bundle = {0};

	start_tls(fixture, "IP:127.0.0.1");
	make_other(fixture, "/CN=another", "another.pem");
	make_other(fixture, "/CN=IP:127.0.0.1", "namesake.pem");
	append(&bundle, fixture->tls.folder, "another.pem");
	cw_buf_add_text(&bundle, damaged);
	append(&bundle, fixture->tls.folder, "namesake.pem");
	append(&bundle, fixture->tls.folder, "cert.pem");
	append(&bundle, fixture->tls.folder, "cert.pem");
	preload(fixture, &bundle);
	for (int i = 0; i < 3; i++)
		assert_int_equal(get_tls(fixture, NULL), CW_OK);
}

static void
test_a_certificate_of_the_same_name_is_not_taken_for_a_preloaded_one(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_error struct cw_error error = {0};
	cw_auto_buf struct cw_buf bundle = {0};

	start_tls(fixture, "IP:127.0.0.1");
	make_other(fixture, "/CN=IP:127.0.0.1", "namesake.pem");
	append(&bundle, fixture->tls.folder, "namesake.pem");
	preload(fixture, &bundle);
	assert_int_equal(get_tls(fixture, &error), CW_E_NETWORK);
	assert_non_null(strstr(error.message, "is not trusted"));
}

static void
test_preloaded_certificates_may_be_in_other_forms(void **state)
{
	static const char *const trust_it[] = {
		"openssl",     "x509",      "-in",       "cert.pem",   "-out",
		"trusted.pem", "-trustout", "-addtrust", "serverAuth", NULL};
	struct fixture *fixture = *state;
	cw_auto_buf struct cw_buf bundle = {0};

	start_tls(fixture, "IP:127.0.0.1");
	make_other(fixture, "/CN=another", "another.pem");
	run_openssl(fixture->tls.folder, trust_it);
	append(&bundle, fixture->tls.folder, "another.pem");
	append(&bundle, fixture->tls.folder, "trusted.pem");
	assert_non_null(strstr(bundle.data, "TRUSTED CERTIFICATE"));
	preload(fixture, &bundle);
	assert_int_equal(get_tls(fixture, NULL), CW_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_untrusted_certificate_is_refused_with_a_way_out),
		TEST(test_trust_variables_are_used_in_their_order),
		TEST(test_folder_of_trusted_certificates_is_used),
		TEST(test_certificate_of_another_host_is_refused),
		TEST(test_preloaded_certificates_need_no_file),
		TEST(test_a_certificate_of_the_same_name_is_not_taken_for_a_preloaded_one),
		TEST(test_preloaded_certificates_may_be_in_other_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
