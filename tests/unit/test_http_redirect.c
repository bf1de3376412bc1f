#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_fixture.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void
test_redirection_is_followed_only_when_wanted(void **state)
{
	cw_auto_answer struct cw_http_answer followed, not_followed;

	assert_int_equal(get(*state, "/redirect", (struct cw_http_message){.redirections = 10},
			     &followed, NULL),
			 CW_OK);
	assert_int_equal(followed.status, 200);
	assert_string_equal(cw_buf_text(&followed.body), "hello");
	assert_null(cw_http_header(&followed, "x-old"));
	assert_int_equal(get(*state, "/redirect", (struct cw_http_message){0}, &not_followed, NULL),
			 CW_OK);
	assert_int_equal(not_followed.status, 302);
	assert_string_equal(cw_http_header(&not_followed, "location"), "/hello");
}

static void
test_redirection_in_a_circle_or_elsewhere_ends(void **state)
{
	cw_auto_error struct cw_error circle = {0}, file = {0};
	cw_auto_answer struct cw_http_answer result;

	assert_int_equal(get(*state, "/circle", (struct cw_http_message){.redirections = 10},
			     &result, &circle),
			 CW_E_PROTOCOL);
	assert_non_null(strstr(circle.message, "redirects too many times"));
	assert_int_equal(get(*state, "/redirect-file", (struct cw_http_message){.redirections = 10},
			     &result, &file),
			 CW_E_PROTOCOL);
}

static int
send_secrets(struct fixture *fixture, const char *path, const char *method, const char *body,
	     struct cw_http_answer *result, struct cw_error *error)
{
	static const char *const headers[] = {"Authorization: Bearer token", "X-Api-Key: key",
					      NULL};

	return get(fixture, path,
		   (struct cw_http_message){
			   .method = method,
			   .headers = headers,
			   .body = body,
			   .body_length = body != NULL ? strlen(body) : 0,
			   .redirections = 1,
		   },
		   result, error);
}

static void
test_headers_and_body_go_along_within_an_origin(void **state)
{
	cw_auto_answer struct cw_http_answer got, moved, kept;

	assert_int_equal(send_secrets(*state, "/302/here", "GET", NULL, &got, NULL), CW_OK);
	assert_true(cw_starts_with(cw_buf_text(&got.body), "GET\n"));
	assert_non_null(strstr(cw_buf_text(&got.body), "X-Api-Key: key"));
	assert_int_equal(send_secrets(*state, "/302/here", "POST", "secret", &moved, NULL), CW_OK);
	assert_true(cw_starts_with(cw_buf_text(&moved.body), "GET\n"));
	assert_null(strstr(cw_buf_text(&moved.body), "secret"));
	assert_int_equal(send_secrets(*state, "/307/here", "POST", "secret", &kept, NULL), CW_OK);
	assert_true(cw_starts_with(cw_buf_text(&kept.body), "POST\n"));
	assert_true(cw_ends_with(cw_buf_text(&kept.body), "\nsecret"));
}

static void
test_another_origin_gets_no_headers(void **state)
{
	static const char *const paths[] = {"/301/elsewhere", "/302/elsewhere", "/303/elsewhere",
					    "/307/elsewhere", "/308/elsewhere"};

	for (size_t i = 0; i < CW_COUNT(paths); i++) {
		cw_auto_answer struct cw_http_answer result;

		assert_int_equal(send_secrets(*state, paths[i], "GET", NULL, &result, NULL), CW_OK);
		assert_int_equal(result.status, 200);
		assert_true(cw_starts_with(cw_buf_text(&result.body), "GET\n"));
		assert_non_null(strstr(cw_buf_text(&result.body), "Host: localhost"));
		assert_null(strstr(cw_buf_text(&result.body), "token"));
		assert_null(strstr(cw_buf_text(&result.body), "Api-Key"));
	}
}

static void
test_another_origin_gets_no_body(void **state)
{
	cw_auto_error struct cw_error kept = {0}, put = {0};
	cw_auto_answer struct cw_http_answer result, refused;

	assert_int_equal(send_secrets(*state, "/303/elsewhere", "POST", "secret", &result, NULL),
			 CW_OK);
	assert_null(strstr(cw_buf_text(&result.body), "secret"));
	assert_int_equal(send_secrets(*state, "/307/elsewhere", "POST", "secret", &refused, &kept),
			 CW_E_PROTOCOL);
	assert_non_null(strstr(kept.message, "\"127.0.0.1\""));
	assert_non_null(strstr(kept.message, "\"localhost\""));
	assert_int_equal(send_secrets(*state, "/302/elsewhere", "PUT", "secret", &refused, &put),
			 CW_E_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_redirection_is_followed_only_when_wanted),
		TEST(test_redirection_in_a_circle_or_elsewhere_ends),
		TEST(test_headers_and_body_go_along_within_an_origin),
		TEST(test_another_origin_gets_no_headers),
		TEST(test_another_origin_gets_no_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
