#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_fixture.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_untrusted_certificate_is_refused_with_a_way_out),
		TEST(test_trust_variables_are_used_in_their_order),
		TEST(test_folder_of_trusted_certificates_is_used),
		TEST(test_certificate_of_another_host_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
