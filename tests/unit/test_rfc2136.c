#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "plain_host.h"

#include "dns-rfc2136/credentials.h"
#include "dns-rfc2136/remove_later.h"
#include "dns-rfc2136/tsig.h"
#include "dns-rfc2136/zone.h"

static struct credentials credentials;

static int
begin(void **state)
{
	plain_begin(state);
	memset(&credentials, 0, sizeof(credentials));
	return scratch_make(state);
}

static int
end(void **state)
{
	credentials_clear(&credentials);
	plain_end(state);
	return scratch_remove(state);
}

static int
read_as(const char *text, mode_t mode)
{
	cw_autofree char *path = scratch_path("credentials.ini");

	credentials_clear(&credentials);
	scratch_write("credentials.ini", text, mode);
	return credentials_read(&plain_host, path, &credentials);
}

#define KEY "dns_rfc2136_name = key.\ndns_rfc2136_secret = c2VjcmV0IG9mIHRoZSBrZXk=\n"

static void
test_credentials_are_read_as_certbot_reads_them(void **state)
{
	(void)state;
	assert_int_equal(read_as("# of the DNS\n\n"
				 "dns_rfc2136_server = 192.0.2.1\n"
				 "dns_rfc2136_port = 5353\n"
				 "dns_rfc2136_algorithm = HMAC-SHA512\n"
				 "dns_rfc2136_sign_query = true\n" KEY,
				 0600),
			 CW_OK);
	assert_string_equal(credentials.server, "192.0.2.1");
	assert_int_equal(credentials.port, 5353);
	assert_string_equal(credentials.name, "key.");
	assert_string_equal(credentials.secret, "c2VjcmV0IG9mIHRoZSBrZXk=");
	assert_string_equal(credentials.algorithm, "HMAC-SHA512");
	assert_true(credentials.sign_query);
	assert_true(cw_strv_contains(&plain.secrets, credentials.secret));
}

static void
test_what_configobj_allows_is_understood(void **state)
{
	(void)state;
	assert_int_equal(read_as("\xef\xbb\xbf"
				 "dns_rfc2136_server=\"2001:db8::1\" # the primary\r\n"
				 "  certbot_dns_rfc2136:dns_rfc2136_name = 'my key'  \r\n"
				 "dns_rfc2136_secret = \"c2VjcmV0IG9mIHRoZSBrZXk=\"\r\n"
				 "dns_rfc2136_name = later.\n"
				 "somebody_elses = value\n"
				 "[a section]\n"
				 "dns_rfc2136_server = 192.0.2.9\n",
				 0600),
			 CW_OK);
	assert_string_equal(credentials.server, "2001:db8::1");
	assert_string_equal(credentials.name, "later.");
	assert_string_equal(credentials.secret, "c2VjcmV0IG9mIHRoZSBrZXk=");
	assert_int_equal(credentials.port, 53);
	assert_false(credentials.sign_query);
}

static void
test_what_is_wrong_in_credentials_is_said(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{KEY, "lacks \"dns_rfc2136_server\""},
		{"dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_name = k.\n",
		 "lacks \"dns_rfc2136_secret\""},
		{"dns_rfc2136_server = ns.example\n" KEY, "\"ns.example\""},
		{"dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_port = 0\n" KEY, "\"0\""},
		{"dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_port = 53x\n" KEY, "\"53x\""},
		{"dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_algorithm = MD4\n" KEY, "\"MD4\""},
		{"dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_name = k.\n"
		 "dns_rfc2136_secret = $$$$\n",
		 "base64"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (read_as(cases[i].text, 0600) != CW_E_INVALID)
			fail_msg("\"%s\" is taken", cases[i].text);
		if (strstr(plain.message, cases[i].words) == NULL)
			fail_msg("\"%s\" is not in \"%s\"", cases[i].words, plain.message);
		assert_non_null(strstr(plain.message, "credentials.ini"));
		assert_null(strstr(plain.message, "$$$$"));
	}
}

static void
test_what_is_to_be_removed_later_is_read_back(void **state)
{
	char good[] = "_acme-challenge.a.test value-1\n_acme-challenge.b.test value-2\n";
	char bad[] = "_acme-challenge.a.test\n";
	struct change *changes = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(remove_later_read(&plain_host, good, &changes, &count), CW_OK);
	assert_int_equal(count, 2);
	assert_string_equal(changes[0].name, "_acme-challenge.a.test");
	assert_string_equal(changes[0].value, "value-1");
	assert_string_equal(changes[1].name, "_acme-challenge.b.test");
	assert_string_equal(changes[1].value, "value-2");
	free(changes);
	assert_int_equal(remove_later_read(&plain_host, bad, &changes, &count), CW_E_INVALID);
	assert_non_null(strstr(plain.message, "_acme-challenge.a.test"));
	free(changes);
}

/* What the list with an SOA record of OWNER says of NAME. */
static void
is_in(const char *owner, const char *name, const char *expected)
{
	cw_autofree char *text = cw_format("%s 60 IN SOA ns. admin. 1 2 3 4 5", owner);
	ldns_rr_list *list = ldns_rr_list_new();
	ldns_rr *other = NULL, *record = NULL;
	char *zone;

	assert_int_equal(ldns_rr_new_frm_str(&other, "other. 60 IN NS ns.", 0, NULL, NULL), 0);
	assert_int_equal(ldns_rr_new_frm_str(&record, text, 0, NULL, NULL), 0);
	ldns_rr_list_push_rr(list, other);
	ldns_rr_list_push_rr(list, record);
	zone = zone_in(list, name);
	if ((zone == NULL) != (expected == NULL) || (zone != NULL && strcmp(zone, expected) != 0))
		fail_msg("%s is in \"%s\", not \"%s\"", name, zone != NULL ? zone : "none",
			 expected != NULL ? expected : "none");
	free(zone);
	ldns_rr_list_deep_free(list);
}

static void
test_the_zone_is_one_that_the_name_is_below(void **state)
{
	(void)state;
	is_in("example.test.", "_acme-challenge.a.example.test", "example.test");
	is_in("example.test.", "example.test", "example.test");
	is_in("Example.TEST.", "_acme-challenge.example.test", "Example.TEST");
	is_in("test.", "_acme-challenge.example.test", "test");
	is_in(".", "_acme-challenge.example.test", ".");
	/* Ends alike, but is another. */
	is_in("ample.test.", "_acme-challenge.example.test", NULL);
	is_in("a.example.test.", "example.test", NULL);
	is_in("other.test.", "_acme-challenge.example.test", NULL);
	assert_null(zone_in(NULL, "example.test"));
}

static void
test_a_signature_is_checked_with_the_key_that_made_it(void **state)
{
	uint8_t message[12] = {0x12, 0x34}, *wire = malloc(sizeof(message));
	size_t length = sizeof(message);
	struct tsig_mac mac;
	unsigned error = 0;

	(void)state;
	assert_int_equal(read_as("dns_rfc2136_server = 192.0.2.1\n" KEY, 0600), CW_OK);
	memcpy(wire, message, sizeof(message));
	assert_true(tsig_sign(&credentials, &wire, &length, &mac));
	assert_true(length > sizeof(message));
	/* One more record in the additional section (RFC 8945 section 4). */
	assert_int_equal(wire[11], 1);
	assert_true(mac.length > 0 && mac.length <= TSIG_MAC_MAX);
	/* The message without a signature, and one that is cut short. */
	assert_int_equal(tsig_verify(&credentials, message, sizeof(message), &mac, &error),
			 TSIG_UNSIGNED);
	/* As an answer it would have to be signed over the request's MAC too. */
	assert_int_equal(tsig_verify(&credentials, wire, length, &mac, &error), TSIG_BAD);
	wire[length - 1] ^= 1;
	assert_int_not_equal(tsig_verify(&credentials, wire, length, &mac, &error), TSIG_GOOD);
	free(wire);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_credentials_are_read_as_certbot_reads_them),
		TEST(test_what_configobj_allows_is_understood),
		TEST(test_what_is_wrong_in_credentials_is_said),
		TEST(test_what_is_to_be_removed_later_is_read_back),
		TEST(test_the_zone_is_one_that_the_name_is_below),
		TEST(test_a_signature_is_checked_with_the_key_that_made_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
