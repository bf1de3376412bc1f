#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "plugin_fixture.h"
#include "role_fixture.h"

#include "base/log.h"
#include "base/text.h"
#include "plugin/instance_internal.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The sample plugin of tests/abi, compiled against the first released header. */
#define SAMPLE "sample-1-0"

static int
begin(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	fixture_begin(abi_folder(), SAMPLE);
	return 0;
}

static int
end(void **state)
{
	fixture_end();
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	return scratch_remove(state);
}

/* The services as the plugin has them, in a call. */
static const struct cw_host *
host(void)
{
	return &fixture.instance->host;
}

static struct cw_call call;

static void
begin_call(void)
{
	cw_call_begin(&call, fixture.instance, "test");
}

static void
end_call(int status)
{
	cw_error_clear(&fixture.error);
	assert_int_equal(cw_call_end(&call, status, &fixture.error), status);
}

static void
test_prepare_gives_the_plugins_reason_and_hint(void **state)
{
	(void)state;
	set("sample_1_0_broken", "1");
	fixture_open();
	assert_int_equal(cw_instance_prepare(fixture.instance, &fixture.error), CW_E_UNSUPPORTED);
	assert_string_equal(fixture.error.message, "the sample was asked to be broken");
	assert_string_equal(fixture.error.hint, "leave --sample-1-0-broken out");
}

static void
test_challenge_types_depend_on_the_identifier(void **state)
{
	cw_auto_strv struct cw_strv dns = {0}, ip = {0};

	(void)state;
	fixture_open();
	cw_instance_challenge_types(fixture.instance, "dns", "a.example", &dns);
	cw_instance_challenge_types(fixture.instance, "ip", "192.0.2.1", &ip);
	assert_int_equal(dns.count, 2);
	assert_string_equal(dns.items[0], "dns-01");
	assert_int_equal(ip.count, 0);
}

static void
test_failure_of_one_name_is_its_own(void **state)
{
	struct batch batch = {.count = 0};
	const void *kept = NULL;
	size_t length = 0;

	(void)state;
	fixture_open();
	batch_add(&batch, "dns-01", "good.example");
	batch_add(&batch, "dns-01", "fail.example");
	batch_add(&batch, "dns-01", "silent.example");
	batch_add(&batch, "dns-01", "odd.example");
	assert_int_equal(batch_perform(&batch), CW_OK);
	assert_int_equal(batch.slots[0].challenge.result, CW_OK);
	assert_int_equal(batch.slots[1].challenge.result, CW_E_NOT_FOUND);
	assert_string_equal(batch.slots[1].error.message, "no way for \"fail.example\"");
	assert_string_equal(batch.slots[1].error.hint, "try another name");
	assert_string_equal(batch.slots[1].error.identifier, "fail.example");
	assert_int_equal(batch.slots[2].challenge.result, CW_E_IO);
	assert_non_null(strstr(batch.slots[2].error.message, "did not say why"));
	assert_int_equal(batch.slots[3].challenge.result, CW_E_PLUGIN);
	assert_int_equal(cw_shared_store_get(fixture.shared, SAMPLE, "token-0123456789-0_of-dns-01",
					     &kept, &length, NULL),
			 CW_OK);
	assert_int_equal(length, strlen("token-0123456789-0_of-dns-01.thumbprint"));
	assert_memory_equal(kept, "token-0123456789-0_of-dns-01.thumbprint", length);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(fixture.shared_count, 0);
	batch_clear(&batch);
}

static void
test_failure_of_the_call_is_the_failure_of_every_name(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	set("sample_1_0_status", "-9");
	fixture_open();
	batch_add(&batch, "dns-01", "good.example");
	batch_add(&batch, "dns-01", "fail.example");
	assert_int_equal(batch_perform(&batch), CW_E_NETWORK);
	assert_int_equal(batch.slots[0].challenge.result, CW_E_NETWORK);
	assert_string_equal(batch.slots[0].error.message, fixture.error.message);
	assert_non_null(strstr(fixture.error.message, "\"" SAMPLE "\" failed in \"perform\""));
	assert_int_equal(batch.slots[1].challenge.result, CW_E_NOT_FOUND);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	batch_clear(&batch);
}

static void
test_status_that_the_interface_does_not_have_is_the_plugins_failure(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	set("sample_1_0_status", "5");
	fixture_open();
	batch_add(&batch, "dns-01", "good.example");
	assert_int_equal(batch_perform(&batch), CW_E_PLUGIN);
	assert_non_null(strstr(fixture.error.message, "unknown status 5"));
	batch_clear(&batch);
}

static void
test_installer_names_come_once_each(void **state)
{
	cw_auto_strv struct cw_strv names = {0};

	(void)state;
	fixture_open();
	assert_int_equal(cw_instance_names(fixture.instance, &names, NULL), CW_OK);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[1], "two.example");
}

static void
test_deployment_is_written_and_rolled_back_by_checkpoint(void **state)
{
	const struct cw_deployment deployment = {.size = sizeof(deployment),
						 .lineage = "a",
						 .name = "a.example",
						 .fullchain_path = "/live/a/fullchain.pem"};
	cw_autofree char *target = NULL;

	(void)state;
	scratch_write("server.conf", "old", 0644);
	target = scratch_path("server.conf");
	set("sample_1_0_target", target);
	fixture_open();
	assert_int_equal(cw_instance_deploy(fixture.instance, &deployment, NULL), CW_OK);
	assert_true(scratch_says("server.conf", "/live/a/fullchain.pem"));
	assert_true(scratch_has("work/IN_PROGRESS"));
	begin_call();
	end_call(host()->checkpoint_revert(host()));
	assert_true(scratch_says("server.conf", "old"));
	assert_int_equal(cw_instance_deploy(fixture.instance, &deployment, NULL), CW_OK);
	assert_int_equal(cw_instance_save(fixture.instance, "a title", &fixture.error), CW_OK);
	assert_int_equal(scratch_count("work/backups"), 1);
}

static void
test_config_test_carries_the_servers_words(void **state)
{
	(void)state;
	fixture_open();
	assert_int_equal(cw_instance_config_test(fixture.instance, &fixture.error), CW_E_COMMAND);
	assert_non_null(strstr(fixture.error.message, "the server says: syntax error"));
}

static void
test_functions_that_the_plugin_lacks_succeed_but_not_an_enhancement(void **state)
{
	(void)state;
	fixture_open();
	assert_int_equal(cw_instance_reload(fixture.instance, NULL), CW_OK);
	assert_int_equal(cw_instance_reread(fixture.instance, NULL), CW_OK);
	assert_int_equal(cw_instance_enhance(fixture.instance, "a.example", "hsts", &fixture.error),
			 CW_E_UNSUPPORTED);
	assert_non_null(strstr(fixture.error.message, "\"hsts\""));
}

static void
test_options_are_read_in_their_own_namespace(void **state)
{
	(void)state;
	set("sample_1_0_place", "here,there");
	set("sample_1_0_places", "{\"a.example\": \"/srv\"}");
	fixture_open();
	assert_string_equal(host()->option(host(), "broken"), "0");
	assert_null(host()->option(host(), "target"));
	assert_null(host()->option(host(), "nonsense"));
	assert_int_equal(host()->option_count(host(), "place"), 2);
	assert_string_equal(host()->option_at(host(), "place", 1), "there");
	assert_null(host()->option_at(host(), "place", 2));
	assert_string_equal(host()->option_map(host(), "places", "a.example"), "/srv");
	assert_null(host()->option_map(host(), "places", "b.example"));
	assert_int_equal(host()->option_given(host(), "place"), 1);
	assert_int_equal(host()->option_given(host(), "target"), 0);
}

static void
test_option_that_the_plugin_sets_takes_the_place_of_what_was_there(void **state)
{
	(void)state;
	set("sample_1_0_places", "{\"a.example\": \"/srv\"}");
	set("sample_1_0_status", "3");
	fixture_open();
	begin_call();
	assert_int_equal(host()->set_option(host(), "places", "b.example", "/b"), CW_OK);
	assert_int_equal(host()->set_option(host(), "places", "a.example", "/a"), CW_OK);
	assert_string_equal(host()->option_map(host(), "places", "a.example"), "/a");
	assert_string_equal(host()->option_map(host(), "places", "b.example"), "/b");
	assert_int_equal(host()->set_option(host(), "places", "a.example", NULL), CW_OK);
	assert_null(host()->option_map(host(), "places", "a.example"));
	assert_int_equal(host()->set_option(host(), "status", NULL, "4"), CW_OK);
	assert_string_equal(host()->option(host(), "status"), "4");
	assert_int_equal(host()->set_option(host(), "status", NULL, "four"), CW_E_INVALID);
	assert_string_equal(host()->option(host(), "status"), "4");
	assert_int_equal(host()->set_option(host(), "nonsense", NULL, "4"), CW_E_PLUGIN);
	end_call(CW_OK);
	assert_true(cw_settings_given(fixture.settings, "sample_1_0_status"));
}

static void
test_settings_of_the_core_are_those_that_concern_plugins(void **state)
{
	(void)state;
	fixture_open();
	assert_string_equal(host()->setting(host(), "http-01-port"), "80");
	assert_string_equal(host()->setting(host(), "work-dir"), fixture.directories.work);
	assert_null(host()->setting(host(), "sample-1-0-status"));
	assert_null(host()->setting(host(), "email"));
}

static void
test_questions_fail_when_nobody_is_there(void **state)
{
	char *answer = NULL;
	int yes = 1;

	(void)state;
	fixture_open();
	assert_int_equal(host()->interactive(host()), 0);
	begin_call();
	assert_int_equal(host()->ask_text(host(), "Which?", 0, &answer), CW_E_USAGE);
	assert_int_equal(host()->ask_yes_no(host(), "Really?", &yes), CW_E_USAGE);
	assert_null(answer);
	assert_int_equal(yes, 1);
	end_call(CW_E_USAGE);
	assert_non_null(strstr(fixture.error.message, "Really?"));
}

static void
test_secrets_do_not_appear_in_errors(void **state)
{
	(void)state;
	fixture_open();
	begin_call();
	host()->secret(host(), "hunter2-and-more");
	(void)(host()->fail)(host(), CW_E_NETWORK, "not hunter2-and-more",
			     "said hunter2-and-more to it");
	end_call(CW_E_NETWORK);
	assert_string_equal(fixture.error.hint, "not [secret]");
	assert_string_equal(fixture.error.message, "said [secret] to it");
}

static void
test_credentials_that_others_can_write_are_refused(void **state)
{
	cw_autofree char *path = scratch_path("credentials.ini");
	char *text = NULL;

	(void)state;
	scratch_write("credentials.ini", "# a = comment\nkey = \"swordfish-9\"\n", 0600);
	fixture_open();
	begin_call();
	assert_int_equal(host()->read_credentials(host(), path, &text), CW_OK);
	assert_string_equal(text, "# a = comment\nkey = \"swordfish-9\"\n");
	host()->release(host(), text);
	cw_autofree char *redacted = cw_redact("it is swordfish-9, a comment");
	assert_string_equal(redacted, "it is [secret], a comment");
	assert_int_equal(chmod(path, 0620), 0);
	assert_int_equal(host()->read_credentials(host(), path, &text), CW_E_PERMISSION);
	assert_null(text);
	assert_int_equal(host()->read_credentials(host(), "/nonexistent/file", &text),
			 CW_E_NOT_FOUND);
	end_call(CW_E_NOT_FOUND);
}

static void
test_private_files_are_read_without_taking_secrets(void **state)
{
	static const mode_t refused[] = {0644, 0604, 0602, 0620};
	cw_autofree char *path = scratch_path("private.ini");
	char *text = NULL;

	(void)state;
	scratch_write("private.ini", "server = 192.0.2.7\n", 0640);
	fixture_open();
	begin_call();
	assert_int_equal(host()->read_private(host(), path, &text), CW_OK);
	assert_string_equal(text, "server = 192.0.2.7\n");
	host()->release(host(), text);
	cw_autofree char *redacted = cw_redact("it is 192.0.2.7");
	assert_string_equal(redacted, "it is 192.0.2.7");
	for (size_t i = 0; i < CW_COUNT(refused); i++) {
		assert_int_equal(chmod(path, refused[i]), 0);
		assert_int_equal(host()->read_private(host(), path, &text), CW_E_PERMISSION);
		assert_null(text);
	}
	end_call(CW_E_PERMISSION);
}

static void
test_shared_values_are_kept_by_key(void **state)
{
	size_t length = 0;
	char *data = NULL;

	(void)state;
	fixture_open();
	begin_call();
	assert_int_equal(host()->shared_get(host(), "key", &data, &length), CW_E_NOT_FOUND);
	assert_int_equal(host()->shared_put(host(), "key", "a\0b", 3), CW_OK);
	assert_int_equal(host()->shared_get(host(), "key", &data, &length), CW_OK);
	assert_int_equal(length, 3);
	assert_memory_equal(data, "a\0b", 4);
	host()->release(host(), data);
	assert_int_equal(host()->shared_put(host(), "key", "", 0), CW_OK);
	assert_int_equal(host()->shared_get(host(), "key", &data, &length), CW_OK);
	assert_string_equal(data, "");
	host()->release(host(), data);
	assert_int_equal(host()->shared_put(host(), "key", NULL, 0), CW_OK);
	assert_int_equal(host()->shared_put(host(), "key", NULL, 0), CW_OK);
	assert_int_equal(host()->shared_get(host(), "key", &data, &length), CW_E_NOT_FOUND);
	assert_int_equal(host()->shared_put(host(), "../key", "a", 1), CW_E_PLUGIN);
	assert_int_equal(host()->shared_put(host(), "..", "a", 1), CW_E_PLUGIN);
	assert_int_equal(host()->shared_put(host(), "", "a", 1), CW_E_PLUGIN);
	assert_int_equal(host()->shared_put(host(), "big", "a", 64 * 1024 + 1), CW_E_PLUGIN);
	end_call(CW_E_PLUGIN);
}

static unsigned seen;
static char *call_names;

static void
note_call(void *context, const char *plugin, const char *name)
{
	cw_autofree char *before = call_names;

	(void)context;
	assert_string_equal(plugin, SAMPLE);
	call_names = cw_format("%s%s ", before != NULL ? before : "", name != NULL ? name : "-");
}

static void
take_byte(void *context, int descriptor, short events)
{
	char byte;

	(void)events;
	assert_int_equal(read(descriptor, &byte, 1), 1);
	seen++;
	(void)(host()->fail)(host(), CW_E_IO, NULL, "of the watch");
	/* A callback may end its own watch. */
	host()->watch(host(), descriptor, 0, NULL, context);
}

static void
test_watch_is_called_while_a_service_runs_and_keeps_its_errors_apart(void **state)
{
	const char *const argv[] = {"sleep", "0.05", NULL};
	struct cw_command command = {.size = sizeof(command), .argv = argv};
	struct cw_command_result result = {.size = sizeof(result)};
	int pipes[2];

	(void)state;
	seen = 0;
	fixture.services.in_call = note_call;
	fixture_open();
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "xy", 2), 2);
	begin_call();
	assert_int_equal(host()->watch(host(), pipes[0], POLLIN, take_byte, NULL), CW_OK);
	assert_int_equal(cw_host_run(host(), &command, &result), CW_OK);
	assert_int_equal(seen, 1);
	cw_host_release_result(host(), &result);
	end_call(CW_OK);
	assert_string_equal(call_names, "open - test watch test - ");
	free(cw_take(&call_names));
	fixture.services.in_call = NULL;
	close(pipes[0]);
	close(pipes[1]);
}

static void
test_cleanup_ends_all_watches(void **state)
{
	struct batch batch = {.count = 0};
	int pipes[2];

	(void)state;
	seen = 0;
	fixture_open();
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	batch_add(&batch, "dns-01", "good.example");
	assert_int_equal(batch_perform(&batch), CW_OK);
	host()->watch(host(), pipes[0], POLLIN, take_byte, NULL);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	cw_loop_turn(fixture.loop, 0, NULL);
	assert_int_equal(seen, 0);
	batch_clear(&batch);
	close(pipes[0]);
	close(pipes[1]);
}

static void
test_what_is_registered_to_be_undone_is_undone_when_the_process_dies(void **state)
{
	cw_autofree char *path = NULL;
	unsigned id = 0;

	(void)state;
	fixture_open();
	scratch_write("made", "", 0600);
	path = scratch_path("made");
	begin_call();
	assert_int_equal(host()->undo_remove(host(), "relative", &id), CW_E_PLUGIN);
	assert_int_equal(host()->undo_remove(host(), path, &id), CW_OK);
	assert_int_equal(scratch_count("work/certwright/undo"), 1);
	assert_int_equal(host()->undo_done(host(), id), CW_OK);
	assert_int_equal(scratch_count("work/certwright/undo"), 0);
	end_call(CW_OK);
}

static void
test_command_that_is_cut_short_is_refused(void **state)
{
	const char *const argv[] = {"true", NULL};
	struct cw_command command = {.size = sizeof(size_t), .argv = argv};
	struct cw_command_result result = {.size = sizeof(result)};

	(void)state;
	fixture_open();
	begin_call();
	assert_int_equal(cw_host_run(host(), &command, &result), CW_E_PLUGIN);
	end_call(CW_E_PLUGIN);
	assert_non_null(strstr(fixture.error.message, "misused the service \"run\""));
}

static void
test_malformed_http_requests_are_refused(void **state)
{
	const struct cw_http_header header = {sizeof(header), "X-Name", "a\r\nHost: other"};
	const struct cw_http_header *const headers[] = {&header, NULL};
	struct cw_http_request request = {.size = sizeof(request), .url = "file:///etc/passwd"};
	struct cw_http_response response = {.size = sizeof(response)};

	(void)state;
	fixture_open();
	begin_call();
	assert_int_equal(host()->http(host(), &request, &response), CW_E_PLUGIN);
	request.url = "https://example.org/";
	request.headers = headers;
	assert_int_equal(host()->http(host(), &request, &response), CW_E_PLUGIN);
	request.headers = NULL;
	assert_int_equal(host()->http(host(), &request, &response), CW_E_NETWORK);
	end_call(CW_E_NETWORK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prepare_gives_the_plugins_reason_and_hint),
		TEST(test_challenge_types_depend_on_the_identifier),
		TEST(test_failure_of_one_name_is_its_own),
		TEST(test_failure_of_the_call_is_the_failure_of_every_name),
		TEST(test_status_that_the_interface_does_not_have_is_the_plugins_failure),
		TEST(test_installer_names_come_once_each),
		TEST(test_deployment_is_written_and_rolled_back_by_checkpoint),
		TEST(test_config_test_carries_the_servers_words),
		TEST(test_functions_that_the_plugin_lacks_succeed_but_not_an_enhancement),
		TEST(test_options_are_read_in_their_own_namespace),
		TEST(test_option_that_the_plugin_sets_takes_the_place_of_what_was_there),
		TEST(test_settings_of_the_core_are_those_that_concern_plugins),
		TEST(test_questions_fail_when_nobody_is_there),
		TEST(test_secrets_do_not_appear_in_errors),
		TEST(test_credentials_that_others_can_write_are_refused),
		TEST(test_private_files_are_read_without_taking_secrets),
		TEST(test_shared_values_are_kept_by_key),
		TEST(test_watch_is_called_while_a_service_runs_and_keeps_its_errors_apart),
		TEST(test_cleanup_ends_all_watches),
		TEST(test_what_is_registered_to_be_undone_is_undone_when_the_process_dies),
		TEST(test_command_that_is_cut_short_is_refused),
		TEST(test_malformed_http_requests_are_refused),
	};
	int status;

	if (was_plugin_process(argc, argv, &status))
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
