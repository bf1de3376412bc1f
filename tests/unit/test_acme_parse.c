#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "acme/internal.h"
#include "acme/parse.h"
#include "base/mem.h"
#include "json_fixture.h"

#define ORDER_URL "https://ca.example/order/1"
#define AUTHORIZATION_URL "https://ca.example/authz/1"
#define IDENTIFIERS                                                                                \
	"\"identifiers\":[{\"type\":\"dns\",\"value\":\"B.example\"},"                             \
	"{\"type\":\"dns\",\"value\":\"*.a.example\"},{\"type\":\"ip\",\"value\":\"2001:DB8:0::"   \
	"1\"}]"
#define AUTHORIZATIONS                                                                             \
	"\"authorizations\":[\"https://ca.example/authz/1\",\"https://ca.example/authz/2\"]"
#define FINALIZE "\"finalize\":\"https://ca.example/finalize/1\""

static struct cw_acme acme = {.directory_url = (char *)"https://ca.example/dir",
			      .signer = {.thumbprint = "THUMB"}};

static void
free_order(struct cw_acme_order **order)
{
	cw_acme_order_free(*order);
}

static void
free_authorization(struct cw_acme_authorization **authorization)
{
	cw_acme_authorization_free(*authorization);
}

static struct cw_acme_order *
order_of_three(void)
{
	struct cw_acme_order *order = cw_acme_order_new();

	cw_acme_order_add_identifier(order, "dns", "b.example");
	cw_acme_order_add_identifier(order, "dns", "*.a.example");
	cw_acme_order_add_identifier(order, "ip", "2001:db8::1");
	return order;
}

static void
test_a_name_is_ordered_once(void **state)
{
	cw_auto(free_order) struct cw_acme_order *order = order_of_three();

	(void)state;
	cw_acme_order_add_identifier(order, "dns", "b.EXAMPLE");
	assert_int_equal(order->identifier_count, 3);
}

static void
test_order_is_read(void **state)
{
	cw_auto(free_order) struct cw_acme_order *order = order_of_three();
	cw_auto_strv struct cw_strv urls = {0};
	cw_auto_json struct json_object *body =
		json("{\"status\":\"ready\",\"expires\":\"2026-01-01T00:00:10Z\"," IDENTIFIERS
		     "," AUTHORIZATIONS "," FINALIZE "}");

	(void)state;
	assert_int_equal(cw_acme_order_parse(&acme, body, ORDER_URL, order, &urls, NULL), CW_OK);
	assert_int_equal(order->state, CW_ACME_READY);
	assert_int_equal(order->expires, 1767225610);
	assert_string_equal(order->finalize_url, "https://ca.example/finalize/1");
	assert_null(order->certificate_url);
	assert_int_equal(urls.count, 2);
}

/* Each with a piece of the sentence that it leads to. */
static void
test_nonsense_orders_are_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"{}", "has no status"},
		{"{\"status\":7}", "has no status"},
		{"{\"status\":\"expired\"}", "unknown status \"expired\""},
		{"{\"status\":\"so\\u001bso\"}", "unknown status \"so so\""},
		{"{\"status\":\"pending\"}", "has no identifiers"},
		{"{\"status\":\"pending\",\"identifiers\":[7]}", "without type or value"},
		{"{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"c.ex\"}]}",
		 "\"c.ex\", which was not asked for"},
		{"{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":"
		 "\"b.example\"}]}",
		 "leaves out \"*.a.example\""},
		{"{\"status\":\"pending\"," IDENTIFIERS "," FINALIZE "}", "no authorizations"},
		{"{\"status\":\"pending\"," IDENTIFIERS ",\"authorizations\":\"x\"," FINALIZE "}",
		 "no authorizations"},
		{"{\"status\":\"pending\"," IDENTIFIERS
		 ",\"authorizations\":[\"/authz/1\"]," FINALIZE "}",
		 "without a usable URL"},
		{"{\"status\":\"pending\"," IDENTIFIERS
		 ",\"authorizations\":[\"http://ca.example/a\"]," FINALIZE "}",
		 "without a usable URL"},
		{"{\"status\":\"pending\"," IDENTIFIERS ",\"authorizations\":[{}]," FINALIZE "}",
		 "without a usable URL"},
		{"{\"status\":\"pending\"," IDENTIFIERS
		 ",\"authorizations\":[\"https://a/1\",\"https://a/1\"]," FINALIZE "}",
		 "twice"},
		{"{\"status\":\"pending\"," IDENTIFIERS ",\"authorizations\":[\"https://a/1\","
		 "\"https://a/2\",\"https://a/3\",\"https://a/4\"]," FINALIZE "}",
		 "4 authorizations for 3 names"},
		{"{\"status\":\"pending\"," IDENTIFIERS "," AUTHORIZATIONS "}",
		 "no usable finalize URL"},
		{"{\"status\":\"valid\"," IDENTIFIERS "," AUTHORIZATIONS "," FINALIZE "}",
		 "no usable certificate URL"},
		{"{\"status\":\"valid\",\"certificate\":\"cert/1\"," IDENTIFIERS "," AUTHORIZATIONS
		 "," FINALIZE "}",
		 "no usable certificate URL"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto(free_order) struct cw_acme_order *order = order_of_three();
		cw_auto_strv struct cw_strv urls = {0};
		cw_auto_error struct cw_error error = {0};
		cw_auto_json struct json_object *body = json(cases[i].text);

		assert_int_equal(cw_acme_order_parse(&acme, body, ORDER_URL, order, &urls, &error),
				 CW_E_PROTOCOL);
		assert_non_null(strstr(error.message, ORDER_URL));
		if (strstr(error.message, cases[i].why) == NULL)
			fail_msg("\"%s\" is not in \"%s\"", cases[i].why, error.message);
		assert_null(order->finalize_url);
	}
}

static void
test_authorization_is_read(void **state)
{
	cw_auto(free_order) struct cw_acme_order *order = order_of_three();
	cw_auto(free_authorization) struct cw_acme_authorization *authorization = NULL;
	cw_auto_json struct json_object *body =
		json("{\"status\":\"pending\",\"wildcard\":true,\"identifier\":{\"type\":\"dns\","
		     "\"value\":\"A.example\"},\"challenges\":["
		     "{\"type\":\"dns-01\",\"url\":\"https://ca.example/c/1\",\"status\":"
		     "\"pending\",\"token\":\"to-ken_0123456789abcdef\"},"
		     "{\"type\":\"future-01\",\"url\":\"https://ca.example/c/2\",\"status\":"
		     "\"pending\"},"
		     "{\"type\":\"http-01\",\"url\":\"https://ca.example/c/3\",\"status\":"
		     "\"pending\",\"token\":\"../../etc/passwd\"},"
		     "{\"type\":\"tls-alpn-01\",\"url\":\"c/4\",\"status\":\"pending\",\"token\":"
		     "\"x\"},"
		     "{\"type\":\"http-01\",\"url\":\"https://ca.example/c/5\",\"status\":\"odd\","
		     "\"token\":\"x\"}, null, []]}");
	cw_autofree char *name = NULL;

	(void)state;
	assert_int_equal(cw_acme_authorization_parse(&acme, body, AUTHORIZATION_URL, order,
						     &authorization, NULL),
			 CW_OK);
	name = cw_acme_authorization_name(authorization);
	assert_string_equal(name, "*.a.example");
	assert_string_equal(authorization->identifier.value, "a.example");
	assert_int_equal(authorization->state, CW_ACME_PENDING);
	assert_int_equal(authorization->challenge_count, 1);
	assert_string_equal(authorization->challenges[0]->type, "dns-01");
	assert_string_equal(authorization->challenges[0]->key_authorization,
			    "to-ken_0123456789abcdef.THUMB");
	assert_null(authorization->chosen);
	assert_non_null(cw_acme_challenge_object(body, "https://ca.example/c/2"));
	assert_null(cw_acme_challenge_object(body, "https://ca.example/c/9"));
}

/* Whether a valid authorization with this identifier is taken for that of a wildcard. */
static bool
means_wildcard(const char *type, const char *value)
{
	cw_auto(free_order) struct cw_acme_order *order = order_of_three();
	cw_auto(free_authorization) struct cw_acme_authorization *authorization = NULL;
	cw_autofree char *text = cw_format(
		"{\"status\":\"valid\",\"identifier\":{\"type\":\"%s\",\"value\":\"%s\"}}", type,
		value);
	cw_auto_json struct json_object *body = json(text);

	assert_int_equal(cw_acme_authorization_parse(&acme, body, AUTHORIZATION_URL, order,
						     &authorization, NULL),
			 CW_OK);
	return authorization->wildcard;
}

static void
test_wildcard_is_understood_without_the_member(void **state)
{
	(void)state;
	assert_true(means_wildcard("dns", "a.example"));
}

static void
test_addresses_are_compared_as_addresses(void **state)
{
	(void)state;
	assert_false(means_wildcard("ip", "2001:db8:0:0::0:1"));
}

#define FOR_B "\"identifier\":{\"type\":\"dns\",\"value\":\"b.example\"}"

static void
test_nonsense_authorizations_are_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"{" FOR_B "}", "has no status"},
		{"{\"status\":\"ready\"," FOR_B "}", "unknown status \"ready\""},
		{"{\"status\":\"valid\"}", "has no identifier"},
		{"{\"status\":\"valid\",\"identifier\":\"b.example\"}", "has no identifier"},
		{"{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\",\"value\":\"c.ex\"}}",
		 "for \"c.ex\", which was not asked for"},
		{"{\"status\":\"valid\",\"identifier\":{\"type\":\"ip\",\"value\":\"b.example\"}}",
		 "which was not asked for"},
		{"{\"status\":\"valid\",\"wildcard\":true," FOR_B "}",
		 "for \"*.b.example\", which was not asked for"},
		{"{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\",\"value\":"
		 "\"*.a.example\"}}",
		 "which was not asked for"},
		{"{\"status\":\"pending\"," FOR_B "}", "\"b.example\" has no usable challenge"},
		{"{\"status\":\"pending\"," FOR_B ",\"challenges\":{}}", "no usable challenge"},
		{"{\"status\":\"pending\"," FOR_B
		 ",\"challenges\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
		 "1,1]}",
		 "too many challenges"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto(free_order) struct cw_acme_order *order = order_of_three();
		struct cw_acme_authorization *authorization;
		cw_auto_error struct cw_error error = {0};
		cw_auto_json struct json_object *body = json(cases[i].text);

		assert_int_equal(cw_acme_authorization_parse(&acme, body, AUTHORIZATION_URL, order,
							     &authorization, &error),
				 CW_E_PROTOCOL);
		assert_null(authorization);
		assert_non_null(strstr(error.message, AUTHORIZATION_URL));
		if (strstr(error.message, cases[i].why) == NULL)
			fail_msg("\"%s\" is not in \"%s\"", cases[i].why, error.message);
	}
}

static void
test_token_is_base64url_of_22_to_512_bytes(void **state)
{
	static const size_t lengths[] = {1, 21, 22, 512, 513};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(lengths); i++) {
		cw_auto(free_order) struct cw_acme_order *order = order_of_three();
		cw_auto(free_authorization) struct cw_acme_authorization *authorization = NULL;
		char token[600] = {0};
		cw_autofree char *text = NULL;
		cw_auto_json struct json_object *body = NULL;

		memset(token, 'A', lengths[i]);
		text = cw_format("{\"status\":\"valid\"," FOR_B ",\"challenges\":[{\"type\":"
				 "\"http-01\",\"url\":\"https://a/1\",\"status\":\"valid\","
				 "\"token\":\"%s\"}]}",
				 token);
		body = json(text);
		assert_int_equal(cw_acme_authorization_parse(&acme, body, AUTHORIZATION_URL, order,
							     &authorization, NULL),
				 CW_OK);
		assert_int_equal(authorization->challenge_count,
				 lengths[i] >= 22 && lengths[i] <= 512);
	}
}

static void
test_only_absolute_https_urls_are_followed(void **state)
{
	static const char *const bad[] = {"",
					  "/order/1",
					  "http://ca.example/1",
					  "ftp://ca.example/1",
					  "https://",
					  "https:///x",
					  "https://ca.example/a b",
					  "https://ca.example/\r\nx: y",
					  "https://ca.example/\303\244",
					  "file:///etc/passwd"};
	struct cw_acme plain = {.directory_url = (char *)"http://localhost/dir"};
	char text[3000] = "https://";

	(void)state;
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		assert_false(cw_acme_url_ok(&acme, bad[i]));
	memset(text + 8, 'a', 2041);
	assert_false(cw_acme_url_ok(&acme, text));
	assert_false(cw_acme_url_ok(&acme, NULL));
	assert_true(cw_acme_url_ok(&acme, "https://other.example:444/1?x=y"));
	assert_true(cw_acme_url_ok(&plain, "http://localhost/1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_is_ordered_once),
		cmocka_unit_test(test_order_is_read),
		cmocka_unit_test(test_nonsense_orders_are_refused),
		cmocka_unit_test(test_authorization_is_read),
		cmocka_unit_test(test_wildcard_is_understood_without_the_member),
		cmocka_unit_test(test_addresses_are_compared_as_addresses),
		cmocka_unit_test(test_nonsense_authorizations_are_refused),
		cmocka_unit_test(test_token_is_base64url_of_22_to_512_bytes),
		cmocka_unit_test(test_only_absolute_https_urls_are_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
