/* Messages between processes: what was written is read, and nothing else is taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/message.h"
#include <cmocka.h>

static void
test_fields_are_read_as_they_were_written(void **state)
{
	cw_auto_message struct cw_message *message = cw_message_new(7);
	cw_auto_strv struct cw_strv list = {0}, read = {0};
	cw_auto_buf struct cw_buf bytes = {0};
	cw_autofree char *text = NULL, *none = NULL;

	(void)state;
	cw_strv_add(&list, "a.example");
	cw_strv_add(&list, "");
	cw_message_put_bool(message, true);
	cw_message_put_int(message, -5);
	cw_message_put_text(message, "text");
	cw_message_put_text(message, NULL);
	cw_message_put_bytes(message, "a\0b", 3);
	cw_message_put_list(message, &list);
	assert_true(cw_message_get_bool(message));
	assert_int_equal(cw_message_get_int(message, -10, 10), -5);
	text = cw_message_get_text(message, 4);
	assert_string_equal(text, "text");
	none = cw_message_get_text(message, 4);
	assert_null(none);
	cw_message_get_bytes(message, 3, &bytes);
	assert_int_equal(bytes.length, 3);
	assert_memory_equal(bytes.data, "a\0b", 3);
	cw_message_get_list(message, 2, 100, &read);
	assert_int_equal(read.count, 2);
	assert_string_equal(read.items[1], "");
	assert_int_equal(cw_message_finish(message, "it", NULL), CW_OK);
}

static void
test_an_error_arrives_with_causes_and_parts(void **state)
{
	cw_auto_message struct cw_message *message = cw_message_new(1);
	cw_auto_error struct cw_error sent = {0}, part = {0}, received = {0};
	cw_autofree char *line = NULL;

	(void)state;
	cw_fail(&sent, CW_E_ACME, "refused");
	cw_hint(&sent, "try again");
	cw_context(&sent, "cannot do it");
	cw_fail(&part, CW_E_TIMEOUT, "too slow");
	cw_error_set_identifier(&part, "a.example");
	cw_error_add_part(&sent, &part);
	cw_message_put_error(message, &sent);
	cw_message_put_error(message, NULL);
	cw_message_get_error(message, &received);
	line = cw_error_line(&received);
	assert_string_equal(line, "cannot do it: refused");
	assert_string_equal(cw_error_hint(&received), "try again");
	assert_int_equal(received.part_count, 1);
	assert_int_equal(received.parts[0]->status, CW_E_TIMEOUT);
	assert_string_equal(received.parts[0]->identifier, "a.example");
	cw_message_get_error(message, &received);
	assert_int_equal(received.status, CW_OK);
	assert_int_equal(cw_message_finish(message, "it", NULL), CW_OK);
}

/* Writes one good field of each kind in turn, and reads it as something else or beyond its bound.
 */
static void
test_fields_of_another_kind_or_size_break_the_message(void **state)
{
	(void)state;
	for (int reader = 0; reader < 9; reader++) {
		cw_auto_message struct cw_message *message = cw_message_new(1);
		cw_auto_error struct cw_error error = {0}, read = {0};
		cw_auto_strv struct cw_strv list = {0};
		cw_auto_buf struct cw_buf bytes = {0};
		cw_autofree char *text = NULL;

		if (reader < 5)
			cw_message_put_int(message, 11);
		else if (reader < 8)
			cw_message_put_text(message, "eleven bytes");
		else
			cw_message_put_text(message, NULL);
		switch (reader) {
		case 0: assert_false(cw_message_get_bool(message)); break;
		case 1: assert_int_equal(cw_message_get_int(message, 0, 10), 0); break;
		case 2: assert_int_equal(cw_message_get_count(message, 100), 0); break;
		case 3:
			text = cw_message_get_text(message, 100);
			assert_null(text);
			break;
		case 4:
			cw_message_get_error(message, &read);
			assert_int_equal(read.status, CW_OK);
			break;
		case 5:
			text = cw_message_get_text(message, 11);
			assert_null(text);
			break;
		case 6:
			cw_message_get_bytes(message, 100, &bytes);
			assert_int_equal(bytes.length, 0);
			break;
		case 7:
			cw_message_get_list(message, 10, 10, &list);
			assert_int_equal(list.count, 0);
			break;
		default: text = cw_message_need_text(message, 10); assert_string_equal(text, "");
		}
		assert_int_equal(cw_message_finish(message, "the peer", &error), CW_E_PROTOCOL);
	}
}

static void
test_a_message_cut_anywhere_is_broken(void **state)
{
	cw_auto_message struct cw_message *whole = cw_message_new(1);
	cw_auto_error struct cw_error sent = {0};
	cw_auto_strv struct cw_strv list = {0};

	(void)state;
	cw_strv_add(&list, "name");
	cw_fail(&sent, CW_E_IO, "no");
	cw_message_put_text(whole, "text");
	cw_message_put_list(whole, &list);
	cw_message_put_error(whole, &sent);
	cw_message_put_bool(whole, false);
	for (size_t length = 0; length < whole->fields.length; length++) {
		cw_auto_message struct cw_message *cut = cw_message_new(1);
		cw_auto_error struct cw_error error = {0};
		cw_auto_strv struct cw_strv read = {0};
		cw_autofree char *text = NULL;

		cw_buf_add(&cut->fields, whole->fields.data, length);
		text = cw_message_get_text(cut, 100);
		cw_message_get_list(cut, 100, 100, &read);
		cw_message_get_error(cut, &error);
		cw_message_get_bool(cut);
		assert_int_equal(cw_message_finish(cut, "it", NULL), CW_E_PROTOCOL);
	}
}

static void
test_what_is_left_unread_breaks_the_message(void **state)
{
	cw_auto_message struct cw_message *message = cw_message_new(1);

	(void)state;
	cw_message_put_bool(message, true);
	assert_int_equal(cw_message_finish(message, "it", NULL), CW_E_PROTOCOL);
}

static void
test_a_text_with_a_nul_breaks_the_message(void **state)
{
	cw_auto_message struct cw_message *message = cw_message_new(1);
	cw_autofree char *text = NULL;

	(void)state;
	cw_message_put_text(message, "ab");
	message->fields.data[message->fields.length - 1] = '\0';
	text = cw_message_get_text(message, 100);
	assert_null(text);
	assert_int_equal(cw_message_finish(message, "it", NULL), CW_E_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_are_read_as_they_were_written),
		cmocka_unit_test(test_an_error_arrives_with_causes_and_parts),
		cmocka_unit_test(test_fields_of_another_kind_or_size_break_the_message),
		cmocka_unit_test(test_a_message_cut_anywhere_is_broken),
		cmocka_unit_test(test_what_is_left_unread_breaks_the_message),
		cmocka_unit_test(test_a_text_with_a_nul_breaks_the_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
