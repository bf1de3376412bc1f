#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plain_host.h"

#include "common/outcome.h"
#include "dns-exec/calls.h"

enum { COUNT = 3 };

static struct work works[COUNT];
static struct cw_challenge challenges[COUNT];
static struct cw_challenge *pointers[COUNT];
static struct caller caller;

static void
make(size_t i, const char *identifier, const char *record, int wildcard)
{
	works[i] = (struct work){.place.record = (char *)(uintptr_t)record};
	challenges[i] = (struct cw_challenge){
		.size = sizeof(challenges[i]),
		.lineage = i < 2 ? "first" : "second",
		.type = "dns-01",
		.identifier_type = "dns",
		.identifier = identifier,
		.wildcard = wildcard,
		.token = i == 0   ? "token-a"
			 : i == 1 ? "token-b"
				  : "token-c",
		.key_authorization = i == 0   ? "key-a"
				     : i == 1 ? "key-b"
					      : "key-c",
		.validation = i == 0   ? "value-a"
			      : i == 1 ? "value-b"
				       : "value-c",
		.plugin_data = &works[i],
	};
	pointers[i] = &challenges[i];
}

static int
begin(void **state)
{
	plain_begin(state);
	make(0, "a.example", "_acme-challenge.a.example", 0);
	make(1, "a.example", "_acme-challenge.a.example", 1);
	make(2, "c.example", "a-name.other.example", 0);
	caller = (struct caller){.host = &plain_host,
				 .style = STYLE_LEGO,
				 .program = "/bin/dns",
				 .challenges = pointers,
				 .count = COUNT};
	return 0;
}

static int
takes_all(const struct cw_challenge *challenge)
{
	(void)challenge;
	return 1;
}

static void
says(enum style style, enum action action, size_t index, const char *words)
{
	struct calls calls = {NULL, 0};

	caller.style = style;
	assert_int_equal(calls_make(&caller, action, takes_all, &calls), CW_OK);
	is_words(calls.items[index].argv, words);
	calls_clear(&plain_host, &calls);
}

static void
test_each_style_has_its_words(void **state)
{
	(void)state;
	says(STYLE_LEGO, ACTION_PRESENT, 0, "/bin/dns present _acme-challenge.a.example. value-a");
	says(STYLE_LEGO, ACTION_CLEANUP, 1, "/bin/dns cleanup _acme-challenge.a.example. value-b");
	says(STYLE_LEGO, ACTION_PRESENT, 2, "/bin/dns present a-name.other.example. value-c");
	/* lego's raw mode computes the record itself. */
	says(STYLE_LEGO_RAW, ACTION_PRESENT, 0, "/bin/dns present -- a.example token-a key-a");
	says(STYLE_LEGO_RAW, ACTION_CLEANUP, 2, "/bin/dns cleanup -- c.example token-c key-c");
	says(STYLE_DEHYDRATED, ACTION_PRESENT, 0,
	     "/bin/dns deploy_challenge a.example token-a value-a");
	says(STYLE_DEHYDRATED, ACTION_CLEANUP, 1,
	     "/bin/dns clean_challenge a.example token-b value-b");
	/* It has no way to name another record than _acme-challenge.NAME. */
	says(STYLE_DEHYDRATED, ACTION_PRESENT, 2,
	     "/bin/dns deploy_challenge c.example token-c value-c");
	says(STYLE_CERTBOT, ACTION_PRESENT, 0, "/bin/dns");
}

static void
test_an_alias_of_the_usual_form_is_the_domain(void **state)
{
	(void)state;
	make(2, "c.example", "_acme-challenge.delegated.example", 0);
	says(STYLE_DEHYDRATED, ACTION_PRESENT, 2,
	     "/bin/dns deploy_challenge delegated.example token-c value-c");
}

static void
test_a_hook_chain_is_one_call_for_each_certificate(void **state)
{
	struct calls calls = {NULL, 0};

	(void)state;
	caller.style = STYLE_DEHYDRATED;
	caller.chain = 1;
	assert_int_equal(calls_make(&caller, ACTION_PRESENT, takes_all, &calls), CW_OK);
	assert_int_equal(calls.count, 2);
	is_words(calls.items[0].argv,
		 "/bin/dns deploy_challenge a.example token-a value-a a.example token-b value-b");
	assert_string_equal(value_in(calls.items[0].environment, "HOOK_CHAIN"), "yes");
	calls_clear(&plain_host, &calls);
}

static void
test_another_program_may_clean_up(void **state)
{
	(void)state;
	caller.cleanup_program = "/bin/undo";
	says(STYLE_LEGO, ACTION_PRESENT, 2, "/bin/dns present a-name.other.example. value-c");
	says(STYLE_LEGO, ACTION_CLEANUP, 2, "/bin/undo cleanup a-name.other.example. value-c");
}

static void
test_the_environment_says_what_is_done(void **state)
{
	struct calls calls = {NULL, 0};

	(void)state;
	assert_int_equal(calls_make(&caller, ACTION_CLEANUP, takes_all, &calls), CW_OK);
	assert_string_equal(value_in(calls.items[2].environment, "CERTWRIGHT_RECORD"),
			    "a-name.other.example");
	assert_string_equal(value_in(calls.items[2].environment, "CERTWRIGHT_ACTION"), "cleanup");
	assert_null(value_in(calls.items[2].environment, "CERTBOT_DOMAIN"));
	assert_null(value_in(calls.items[2].environment, "HOOK_CHAIN"));
	calls_clear(&plain_host, &calls);
}

static void
test_the_style_certbot_is_all_in_the_environment(void **state)
{
	struct calls calls = {NULL, 0};
	char **environment;

	(void)state;
	caller.style = STYLE_CERTBOT;
	works[1].output = (char *)(uintptr_t) "what it wrote";
	assert_int_equal(calls_make(&caller, ACTION_PRESENT, takes_all, &calls), CW_OK);
	environment = calls.items[1].environment;
	assert_string_equal(value_in(environment, "CERTBOT_DOMAIN"), "a.example");
	assert_string_equal(value_in(environment, "CERTBOT_VALIDATION"), "value-b");
	assert_string_equal(value_in(environment, "CERTBOT_AUTH_OUTPUT"), "");
	calls_clear(&plain_host, &calls);
	assert_int_equal(calls_make(&caller, ACTION_CLEANUP, takes_all, &calls), CW_OK);
	assert_string_equal(value_in(calls.items[1].environment, "CERTBOT_AUTH_OUTPUT"),
			    "what it wrote");
	calls_clear(&plain_host, &calls);
}

/* Two values of one record: neither program may overwrite what the other has just written. */
static void
test_calls_for_one_record_do_not_run_together(void **state)
{
	struct calls calls = {NULL, 0};

	(void)state;
	caller.jobs = 10;
	assert_int_equal(calls_make(&caller, ACTION_PRESENT, takes_all, &calls), CW_OK);
	assert_int_equal(calls.items[0].round, 0);
	assert_int_equal(calls.items[1].round, 1);
	assert_int_equal(calls.items[2].round, 0);
	assert_int_equal(calls_run(&caller, &calls), CW_OK);
	assert_string_equal(plain.commands_seen, "value-a\nvalue-c\nvalue-b\n");
	calls_clear(&plain_host, &calls);
}

static void
test_how_a_program_ended_is_told_in_words(void **state)
{
	static const struct {
		struct cw_command_result result;
		const char *message, *hint;
	} cases[] = {
		{{.status = CW_E_COMMAND, .exit_status = 3},
		 "it failed with exit status 3: why",
		 "by hand"},
		{{.status = CW_E_COMMAND, .signal = 9, .exit_status = -1},
		 "it was ended by signal 9 (Killed): why",
		 "by hand"},
		{{.status = CW_E_TIMEOUT},
		 "it did not end within its time limit of 7 s: why",
		 "more time with --limit"},
		{{.status = CW_E_NOT_FOUND}, "it could not be run: why", "path"},
		{{.status = CW_E_PERMISSION}, "it could not be run: why", "chmod"},
		{{.status = CW_E_CANCELLED}, "it was interrupted", ""},
	};
	const struct outcome_program program = {
		.what = "it", .limit = 7, .limit_option = "--limit"};
	char error[] = "much\nwhy\n\n";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cw_command_result result = cases[i].result;

		result.error_output = error;
		result.error_output_length = strlen(error);
		assert_int_equal(outcome_judge(&plain_host, &result, &program), result.status);
		assert_string_equal(plain.message, cases[i].message);
		assert_non_null(strstr(plain.hint, cases[i].hint));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, plain_end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_each_style_has_its_words),
		TEST(test_an_alias_of_the_usual_form_is_the_domain),
		TEST(test_a_hook_chain_is_one_call_for_each_certificate),
		TEST(test_another_program_may_clean_up),
		TEST(test_the_environment_says_what_is_done),
		TEST(test_the_style_certbot_is_all_in_the_environment),
		TEST(test_calls_for_one_record_do_not_run_together),
		TEST(test_how_a_program_ended_is_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
