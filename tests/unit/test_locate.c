/* Against Debian's named, authoritative for zones of its own, on a free loopback port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "named_fixture.h"

#include "base/loop.h"
#include "dns/question.h"
#include "plugin/instance_internal.h"

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

static const char *const names[] = {"dns-resolver", NULL};
static const struct cw_option options[] = {
	{.names = names, .kind = CW_OPTION_STRING, .internal = "dns_resolver", .help = ""},
};

static struct cw_loop *loop;
static struct cw_option_set *set;
static struct cw_settings *settings;
static struct cw_services services;
static struct cw_instance instance;
static struct cw_module module;

static int
begin(void **state)
{
	static char name[] = "test";
	const struct named_zone zones[] = {{"chain.test", chain_text}, {"other.test", other_text}};
	int status = named_start(state, zones, CW_COUNT(zones));

	loop = cw_loop_new();
	set = cw_option_set_new();
	assert_int_equal(cw_option_set_add(set, &options[0], NULL), CW_OK);
	settings = cw_settings_new(set);
	services.loop = loop;
	module.name = name;
	instance.host.size = sizeof(instance.host);
	instance.host.core = &instance;
	instance.module = &module;
	instance.services = &services;
	instance.settings = settings;
	return status;
}

static int
end(void **state)
{
	cw_strv_clear(&instance.settings_text);
	cw_settings_free(settings);
	cw_option_set_free(set);
	cw_loop_free(loop);
	return named_stop(state);
}

static int
locate(struct cw_dns_place *const *places, size_t count, const char *resolver,
       struct cw_error *error)
{
	struct cw_call call;

	assert_int_equal(
		cw_settings_set(settings, "dns_resolver", CW_SOURCE_COMMAND, resolver, NULL),
		CW_OK);
	cw_call_begin(&call, &instance, "perform");
	return cw_call_end(&call, cw_service_locate(&instance.host, places, count), error);
}

/* Where NAME is; TARGET NULL: it is not found, with STATUS. */
static void
is_at(const char *name, const char *target, const char *zone, int status)
{
	cw_auto_error struct cw_error error = {0};
	struct cw_dns_place place = {.size = sizeof(place), .name = name};
	struct cw_dns_place *const places[] = {&place};

	assert_int_equal(locate(places, 1, named_resolver, &error), status);
	assert_int_equal(place.result, status);
	if (target != NULL) {
		assert_string_equal(place.target, target);
		assert_string_equal(place.zone, zone);
	} else {
		assert_null(place.target);
		assert_non_null(strstr(error.message, name));
	}
	free(place.target);
	free(place.zone);
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
	cw_auto_error struct cw_error error = {0};
	struct cw_dns_place first = {.size = sizeof(first), .name = "c1.chain.test"};
	struct cw_dns_place second = {.size = sizeof(second), .name = "c10.chain.test"};
	struct cw_dns_place *const places[] = {&first, &second};

	(void)state;
	need_server();
	assert_int_equal(locate(places, 2, named_resolver, &error), CW_E_PROTOCOL);
	assert_int_equal(first.result, CW_E_PROTOCOL);
	assert_int_equal(second.result, CW_OK);
	assert_string_equal(second.zone, "chain.test");
	assert_non_null(strstr(error.message, "\"c1.chain.test\""));
	free(second.target);
	free(second.zone);
}

static void
test_a_resolver_that_is_down_is_said(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *nobody = cw_format("127.0.0.1:%u", free_port());
	struct cw_dns_place place = {.size = sizeof(place), .name = "a.chain.test"};
	struct cw_dns_place *const places[] = {&place};

	(void)state;
	need_server();
	assert_int_equal(locate(places, 1, nobody, &error), CW_E_NETWORK);
	assert_non_null(strstr(error.message, "the resolver failed"));
	assert_non_null(strstr(cw_error_hint(&error), "--dns-resolver"));
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
	};

	return cmocka_run_group_tests(tests, begin, end);
}
