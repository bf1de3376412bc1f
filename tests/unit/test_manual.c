#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plain_host.h"

#include "common/hook_environment.h"
#include "common/words.h"
#include "manual/hooks.h"
#include "manual/instructions.h"

enum { COUNT = 3 };

static struct work works[COUNT];
static struct cw_challenge challenges[COUNT];
static struct cw_challenge *pointers[COUNT];

static void
make(size_t i, const char *type, const char *identifier, const char *location, const char *value)
{
	works[i] = (struct work){.output = NULL};
	challenges[i] = (struct cw_challenge){
		.size = sizeof(challenges[i]),
		.lineage = "test",
		.type = type,
		.identifier_type = strchr(identifier, ':') != NULL ? "ip" : "dns",
		.identifier = identifier,
		.token = "the-token",
		.key_authorization = value,
		.validation = value,
		.location = location,
		.plugin_data = &works[i],
	};
	pointers[i] = &challenges[i];
}

static int
begin(void **state)
{
	plain_begin(state);
	make(0, "http-01", "a.example", "/.well-known/acme-challenge/the-token", "value-a");
	make(1, "dns-01", "b.example", "_acme-challenge.b.example", "value-b");
	make(2, "dns-01", "b.example", "_acme-challenge.b.example", "value-c");
	return 0;
}

static int
end(void **state)
{
	for (size_t i = 0; i < COUNT; i++)
		free(works[i].output);
	return plain_end(state);
}

static void
test_hooks_are_told_what_certbot_tells_them(void **state)
{
	char **environment = hook_environment(pointers[0], pointers, COUNT, NULL, NULL);

	(void)state;
	assert_string_equal(value_in(environment, "CERTBOT_DOMAIN"), "a.example");
	assert_string_equal(value_in(environment, "CERTBOT_IDENTIFIER"), "a.example");
	assert_string_equal(value_in(environment, "CERTBOT_VALIDATION"), "value-a");
	assert_string_equal(value_in(environment, "CERTBOT_TOKEN"), "the-token");
	assert_string_equal(value_in(environment, "CERTBOT_REMAINING_CHALLENGES"), "2");
	assert_string_equal(value_in(environment, "CERTBOT_ALL_DOMAINS"),
			    "a.example,b.example,b.example");
	assert_string_equal(value_in(environment, "CERTBOT_ALL_IDENTIFIERS"),
			    "a.example,b.example,b.example");
	/* Of an outer run it would be mistaken for ours. */
	assert_string_equal(value_in(environment, "CERTBOT_AUTH_OUTPUT"), "");
	words_free(environment);
	environment = hook_environment(pointers[2], pointers, COUNT, "as the first said", NULL);
	assert_string_equal(value_in(environment, "CERTBOT_TOKEN"), "");
	assert_string_equal(value_in(environment, "CERTBOT_REMAINING_CHALLENGES"), "0");
	assert_string_equal(value_in(environment, "CERTBOT_AUTH_OUTPUT"), "as the first said");
	words_free(environment);
}

static void
test_other_certificates_of_the_batch_are_not_told_of(void **state)
{
	char **environment;

	(void)state;
	challenges[1].lineage = "another";
	environment = hook_environment(pointers[0], pointers, COUNT, NULL, NULL);
	assert_string_equal(value_in(environment, "CERTBOT_ALL_DOMAINS"), "a.example,b.example");
	assert_string_equal(value_in(environment, "CERTBOT_REMAINING_CHALLENGES"), "1");
	words_free(environment);
}

static void
test_further_variables_take_the_place_of_those_of_their_name(void **state)
{
	static const char *const extra[] = {"CERTBOT_DOMAIN=delegated.example", "MORE=1", NULL};
	char **environment = hook_environment(pointers[0], pointers, COUNT, NULL, extra);
	size_t found = 0;

	(void)state;
	for (char **one = environment; *one != NULL; one++)
		found += strncmp(*one, "CERTBOT_DOMAIN=", 15) == 0 ? 1 : 0;
	assert_int_equal(found, 1);
	assert_string_equal(value_in(environment, "CERTBOT_DOMAIN"), "delegated.example");
	assert_string_equal(value_in(environment, "MORE"), "1");
	words_free(environment);
}

static void
test_what_is_run_after_a_crash_has_the_same_environment(void **state)
{
	static const char *const argv[] = {"/bin/sh", "-c", "clean", NULL};
	char a[] = "A=1", unset[] = "UNSET", b[] = "B=two words";
	char *environment[] = {a, unset, b, NULL};
	struct undo undo = {0, 0};

	(void)state;
	assert_int_equal(hook_environment_undo(&plain_host, &undo, environment, argv), CW_OK);
	/* env(1) wants what is unset first. */
	is_words(plain.command.items, "env -u UNSET A=1 B=two words /bin/sh -c clean");
	assert_int_equal(plain.command.count, 8);
	/* Another command takes its place. */
	assert_int_equal(hook_environment_undo(&plain_host, &undo, environment, argv), CW_OK);
	assert_int_equal(plain.undone, 1);
	undo_forget(&plain_host, &undo);
	assert_int_equal(plain.undone, 2);
}

static void
test_output_is_given_without_the_space_around_it(void **state)
{
	static const char *const cases[][2] = {
		{" \n two words\t\n\n", "two words"}, {"", ""}, {"\n\n", ""}, {"x", "x"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = hook_output(cases[i][0], strlen(cases[i][0]));

		assert_string_equal(text, cases[i][1]);
		free(text);
	}
}

static void
test_the_cleanup_hook_gets_what_the_auth_hook_wrote(void **state)
{
	(void)state;
	cw_strv_add(&plain.options, "auth-hook=authenticate");
	cw_strv_add(&plain.options, "cleanup-hook=clean");
	strcpy(plain.command_output, "record 17\n");
	assert_int_equal(hook_authenticate(&plain_host, pointers[1], pointers, COUNT), CW_OK);
	assert_string_equal(works[1].output, "record 17");
	/* A crash from here on is cleaned up with it too. */
	assert_true(cw_strv_contains(&plain.command, "CERTBOT_AUTH_OUTPUT=record 17"));
	assert_int_equal(hook_clean_up(&plain_host, pointers[1], pointers, COUNT), CW_OK);
	assert_string_equal(plain.commands_seen, "authenticate\nclean\n");
}

static void
test_a_hook_that_fails_names_itself_and_its_name(void **state)
{
	(void)state;
	cw_strv_add(&plain.options, "auth-hook=authenticate");
	plain.command_status = CW_E_COMMAND;
	assert_int_equal(hook_authenticate(&plain_host, pointers[1], pointers, COUNT),
			 CW_E_COMMAND);
	assert_string_equal(plain.message, "the hook --manual-auth-hook for \"b.example\" failed "
					   "with exit status 1: the last line");
	/* It may have done something: it is cleaned up, if there is a hook for that. */
	assert_non_null(works[1].output);
	assert_int_equal(hook_clean_up(&plain_host, pointers[1], pointers, COUNT), CW_OK);
	assert_string_equal(plain.commands_seen, "authenticate\n");
}

static void
test_what_was_never_set_up_is_not_cleaned_up(void **state)
{
	(void)state;
	cw_strv_add(&plain.options, "cleanup-hook=clean");
	assert_int_equal(hook_clean_up(&plain_host, pointers[1], pointers, COUNT), CW_OK);
	assert_string_equal(plain.commands_seen, "");
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void
test_instructions_are_one_text_for_all_names(void **state)
{
	char certificate[] = "/w/cert.pem", key[] = "/w/key.pem";
	struct validation_files files = {.certificate = certificate, .key = key};
	struct cw_challenge alpn = challenges[0], address = challenges[0];
	const struct instruction list[] = {{&challenges[0], NULL},
					   {&challenges[1], NULL},
					   {&challenges[2], NULL},
					   {&address, NULL},
					   {&alpn, &files}};
	char *text;

	(void)state;
	alpn.type = "tls-alpn-01";
	alpn.location = "t.example";
	address.identifier_type = "ip";
	address.identifier = "2001:db8::1";
	text = instructions_text(&plain_host, list, sizeof(list) / sizeof(list[0]));
	has(text, "these files");
	has(text, "http://a.example/.well-known/acme-challenge/the-token\n  data:  value-a");
	has(text, "http://[2001:db8::1]/.well-known");
	has(text, "name:   _acme-challenge.b.example.\n  value:  value-b");
	has(text, "create two records");
	has(text, "\"acme-tls/1\"");
	has(text,
	    "name:         t.example\n  certificate:  /w/cert.pem\n  key:          /w/key.pem");
	free(text);
	text = instructions_text(&plain_host, list, 1);
	has(text, "this file with");
	assert_null(strstr(text, "TXT"));
	assert_null(strstr(text, "acme-tls"));
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_hooks_are_told_what_certbot_tells_them),
		TEST(test_other_certificates_of_the_batch_are_not_told_of),
		TEST(test_further_variables_take_the_place_of_those_of_their_name),
		TEST(test_what_is_run_after_a_crash_has_the_same_environment),
		TEST(test_output_is_given_without_the_space_around_it),
		TEST(test_the_cleanup_hook_gets_what_the_auth_hook_wrote),
		TEST(test_a_hook_that_fails_names_itself_and_its_name),
		TEST(test_what_was_never_set_up_is_not_cleaned_up),
		TEST(test_instructions_are_one_text_for_all_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
