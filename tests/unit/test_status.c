#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include "base/mem.h"
#include "flow/status/address.h"
#include "flow/status/hosts.h"
#include "flow/status/server.h"

static void
test_addresses_are_read_and_those_that_others_reach_are_known(void **state)
{
	static const struct {
		const char *text;
		const char *address; /* NULL: it is none */
		unsigned port;
		bool is_local;
	} cases[] = {
		{"127.0.0.1:9402", "127.0.0.1", 9402, true},
		{"127.9.9.9:1", "127.9.9.9", 1, true},
		{"localhost:80", "127.0.0.1", 80, true},
		{"9402", "127.0.0.1", 9402, true},
		{"[::1]:9402", "::1", 9402, true},
		{":9402", "0.0.0.0", 9402, false},
		{"0.0.0.0:9402", "0.0.0.0", 9402, false},
		{"[::]:65535", "::", 65535, false},
		{"192.0.2.1:9402", "192.0.2.1", 9402, false},
		{"[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1, false},
		{"", NULL, 0, false},
		{":", NULL, 0, false},
		{"127.0.0.1", NULL, 0, false},
		{"127.0.0.1:", NULL, 0, false},
		{"127.0.0.1:65536", NULL, 0, false},
		{"::1:9402", NULL, 0, false},
		{"[::1]", NULL, 0, false},
		{"[127.0.0.1]:x", NULL, 0, false},
		{"example.org:9402", NULL, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *address = NULL;
		cw_auto_error struct cw_error error = {0};
		unsigned port = 0;
		int status = cw_status_address_parse(cases[i].text, &address, &port, &error);

		assert_int_equal(cw_status_address_is_local(cases[i].text), cases[i].is_local);
		if (cases[i].address == NULL) {
			assert_int_equal(status, CW_E_USAGE);
			continue;
		}
		assert_int_equal(status, CW_OK);
		assert_string_equal(address, cases[i].address);
		assert_int_equal(port, cases[i].port);
	}
}

static void
test_only_names_that_no_stranger_can_own_are_answered(void **state)
{
	static const struct {
		const char *host;
		bool is_allowed;
	} cases[] = {
		{NULL, true},
		{"localhost", true},
		{"LocalHost:80", true},
		{"localhost.", true},
		{"container_1", true},
		{"192.0.2.1", true},
		{"192.0.2.1:9402", true},
		{"[2001:db8::1]", true},
		{"[2001:db8::1]:9402", true},
		{"host.example.org", true},
		{"HOST.example.org.:1", true},
		{"", false},
		{".", false},
		{":80", false},
		{"example.org", false},
		{"x.host.example.org", false},
		{"127.0.0.1.nip.example", false},
		{"127.0.0.1:x", false},
		{"localhost:99999", false},
		{"[::1", false},
		{"[::1]x", false},
		{"[localhost]", false},
		{"local host", false},
		{"::1", false},
	};
	cw_auto_strv struct cw_strv own = {0};

	(void)state;
	cw_strv_add(&own, "host.example.org");
	for (size_t i = 0; i < CW_COUNT(cases); i++)
		if (cw_status_host_is_allowed(cases[i].host, &own) != cases[i].is_allowed)
			fail_msg("%s", cases[i].host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_read_and_those_that_others_reach_are_known),
		cmocka_unit_test(test_only_names_that_no_stranger_can_own_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
