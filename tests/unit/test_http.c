#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "free_port.h"
#include "http_fixture.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
test_answer_has_status_headers_and_body(void **state)
{
	cw_auto_answer struct cw_http_answer result;

	assert_int_equal(get(*state, "/hello", (struct cw_http_message){0}, &result, NULL), CW_OK);
	assert_int_equal(result.status, 200);
	assert_string_equal(cw_buf_text(&result.body), "hello");
	assert_int_equal(result.headers.count, 3);
	assert_string_equal(result.headers.items[0], "x-one: 1");
	assert_string_equal(cw_http_header(&result, "x-two"), "two words");
	assert_string_equal(cw_http_header(&result, "content-length"), "5");
}

static void
test_error_status_is_an_answer(void **state)
{
	cw_auto_answer struct cw_http_answer result;

	assert_int_equal(get(*state, "/missing", (struct cw_http_message){0}, &result, NULL),
			 CW_OK);
	assert_int_equal(result.status, 404);
	assert_string_equal(cw_buf_text(&result.body), "{}");
}

static void
test_post_sends_body_and_headers_and_nothing_unasked(void **state)
{
	static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
	cw_auto_answer struct cw_http_answer result, bare;

	assert_int_equal(get(*state, "/echo",
			     (struct cw_http_message){.method = "POST",
						      .headers = headers,
						      .body = "{\"a\":1}ignored",
						      .body_length = 7},
			     &result, NULL),
			 CW_OK);
	assert_true(cw_starts_with(cw_buf_text(&result.body), "POST\n"));
	assert_true(cw_ends_with(cw_buf_text(&result.body), "\n{\"a\":1}"));
	assert_non_null(strstr(result.body.data, "Content-Type: application/jose+json\r\n"));
	assert_non_null(strstr(result.body.data, "User-Agent: test/1\r\n"));
	assert_non_null(strstr(result.body.data, "Accept-Encoding: identity\r\n"));
	assert_null(strstr(result.body.data, "Expect:"));
	assert_int_equal(get(*state, "/echo",
			     (struct cw_http_message){
				     .method = "POST", .body = "\0binary", .body_length = 7},
			     &bare, NULL),
			 CW_OK);
	assert_null(strstr(bare.body.data, "Content-Type"));
	assert_memory_equal(bare.body.data + bare.body.length - 7, "\0binary", 7);
}

static void
test_other_methods_work(void **state)
{
	static const char *const methods[] = {"PUT", "PATCH", "DELETE"};
	cw_auto_answer struct cw_http_answer head;

	for (size_t i = 0; i < CW_COUNT(methods); i++) {
		cw_auto_answer struct cw_http_answer result;

		assert_int_equal(get(*state, "/echo",
				     (struct cw_http_message){
					     .method = methods[i], .body = "x", .body_length = 1},
				     &result, NULL),
				 CW_OK);
		assert_true(cw_starts_with(cw_buf_text(&result.body), methods[i]));
		assert_true(cw_ends_with(cw_buf_text(&result.body), "\nx"));
	}
	assert_int_equal(
		get(*state, "/echo", (struct cw_http_message){.method = "HEAD"}, &head, NULL),
		CW_OK);
	assert_int_equal(head.status, 200);
	assert_int_equal(head.body.length, 0);
}

static void
test_interim_answers_and_folded_headers_are_understood(void **state)
{
	cw_auto_answer struct cw_http_answer hints, folded;

	assert_int_equal(get(*state, "/early-hints", (struct cw_http_message){0}, &hints, NULL),
			 CW_OK);
	assert_int_equal(hints.status, 200);
	assert_null(cw_http_header(&hints, "x-early"));
	assert_int_equal(get(*state, "/folded", (struct cw_http_message){0}, &folded, NULL), CW_OK);
	assert_string_equal(cw_http_header(&folded, "x-folded"), "one two");
}

static void
test_connection_is_kept_for_the_next_request(void **state)
{
	for (int i = 1; i <= 3; i++) {
		cw_auto_answer struct cw_http_answer result;
		cw_autofree char *expected = cw_format("connection 1 request %d", i);

		assert_int_equal(get(*state, "/count", (struct cw_http_message){0}, &result, NULL),
				 CW_OK);
		assert_string_equal(cw_buf_text(&result.body), expected);
	}
}

static void
test_body_beyond_the_limit_is_refused(void **state)
{
	static const char *const paths[] = {"/announced", "/unannounced"};

	for (size_t i = 0; i < CW_COUNT(paths); i++) {
		cw_auto_error struct cw_error error = {0}, given = {0};
		cw_auto_answer struct cw_http_answer result, whole;

		assert_int_equal(
			get(*state, paths[i], (struct cw_http_message){0}, &result, &error),
			CW_E_PROTOCOL);
		assert_non_null(strstr(error.message, "longer than 1048576 bytes"));
		assert_int_equal(get(*state, paths[i], (struct cw_http_message){.limit = 2999999},
				     &result, &given),
				 CW_E_PROTOCOL);
		assert_int_equal(get(*state, paths[i], (struct cw_http_message){.limit = 3000000},
				     &whole, NULL),
				 CW_OK);
		assert_int_equal(whole.body.length, 3000000);
	}
}

static void
test_endless_headers_are_refused(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_answer struct cw_http_answer result, many;

	assert_int_equal(get(*state, "/headers", (struct cw_http_message){0}, &many, NULL), CW_OK);
	assert_int_equal(many.headers.count, 101);
	assert_int_equal(
		get(*state, "/endless-headers", (struct cw_http_message){0}, &result, &error),
		CW_E_PROTOCOL);
	assert_non_null(strstr(error.message, "headers"));
}

static void
test_refused_connection_names_host_and_port(void **state)
{
	struct fixture *fixture = *state;
	unsigned port = free_port();
	cw_autofree char *url = cw_format("http://127.0.0.1:%u/", port);
	cw_autofree char *expected =
		cw_format("cannot connect to \"127.0.0.1\" (port %u): Connection refused", port);
	cw_auto_error struct cw_error error = {0};
	cw_auto_answer struct cw_http_answer result;

	assert_int_equal(
		cw_http_run(fixture->http, &(struct cw_http_message){.url = url}, &result, &error),
		CW_E_NETWORK);
	assert_string_equal(error.message, expected);
	assert_non_null(error.hint);
}

static void
test_unknown_host_is_named(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_error struct cw_error error = {0};
	cw_auto_answer struct cw_http_answer result;

	assert_int_equal(
		cw_http_run(fixture->http,
			    &(struct cw_http_message){.url = "https://no-such-host.invalid:8443/"},
			    &result, &error),
		CW_E_NETWORK);
	assert_string_equal(error.message,
			    "cannot resolve the name of \"no-such-host.invalid\" (port 8443)");
	assert_non_null(error.hint);
}

static void
test_proxy_that_does_not_answer_is_named(void **state)
{
	struct fixture *fixture = *state;
	unsigned port = free_port();
	cw_autofree char *proxy = cw_format("http://127.0.0.1:%u", port);
	cw_auto_error struct cw_error error = {0};
	cw_auto_answer struct cw_http_answer result;

	setenv("http_proxy", proxy, 1);
	assert_int_equal(cw_http_run(fixture->http,
				     &(struct cw_http_message){.url = "http://ca.invalid/"},
				     &result, &error),
			 CW_E_NETWORK);
	unsetenv("http_proxy");
	assert_non_null(strstr(error.message, "the proxy \"127.0.0.1\""));
	assert_non_null(strstr(error.message, "\"ca.invalid\" (port 80)"));
	assert_non_null(strstr(error.hint, "http_proxy"));
}

static void
test_proxy_variable_is_used(void **state)
{
	struct fixture *fixture = *state;
	cw_autofree char *proxy = url_of(fixture, "");
	cw_auto_error struct cw_error error = {0};
	cw_auto_answer struct cw_http_answer result;

	/* A proxy is asked for whole URLs, which this server does not know: it hangs up. */
	setenv("http_proxy", proxy, 1);
	assert_int_equal(cw_http_run(fixture->http,
				     &(struct cw_http_message){.url = "http://ca.invalid/hello"},
				     &result, &error),
			 CW_E_NETWORK);
	assert_non_null(strstr(error.message, "closed the connection without an answer"));
	/* no_proxy excepts hosts. */
	setenv("no_proxy", "127.0.0.1", 1);
	assert_int_equal(get(fixture, "/hello", (struct cw_http_message){0}, &result, NULL), CW_OK);
	unsetenv("http_proxy");
	unsetenv("no_proxy");
}

static void
test_silence_ends_at_the_time_limit(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_error struct cw_error error = {0};
	cw_auto_answer struct cw_http_answer result;
	int64_t begun = cw_now_ms();

	replace_client(fixture, 1, 1, true);
	assert_int_equal(get(fixture, "/silent", (struct cw_http_message){0}, &result, &error),
			 CW_E_TIMEOUT);
	assert_non_null(strstr(error.message, "did not answer within 1 seconds"));
	assert_in_range(cw_now_ms() - begun, 900, 10000);
}

static void
test_handshake_that_hangs_ends_at_the_connect_limit(void **state)
{
	struct fixture *fixture = *state;
	unsigned port;
	int listener = listen_on_loopback(&port);
	cw_autofree char *url = cw_format("https://127.0.0.1:%u/", port);
	cw_auto_error struct cw_error error = {0};
	cw_auto_answer struct cw_http_answer result;

	/* The kernel accepts; nobody speaks TLS. */
	replace_client(fixture, 20, 1, true);
	assert_int_equal(
		cw_http_run(fixture->http, &(struct cw_http_message){.url = url}, &result, &error),
		CW_E_TIMEOUT);
	assert_non_null(strstr(error.message, "no connection to \"127.0.0.1\""));
	close(listener);
}

static void
test_broken_answers_are_told_apart(void **state)
{
	static const struct {
		const char *path, *message;
		int status;
	} cases[] = {
		{"/cut", "in the middle of its answer", CW_E_NETWORK},
		{"/hang-up", "without an answer", CW_E_NETWORK},
		{"/rubbish", "does not answer in HTTP", CW_E_PROTOCOL},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_error struct cw_error error = {0};
		cw_auto_answer struct cw_http_answer result;

		assert_int_equal(
			get(*state, cases[i].path, (struct cw_http_message){0}, &result, &error),
			cases[i].status);
		assert_non_null(strstr(error.message, cases[i].message));
		assert_non_null(strstr(error.message, "\"127.0.0.1\""));
	}
}

static void
test_plain_server_is_no_https_server(void **state)
{
	struct fixture *fixture = *state;
	cw_autofree char *url = cw_format("https://127.0.0.1:%u/hello", fixture->server.port);
	cw_auto_error struct cw_error error = {0};
	cw_auto_answer struct cw_http_answer result;

	assert_int_equal(
		cw_http_run(fixture->http, &(struct cw_http_message){.url = url}, &result, &error),
		CW_E_NETWORK);
	assert_non_null(error.hint);
}

static void
test_bad_requests_do_not_start(void **state)
{
	static const char *const injected[] = {"X: 1\r\nY: 2", NULL}, *const nameless[] = {"x",
											   NULL};
	struct fixture *fixture = *state;
	const struct cw_http_message messages[] = {
		{.url = "ftp://127.0.0.1/"},
		{.url = ""},
		{.url = "https://"},
		{.url = "file:///etc/passwd"},
		{.url = "http://127.0.0.1/a b"},
		{.url = "http://127.0.0.1/", .headers = injected},
		{.url = "http://127.0.0.1/", .headers = nameless},
		{.url = "http://127.0.0.1/", .method = "GET / HTTP/1.1\r\n"},
		{.url = "http://127.0.0.1/", .method = ""},
	};

	for (size_t i = 0; i < CW_COUNT(messages); i++) {
		cw_auto_error struct cw_error error = {0};
		struct cw_http_answer result;

		assert_null(cw_http_start(fixture->http, &messages[i], never, NULL, &error));
		assert_int_equal(error.status, CW_E_INVALID);
		assert_int_equal(cw_http_run(fixture->http, &messages[i], &result, NULL),
				 CW_E_INVALID);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answer_has_status_headers_and_body),
		TEST(test_error_status_is_an_answer),
		TEST(test_post_sends_body_and_headers_and_nothing_unasked),
		TEST(test_other_methods_work),
		TEST(test_interim_answers_and_folded_headers_are_understood),
		TEST(test_connection_is_kept_for_the_next_request),
		TEST(test_body_beyond_the_limit_is_refused),
		TEST(test_endless_headers_are_refused),
		TEST(test_refused_connection_names_host_and_port),
		TEST(test_unknown_host_is_named),
		TEST(test_proxy_that_does_not_answer_is_named),
		TEST(test_proxy_variable_is_used),
		TEST(test_silence_ends_at_the_time_limit),
		TEST(test_handshake_that_hangs_ends_at_the_connect_limit),
		TEST(test_broken_answers_are_told_apart),
		TEST(test_plain_server_is_no_https_server),
		TEST(test_bad_requests_do_not_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
