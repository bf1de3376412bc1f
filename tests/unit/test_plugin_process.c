/* The coordinator's side and the plugin process, with a plugin that acts as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "plugin/process.h"
#include "plugin_fixture.h"
#include "role_fixture.h"
#include "store/state.h"

#include "base/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static struct cw_plugin_process *process;
static struct cw_plugin_opening opening;
static struct cw_shared_store *store;
static char *warning;

/* The call under way. */
static struct {
	bool done;
	struct cw_error error;
} call;

/* What the handlers were asked. */
static struct {
	struct cw_plugin_request *request; /* kept, to be answered by the test */
	bool keep;
	enum cw_plugin_message service;
	int listener;
	unsigned port;
	char questions[8]; /* the kind of each */
	bool gone;         /* the process was, when the answer came */
} asked;

static void
done(void *context, const struct cw_error *error)
{
	(void)context;
	assert_false(call.done);
	call.done = true;
	cw_error_copy(&call.error, error);
}

/* The end of the call under way. */
static int
wait_for_end(void)
{
	cw_error_clear(&call.error);
	assert_int_equal(cw_loop_until(fixture.loop, &call.done, NULL), CW_OK);
	call.done = false;
	return call.error.status;
}

static void
on_question(void *context, const struct cw_plugin_question *question,
	    struct cw_plugin_request *request)
{
	char text[] = "pa55word";
	struct cw_plugin_reply reply = {.yes = true, .choice = 1, .text = text};

	(void)context;
	asked.questions[strlen(asked.questions)] = (char)('0' + question->kind);
	if (asked.keep)
		asked.request = request;
	else
		cw_plugin_answer_question(request, &reply, NULL);
}

static void
on_listen(void *context, const char *address, unsigned port, struct cw_plugin_request *request)
{
	cw_auto_error struct cw_error error = {0};
	bool by_run;

	(void)context;
	asked.port = port;
	if (asked.listener < 0)
		cw_listen(address, 0, &asked.listener, &by_run, &error);
	cw_plugin_answer_listen(request, asked.listener, &error);
}

static void
on_unlisten(void *context, const char *address, unsigned port, struct cw_plugin_request *request)
{
	(void)context;
	assert_string_equal(address, "127.0.0.1");
	assert_int_equal(port, asked.port);
	asked.port = 0;
	cw_plugin_answer(request, NULL);
}

/* As the network process would answer. */
static void
on_network(void *context, enum cw_plugin_message service, struct cw_message *message,
	   struct cw_plugin_request *request)
{
	struct cw_message *answer = cw_message_new(7);
	cw_auto_strv struct cw_strv headers = {0};

	(void)context;
	asked.service = service;
	cw_message_free(message);
	cw_message_put_error(answer, NULL);
	if (service == CW_PLUGIN_HTTP) {
		cw_strv_add(&headers, "content-type: text/plain");
		cw_message_put_int(answer, 200);
		cw_message_put_list(answer, &headers);
		cw_message_put_bytes(answer, "page", 4);
	} else if (service == CW_PLUGIN_DNS_EXCHANGE) {
		cw_message_put_bytes(answer, "the answer", 10);
	} else {
		cw_message_put_int(answer, CW_E_NETWORK);
		cw_message_put_text(answer, NULL);
		cw_message_put_text(answer, NULL);
		cw_message_put_text(answer, "no resolver");
	}
	cw_plugin_answer_network(request, answer, NULL);
}

static int
on_set_option(void *context, const char *name, const char *key, const char *value,
	      struct cw_error *error)
{
	(void)context;
	return cw_module_set_option(fixture.module, fixture.settings, name, key, value, error);
}

static bool
on_concerns(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "one.example") == 0;
}

static const struct cw_plugin_handlers handlers = {
	.ask = on_question,
	.listen = on_listen,
	.unlisten = on_unlisten,
	.network = on_network,
	.set_option = on_set_option,
	.concerns = on_concerns,
};

static void
keep_warning(void *context, enum cw_log_level level, const char *line)
{
	(void)context;
	(void)level;
	free(warning);
	warning = cw_strdup(line);
}

static int
begin_with(void **state, const char *folder, const char *plugin)
{
	if (scratch_make(state) != 0)
		return -1;
	memset(&asked, 0, sizeof(asked));
	asked.listener = -1;
	cw_log_set_terminal(keep_warning, NULL, CW_LOG_WARNING);
	fixture_begin(folder, plugin);
	store = cw_shared_store_new();
	opening = (struct cw_plugin_opening){
		.handlers = &handlers,
		.settings = fixture.settings,
		.directories = &fixture.directories,
		.store = store,
		.interactive = true,
	};
	assert_int_equal(
		cw_plugin_process_take(fixture.module, fixture.loop, &process, &fixture.error),
		CW_OK);
	return 0;
}

static int
begin(void **state)
{
	return begin_with(state, abi_folder(), "acting");
}

static int
begin_sample(void **state)
{
	return begin_with(state, abi_folder(), "sample-1-0");
}

static int
begin_standalone(void **state)
{
	return begin_with(state, plugins_folder(), "standalone");
}

static int
end(void **state)
{
	cw_plugin_process_free(cw_take(&process));
	cw_shared_store_free(store);
	cw_error_clear(&call.error);
	cw_log_set_terminal(NULL, NULL, CW_LOG_WARNING);
	free(cw_take(&warning));
	if (asked.listener >= 0)
		close(asked.listener);
	fixture_end();
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	return scratch_remove(state);
}

static int
open_process(void)
{
	cw_plugin_process_open(process, &opening, done, NULL);
	return wait_for_end();
}

/* Opens it, and has it do WHAT for "a.example". */
static int
perform(const char *what, struct batch *batch)
{
	set("acting_act", what);
	assert_int_equal(open_process(), CW_OK);
	batch_add(batch, "http-01", "a.example");
	cw_plugin_process_perform(process, batch->pointers, batch->count, done, NULL);
	return wait_for_end();
}

static void
error_says(const char *const *texts)
{
	cw_autofree char *line = cw_error_line(&call.error);

	for (; *texts != NULL; texts++)
		if (strstr(line, *texts) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", line, *texts);
}

#define ERROR_SAYS(...) error_says((const char *const[]){__VA_ARGS__, NULL})

static void
test_description_is_that_of_the_module(void **state)
{
	const struct cw_module *module = cw_plugin_process_module(process);
	const struct cw_plugin_description *about = module->about;

	(void)state;
	assert_string_equal(about->version, "2.0");
	assert_string_equal(about->description, "Acts as it is told");
	assert_string_equal(about->help, "For tests.");
	assert_true(about->authenticator);
	assert_false(about->installer);
	assert_false(about->exclusive);
	assert_int_equal(about->dns_types.count, 2);
	assert_int_equal(about->ip_types.count, 1);
	assert_int_equal(about->option_count, 5);
	assert_string_equal(module->options[0]->names[0], "acting-act");
	assert_string_equal(module->options[0]->metavar, "WHAT");
	assert_string_equal(module->options[1]->default_value, "nothing");
	assert_string_equal(module->options[2]->choices[1], "green");
	assert_null(module->options[2]->choices[2]);
	assert_string_equal(module->options[3]->fills_map, "acting_map");
	assert_int_equal(module->options[4]->kind, CW_OPTION_MAP);
}

static void
test_types_come_for_each_identifier(void **state)
{
	cw_auto_strv struct cw_strv kinds = {0}, identifiers = {0};
	struct cw_strv types[2] = {{0}, {0}};

	(void)state;
	assert_int_equal(open_process(), CW_OK);
	cw_strv_add(&kinds, "dns");
	cw_strv_add(&kinds, "ip");
	cw_strv_add(&identifiers, "a.example");
	cw_strv_add(&identifiers, "192.0.2.1");
	cw_plugin_process_types(process, &kinds, &identifiers, types, done, NULL);
	assert_int_equal(wait_for_end(), CW_OK);
	assert_int_equal(types[0].count, 2);
	assert_string_equal(types[0].items[1], "dns-01");
	assert_int_equal(types[1].count, 1);
	cw_strv_clear(&types[0]);
	cw_strv_clear(&types[1]);
}

static void
test_failure_of_one_name_is_its_own(void **state)
{
	struct batch batch = {.count = 0};
	static const char *const all[] = {"a.example", "fail.example", NULL};

	(void)state;
	assert_int_equal(open_process(), CW_OK);
	batch_add(&batch, "http-01", "a.example");
	batch_add(&batch, "http-01", "fail.example");
	for (size_t i = 0; i < 2; i++) {
		batch.slots[i].challenge.all_identifiers = all;
		batch.slots[i].challenge.all_identifiers_count = 2;
	}
	cw_plugin_process_perform(process, batch.pointers, 2, done, NULL);
	assert_int_equal(wait_for_end(), CW_OK);
	assert_int_equal(batch.slots[0].challenge.result, CW_OK);
	assert_int_equal(batch.slots[1].challenge.result, CW_E_NOT_FOUND);
	assert_string_equal(batch.slots[1].error.message,
			    "no way for \"fail.example\" of \"a.example\"");
	assert_string_equal(batch.slots[1].error.hint, "look again");
	assert_string_equal(batch.slots[1].error.identifier, "fail.example");
	cw_plugin_process_cleanup(process, done, NULL);
	assert_int_equal(wait_for_end(), CW_E_IO);
	ERROR_SAYS("cleaned up 2, \"a.example\" the first");
	batch_clear(&batch);
}

static void
test_process_can_be_opened_again(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(open_process(), CW_OK);
		cw_plugin_process_close(process, done, NULL);
		assert_int_equal(wait_for_end(), CW_OK);
	}
	assert_int_equal(perform("nothing", &batch), CW_OK);
	assert_false(cw_plugin_process_left_work(process));
	batch_clear(&batch);
}

static void
test_second_process_of_a_module_is_another(void **state)
{
	struct cw_plugin_process *first = process;

	(void)state;
	assert_int_equal(cw_plugin_process_take(fixture.module, fixture.loop, &process, NULL),
			 CW_OK);
	assert_int_not_equal(cw_plugin_process_pid(first), cw_plugin_process_pid(process));
	assert_int_equal(open_process(), CW_OK);
	cw_plugin_process_free(first);
	assert_true(cw_plugin_process_is_alive(process));
}

static void
test_crash_names_the_plugin_and_the_call(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	assert_int_equal(perform("crash", &batch), CW_E_PLUGIN);
	ERROR_SAYS("signal 6", "perform of the plugin \"acting\"");
	assert_int_equal(batch.slots[0].challenge.result, CW_E_PLUGIN);
	assert_string_equal(batch.slots[0].error.identifier, "a.example");
	assert_false(cw_plugin_process_is_alive(process));
	assert_true(cw_plugin_process_left_work(process));
	assert_false(cw_plugin_process_was_silent(process));
	cw_plugin_process_cleanup(process, done, NULL);
	assert_false(call.done);
	assert_int_equal(wait_for_end(), CW_E_PLUGIN);
	ERROR_SAYS("signal 6");
	batch_clear(&batch);
}

static void
test_exit_in_a_call_is_no_success(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	assert_int_equal(perform("exit", &batch), CW_E_PLUGIN);
	ERROR_SAYS("exited with status 0", "perform of the plugin \"acting\"");
	batch_clear(&batch);
}

static void
test_silence_is_ended_at_the_time_limit(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	opening.time_limit = 1500;
	assert_int_equal(perform("hang", &batch), CW_E_PLUGIN);
	ERROR_SAYS("perform of the plugin \"acting\"", "--plugin-timeout");
	assert_true(cw_plugin_process_was_silent(process));
	batch_clear(&batch);
}

/* Answers the question that was kept, after more than the time limit. */
static void
answer_late(void *context)
{
	cw_auto_error struct cw_error error = {0};

	(void)context;
	assert_non_null(asked.request);
	assert_true(cw_plugin_process_is_alive(cw_plugin_request_process(asked.request)));
	cw_fail(&error, CW_E_CANCELLED, "no answer");
	cw_plugin_answer_question(asked.request, NULL, &error);
}

static void
test_the_user_may_think_longer_than_the_time_limit(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	opening.time_limit = 1000;
	asked.keep = true;
	cw_loop_timer(fixture.loop, 3500, answer_late, NULL);
	assert_int_equal(perform("ask", &batch), CW_E_CANCELLED);
	ERROR_SAYS("no answer");
	batch_clear(&batch);
}

static void
test_answer_to_a_process_that_is_gone_goes_nowhere(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	asked.keep = true;
	set("acting_act", "ask");
	assert_int_equal(open_process(), CW_OK);
	batch_add(&batch, "http-01", "a.example");
	cw_plugin_process_perform(process, batch.pointers, 1, done, NULL);
	while (asked.request == NULL)
		assert_int_equal(cw_loop_turn(fixture.loop, -1, NULL), CW_OK);
	kill(cw_plugin_process_pid(process), SIGKILL);
	assert_int_equal(wait_for_end(), CW_E_PLUGIN);
	ERROR_SAYS("signal 9");
	assert_null(cw_plugin_request_process(asked.request));
	cw_plugin_answer_question(asked.request, NULL, &call.error);
	batch_clear(&batch);
}

static void
test_questions_are_answered_by_the_coordinator(void **state)
{
	struct batch batch = {.count = 0};
	cw_autofree char *redacted = NULL;

	(void)state;
	assert_int_equal(perform("ask", &batch), CW_OK);
	assert_string_equal(asked.questions, "0132");
	assert_string_equal(cw_settings_get(fixture.settings, "acting_said"), "1 pear pa55word");
	/* An answer that is not echoed is a secret here, too. */
	redacted = cw_redact("pa55word");
	assert_string_equal(redacted, "[secret]");
	batch_clear(&batch);
}

static void
test_sockets_are_handed_over_and_given_back(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	assert_int_equal(perform("listen", &batch), CW_OK);
	assert_int_equal(asked.port, 80);
	cw_plugin_process_cleanup(process, done, NULL);
	wait_for_end();
	assert_int_equal(asked.port, 0);
	batch_clear(&batch);
}

static void
test_shared_values_are_the_coordinators(void **state)
{
	struct batch batch = {.count = 0};
	const void *value;
	size_t length;

	(void)state;
	assert_int_equal(perform("share", &batch), CW_E_NOT_FOUND);
	ERROR_SAYS("\"another\"");
	assert_int_equal(cw_shared_store_get(store, "acting", "key", &value, &length, NULL), CW_OK);
	assert_int_equal(length, 3);
	assert_int_equal(cw_shared_store_get(store, "others", "key", &value, &length, NULL),
			 CW_E_NOT_FOUND);
	batch_clear(&batch);
}

static void
test_values_are_kept_only_for_what_it_works_for(void **state)
{
	struct batch batch = {.count = 0};
	const char *work = fixture.directories.work;
	cw_auto_buf struct cw_buf value = {0};

	(void)state;
	assert_int_equal(perform("keep", &batch), CW_E_INVALID);
	ERROR_SAYS("two.example");
	assert_int_equal(cw_state_get(work, "one.example", "acting", "key", &value, NULL), CW_OK);
	assert_int_equal(value.length, 3);
	assert_int_equal(cw_state_get(work, "one.example", "others", "key", &value, NULL),
			 CW_E_NOT_FOUND);
	batch_clear(&batch);
}

static void
test_requests_of_the_network_are_relayed(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	assert_int_equal(perform("http", &batch), CW_OK);
	assert_int_equal(asked.service, CW_PLUGIN_HTTP);
	assert_string_equal(cw_settings_get(fixture.settings, "acting_said"), "page");
	batch_clear(&batch);
}

static void
test_dns_messages_are_relayed(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	assert_int_equal(perform("exchange", &batch), CW_OK);
	assert_int_equal(asked.service, CW_PLUGIN_DNS_EXCHANGE);
	assert_string_equal(cw_settings_get(fixture.settings, "acting_said"), "10 bytes");
	batch_clear(&batch);
}

/* What the journal has for the plugin. */
struct left {
	size_t count;
	char data[64];
	bool green;
};

static int
note_left(void *context, const char *plugin, const struct cw_strv *options, const char *data,
	  struct cw_error *error)
{
	struct left *left = context;

	(void)error;
	assert_string_equal(plugin, "acting");
	left->count++;
	snprintf(left->data, sizeof(left->data), "%s", data);
	for (size_t i = 0; i + 2 < options->count; i += 3)
		if (strcmp(options->items[i], "acting_colour") == 0)
			left->green = strcmp(options->items[i + 2], "green") == 0;
	return CW_OK;
}

/* RESTRICTED: the coordinator keeps the journal of a process that may not. */
static void
is_undone_after_death(bool restricted)
{
	struct batch batch = {.count = 0};
	struct left left = {.count = 0};
	const struct cw_undo_plugins plugins = {note_left, &left};
	pid_t pid = cw_plugin_process_pid(process);

	if (restricted) {
		set("acting_colour", "green");
		opening.user = cw_sandbox_default_user();
	}
	assert_int_equal(perform("undo", &batch), CW_OK);
	batch_clear(&batch);
	/* While it is there nothing is undone. */
	cw_undo_replay(fixture.directories.work, 0, &plugins);
	assert_int_equal(left.count, 0);
	cw_plugin_process_free(cw_take(&process));
	cw_undo_replay(fixture.directories.work, pid, &plugins);
	assert_int_equal(left.count, 1);
	assert_string_equal(left.data, "the second");
	assert_int_equal(left.green, restricted);
	/* Another process does it. */
	assert_int_equal(
		cw_plugin_process_take(fixture.module, fixture.loop, &process, &fixture.error),
		CW_OK);
	assert_int_equal(open_process(), CW_OK);
	cw_plugin_process_undo(process, left.data, done, NULL);
	assert_int_equal(wait_for_end(), CW_OK);
	assert_string_equal(warning, "acting: undoes the second");
}

static void
test_what_a_dead_process_left_is_undone_by_the_plugin(void **state)
{
	(void)state;
	is_undone_after_death(false);
}

static void
test_what_a_dead_process_without_rights_left_is_undone_by_the_plugin(void **state)
{
	(void)state;
	is_undone_after_death(true);
}

static void
test_place_that_was_not_found_is_told_with_its_reason(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	assert_int_equal(perform("locate", &batch), CW_E_NETWORK);
	assert_int_equal(asked.service, CW_PLUGIN_LOCATE);
	ERROR_SAYS("a.example", "no resolver");
	batch_clear(&batch);
}

static void
test_log_and_secrets_reach_the_coordinators_log(void **state)
{
	struct batch batch = {.count = 0};
	cw_autofree char *redacted = NULL;

	(void)state;
	assert_int_equal(perform("log", &batch), CW_OK);
	assert_string_equal(warning, "acting: the weather is fine");
	batch_clear(&batch);
	batch.count = 0;
	set("acting_said", "s3cr3t-of-the-plugin");
	assert_int_equal(perform("secret", &batch), CW_OK);
	redacted = cw_redact("it is s3cr3t-of-the-plugin");
	assert_string_equal(redacted, "it is [secret]");
	batch_clear(&batch);
}

static void
test_peer_that_breaks_the_protocol_is_ended(void **state)
{
	struct batch batch = {.count = 0};
	pid_t pid = cw_plugin_process_pid(process);

	(void)state;
	assert_int_equal(perform("nonsense", &batch), CW_E_PLUGIN);
	ERROR_SAYS("the process of the plugin \"acting\"", "malformed");
	assert_int_equal(kill(pid, 0), -1);
	batch_clear(&batch);
}

static void
test_peer_that_closes_its_socket_is_ended(void **state)
{
	struct batch batch = {.count = 0};
	pid_t pid = cw_plugin_process_pid(process);

	(void)state;
	assert_int_equal(perform("close", &batch), CW_E_PLUGIN);
	assert_int_equal(kill(pid, 0), -1);
	batch_clear(&batch);
}

static void
test_endless_message_is_cut(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	assert_int_equal(perform("length", &batch), CW_E_IO);
	ERROR_SAYS("xxx");
	assert_true(cw_plugin_process_is_alive(process));
	batch_clear(&batch);
}

static void
test_what_it_leaves_running_ends_with_it(void **state)
{
	struct batch batch = {.count = 0};
	pid_t child;

	(void)state;
	assert_int_equal(perform("child", &batch), CW_OK);
	child = (pid_t)cw_settings_int(fixture.settings, "acting_said", 0);
	assert_true(child > 1);
	assert_int_equal(kill(child, 0), 0);
	cw_plugin_process_free(cw_take(&process));
	/* Its parent is gone: whoever adopts it reaps it. */
	for (unsigned i = 0; i < 1000 && kill(child, 0) == 0; i++) {
		cw_autofree char *path = cw_format("/proc/%d/stat", (int)child);
		cw_auto_buf struct cw_buf text = {0};

		if (cw_file_read(path, 4096, &text, NULL) == CW_OK &&
		    strstr(cw_buf_text(&text), ") Z ") != NULL)
			break;
		usleep(1000);
	}
	batch_clear(&batch);
}

/* Begins to perform WHAT, and has a signal come meanwhile. */
static int
perform_until_signal(const char *what, struct batch *batch)
{
	set("acting_act", what);
	assert_int_equal(open_process(), CW_OK);
	batch_add(batch, "http-01", "a.example");
	cw_plugin_process_perform(process, batch->pointers, 1, done, NULL);
	cw_plugin_process_interrupt(process, 1500);
	return wait_for_end();
}

static void
test_signal_ends_the_call_and_not_the_cleanup(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	assert_int_equal(perform_until_signal("run", &batch), CW_E_CANCELLED);
	assert_true(cw_plugin_process_is_alive(process));
	cw_plugin_process_cleanup(process, done, NULL);
	assert_int_equal(wait_for_end(), CW_E_IO);
	ERROR_SAYS("cleaned up 1");
	batch_clear(&batch);
}

static void
test_call_that_goes_on_after_a_signal_is_ended(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	assert_int_equal(perform_until_signal("hang", &batch), CW_E_CANCELLED);
	assert_false(cw_plugin_process_is_alive(process));
	batch_clear(&batch);
}

static void
test_plugin_of_the_first_abi_works_in_a_process(void **state)
{
	struct batch batch = {.count = 0};
	cw_auto_strv struct cw_strv names = {0};

	(void)state;
	assert_int_equal(open_process(), CW_OK);
	batch_add(&batch, "dns-01", "good.example");
	batch_add(&batch, "dns-01", "fail.example");
	batch_add(&batch, "dns-01", "silent.example");
	batch_add(&batch, "dns-01", "odd.example");
	cw_plugin_process_perform(process, batch.pointers, batch.count, done, NULL);
	assert_int_equal(wait_for_end(), CW_OK);
	assert_int_equal(batch.slots[0].challenge.result, CW_OK);
	assert_int_equal(batch.slots[1].challenge.result, CW_E_NOT_FOUND);
	assert_int_equal(batch.slots[2].challenge.result, CW_E_IO);
	assert_int_equal(batch.slots[3].challenge.result, CW_E_PLUGIN);
	cw_plugin_process_cleanup(process, done, NULL);
	assert_int_equal(wait_for_end(), CW_OK);
	cw_plugin_process_names(process, &names, done, NULL);
	assert_int_equal(wait_for_end(), CW_OK);
	assert_true(names.count > 0);
	batch_clear(&batch);
}

static void
test_prepare_fails_with_the_plugins_reason(void **state)
{
	(void)state;
	set("sample_1_0_broken", "1");
	assert_int_equal(open_process(), CW_E_UNSUPPORTED);
	assert_string_equal(call.error.message, "the sample was asked to be broken");
	assert_string_equal(call.error.hint, "leave --sample-1-0-broken out");
	set("sample_1_0_broken", "0");
	assert_int_equal(open_process(), CW_OK);
}

/* Its configuration test fails: what it wrote is taken back. */
static void
test_installation_that_fails_is_rolled_back(void **state)
{
	struct cw_installation installation = {.deploy = true};
	struct cw_installation_outcome outcome;
	cw_autofree char *target = scratch_path("target");

	(void)state;
	scratch_write("target", "before", 0644);
	set("sample_1_0_target", target);
	assert_int_equal(open_process(), CW_OK);
	installation.lineage = cw_strdup("test");
	cw_strv_add(&installation.names, "a.example");
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		installation.paths[i] = cw_format("/nonexistent/%s.pem", cw_kind_name(i));
	cw_plugin_process_install(process, &installation, &outcome, done, NULL);
	assert_int_equal(wait_for_end(), CW_E_COMMAND);
	ERROR_SAYS("the server says: syntax error");
	assert_true(scratch_says("target", "before"));
	assert_false(outcome.deployed);
	assert_false(outcome.changed);
	cw_installation_clear(&installation);
}

/* A line of /proc/PID/status. */
static long
status_of(pid_t pid, const char *field)
{
	cw_autofree char *path = cw_format("/proc/%d/status", (int)pid);
	cw_auto_buf struct cw_buf text = {0};
	const char *line;

	assert_int_equal(cw_file_read(path, 64 * 1024, &text, NULL), CW_OK);
	line = strstr(cw_buf_text(&text), field);
	assert_non_null(line);
	return strtol(line + strlen(field), NULL, 10);
}

/* Asks the server of perform() for PATH; the answer is read until its end. */
static void
ask_server(const char *path, char *answer, size_t size)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	cw_autofree char *request = cw_format("GET %s HTTP/1.1\r\nHost: a.example\r\n\r\n", path);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t got = 0;
	ssize_t more;

	assert_int_equal(getsockname(asked.listener, (struct sockaddr *)(void *)&address, &length),
			 0);
	assert_int_equal(connect(client, (struct sockaddr *)(void *)&address, length), 0);
	assert_int_equal(write(client, request, strlen(request)), strlen(request));
	fcntl(client, F_SETFL, O_NONBLOCK);
	/* The server asks us for the token meanwhile. */
	do {
		cw_loop_turn(fixture.loop, 10, NULL);
		more = read(client, answer + got, size - 1 - got);
		if (more > 0)
			got += (size_t)more;
		answer[got] = '\0';
	} while (more != 0 && strstr(answer, "thumbprint") == NULL);
	close(client);
}

static void
test_standalone_serves_without_any_rights(void **state)
{
	struct batch batch = {.count = 0};
	pid_t pid = cw_plugin_process_pid(process);
	char answer[4096];

	(void)state;
	opening.user = cw_sandbox_default_user();
	set("http01_address", "127.0.0.1");
	assert_int_equal(open_process(), CW_OK);
	assert_int_equal(status_of(pid, "NoNewPrivs:"), 1);
	if (geteuid() == 0)
		assert_int_not_equal(status_of(pid, "Uid:"), 0);
	batch_add(&batch, "http-01", "a.example");
	cw_plugin_process_perform(process, batch.pointers, 1, done, NULL);
	assert_int_equal(wait_for_end(), CW_OK);
	assert_int_equal(batch.slots[0].challenge.result, CW_OK);
	ask_server(batch.slots[0].challenge.location, answer, sizeof(answer));
	assert_non_null(strstr(answer, "200 OK"));
	assert_non_null(strstr(answer, batch.slots[0].challenge.validation));
	cw_plugin_process_cleanup(process, done, NULL);
	assert_int_equal(wait_for_end(), CW_OK);
	batch_clear(&batch);
}

/* The acting plugin needs no rights when its colour is green. */
static void
restrict_acting(void)
{
	set("acting_colour", "green");
	opening.user = cw_sandbox_default_user();
}

static void
test_services_beyond_the_declared_rights_are_refused(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	restrict_acting();
	assert_int_equal(perform("run", &batch), CW_E_PERMISSION);
	ERROR_SAYS("\"acting\"", "\"run\"");
	batch_clear(&batch);
}

static void
test_credentials_are_read_where_an_option_names_them(void **state)
{
	struct batch batch = {.count = 0};
	cw_autofree char *path = scratch_path("credentials");

	(void)state;
	restrict_acting();
	scratch_write("credentials", "token = abc-the-token\n", 0600);
	set("acting_said", path);
	assert_int_equal(perform("credentials", &batch), CW_OK);
	assert_string_equal(cw_settings_get(fixture.settings, "acting_said"),
			    "token = abc-the-token\n");
	batch_clear(&batch);
}

static void
test_credentials_of_another_path_are_not_read(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	restrict_acting();
	set("acting_said", "/etc/passwd");
	assert_int_equal(perform("another", &batch), CW_E_PERMISSION);
	ERROR_SAYS("/etc/shadow", "not the value of one of its options");
	batch_clear(&batch);
}

#define ACTING(function) cmocka_unit_test_setup_teardown(function, begin, end)
#define STANDALONE(function) cmocka_unit_test_setup_teardown(function, begin_standalone, end)
#define SAMPLE(function) cmocka_unit_test_setup_teardown(function, begin_sample, end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ACTING(test_description_is_that_of_the_module),
		ACTING(test_types_come_for_each_identifier),
		ACTING(test_failure_of_one_name_is_its_own),
		ACTING(test_process_can_be_opened_again),
		ACTING(test_second_process_of_a_module_is_another),
		ACTING(test_crash_names_the_plugin_and_the_call),
		ACTING(test_exit_in_a_call_is_no_success),
		ACTING(test_silence_is_ended_at_the_time_limit),
		ACTING(test_the_user_may_think_longer_than_the_time_limit),
		ACTING(test_answer_to_a_process_that_is_gone_goes_nowhere),
		ACTING(test_questions_are_answered_by_the_coordinator),
		ACTING(test_sockets_are_handed_over_and_given_back),
		ACTING(test_shared_values_are_the_coordinators),
		ACTING(test_values_are_kept_only_for_what_it_works_for),
		ACTING(test_requests_of_the_network_are_relayed),
		ACTING(test_dns_messages_are_relayed),
		ACTING(test_what_a_dead_process_left_is_undone_by_the_plugin),
		ACTING(test_what_a_dead_process_without_rights_left_is_undone_by_the_plugin),
		ACTING(test_place_that_was_not_found_is_told_with_its_reason),
		ACTING(test_log_and_secrets_reach_the_coordinators_log),
		ACTING(test_peer_that_breaks_the_protocol_is_ended),
		ACTING(test_peer_that_closes_its_socket_is_ended),
		ACTING(test_endless_message_is_cut),
		ACTING(test_what_it_leaves_running_ends_with_it),
		ACTING(test_signal_ends_the_call_and_not_the_cleanup),
		ACTING(test_call_that_goes_on_after_a_signal_is_ended),
		ACTING(test_services_beyond_the_declared_rights_are_refused),
		ACTING(test_credentials_are_read_where_an_option_names_them),
		ACTING(test_credentials_of_another_path_are_not_read),
		STANDALONE(test_standalone_serves_without_any_rights),
		SAMPLE(test_plugin_of_the_first_abi_works_in_a_process),
		SAMPLE(test_prepare_fails_with_the_plugins_reason),
		SAMPLE(test_installation_that_fails_is_rolled_back),
	};
	int status;

	if (was_plugin_process(argc, argv, &status))
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
