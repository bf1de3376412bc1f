/* Against Debian's named, authoritative for zones of its own, on a free loopback port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "named_fixture.h"

#include "base/loop.h"
#include "dns/exchange.h"
#include "dns/locate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define SOA "$TTL 1\n@ IN SOA ns1 admin 1 60 60 60 1\n@ IN NS ns1\nns1 IN A 127.0.0.1\n"

/* c1 is an alias of c2, and so on up to c10, which is none; the loop never ends. */
static const char chain_text[] = SOA "c1 IN CNAME c2\nc2 IN CNAME c3\nc3 IN CNAME c4\n"
				     "c4 IN CNAME c5\nc5 IN CNAME c6\nc6 IN CNAME c7\n"
				     "c7 IN CNAME c8\nc8 IN CNAME c9\nc9 IN CNAME c10\n"
				     "c10 IN TXT \"end\"\n"
				     "left IN CNAME right\nright IN CNAME left\n"
				     "_acme-challenge.www IN CNAME challenge.other.test.\n"
				     "deep.below IN TXT \"x\"\n";
static const char other_text[] = SOA "challenge IN TXT \"behind\"\n";

static struct cw_loop *loop;

static int
begin(void **state)
{
	const struct named_zone zones[] = {{"chain.test", chain_text}, {"other.test", other_text}};

	loop = cw_loop_new();
	return named_start(state, zones, CW_COUNT(zones));
}

static int
end(void **state)
{
	cw_loop_free(loop);
	return named_stop(state);
}

enum { PLACES_MAX = 4 };

/* The end of a search, as text. */
struct ending {
	bool done;
	size_t count;
	int status[PLACES_MAX];
	char said[PLACES_MAX][256]; /* "TARGET in ZONE", or the reason */
};

static void
note_end(void *context, const struct cw_dns_location *locations, size_t count)
{
	struct ending *ending = context;

	assert_true(count <= PLACES_MAX);
	ending->done = true;
	ending->count = count;
	for (size_t i = 0; i < count; i++) {
		const struct cw_dns_location *location = &locations[i];

		ending->status[i] = location->status;
		if (location->status == CW_OK)
			snprintf(ending->said[i], sizeof(ending->said[i]), "%s in %s",
				 location->target, location->zone);
		else
			snprintf(ending->said[i], sizeof(ending->said[i]), "%s", location->reason);
	}
}

static struct cw_dns_locating *
start(const char *resolver, const char *name, const char *other, struct ending *ending)
{
	cw_auto_strv struct cw_strv names = {0};
	struct cw_dns_locating *locating;

	memset(ending, 0, sizeof(*ending));
	cw_strv_add(&names, name);
	if (other != NULL)
		cw_strv_add(&names, other);
	locating = cw_dns_locate(loop, resolver, &names, note_end, ending, NULL);
	assert_non_null(locating);
	/* Nobody is called back before the loop turns. */
	assert_false(ending->done);
	return locating;
}

/* Where NAME is; TARGET NULL: it is not found, with STATUS. */
static void
is_at(const char *name, const char *target, const char *zone, int status)
{
	struct ending ending;

	start(named_resolver, name, NULL, &ending);
	assert_int_equal(cw_loop_until(loop, &ending.done, NULL), CW_OK);
	assert_int_equal(ending.count, 1);
	assert_int_equal(ending.status[0], status);
	if (target != NULL) {
		cw_autofree char *expected = cw_format("%s in %s", target, zone);

		assert_string_equal(ending.said[0], expected);
	}
}

static void
test_a_name_without_alias_is_in_the_zone_above_it(void **state)
{
	(void)state;
	need_server();
	is_at("_acme-challenge.chain.test", "_acme-challenge.chain.test", "chain.test", CW_OK);
	is_at("_acme-challenge.a.b.c.chain.test", "_acme-challenge.a.b.c.chain.test", "chain.test",
	      CW_OK);
	is_at("_ACME-challenge.Chain.Test.", "_acme-challenge.chain.test", "chain.test", CW_OK);
	/* An empty non-terminal. */
	is_at("below.chain.test", "below.chain.test", "chain.test", CW_OK);
}

static void
test_an_alias_is_followed_into_its_zone(void **state)
{
	(void)state;
	need_server();
	is_at("_acme-challenge.www.chain.test", "challenge.other.test", "other.test", CW_OK);
}

static void
test_eight_aliases_are_followed_and_no_more(void **state)
{
	(void)state;
	need_server();
	is_at("c2.chain.test", "c10.chain.test", "chain.test", CW_OK);
	is_at("c1.chain.test", NULL, NULL, CW_E_PROTOCOL);
}

static void
test_aliases_that_go_in_a_circle_end(void **state)
{
	(void)state;
	need_server();
	/* named itself gives up on them (SERVFAIL). */
	is_at("left.chain.test", NULL, NULL, CW_E_NETWORK);
}

static void
test_places_are_found_each_by_itself(void **state)
{
	struct ending ending;

	(void)state;
	need_server();
	start(named_resolver, "c1.chain.test", "c10.chain.test", &ending);
	assert_int_equal(cw_loop_until(loop, &ending.done, NULL), CW_OK);
	assert_int_equal(ending.status[0], CW_E_PROTOCOL);
	assert_non_null(strstr(ending.said[0], "alias"));
	assert_int_equal(ending.status[1], CW_OK);
	assert_string_equal(ending.said[1], "c10.chain.test in chain.test");
}

static void
test_a_resolver_that_is_down_is_said(void **state)
{
	cw_autofree char *nobody = cw_format("127.0.0.1:%u", free_port());
	struct ending ending;

	(void)state;
	start(nobody, "a.chain.test", NULL, &ending);
	assert_int_equal(cw_loop_until(loop, &ending.done, NULL), CW_OK);
	assert_int_equal(ending.status[0], CW_E_NETWORK);
	assert_non_null(strstr(ending.said[0], "the resolver failed"));
}

static void
test_searches_go_on_side_by_side_and_can_be_cancelled(void **state)
{
	struct ending never, soon;
	struct cw_dns_locating *locating;

	(void)state;
	need_server();
	locating = start(named_resolver, "c2.chain.test", NULL, &never);
	start(named_resolver, "_acme-challenge.www.chain.test", NULL, &soon);
	cw_dns_locate_cancel(locating);
	assert_int_equal(cw_loop_until(loop, &soon.done, NULL), CW_OK);
	assert_string_equal(soon.said[0], "challenge.other.test in other.test");
	assert_false(never.done);
}

/* A query for the SOA record of chain.test, with the ID 0x1234. */
static const uint8_t soa_query[] = {0x12, 0x34, 0,   0,   0, 1,   0,   0,   0,   0, 0, 0, 5, 'c',
				    'h',  'a',  'i', 'n', 4, 't', 'e', 's', 't', 0, 0, 6, 0, 1};

struct reply {
	bool done;
	uint8_t header[CW_DNS_HEADER_SIZE];
	size_t length;
	struct cw_error error;
};

static void
note_reply(void *context, const uint8_t *answer, size_t length, const struct cw_error *error)
{
	struct reply *reply = context;

	reply->done = true;
	reply->length = length;
	cw_error_copy(&reply->error, error);
	if (answer != NULL)
		memcpy(reply->header, answer, sizeof(reply->header));
}

static void
exchange(const char *server, bool stream, struct reply *reply)
{
	struct cw_dns_request request = {
		.query = soa_query, .length = sizeof(soa_query), .stream = stream, .limit = 5000};

	memset(reply, 0, sizeof(*reply));
	assert_true(cw_dns_parse_address(server, &request.server));
	assert_non_null(cw_dns_exchange_start(loop, &request, note_reply, reply));
	assert_false(reply->done);
	assert_int_equal(cw_loop_until(loop, &reply->done, NULL), CW_OK);
}

static void
test_a_message_is_answered_over_udp_and_tcp(void **state)
{
	struct reply reply;

	(void)state;
	need_server();
	for (int stream = 0; stream < 2; stream++) {
		exchange(named_resolver, stream == 1, &reply);
		assert_int_equal(reply.error.status, CW_OK);
		assert_true(reply.length > sizeof(soa_query));
		/* The ID; a response, authoritative; an answer. */
		assert_memory_equal(reply.header, soa_query, 2);
		assert_int_equal(reply.header[2] & 0x84, 0x84);
		assert_int_equal(reply.header[7], 1);
	}
}

static void
test_a_server_that_is_not_there_is_said(void **state)
{
	cw_autofree char *nobody = cw_format("127.0.0.1:%u", free_port());
	struct reply reply;

	(void)state;
	for (int stream = 0; stream < 2; stream++) {
		exchange(nobody, stream == 1, &reply);
		assert_int_equal(reply.error.status, CW_E_NETWORK);
		assert_non_null(strstr(reply.error.message, "refused"));
		assert_non_null(strstr(reply.error.message, stream == 1 ? "TCP" : "UDP"));
		cw_error_clear(&reply.error);
	}
}

/* A socket that takes datagrams and says nothing. */
static void
test_a_server_that_is_silent_is_not_waited_for_long(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	struct cw_dns_request request = {
		.query = soa_query, .length = sizeof(soa_query), .limit = 100};
	cw_autoclose int silent = socket(AF_INET, SOCK_DGRAM, 0);
	struct cw_dns_exchange *cancelled;
	struct reply reply = {.done = false}, never = {.done = false};

	(void)state;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(silent, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(silent, (struct sockaddr *)&address, &length), 0);
	memcpy(&request.server.address, &address, sizeof(address));
	request.server.length = sizeof(address);
	cancelled = cw_dns_exchange_start(loop, &request, note_reply, &never);
	cw_dns_exchange_start(loop, &request, note_reply, &reply);
	cw_dns_exchange_cancel(cancelled);
	assert_int_equal(cw_loop_until(loop, &reply.done, NULL), CW_OK);
	assert_int_equal(reply.error.status, CW_E_TIMEOUT);
	assert_false(never.done);
	cw_error_clear(&reply.error);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_without_alias_is_in_the_zone_above_it),
		cmocka_unit_test(test_an_alias_is_followed_into_its_zone),
		cmocka_unit_test(test_eight_aliases_are_followed_and_no_more),
		cmocka_unit_test(test_aliases_that_go_in_a_circle_end),
		cmocka_unit_test(test_places_are_found_each_by_itself),
		cmocka_unit_test(test_a_resolver_that_is_down_is_said),
		cmocka_unit_test(test_searches_go_on_side_by_side_and_can_be_cancelled),
		cmocka_unit_test(test_a_message_is_answered_over_udp_and_tcp),
		cmocka_unit_test(test_a_server_that_is_not_there_is_said),
		cmocka_unit_test(test_a_server_that_is_silent_is_not_waited_for_long),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
