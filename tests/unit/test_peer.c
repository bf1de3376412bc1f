/* Two processes' ends of a socket pair, here in one loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/peer.h"
#include <cmocka.h>

struct end {
	struct cw_peer *peer;
	struct cw_message *kept; /* a request that is answered later */
	int64_t sum;             /* of the numbers in notices and requests */
	int64_t answer;
	bool failed;
	bool gone;
	bool keeps;
	bool frees;
	int descriptor;
	struct cw_error reason;
};

struct pair {
	struct cw_loop *loop;
	struct end a, b;
	int raw; /* the other end of A, where there is no B */
};

/* Answers each request with twice its number. */
static void
received(void *context, struct cw_message *message)
{
	struct end *end = context;
	int64_t number = cw_message_get_int(message, INT64_MIN, INT64_MAX);

	end->sum += number;
	if (message->descriptor >= 0) {
		end->descriptor = message->descriptor;
		message->descriptor = -1;
	}
	if (end->keeps) {
		cw_message_free(end->kept);
		end->kept = message;
		return;
	}
	if (message->number != 0) {
		struct cw_message *answer = cw_message_new(2);

		cw_message_put_int(answer, 2 * number);
		cw_peer_answer(end->peer, message, answer);
	}
	cw_message_free(message);
	if (end->frees)
		cw_peer_free(cw_take(&end->peer));
}

static void
gone(void *context, const struct cw_error *reason)
{
	struct end *end = context;

	end->gone = true;
	cw_error_copy(&end->reason, reason);
}

static void
answered(void *context, struct cw_message **answer, const struct cw_error *error)
{
	struct end *end = context;

	if (*answer == NULL) {
		end->failed = true;
		assert_true(error->status < 0);
		return;
	}
	end->answer += cw_message_get_int(*answer, INT64_MIN, INT64_MAX);
}

static struct cw_peer *
peer_of(struct cw_loop *loop, int socket, struct end *end)
{
	struct cw_peer_handler handler = {.received = received, .gone = gone, .context = end};

	end->descriptor = -1;
	return cw_peer_new(loop, socket, "the test's peer", &handler);
}

static int
setup(void **state)
{
	struct pair *pair = cw_alloc(sizeof(*pair));
	int ends[2];

	pair->loop = cw_loop_new();
	pair->raw = -1;
	assert_int_equal(cw_peer_pair(ends, NULL), CW_OK);
	pair->a.peer = peer_of(pair->loop, ends[0], &pair->a);
	pair->b.peer = peer_of(pair->loop, ends[1], &pair->b);
	*state = pair;
	return 0;
}

static int
setup_raw(void **state)
{
	struct pair *pair = cw_alloc(sizeof(*pair));
	int ends[2];

	pair->loop = cw_loop_new();
	assert_int_equal(cw_peer_pair(ends, NULL), CW_OK);
	pair->a.peer = peer_of(pair->loop, ends[0], &pair->a);
	pair->raw = ends[1];
	*state = pair;
	return 0;
}

static int
teardown(void **state)
{
	struct pair *pair = *state;

	cw_peer_free(pair->a.peer);
	cw_peer_free(pair->b.peer);
	cw_message_free(pair->a.kept);
	cw_message_free(pair->b.kept);
	cw_error_clear(&pair->a.reason);
	cw_error_clear(&pair->b.reason);
	if (pair->raw >= 0)
		close(pair->raw);
	cw_loop_free(pair->loop);
	free(pair);
	return 0;
}

static struct cw_message *
number(int64_t value)
{
	struct cw_message *message = cw_message_new(1);

	cw_message_put_int(message, value);
	return message;
}

static void
turn(struct pair *pair)
{
	for (int i = 0; i < 20; i++)
		cw_loop_turn(pair->loop, 0, NULL);
}

static void
test_requests_are_answered_in_any_order(void **state)
{
	struct pair *pair = *state;
	struct cw_message *late = cw_message_new(2);

	pair->b.keeps = true;
	cw_peer_ask(pair->a.peer, number(10), answered, &pair->a);
	turn(pair);
	pair->b.keeps = false;
	cw_peer_ask(pair->a.peer, number(1), answered, &pair->a);
	cw_peer_ask(pair->b.peer, number(3), answered, &pair->b);
	turn(pair);
	assert_int_equal(pair->a.answer, 2);
	assert_int_equal(pair->b.answer, 6);
	cw_message_put_int(late, 100);
	cw_peer_answer(pair->b.peer, pair->b.kept, late);
	turn(pair);
	assert_int_equal(pair->a.answer, 102);
}

static void
test_a_message_larger_than_any_buffer_arrives(void **state)
{
	struct pair *pair = *state;
	size_t length = 8 * 1024 * 1024;
	cw_autofree char *data = cw_alloc(length);
	struct cw_message *message = number(4);

	memset(data, 'x', length);
	cw_message_put_bytes(message, data, length);
	cw_peer_ask(pair->a.peer, message, answered, &pair->a);
	for (int i = 0; i < 100000 && pair->a.answer == 0; i++)
		cw_loop_turn(pair->loop, 0, NULL);
	assert_int_equal(pair->a.answer, 8);
}

static void
test_a_descriptor_arrives_with_its_own_message(void **state)
{
	struct pair *pair = *state;
	struct cw_message *message = number(1);
	int ends[2];
	char byte = 0;

	assert_int_equal(pipe(ends), 0);
	cw_peer_tell(pair->a.peer, number(0));
	message->descriptor = ends[0];
	cw_peer_tell(pair->a.peer, message);
	cw_peer_tell(pair->a.peer, number(5));
	turn(pair);
	assert_int_equal(pair->b.sum, 6);
	assert_true(pair->b.descriptor >= 0);
	assert_int_equal(write(ends[1], "y", 1), 1);
	assert_int_equal(read(pair->b.descriptor, &byte, 1), 1);
	assert_int_equal(byte, 'y');
	close(pair->b.descriptor);
	close(ends[1]);
}

static void
test_the_end_of_the_peer_fails_what_waits(void **state)
{
	struct pair *pair = *state;

	pair->b.keeps = true;
	cw_peer_ask(pair->a.peer, number(1), answered, &pair->a);
	turn(pair);
	cw_peer_free(cw_take(&pair->b.peer));
	turn(pair);
	assert_true(pair->a.failed);
	assert_true(pair->a.gone);
	assert_string_equal(pair->a.reason.message, "the test's peer is gone");
	pair->a.failed = false;
	cw_peer_ask(pair->a.peer, number(1), answered, &pair->a);
	turn(pair);
	assert_true(pair->a.failed);
}

static void
test_last_words_arrive_before_the_end(void **state)
{
	struct pair *pair = *state;

	cw_peer_tell(pair->b.peer, number(9));
	cw_peer_free(cw_take(&pair->b.peer));
	turn(pair);
	assert_int_equal(pair->a.sum, 9);
	assert_true(pair->a.gone);
}

static void
test_a_forgotten_request_is_not_called_back(void **state)
{
	struct pair *pair = *state;
	uint32_t asked = cw_peer_ask(pair->a.peer, number(1), answered, &pair->a);

	cw_peer_forget(pair->a.peer, asked);
	turn(pair);
	assert_int_equal(pair->a.answer, 0);
	assert_false(pair->a.gone);
}

static void
test_a_peer_may_be_freed_in_its_own_callback(void **state)
{
	struct pair *pair = *state;

	pair->b.frees = true;
	cw_peer_tell(pair->a.peer, number(1));
	cw_peer_tell(pair->a.peer, number(1));
	turn(pair);
	assert_null(pair->b.peer);
	assert_int_equal(pair->b.sum, 1);
	assert_true(pair->a.gone);
}

/* A child that serves requests, and sends notices before each answer. */
static void
serve(int socket)
{
	struct end end = {0};
	struct cw_loop *loop = cw_loop_new();

	end.peer = peer_of(loop, socket, &end);
	while (!end.gone) {
		cw_peer_tell(end.peer, number(1));
		cw_loop_turn(loop, -1, NULL);
	}
	cw_peer_free(end.peer);
	cw_loop_free(loop);
	cw_error_clear(&end.reason);
	_exit(0);
}

static void
test_asking_now_keeps_the_rest_for_the_loop(void **state)
{
	struct pair *pair = *state;
	int ends[2], status;
	pid_t child;
	struct end end = {0};
	cw_auto_message struct cw_message *answer = NULL;

	assert_int_equal(cw_peer_pair(ends, NULL), CW_OK);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		serve(ends[1]);
	}
	close(ends[1]);
	end.peer = peer_of(pair->loop, ends[0], &end);
	assert_int_equal(cw_peer_ask_now(end.peer, number(21), &answer, NULL), CW_OK);
	assert_int_equal(cw_message_get_int(answer, 0, 100), 42);
	assert_int_equal(end.sum, 0);
	turn(pair);
	assert_true(end.sum >= 1);
	cw_peer_free(end.peer);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
write_raw(struct pair *pair, uint32_t length, uint8_t answer, uint8_t descriptor)
{
	unsigned char header[12] = {0};

	memcpy(header, &length, sizeof(length));
	header[10] = answer;
	header[11] = descriptor;
	assert_int_equal(write(pair->raw, header, sizeof(header)), sizeof(header));
	turn(pair);
}

static void
test_a_length_of_four_gigabytes_ends_the_peer(void **state)
{
	struct pair *pair = *state;

	write_raw(pair, UINT32_MAX, 0, 0);
	assert_true(pair->a.gone);
	assert_int_equal(pair->a.reason.status, CW_E_PROTOCOL);
}

static void
test_a_descriptor_that_is_missing_ends_the_peer(void **state)
{
	struct pair *pair = *state;

	write_raw(pair, 0, 0, 1);
	assert_true(pair->a.gone);
	assert_int_equal(pair->a.reason.status, CW_E_PROTOCOL);
}

static void
test_an_answer_that_nobody_asked_for_is_dropped(void **state)
{
	struct pair *pair = *state;

	write_raw(pair, 0, 1, 0);
	assert_false(pair->a.gone);
	assert_int_equal(pair->a.sum, 0);
}

static void
test_a_message_that_is_cut_off_never_arrives(void **state)
{
	struct pair *pair = *state;

	write_raw(pair, 100, 0, 0);
	close(pair->raw);
	pair->raw = -1;
	turn(pair);
	assert_true(pair->a.gone);
	assert_int_equal(pair->a.sum, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests_are_answered_in_any_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_message_larger_than_any_buffer_arrives,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_descriptor_arrives_with_its_own_message,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_end_of_the_peer_fails_what_waits, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_last_words_arrive_before_the_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_forgotten_request_is_not_called_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_peer_may_be_freed_in_its_own_callback, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_asking_now_keeps_the_rest_for_the_loop, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_length_of_four_gigabytes_ends_the_peer,
						setup_raw, teardown),
		cmocka_unit_test_setup_teardown(test_a_descriptor_that_is_missing_ends_the_peer,
						setup_raw, teardown),
		cmocka_unit_test_setup_teardown(test_an_answer_that_nobody_asked_for_is_dropped,
						setup_raw, teardown),
		cmocka_unit_test_setup_teardown(test_a_message_that_is_cut_off_never_arrives,
						setup_raw, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
