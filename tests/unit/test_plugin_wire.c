/* The values of plugins as fields: what one side writes the other reads, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plugin/module_internal.h"
#include "plugin/wire.h"

/* A module with an option of each kind, as the coordinator knows it. */
static struct cw_module_entry *
make_module(void)
{
	static const char *const choices[] = {"red", "green", NULL};
	static const struct {
		const char *name;
		enum cw_option_kind kind;
	} kinds[] = {
		{"flag", CW_OPTION_FLAG}, {"text", CW_OPTION_STRING}, {"number", CW_OPTION_INTEGER},
		{"list", CW_OPTION_LIST}, {"map", CW_OPTION_MAP},
	};
	struct cw_module_entry *entry = cw_module_new("test", "/test.so");
	struct cw_plugin_description *about = cw_alloc(sizeof(*about));

	about->version = cw_strdup("1.5");
	about->description = cw_strdup("A plugin");
	about->abi_major = CW_ABI_MAJOR;
	about->abi_minor = 3;
	about->installer = true;
	cw_strv_add(&about->dns_types, "http-01");
	cw_strv_add(&about->enhancements, "hsts");
	for (size_t i = 0; i < CW_COUNT(kinds); i++)
		cw_plugin_description_add(about, &(struct cw_plugin_option){
							 .size = sizeof(struct cw_plugin_option),
							 .name = kinds[i].name,
							 .kind = kinds[i].kind,
							 .help = "Help.",
							 .choices = i == 1 ? choices : NULL,
						 });
	cw_module_set_description(&entry->module, about);
	return entry;
}

static void
test_description_is_read_as_it_was_written(void **state)
{
	struct cw_module_entry *entry = make_module();
	cw_auto_message struct cw_message *message = cw_message_new(1);
	struct cw_plugin_description *about;

	(void)state;
	cw_wire_put_description(message, entry->module.about);
	about = cw_wire_get_description(message);
	assert_int_equal(cw_message_finish(message, "it", NULL), CW_OK);
	assert_string_equal(about->version, "1.5");
	assert_null(about->help);
	assert_int_equal(about->abi_minor, 3);
	assert_true(about->installer);
	assert_false(about->authenticator);
	assert_string_equal(about->dns_types.items[0], "http-01");
	assert_int_equal(about->ip_types.count, 0);
	assert_string_equal(about->enhancements.items[0], "hsts");
	assert_int_equal(about->option_count, 5);
	assert_string_equal(about->options[1]->choices[1], "green");
	assert_null(about->options[2]->choices);
	cw_plugin_description_free(about);
	cw_module_free(entry);
}

/* Each way to read a message, for it to be tried with what is malformed. */
static void
read_description(struct cw_message *message)
{
	cw_plugin_description_free(cw_wire_get_description(message));
}

static void
read_challenges(struct cw_message *message)
{
	struct cw_plugin_challenges challenges = {0};

	cw_wire_get_challenges(message, &challenges);
	cw_plugin_challenges_clear(&challenges);
}

static void
read_installation(struct cw_message *message)
{
	struct cw_installation installation = {0};

	cw_wire_get_installation(message, &installation);
	cw_installation_clear(&installation);
}

static void
read_question(struct cw_message *message)
{
	struct cw_plugin_question question = {0};

	cw_wire_get_question(message, &question);
	cw_plugin_question_clear(&question);
}

static struct cw_module *settings_module;

static void
read_settings(struct cw_message *message)
{
	struct cw_plugin_settings settings = {0};

	cw_wire_get_settings(message, settings_module, &settings);
	cw_plugin_settings_clear(&settings);
}

typedef void (*reader)(struct cw_message *message);

static bool
is_accepted(reader read, const void *data, size_t length)
{
	cw_auto_message struct cw_message *message = cw_message_new(1);

	cw_buf_add(&message->fields, data, length);
	read(message);
	return cw_message_finish(message, "it", NULL) == CW_OK;
}

/* MESSAGE is accepted; cut off anywhere, or with anything behind it, it is not; and whatever byte
 * of it is another, reading comes to an end. */
static void
is_read_strictly(const struct cw_message *message, reader read)
{
	cw_auto_buf struct cw_buf bytes = {0};

	cw_buf_add(&bytes, message->fields.data, message->fields.length);
	assert_true(is_accepted(read, bytes.data, bytes.length));
	for (size_t i = 0; i < bytes.length; i++)
		assert_false(is_accepted(read, bytes.data, i));
	for (size_t i = 0; i < bytes.length; i++) {
		bytes.data[i] ^= (char)0xff;
		is_accepted(read, bytes.data, bytes.length);
		bytes.data[i] ^= (char)0xff;
	}
	cw_buf_add(&bytes, "x", 1);
	assert_false(is_accepted(read, bytes.data, bytes.length));
}

static void
test_description_that_is_cut_or_forged_is_refused(void **state)
{
	struct cw_module_entry *entry = make_module();
	cw_auto_message struct cw_message *message = cw_message_new(1);

	(void)state;
	cw_wire_put_description(message, entry->module.about);
	is_read_strictly(message, read_description);
	cw_module_free(entry);
}

static void
test_description_with_too_much_is_refused(void **state)
{
	cw_autofree char *long_text = cw_alloc(CW_MESSAGE_LINE + 2);
	struct cw_module_entry *entry = make_module();
	struct cw_plugin_description *about = entry->module.about;
	struct cw_message *message = cw_message_new(1);

	(void)state;
	memset(long_text, 'x', CW_MESSAGE_LINE + 1);
	about->help = cw_strdup(long_text);
	cw_wire_put_description(message, about);
	assert_false(is_accepted(read_description, message->fields.data, message->fields.length));
	cw_message_free(message);
	free(cw_take(&about->help));
	for (unsigned i = 0; i <= CW_PLUGIN_TYPES_MAX; i++)
		cw_strv_addf(&about->dns_types, "type-%u", i);
	message = cw_message_new(1);
	cw_wire_put_description(message, about);
	assert_false(is_accepted(read_description, message->fields.data, message->fields.length));
	cw_message_free(message);
	cw_module_free(entry);
}

static void
test_settings_keep_their_values_and_where_they_came_from(void **state)
{
	static const char *const port_names[] = {"http-01-port", NULL};
	static const struct cw_option port = {
		.names = port_names,
		.kind = CW_OPTION_INTEGER,
		.internal = "http01_port",
		.default_value = "80",
		.help = "",
	};
	struct cw_module_entry *entry = make_module();
	struct cw_option_set *set = cw_option_set_new();
	struct cw_settings *values = cw_settings_new(set);
	cw_auto_message struct cw_message *message = cw_message_new(1);
	struct cw_plugin_settings others = {.interactive = true, .lock_timeout = -1};
	struct cw_plugin_settings got = {0};

	(void)state;
	others.directories.config = (char[]){"/config"};
	others.directories.work = (char[]){"/work"};
	others.directories.logs = (char[]){"/logs"};
	assert_int_equal(cw_option_set_add(set, &port, NULL), CW_OK);
	assert_int_equal(cw_module_add_options(&entry->module, set, NULL), CW_OK);
	cw_settings_set(values, "test_flag", CW_SOURCE_INI, "1", NULL);
	cw_settings_set(values, "test_text", CW_SOURCE_COMMAND, "green", NULL);
	cw_settings_set(values, "test_list", CW_SOURCE_RENEWAL, "a", NULL);
	cw_settings_set(values, "test_list", CW_SOURCE_RENEWAL, "b", NULL);
	cw_settings_set_map(values, "test_map", CW_SOURCE_COMMAND, "key", "value", NULL);
	cw_wire_put_settings(message, &entry->module, values, &others);
	settings_module = &entry->module;
	is_read_strictly(message, read_settings);
	cw_wire_get_settings(message, &entry->module, &got);
	assert_int_equal(cw_message_finish(message, "it", NULL), CW_OK);
	assert_string_equal(got.directories.work, "/work");
	assert_int_equal(got.lock_timeout, -1);
	assert_true(cw_settings_flag(got.values, "test_flag"));
	assert_int_equal(cw_settings_source(got.values, "test_flag"), CW_SOURCE_INI);
	assert_string_equal(cw_settings_get(got.values, "test_text"), "green");
	assert_false(cw_settings_given(got.values, "test_number"));
	assert_int_equal(cw_settings_list(got.values, "test_list")->count, 2);
	assert_string_equal(cw_settings_map_get(got.values, "test_map", "key"), "value");
	assert_string_equal(cw_settings_get(got.values, "http-01-port"), "80");
	cw_plugin_settings_clear(&got);
	cw_settings_free(values);
	cw_option_set_free(set);
	cw_module_free(entry);
}

static void
test_challenges_of_a_certificate_share_their_identifiers(void **state)
{
	static const char *const one[] = {"a.example", "b.example", NULL};
	static const char *const two[] = {"c.example", NULL};
	const struct cw_challenge common = {
		.lineage = "test",
		.type = "http-01",
		.identifier_type = "dns",
		.identifier = "a.example",
		.token = "token",
		.key_authorization = "token.print",
		.validation = "token.print",
		.location = "/.well-known/acme-challenge/token",
		.all_identifiers = one,
		.all_identifiers_count = 2,
	};
	struct cw_challenge_slot slots[3] = {
		{.challenge = common}, {.challenge = common}, {.challenge = common}};
	struct cw_challenge_slot *const pointers[] = {&slots[0], &slots[1], &slots[2]};
	cw_auto_message struct cw_message *message = cw_message_new(1);
	struct cw_plugin_challenges got = {0};

	(void)state;
	slots[1].challenge.identifier = "b.example";
	slots[2].challenge.identifier = "c.example";
	slots[2].challenge.all_identifiers = two;
	slots[2].challenge.all_identifiers_count = 1;
	slots[2].challenge.wildcard = 1;
	cw_wire_put_challenges(message, pointers, 3);
	is_read_strictly(message, read_challenges);
	cw_wire_get_challenges(message, &got);
	assert_int_equal(cw_message_finish(message, "it", NULL), CW_OK);
	assert_int_equal(got.count, 3);
	assert_string_equal(got.slots[1]->challenge.identifier, "b.example");
	assert_ptr_equal(got.slots[0]->challenge.all_identifiers,
			 got.slots[1]->challenge.all_identifiers);
	assert_string_equal(got.slots[2]->challenge.all_identifiers[0], "c.example");
	assert_int_equal(got.slots[2]->challenge.wildcard, 1);
	cw_plugin_challenges_clear(&got);
}

static void
test_installation_and_question_are_read_strictly(void **state)
{
	struct cw_installation installation = {.deploy = true};
	struct cw_plugin_question question = {.kind = CW_QUESTION_CHOICE};
	struct cw_message *message = cw_message_new(1);

	(void)state;
	cw_strv_add(&installation.names, "a.example");
	installation.paths[CW_KIND_CERT] = cw_strdup("/cert.pem");
	cw_wire_put_installation(message, &installation);
	is_read_strictly(message, read_installation);
	cw_installation_clear(&installation);
	cw_message_free(message);
	question.text = cw_strdup("which?");
	cw_strv_add(&question.items, "apple");
	message = cw_message_new(1);
	cw_wire_put_question(message, &question);
	is_read_strictly(message, read_question);
	cw_message_free(message);
	/* A choice of nothing. */
	cw_strv_clear(&question.items);
	message = cw_message_new(1);
	cw_wire_put_question(message, &question);
	assert_false(is_accepted(read_question, message->fields.data, message->fields.length));
	cw_message_free(message);
	cw_plugin_question_clear(&question);
}

static void
test_choice_that_was_not_offered_is_refused(void **state)
{
	struct cw_plugin_question question = {.kind = CW_QUESTION_CHOICE};
	struct cw_plugin_reply reply = {.choice = 2};
	cw_auto_message struct cw_message *message = cw_message_new(1);

	(void)state;
	cw_strv_add(&question.items, "apple");
	cw_strv_add(&question.items, "pear");
	cw_wire_put_reply(message, &reply);
	cw_wire_get_reply(message, &question, &reply);
	assert_int_equal(cw_message_finish(message, "it", NULL), CW_E_PROTOCOL);
	cw_plugin_reply_clear(&reply);
	cw_plugin_question_clear(&question);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_description_is_read_as_it_was_written),
		cmocka_unit_test(test_description_that_is_cut_or_forged_is_refused),
		cmocka_unit_test(test_description_with_too_much_is_refused),
		cmocka_unit_test(test_settings_keep_their_values_and_where_they_came_from),
		cmocka_unit_test(test_challenges_of_a_certificate_share_their_identifiers),
		cmocka_unit_test(test_installation_and_question_are_read_strictly),
		cmocka_unit_test(test_choice_that_was_not_offered_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
