#include "test_acme_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include "base/mem.h"

#include <cmocka.h>

#define INFO(start, end) "{\"suggestedWindow\":{\"start\":\"" start "\",\"end\":\"" end "\"}}"

static void
test_renewal_information_is_read_and_bounded(void **state)
{
	static const struct {
		int http;
		const char *headers, *body;
		int status;
		int64_t retry_after;
	} cases[] = {
		{200, "retry-after: 21600", INFO("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
		 CW_OK, 21600000},
		{200, "retry-after: 1", INFO("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), CW_OK,
		 60000},
		{200, "retry-after: 999999", INFO("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
		 CW_OK, 86400000},
		{200, NULL, INFO("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), CW_OK, 21600000},
		{200, NULL, INFO("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"), CW_E_PROTOCOL,
		 21600000},
		{200, NULL, INFO("soon", "2026-01-01T00:00:00Z"), CW_E_PROTOCOL, 21600000},
		{200, NULL, "{}", CW_E_PROTOCOL, 21600000},
		{404, NULL, "{}", CW_E_NOT_FOUND, 21600000},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_acme_renewal_info info = {.certificate_id = "aYhb.AIdl"};
		struct cw_acme_renewal_info *const infos[] = {&info};

		server_forget("/info/aYhb.AIdl");
		server_on("/info/aYhb.AIdl", cases[i].http, cases[i].headers, cases[i].body);
		assert_int_equal(cw_acme_renewal_info(server_acme, infos, 1, NULL), CW_OK);
		assert_int_equal(info.error.status, cases[i].status);
		assert_int_equal(info.retry_after, cases[i].retry_after);
		if (info.error.status == CW_OK)
			assert_int_equal(info.window_end - info.window_start, 86400);
		cw_error_clear(&info.error);
	}
	assert_int_equal(server_count("/nonce"), 0);
}

static void
test_renewal_information_needs_an_identifier(void **state)
{
	static const char *const ids[] = {NULL, "", "a", ".b", "a.", "a.b/../x", "a.b.c"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(ids); i++) {
		struct cw_acme_renewal_info info = {.certificate_id = ids[i]};
		struct cw_acme_renewal_info *const infos[] = {&info};

		assert_int_equal(cw_acme_renewal_info(server_acme, infos, 1, NULL), CW_OK);
		assert_int_equal(info.error.status, CW_E_INVALID);
		cw_error_clear(&info.error);
	}
}

static void
test_a_dead_server_is_not_asked_for_every_certificate(void **state)
{
	struct cw_acme_renewal_info infos[200] = {0};
	struct cw_acme_renewal_info *pointers[200];

	(void)state;
	server_on("/info/a.b", 0, NULL, NULL);
	for (size_t i = 0; i < CW_COUNT(infos); i++) {
		infos[i].certificate_id = "a.b";
		pointers[i] = &infos[i];
	}
	assert_int_equal(cw_acme_renewal_info(server_acme, pointers, CW_COUNT(infos), NULL), CW_OK);
	for (size_t i = 0; i < CW_COUNT(infos); i++) {
		assert_int_equal(infos[i].error.status, CW_E_NETWORK);
		assert_int_equal(infos[i].retry_after, 21600000);
		cw_error_clear(&infos[i].error);
	}
	assert_true(server_count("/info/a.b") < 3 * CW_COUNT(infos));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_renewal_information_is_read_and_bounded),
		TEST(test_renewal_information_needs_an_identifier),
		TEST(test_a_dead_server_is_not_asked_for_every_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
