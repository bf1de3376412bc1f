#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_fixture.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct batch {
	struct fixture *fixture;
	struct cw_http_exchange *exchanges[40];
	size_t begun, ended;
	bool done;
	bool cancel_others, free_client, start_next;
};

static void
end_one(void *context, struct cw_http_answer *result, const struct cw_error *error)
{
	struct batch *batch = context;
	cw_autofree char *url = url_of(batch->fixture, "/hello");

	assert_null(error);
	assert_string_equal(cw_buf_text(&result->body), "hello");
	batch->ended++;
	if (batch->cancel_others) {
		/* Its own is among them: it ends by itself. */
		for (size_t i = 0; i < batch->begun; i++)
			cw_http_cancel(batch->exchanges[i]);
		batch->done = true;
	} else if (batch->free_client) {
		cw_http_free(batch->fixture->http);
		batch->fixture->http = NULL;
		batch->done = true;
	} else if (batch->start_next && batch->begun < CW_COUNT(batch->exchanges)) {
		batch->exchanges[batch->begun++] =
			cw_http_start(batch->fixture->http, &(struct cw_http_message){.url = url},
				      end_one, batch, NULL);
	} else {
		batch->done = batch->ended == batch->begun;
	}
}

static void
start_batch(struct batch *batch, size_t count)
{
	cw_autofree char *url = url_of(batch->fixture, "/hello");

	for (; batch->begun < count; batch->begun++) {
		batch->exchanges[batch->begun] =
			cw_http_start(batch->fixture->http, &(struct cw_http_message){.url = url},
				      end_one, batch, NULL);
		assert_non_null(batch->exchanges[batch->begun]);
	}
	assert_int_equal(batch->ended, 0);
}

static void
test_many_exchanges_end_each_once(void **state)
{
	struct batch batch = {.fixture = *state};

	start_batch(&batch, CW_COUNT(batch.exchanges));
	assert_int_equal(cw_loop_until(batch.fixture->loop, &batch.done, NULL), CW_OK);
	assert_int_equal(batch.ended, CW_COUNT(batch.exchanges));
	turn_on(batch.fixture->loop);
	assert_int_equal(batch.ended, CW_COUNT(batch.exchanges));
}

static void
test_callback_may_start_further_exchanges(void **state)
{
	struct batch batch = {.fixture = *state, .start_next = true};

	start_batch(&batch, 3);
	assert_int_equal(cw_loop_until(batch.fixture->loop, &batch.done, NULL), CW_OK);
	assert_int_equal(batch.ended, CW_COUNT(batch.exchanges));
}

static void
test_callback_may_cancel_all_exchanges(void **state)
{
	struct batch batch = {.fixture = *state, .cancel_others = true};

	start_batch(&batch, CW_COUNT(batch.exchanges));
	assert_int_equal(cw_loop_until(batch.fixture->loop, &batch.done, NULL), CW_OK);
	turn_on(batch.fixture->loop);
	assert_int_equal(batch.ended, 1);
}

static void
test_callback_may_free_the_client(void **state)
{
	struct batch batch = {.fixture = *state, .free_client = true};

	start_batch(&batch, CW_COUNT(batch.exchanges));
	assert_int_equal(cw_loop_until(batch.fixture->loop, &batch.done, NULL), CW_OK);
	turn_on(batch.fixture->loop);
	assert_int_equal(batch.ended, 1);
}

static void
test_cancelled_exchange_does_not_call_back(void **state)
{
	struct fixture *fixture = *state;
	cw_autofree char *url = url_of(fixture, "/hello"), *silent = url_of(fixture, "/silent");
	struct cw_http_exchange *early, *late;

	early = cw_http_start(fixture->http, &(struct cw_http_message){.url = url}, never, NULL,
			      NULL);
	late = cw_http_start(fixture->http, &(struct cw_http_message){.url = silent}, never, NULL,
			     NULL);
	cw_http_cancel(early);
	turn_on(fixture->loop);
	cw_http_cancel(late);
	cw_http_cancel(NULL);
	turn_on(fixture->loop);
	/* Freed with one in flight. */
	assert_non_null(cw_http_start(fixture->http, &(struct cw_http_message){.url = silent},
				      never, NULL, NULL));
	turn_on(fixture->loop);
}

static void
nested(void *context, struct cw_http_answer *result, const struct cw_error *error)
{
	struct batch *batch = context;
	cw_auto_answer struct cw_http_answer inner;

	assert_null(error);
	assert_int_equal(result->status, 200);
	assert_int_equal(get(batch->fixture, "/count", (struct cw_http_message){0}, &inner, NULL),
			 CW_OK);
	batch->done = true;
}

static void
test_callback_may_run_an_exchange(void **state)
{
	struct batch batch = {.fixture = *state};
	cw_autofree char *url = url_of(batch.fixture, "/hello");

	cw_http_start(batch.fixture->http, &(struct cw_http_message){.url = url}, nested, &batch,
		      NULL);
	assert_int_equal(cw_loop_until(batch.fixture->loop, &batch.done, NULL), CW_OK);
}

static void
take_body(void *context, struct cw_http_answer *result, const struct cw_error *error)
{
	char **body = context;

	assert_null(error);
	*body = cw_buf_take(&result->body);
}

static void
test_callback_may_take_the_body(void **state)
{
	struct fixture *fixture = *state;
	cw_autofree char *url = url_of(fixture, "/hello"), *body = NULL;

	cw_http_start(fixture->http, &(struct cw_http_message){.url = url}, take_body, &body, NULL);
	while (body == NULL)
		assert_int_equal(cw_loop_turn(fixture->loop, -1, NULL), CW_OK);
	assert_string_equal(body, "hello");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many_exchanges_end_each_once),
		TEST(test_callback_may_start_further_exchanges),
		TEST(test_callback_may_cancel_all_exchanges),
		TEST(test_callback_may_free_the_client),
		TEST(test_cancelled_exchange_does_not_call_back),
		TEST(test_callback_may_run_an_exchange),
		TEST(test_callback_may_take_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
