/* Messages between processes. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "flow/work/channel.h"
#include <cmocka.h>

static struct cw_channel *ours, *theirs;

static int
open_pair(void **state)
{
	int ends[2];

	(void)state;
	if (cw_channel_pair(ends, NULL) < 0)
		return -1;
	ours = cw_channel_open(ends[0], 100);
	theirs = cw_channel_open(ends[1], -1);
	return 0;
}

static int
close_pair(void **state)
{
	(void)state;
	cw_channel_close(ours);
	cw_channel_close(theirs);
	ours = theirs = NULL;
	return 0;
}

static struct json_object *
message_of(size_t length)
{
	struct json_object *message = cw_json_new_object();
	cw_autofree char *text = cw_alloc(length + 1);

	memset(text, 'x', length);
	cw_json_set_string(message, "text", text);
	return message;
}

static void
test_a_message_arrives_with_its_descriptor(void **state)
{
	cw_auto_json struct json_object *sent = message_of(3);
	cw_auto_json struct json_object *received = NULL;
	int file[2], descriptor = -1;
	char byte = 0;

	(void)state;
	assert_int_equal(pipe(file), 0);
	assert_int_equal(cw_channel_send(ours, sent, file[0], NULL), CW_OK);
	assert_int_equal(cw_channel_wait(theirs, &received, &descriptor, NULL), CW_OK);
	assert_string_equal(cw_json_string(received, "text"), "xxx");
	assert_true(descriptor >= 0);
	assert_int_equal(write(file[1], "x", 1), 1);
	assert_int_equal(read(descriptor, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(descriptor);
	close(file[0]);
	close(file[1]);
}

static void
test_messages_keep_their_order_and_bounds(void **state)
{
	static const size_t lengths[] = {1, 0, 50000, 2};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(lengths); i++) {
		cw_auto_json struct json_object *sent = message_of(lengths[i]);

		assert_int_equal(cw_channel_send(ours, sent, -1, NULL), CW_OK);
	}
	for (size_t i = 0; i < CW_COUNT(lengths); i++) {
		cw_auto_json struct json_object *received = NULL;

		assert_int_equal(cw_channel_receive(theirs, &received, NULL, NULL), CW_OK);
		assert_int_equal(strlen(cw_json_string(received, "text")), lengths[i]);
	}
}

static void
test_a_message_of_twenty_megabytes_arrives(void **state)
{
	cw_auto_json struct json_object *sent = message_of(20 * 1024 * 1024);
	cw_auto_json struct json_object *received = NULL;
	int status;
	pid_t child;

	(void)state;
	child = fork();
	if (child == 0)
		_exit(cw_channel_send(theirs, sent, -1, NULL) == CW_OK ? 0 : 1);
	assert_int_equal(cw_channel_wait(ours, &received, NULL, NULL), CW_OK);
	assert_true(json_object_equal(received, sent));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
test_a_message_that_is_not_complete_is_not_waited_for(void **state)
{
	static const char text[] = "{\"text\": \"slow\"}";
	uint32_t prefix = htonl(sizeof(text) - 1);
	char bytes[sizeof(prefix) + sizeof(text) - 1];
	cw_auto_json struct json_object *received = NULL;

	(void)state;
	memcpy(bytes, &prefix, sizeof(prefix));
	memcpy(bytes + sizeof(prefix), text, sizeof(text) - 1);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_null(received);
		assert_int_equal(send(cw_channel_descriptor(theirs), &bytes[i], 1, 0), 1);
		assert_int_equal(cw_channel_receive(ours, &received, NULL, NULL), CW_OK);
		assert_false(cw_channel_ended(ours));
	}
	assert_string_equal(cw_json_string(received, "text"), "slow");
}

static void
test_a_peer_that_takes_nothing_is_given_up(void **state)
{
	cw_auto_json struct json_object *sent = message_of(4 * 1024 * 1024);

	(void)state;
	assert_int_equal(cw_channel_send(ours, sent, -1, NULL), CW_E_TIMEOUT);
}

static void
test_a_message_that_is_too_long_is_refused_unread(void **state)
{
	uint32_t prefix = htonl(CW_CHANNEL_MAX + 1);
	cw_auto_json struct json_object *sent = message_of(CW_CHANNEL_MAX);
	cw_auto_json struct json_object *received = NULL;

	(void)state;
	assert_int_equal(cw_channel_send(ours, sent, -1, NULL), CW_E_PROTOCOL);
	assert_int_equal(send(cw_channel_descriptor(theirs), &prefix, sizeof(prefix), 0),
			 sizeof(prefix));
	assert_int_equal(cw_channel_receive(ours, &received, NULL, NULL), CW_E_PROTOCOL);
}

static void
test_the_end_of_the_peer_is_no_error(void **state)
{
	cw_auto_json struct json_object *received = NULL;

	(void)state;
	assert_int_equal(send(cw_channel_descriptor(theirs), "\0", 1, 0), 1);
	cw_channel_close(theirs);
	theirs = NULL;
	assert_int_equal(cw_channel_wait(ours, &received, NULL, NULL), CW_OK);
	assert_null(received);
	assert_true(cw_channel_ended(ours));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_message_arrives_with_its_descriptor),
		TEST(test_messages_keep_their_order_and_bounds),
		TEST(test_a_message_of_twenty_megabytes_arrives),
		TEST(test_a_message_that_is_not_complete_is_not_waited_for),
		TEST(test_a_peer_that_takes_nothing_is_given_up),
		TEST(test_a_message_that_is_too_long_is_refused_unread),
		TEST(test_the_end_of_the_peer_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
