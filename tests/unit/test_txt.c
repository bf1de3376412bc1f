/* Against Debian's named, authoritative for zones of its own, on a free loopback port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "free_port.h"
#include "named_fixture.h"

#include "base/clock.h"
#include "base/loop.h"
#include "dns/question.h"
#include "dns/txt.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct cw_loop *loop;

static const char zone_text[] = "$TTL 1\n"
				"@ IN SOA ns1 admin 1 60 60 60 1\n"
				"@ IN NS ns1\n"
				"ns1 IN A 127.0.0.1\n"
				"_acme-challenge IN TXT \"wrong\"\n"
				"_acme-challenge IN TXT \"right\"\n"
				"_acme-challenge.split IN TXT \"in two \" \"strings\"\n"
				"_acme-challenge.alias IN CNAME target.other.test.\n";

static const char two_servers_text[] = "$TTL 1\n"
				       "@ IN SOA ns1 admin 1 60 60 60 1\n"
				       "@ IN NS ns1\n"
				       "@ IN NS ns2\n"
				       "ns1 IN A 127.0.0.1\n"
				       "ns2 IN A 127.99.99.99\n"
				       "_acme-challenge IN TXT \"right\"\n";

static const char other_text[] = "$TTL 1\n"
				 "@ IN SOA ns1.example.test. admin 1 60 60 60 1\n"
				 "@ IN NS ns1.example.test.\n"
				 "target IN TXT \"behind the alias\"\n";

static int
start(void **state)
{
	cw_auto_buf struct cw_buf big = {0};
	/* More than fits a datagram. */
	struct named_zone zones[] = {{"example.test", zone_text},
				     {"two.test", two_servers_text},
				     {"other.test", other_text},
				     {"big.test", NULL}};

	cw_buf_add_text(&big, other_text);
	for (unsigned i = 0; i < 100; i++)
		cw_buf_addf(&big, "_acme-challenge IN TXT \"value-%u-of-many-others\"\n", i);
	zones[3].text = cw_buf_text(&big);
	loop = cw_loop_new();
	return named_start(state, zones, CW_COUNT(zones));
}

static int
stop(void **state)
{
	cw_loop_free(loop);
	return named_stop(state);
}

/* The end of a wait. */
struct ending {
	bool done;
	struct cw_error error;
};

static void
note_end(void *context, const struct cw_error *error)
{
	struct ending *ending = context;

	ending->done = true;
	cw_error_copy(&ending->error, error);
}

/* Waits with the loop turning. */
static int
wait_until(const char *resolver, struct cw_txt_record *const *records, size_t count,
	   unsigned seconds, struct cw_error *error)
{
	struct ending ending = {.done = false};
	int status;

	if (cw_txt_wait(loop, resolver, records, count, seconds, note_end, &ending, error) == NULL)
		return error->status;
	/* Nobody is called back before the loop turns. */
	assert_false(ending.done);
	assert_int_equal(cw_loop_until(loop, &ending.done, NULL), CW_OK);
	status = ending.error.status;
	if (error != NULL)
		cw_error_move(error, &ending.error);
	cw_error_clear(&ending.error);
	return status;
}

static int
wait_for(const char *name, const char *value, unsigned seconds, struct cw_error *error)
{
	struct cw_txt_record record = {sizeof(record), name, value, 77, NULL};
	struct cw_txt_record *const records[] = {&record};
	int status = wait_until(named_resolver, records, 1, seconds, error);

	assert_int_equal(record.result, status);
	assert_int_equal(record.reason != NULL, status == CW_E_TIMEOUT);
	free(record.reason);
	return status;
}

static void
test_record_that_is_there_is_seen(void **state)
{
	(void)state;
	need_server();
	assert_int_equal(wait_for("_acme-challenge.example.test", "right", 10, NULL), CW_OK);
	assert_int_equal(wait_for("_ACME-challenge.Example.test.", "right", 10, NULL), CW_OK);
}

static void
test_strings_of_a_record_are_joined(void **state)
{
	(void)state;
	need_server();
	assert_int_equal(wait_for("_acme-challenge.split.example.test", "in two strings", 10, NULL),
			 CW_OK);
}

static void
test_alias_into_another_zone_is_followed(void **state)
{
	(void)state;
	need_server();
	assert_int_equal(
		wait_for("_acme-challenge.alias.example.test", "behind the alias", 10, NULL),
		CW_OK);
}

static void
test_answer_that_does_not_fit_a_datagram_is_read_over_tcp(void **state)
{
	(void)state;
	need_server();
	assert_int_equal(wait_for("_acme-challenge.big.test", "value-99-of-many-others", 10, NULL),
			 CW_OK);
}

static void
test_record_that_does_not_come_names_server_and_record(void **state)
{
	cw_auto_error struct cw_error error = {0};

	(void)state;
	need_server();
	assert_int_equal(wait_for("_acme-challenge.example.test", "missing", 1, &error),
			 CW_E_TIMEOUT);
	assert_non_null(strstr(error.message, "\"_acme-challenge.example.test\""));
	assert_non_null(strstr(error.message, "\"ns1.example.test\" (127.0.0.1)"));
	assert_non_null(strstr(error.message, "it has other values"));
	assert_int_equal(wait_for("nowhere.example.test", "missing", 1, &error), CW_E_TIMEOUT);
	assert_non_null(strstr(error.message, "the name does not exist"));
}

/* What the CA's own resolver may reach does not stop us. */
static void
test_servers_that_cannot_be_asked_or_found_are_no_failure(void **state)
{
	(void)state;
	need_server();
	/* ns2 does not answer, ns1 has the value. */
	assert_int_equal(wait_for("_acme-challenge.two.test", "right", 1, NULL), CW_OK);
	/* named refuses to look for what it does not serve. */
	assert_int_equal(wait_for("_acme-challenge.elsewhere.example", "x", 1, NULL), CW_OK);
}

static void
test_one_server_that_answers_wrongly_is_a_failure(void **state)
{
	cw_auto_error struct cw_error error = {0};

	(void)state;
	need_server();
	assert_int_equal(wait_for("_acme-challenge.two.test", "other", 1, &error), CW_E_TIMEOUT);
	assert_non_null(strstr(error.message, "\"ns1.two.test\" (127.0.0.1)"));
	assert_non_null(strstr(error.hint, "--dns-resolver"));
}

static void
test_a_resolver_that_does_not_answer_is_no_failure(void **state)
{
	struct cw_txt_record record = {sizeof(record), "_acme-challenge.example.test", "x", 77,
				       NULL};
	struct cw_txt_record *const records[] = {&record};
	cw_autofree char *closed = cw_format("127.0.0.1:%u", free_port());

	(void)state;
	assert_int_equal(wait_until(closed, records, 1, 1, NULL), CW_OK);
	assert_int_equal(record.result, CW_OK);
	assert_null(record.reason);
}

static void
test_records_succeed_and_fail_each_by_itself(void **state)
{
	struct cw_txt_record good = {sizeof(good), "_acme-challenge.example.test", "right", 0,
				     NULL};
	struct cw_txt_record bad = {sizeof(bad), "_acme-challenge.example.test", "absent", 0, NULL};
	struct cw_txt_record *const records[] = {&bad, &good};

	(void)state;
	need_server();
	assert_int_equal(wait_until(named_resolver, records, 2, 1, NULL), CW_E_TIMEOUT);
	assert_int_equal(good.result, CW_OK);
	assert_int_equal(bad.result, CW_E_TIMEOUT);
	assert_null(good.reason);
	assert_non_null(strstr(bad.reason, "_acme-challenge.example.test"));
	free(bad.reason);
}

/* Adds the record some time after the wait began; on SIGHUP the server reads its zones again. */
static void
add_record(void *context)
{
	cw_auto_buf struct cw_buf text = {0};

	(void)context;
	cw_buf_add_text(&text, other_text);
	*strstr(text.data, " 1 60 ") = '\t';
	*strstr(text.data, "1 60 ") = '2';
	cw_buf_add_text(&text, "later IN TXT \"came\"\n");
	scratch_write("other.test.zone", cw_buf_text(&text), 0644);
	kill(named_process, SIGHUP);
}

static void
test_record_that_comes_later_is_seen_soon(void **state)
{
	int64_t begun = cw_now_ms();

	(void)state;
	need_server();
	cw_loop_timer(loop, 300, add_record, NULL);
	assert_int_equal(wait_for("later.other.test", "came", 30, NULL), CW_OK);
	assert_true(cw_now_ms() - begun < 10000);
}

static void
test_resolver_that_is_no_address_is_refused(void **state)
{
	struct cw_txt_record record = {sizeof(record), "a.example", "x", 0, NULL};
	struct cw_txt_record *const records[] = {&record};
	cw_auto_error struct cw_error error = {0};

	(void)state;
	assert_int_equal(wait_until("dns.example", records, 1, 1, &error), CW_E_INVALID);
	assert_non_null(strstr(error.hint, "--dns-resolver"));
}

static void
test_waits_go_on_side_by_side_and_can_be_cancelled(void **state)
{
	struct cw_txt_record missing = {sizeof(missing), "_acme-challenge.example.test", "absent",
					0, NULL};
	struct cw_txt_record there = {sizeof(there), "_acme-challenge.example.test", "right", 0,
				      NULL};
	struct cw_txt_record *const first[] = {&missing}, *const second[] = {&there};
	struct ending never = {.done = false}, soon = {.done = false};
	struct cw_txt_waiter *waiter;
	int64_t begun = cw_now_ms();

	(void)state;
	need_server();
	waiter = cw_txt_wait(loop, named_resolver, first, 1, 30, note_end, &never, NULL);
	assert_non_null(waiter);
	assert_non_null(cw_txt_wait(loop, named_resolver, second, 1, 30, note_end, &soon, NULL));
	assert_int_equal(cw_loop_until(loop, &soon.done, NULL), CW_OK);
	assert_int_equal(soon.error.status, CW_OK);
	assert_int_equal(there.result, CW_OK);
	assert_false(never.done);
	cw_txt_cancel(waiter);
	assert_true(cw_now_ms() - begun < 10000);
	/* Nothing of it is left on the loop: else this would find it freed. */
	assert_int_equal(wait_for("_acme-challenge.example.test", "wrong", 10, NULL), CW_OK);
	assert_false(never.done);
}

static void
test_nothing_to_wait_for_ends_at_once(void **state)
{
	(void)state;
	assert_int_equal(wait_until("127.0.0.1", NULL, 0, 30, NULL), CW_OK);
}

static void
test_addresses_of_servers_are_read_with_and_without_port(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
	} good[] = {
		{"192.0.2.1", "192.0.2.1", 53},          {"192.0.2.1:5353", "192.0.2.1", 5353},
		{"2001:db8::1", "2001:db8::1", 53},      {"[2001:db8::1]", "2001:db8::1", 53},
		{"[2001:db8::1]:99", "2001:db8::1", 99}, {"::1", "::1", 53},
	};
	static const char *const bad[] = {"",       "dns",     "192.0.2.1:",  "192.0.2.1:0",
					  "[::1",   "[::1]53", "192.0.2.300", "192.0.2.1:65536",
					  "[::1]:x"};
	struct cw_dns_address address;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(good); i++) {
		cw_autofree char *host = NULL;

		assert_true(cw_dns_parse_address(good[i].text, &address));
		host = cw_dns_format_address(&address);
		assert_string_equal(host, good[i].host);
		assert_int_equal(cw_dns_port(&address), good[i].port);
	}
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		assert_false(cw_dns_parse_address(bad[i], &address));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_that_is_there_is_seen),
		cmocka_unit_test(test_strings_of_a_record_are_joined),
		cmocka_unit_test(test_alias_into_another_zone_is_followed),
		cmocka_unit_test(test_answer_that_does_not_fit_a_datagram_is_read_over_tcp),
		cmocka_unit_test(test_record_that_does_not_come_names_server_and_record),
		cmocka_unit_test(test_servers_that_cannot_be_asked_or_found_are_no_failure),
		cmocka_unit_test(test_one_server_that_answers_wrongly_is_a_failure),
		cmocka_unit_test(test_a_resolver_that_does_not_answer_is_no_failure),
		cmocka_unit_test(test_records_succeed_and_fail_each_by_itself),
		cmocka_unit_test(test_record_that_comes_later_is_seen_soon),
		cmocka_unit_test(test_resolver_that_is_no_address_is_refused),
		cmocka_unit_test(test_waits_go_on_side_by_side_and_can_be_cancelled),
		cmocka_unit_test(test_nothing_to_wait_for_ends_at_once),
		cmocka_unit_test(test_addresses_of_servers_are_read_with_and_without_port),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
