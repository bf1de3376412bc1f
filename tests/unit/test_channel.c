/* Messages between processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "flow/work/channel.h"
#include <cmocka.h>

static void
test_a_message_arrives_with_its_descriptor(void **state)
{
	cw_auto_json struct json_object *sent = cw_json_new_object();
	cw_auto_json struct json_object *received = NULL;
	int ends[2], file[2], descriptor = -1;
	char byte = 0;

	(void)state;
	assert_int_equal(cw_channel_make(ends, NULL), CW_OK);
	assert_int_equal(pipe(file), 0);
	cw_json_set_string(sent, "type", "answer");
	assert_int_equal(cw_channel_send(ends[0], sent, file[0], NULL), CW_OK);
	assert_int_equal(cw_channel_receive(ends[1], &received, &descriptor, NULL), CW_OK);
	assert_string_equal(cw_json_string(received, "type"), "answer");
	assert_true(descriptor >= 0);
	assert_int_equal(write(file[1], "x", 1), 1);
	assert_int_equal(read(descriptor, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(descriptor);
	close(file[0]);
	close(file[1]);
	close(ends[0]);
	close(ends[1]);
}

static void
test_a_result_with_a_thousand_names_fits(void **state)
{
	cw_auto_json struct json_object *sent = cw_json_new_object();
	cw_auto_json struct json_object *received = NULL;
	struct json_object *names = cw_json_new_array();
	int ends[2], status;
	pid_t child;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char name[128];

		snprintf(name, sizeof(name), "name-%d.%0100d.example", i, i);
		cw_json_append(names, json_object_new_string(name));
	}
	cw_json_set(sent, "domains", names);
	assert_int_equal(cw_channel_make(ends, NULL), CW_OK);
	child = fork();
	if (child == 0)
		_exit(cw_channel_send(ends[0], sent, -1, NULL) == CW_OK ? 0 : 1);
	assert_int_equal(cw_channel_receive(ends[1], &received, NULL, NULL), CW_OK);
	assert_non_null(received);
	assert_int_equal(json_object_array_length(cw_json_array(received, "domains")), 1000);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(ends[0]);
	close(ends[1]);
}

static void
test_the_end_of_the_peer_is_no_error(void **state)
{
	cw_auto_json struct json_object *received = NULL;
	int ends[2];

	(void)state;
	assert_int_equal(cw_channel_make(ends, NULL), CW_OK);
	close(ends[0]);
	assert_int_equal(cw_channel_receive(ends[1], &received, NULL, NULL), CW_OK);
	assert_null(received);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_arrives_with_its_descriptor),
		cmocka_unit_test(test_a_result_with_a_thousand_names_fits),
		cmocka_unit_test(test_the_end_of_the_peer_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
