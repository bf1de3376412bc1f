#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acme_order_fixture.h"

#define PEM "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"

static void
issued(struct fixture *fixture)
{
	fixture->order->state = CW_ACME_VALID;
	fixture->order->certificate_url = cw_strdup(CA "/cert/1");
}

static void
test_download_gets_the_alternates_in_order(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_strv struct cw_strv chains = {0};

	issued(fixture);
	server_on("/cert/1", 200,
		  "link: <" CA "/dir>;rel=\"index\"\nlink: <" CA "/cert/2>;rel=\"alternate\"\n"
		  "link: <http://other.example/cert>;rel=\"alternate\"\n"
		  "link: </cert/3>;rel=\"alternate\"\nlink: <" CA "/cert/4>;rel=\"alternate\"",
		  PEM "1");
	server_on("/cert/2", 200, NULL, PEM "2");
	server_on("/cert/3", 200, NULL, "<html>");
	server_on("/cert/4", 200, NULL, PEM "4");
	assert_int_equal(cw_acme_order_download(server_acme, fixture->order, true, &chains, NULL),
			 CW_OK);
	assert_int_equal(chains.count, 3);
	assert_string_equal(chains.items[0], PEM "1");
	assert_string_equal(chains.items[1], PEM "2");
	assert_string_equal(chains.items[2], PEM "4");
}

static void
test_download_leaves_alternates_alone_when_not_wanted(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_strv struct cw_strv chains = {0};

	issued(fixture);
	server_on("/cert/1", 200, "link: <" CA "/cert/2>;rel=\"alternate\"", PEM);
	assert_int_equal(cw_acme_order_download(server_acme, fixture->order, false, &chains, NULL),
			 CW_OK);
	assert_int_equal(chains.count, 1);
}

static void
test_download_refuses_what_is_no_certificate(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_strv struct cw_strv chains = {0};
	cw_auto_error struct cw_error error = {0};

	issued(fixture);
	server_on("/cert/1", 200, NULL, "<html>");
	assert_int_equal(cw_acme_order_download(server_acme, fixture->order, true, &chains, &error),
			 CW_E_PROTOCOL);
	assert_failed(&error, CW_E_PROTOCOL, CA "/cert/1");
	assert_int_equal(chains.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_download_gets_the_alternates_in_order),
		TEST(test_download_leaves_alternates_alone_when_not_wanted),
		TEST(test_download_refuses_what_is_no_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
