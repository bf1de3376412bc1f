#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "http/client.h"
#include "http/url.h"

#include <stdlib.h>
#include <string.h>

#define cw_auto_answer cw_auto(cw_http_answer_clear)

static const char base[] = "https://ca.example/acme/cert/1";

/* The targets that HEADER (the value of a Link header) has for "alternate", joined by blanks. */
static char *
alternates(const char *header)
{
	cw_auto_answer struct cw_http_answer answer = {0};
	cw_auto_strv struct cw_strv targets = {0};

	cw_strv_addf(&answer.headers, "link: %s", header);
	cw_http_links(&answer, base, "alternate", &targets);
	return cw_strv_join(&targets, " ");
}

static void
test_link_targets_are_found_by_relation(void **state)
{
	static const char *const cases[][2] = {
		{"<https://ca.example/2>;rel=\"alternate\"", "https://ca.example/2"},
		{"<https://ca.example/2>; rel=alternate", "https://ca.example/2"},
		{"<https://ca.example/2> ; REL = \"Alternate\" ", "https://ca.example/2"},
		{"</acme/cert/2>;rel=\"alternate\"", "https://ca.example/acme/cert/2"},
		{"<2>;rel=\"alternate\"", "https://ca.example/acme/cert/2"},
		{"<a>;rel=\"index alternate up\"", "https://ca.example/acme/cert/a"},
		{"<a>;rel=\"alternate\", <b>;rel=\"index\", <c>;rel=\"alternate\"",
		 "https://ca.example/acme/cert/a https://ca.example/acme/cert/c"},
		{"<a>;title=\"x, <b>; rel=alternate\";rel=\"index\"", ""},
		{"<a>;title=\"say \\\"hi\\\"; rel=index\";rel=\"alternate\"",
		 "https://ca.example/acme/cert/a"},
		{"<a?x=1,2;3>;rel=\"alternate\"", "https://ca.example/acme/cert/a?x=1,2;3"},
		{"<a>;rel=\"index\";rel=\"alternate\"", ""},
		{"<a>;anchor=\"/elsewhere\";rel=\"alternate\"", ""},
		{"<a>;anchor=\"\";rel=\"alternate\"", "https://ca.example/acme/cert/a"},
		{"<a>;crossorigin;rel=alternate", "https://ca.example/acme/cert/a"},
		{",,<a>;rel=alternate,,", "https://ca.example/acme/cert/a"},
		{"<a>;rel=alternates", ""},
		{"<a>", ""},
		{"<a>;rel=\"\"", ""},
		{"<a>;rel", ""},
		{"<javascript:alert(1)>;rel=alternate", ""},
		{"<ftp://ca.example/a>;rel=alternate", ""},
		{"<a", ""},
		{"a>;rel=alternate", ""},
		{"<a b>;rel=alternate", ""},
		{"<a>;rel=\"alternate", "https://ca.example/acme/cert/a"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *found = alternates(cases[i][0]);

		assert_string_equal(found, cases[i][1]);
	}
}

static void
test_all_link_headers_count_in_order(void **state)
{
	cw_auto_answer struct cw_http_answer answer = {0};
	cw_auto_strv struct cw_strv targets = {0};

	(void)state;
	cw_strv_add(&answer.headers, "link: <a>;rel=\"alternate\"");
	cw_strv_add(&answer.headers, "linked: <x>;rel=\"alternate\"");
	cw_strv_add(&answer.headers, "link: <b>;rel=\"alternate\"");
	cw_http_links(&answer, base, "alternate", &targets);
	assert_int_equal(targets.count, 2);
	assert_string_equal(targets.items[0], "https://ca.example/acme/cert/a");
	assert_string_equal(targets.items[1], "https://ca.example/acme/cert/b");
}

static void
test_header_is_found_by_its_whole_name(void **state)
{
	cw_auto_answer struct cw_http_answer answer = {0};

	(void)state;
	cw_strv_add(&answer.headers, "retry-after-not: 1");
	cw_strv_add(&answer.headers, "retry-after: 2");
	cw_strv_add(&answer.headers, "retry-after: 3");
	cw_strv_add(&answer.headers, "empty: ");
	assert_string_equal(cw_http_header(&answer, "retry-after"), "2");
	assert_string_equal(cw_http_header(&answer, "empty"), "");
	assert_null(cw_http_header(&answer, "retry"));
}

static void
test_references_resolve_as_rfc3986_says(void **state)
{
	/* Sections 5.4.1 and 5.4.2, but for those that are no http URL. */
	static const char *const cases[][2] = {
		{"g", "http://a/b/c/g"},
		{"./g", "http://a/b/c/g"},
		{"g/", "http://a/b/c/g/"},
		{"/g", "http://a/g"},
		{"//g", "http://g"},
		{"?y", "http://a/b/c/d;p?y"},
		{"g?y", "http://a/b/c/g?y"},
		{"#s", "http://a/b/c/d;p?q#s"},
		{"g#s", "http://a/b/c/g#s"},
		{"g?y#s", "http://a/b/c/g?y#s"},
		{";x", "http://a/b/c/;x"},
		{"g;x", "http://a/b/c/g;x"},
		{"g;x?y#s", "http://a/b/c/g;x?y#s"},
		{"", "http://a/b/c/d;p?q"},
		{".", "http://a/b/c/"},
		{"./", "http://a/b/c/"},
		{"..", "http://a/b/"},
		{"../", "http://a/b/"},
		{"../g", "http://a/b/g"},
		{"../..", "http://a/"},
		{"../../", "http://a/"},
		{"../../g", "http://a/g"},
		{"../../../g", "http://a/g"},
		{"../../../../g", "http://a/g"},
		{"/./g", "http://a/g"},
		{"/../g", "http://a/g"},
		{"g.", "http://a/b/c/g."},
		{".g", "http://a/b/c/.g"},
		{"g..", "http://a/b/c/g.."},
		{"..g", "http://a/b/c/..g"},
		{"./../g", "http://a/b/g"},
		{"./g/.", "http://a/b/c/g/"},
		{"g/./h", "http://a/b/c/g/h"},
		{"g/../h", "http://a/b/c/h"},
		{"g;x=1/./y", "http://a/b/c/g;x=1/y"},
		{"g;x=1/../y", "http://a/b/c/y"},
		{"g?y/./x", "http://a/b/c/g?y/./x"},
		{"g?y/../x", "http://a/b/c/g?y/../x"},
		{"g#s/../x", "http://a/b/c/g#s/../x"},
		{"https://h:8443/x", "https://h:8443/x"},
		{"HTTPS://h/x", "HTTPS://h/x"},
		{"http://[2001:db8::1]:14000/dir", "http://[2001:db8::1]:14000/dir"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *url = cw_http_resolve("http://a/b/c/d;p?q", cases[i][0]);

		assert_non_null(url);
		assert_string_equal(url, cases[i][1]);
	}
}

static void
test_base_without_a_path_is_its_root(void **state)
{
	cw_autofree char *url = cw_http_resolve("https://ca.example", "dir");

	(void)state;
	assert_string_equal(url, "https://ca.example/dir");
}

static void
test_what_is_no_http_url_does_not_resolve(void **state)
{
	static const char *const references[] = {
		"g:h",
		"http:g",
		"file:///etc/passwd",
		"//",
		"http://",
		"http://:80/",
		"http://a:0/",
		"http://a:65536/",
		"http://a:x/",
		"http://[::1/",
		"http://[::1]x/",
		"a b",
		"a\nb",
		"a\x7f",
		"\xc3\xbc",
		"http://user@/",
		"http://a\\b/x",
		"javascript:alert",
		"mailto:me@a",
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(references); i++)
		assert_null(cw_http_resolve("http://a/b/c/d;p?q", references[i]));
	assert_null(cw_http_resolve("/a", "b"));
}

static void
test_endpoint_is_host_and_port(void **state)
{
	static const struct {
		const char *url, *host;
		unsigned port;
		bool secure;
	} cases[] = {
		{"https://ca.example/x", "ca.example", 443, true},
		{"http://ca.example", "ca.example", 80, false},
		{"https://ca.example:", "ca.example", 443, true},
		{"HTTPS://ca.example:14000?x", "ca.example", 14000, true},
		{"http://me:secret@ca.example:81/", "ca.example", 81, false},
		{"http://me@x:y@[::1]:81/", "::1", 81, false},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_endpoint struct cw_endpoint endpoint;

		assert_true(cw_url_endpoint(cases[i].url, &endpoint));
		assert_string_equal(endpoint.host, cases[i].host);
		assert_int_equal(endpoint.port, cases[i].port);
		assert_int_equal(endpoint.secure, cases[i].secure);
	}
}

static void
test_printable_url_shows_no_password(void **state)
{
	cw_autofree char *plain = cw_url_printable("https://ca.example/a@b?c@d");
	cw_autofree char *with = cw_url_printable("https://me:secret@ca.example:81/a@b");

	(void)state;
	assert_string_equal(plain, "https://ca.example/a@b?c@d");
	assert_string_equal(with, "https://ca.example:81/a@b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_targets_are_found_by_relation),
		cmocka_unit_test(test_all_link_headers_count_in_order),
		cmocka_unit_test(test_header_is_found_by_its_whole_name),
		cmocka_unit_test(test_references_resolve_as_rfc3986_says),
		cmocka_unit_test(test_base_without_a_path_is_its_root),
		cmocka_unit_test(test_what_is_no_http_url_does_not_resolve),
		cmocka_unit_test(test_endpoint_is_host_and_port),
		cmocka_unit_test(test_printable_url_shows_no_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
