#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acme_order_fixture.h"

#define PEM "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"

/* What becomes of an operation. */
struct end {
	unsigned count;
	int status;
};

static void
on_end(void *context, struct cw_error *error)
{
	struct end *end = context;

	end->count++;
	end->status = error == NULL ? CW_OK : error->status;
}

static void
turn(void)
{
	assert_int_equal(cw_loop_turn(server_loop, 1000, NULL), CW_OK);
}

static void
turn_until(const struct end *end)
{
	while (end->count == 0)
		turn();
}

/* A CA that says yes to everything. */
static void
script(void)
{
	server_on("/account", 201, "location: " CA "/account/1", "{\"status\":\"valid\"}");
	server_on("/account/1", 200, NULL, "{\"status\":\"valid\"}");
	server_on("/key", 200, NULL, NULL);
	server_on("/revoke", 200, NULL, NULL);
	server_problem("/z/old", 400, NULL, "malformed", "not pending");
	server_on("/z/old", 200, NULL, "{\"status\":\"deactivated\"}");
	server_on("/info/a.b", 200, NULL, "{}");
	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_on("/c/b", 200, NULL, "{}");
	on_order("/o/1", 200, NULL, "pending", "");
	on_order("/o/1", 200, NULL, "ready", "");
	on_order("/o/1", 200, NULL, "valid", ",\"certificate\":\"" CA "/cert/1\"");
	on_order("/f/1", 200, NULL, "processing", "");
	server_on("/cert/1", 200, "link: <" CA "/cert/2>;rel=\"alternate\"", PEM);
	server_on("/cert/2", 200, NULL, PEM);
}

/* Everything that an operation is given and may fill. */
struct things {
	struct fixture *fixture;
	struct end end;
	struct cw_acme_registration registration;
	struct cw_strv contacts, chains;
	struct json_object *body;
	char *url;
	struct cw_acme_renewal_info info;
};

static struct cw_acme_operation *
start_account_new(struct things *things)
{
	return cw_acme_account_new_start(server_acme, &things->registration, &things->url, NULL,
					 &things->body, on_end, &things->end);
}

static struct cw_acme_operation *
start_account_get(struct things *things)
{
	return cw_acme_account_get_start(server_acme, &things->body, on_end, &things->end);
}

static struct cw_acme_operation *
start_account_update(struct things *things)
{
	return cw_acme_account_update_start(server_acme, &things->contacts, &things->body, on_end,
					    &things->end);
}

static struct cw_acme_operation *
start_account_deactivate(struct things *things)
{
	return cw_acme_account_deactivate_start(server_acme, on_end, &things->end);
}

static struct cw_acme_operation *
start_change_key(struct things *things)
{
	const struct cw_acme_signer signer = cw_acme_local_signer(&server_signer);

	return cw_acme_account_change_key_start(server_acme, &signer, "{}", on_end, &things->end);
}

static struct cw_acme_operation *
start_open(struct things *things)
{
	return cw_acme_orders_open_start(server_acme, &things->fixture->order, 1, NULL, on_end,
					 &things->end);
}

static struct cw_acme_operation *
start_validate(struct things *things)
{
	assert_int_equal(open_order(things->fixture), CW_OK);
	choose(things->fixture->order);
	return cw_acme_orders_validate_start(server_acme, &things->fixture->order, 1,
					     cw_now_ms() + 5000, on_end, &things->end);
}

static struct cw_acme_operation *
start_finalize(struct things *things)
{
	const struct cw_buf *const csrs[] = {&things->fixture->csr};

	assert_int_equal(open_order(things->fixture), CW_OK);
	return cw_acme_orders_finalize_start(server_acme, &things->fixture->order, csrs, 1,
					     cw_now_ms() + 5000, on_end, &things->end);
}

static struct cw_acme_operation *
start_download(struct things *things)
{
	free(things->fixture->order->certificate_url);
	things->fixture->order->certificate_url = cw_strdup(CA "/cert/1");
	return cw_acme_order_download_start(server_acme, things->fixture->order, true,
					    &things->chains, on_end, &things->end);
}

static struct cw_acme_operation *
start_deactivate(struct things *things)
{
	return cw_acme_authorization_deactivate_start(server_acme, CA "/z/old", on_end,
						      &things->end);
}

static struct cw_acme_operation *
start_revoke(struct things *things)
{
	return cw_acme_revoke_start(server_acme, "MII", 1, NULL, on_end, &things->end);
}

static struct cw_acme_operation *
start_renewal_info(struct things *things)
{
	struct cw_acme_renewal_info *const infos[] = {&things->info};

	return cw_acme_renewal_info_start(server_acme, infos, 1, on_end, &things->end);
}

static struct cw_acme_operation *
start_directory(struct things *things)
{
	return cw_acme_directory_start(server_acme, on_end, &things->end);
}

static const struct {
	const char *name;
	struct cw_acme_operation *(*start)(struct things *things);
} kinds[] = {
	{"directory", start_directory},
	{"account_new", start_account_new},
	{"account_get", start_account_get},
	{"account_update", start_account_update},
	{"account_deactivate", start_account_deactivate},
	{"account_change_key", start_change_key},
	{"orders_open", start_open},
	{"orders_validate", start_validate},
	{"orders_finalize", start_finalize},
	{"order_download", start_download},
	{"authorization_deactivate", start_deactivate},
	{"revoke", start_revoke},
	{"renewal_info", start_renewal_info},
};

static void
clear(struct things *things)
{
	cw_strv_clear(&things->contacts);
	cw_strv_clear(&things->chains);
	cw_json_clear(&things->body);
	free(things->url);
	cw_error_clear(&things->info.error);
	free(things->info.explanation_url);
}

/* Begins anew with a server, a client and an order, and starts the operation of that kind. */
static struct cw_acme_operation *
begin(size_t kind, struct things *things)
{
	void *fixture;

	memset(things, 0, sizeof(*things));
	things->info.certificate_id = "a.b";
	setup(&fixture);
	things->fixture = fixture;
	script();
	return kinds[kind].start(things);
}

static void
finish(struct things *things)
{
	void *fixture = things->fixture;

	teardown(&fixture);
	clear(things);
}

/* Cancels the operation after so many turns of the loop; false when it had ended before. */
static bool
cancel_after(size_t kind, unsigned turns)
{
	struct things things;
	struct cw_acme_operation *operation = begin(kind, &things);
	cw_auto_json struct json_object *body = NULL;
	bool ended;

	assert_int_equal(things.end.count, 0);
	for (unsigned i = 0; i < turns && things.end.count == 0; i++)
		turn();
	ended = things.end.count > 0;
	if (!ended) {
		cw_acme_operation_cancel(operation);
		/* The client is as good as before, and nobody hears of the operation. */
		assert_int_equal(cw_acme_account_get(server_acme, &body, NULL), CW_OK);
		assert_int_equal(things.end.count, 0);
	}
	finish(&things);
	return !ended;
}

static void
test_operations_can_be_cancelled_in_each_phase(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < CW_COUNT(kinds); kind++) {
		unsigned turns = 0;

		while (cancel_after(kind, turns))
			turns++;
		if (turns < 1 || turns > 100)
			fail_msg("%s ended after %u turns", kinds[kind].name, turns);
	}
}

static void
test_operations_call_back_once_and_from_the_loop(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < CW_COUNT(kinds); kind++) {
		struct things things;

		begin(kind, &things);
		assert_int_equal(things.end.count, 0);
		turn_until(&things.end);
		cw_loop_turn(server_loop, 0, NULL);
		if (things.end.count != 1 || things.end.status != CW_OK)
			fail_msg("%s: %u times, status %d", kinds[kind].name, things.end.count,
				 things.end.status);
		finish(&things);
	}
}

static void
test_operations_end_with_their_client(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < CW_COUNT(kinds); kind++) {
		struct things things;

		begin(kind, &things);
		turn();
		finish(&things);
		if (kinds[kind].start != start_directory)
			assert_int_equal(things.end.count, 0);
	}
}

/* What cannot be begun is told from the loop too. */
static void
test_operations_without_an_account_fail_from_the_loop(void **state)
{
	struct fixture *fixture = *state;
	struct things things = {.fixture = fixture};
	struct cw_acme *with_account = server_acme;

	assert_int_equal(server_connect(&server_acme, NULL), CW_OK);
	for (size_t kind = 0; kind < CW_COUNT(kinds); kind++) {
		if (kinds[kind].start != start_account_get && kinds[kind].start != start_open &&
		    kinds[kind].start != start_revoke && kinds[kind].start != start_download &&
		    kinds[kind].start != start_change_key)
			continue;
		memset(&things.end, 0, sizeof(things.end));
		kinds[kind].start(&things);
		assert_int_equal(things.end.count, 0);
		turn_until(&things.end);
		assert_int_equal(things.end.status, CW_E_INVALID);
	}
	clear(&things);
	cw_acme_free(server_acme);
	server_acme = with_account;
}

static void
test_operations_run_side_by_side(void **state)
{
	struct fixture *fixture = *state;
	struct cw_acme_order *order = cw_acme_order_new();
	struct cw_acme_renewal_info info = {.certificate_id = "a.b"};
	struct cw_acme_renewal_info *const infos[] = {&info};
	cw_auto_json struct json_object *body = NULL;
	struct end stuck = {0}, open = {0}, get = {0}, inform = {0};

	script();
	assert_int_equal(open_order(fixture), CW_OK);
	choose(fixture->order);
	server_hang("/c/a");
	cw_acme_orders_validate_start(server_acme, &fixture->order, 1, cw_now_ms() + 60000, on_end,
				      &stuck);
	cw_acme_order_add_identifier(order, "dns", "a.example");
	cw_acme_order_add_identifier(order, "dns", "b.example");
	cw_acme_orders_open_start(server_acme, &order, 1, NULL, on_end, &open);
	cw_acme_account_get_start(server_acme, &body, on_end, &get);
	cw_acme_renewal_info_start(server_acme, infos, 1, on_end, &inform);
	turn_until(&open);
	turn_until(&get);
	turn_until(&inform);
	assert_int_equal(stuck.count, 0);
	assert_int_equal(order->authorization_count, 2);
	assert_string_equal(cw_json_string(body, "status"), "valid");
	assert_true(server_peak() > 3);
	/* The stuck one ends with the client. */
	server_stop();
	assert_int_equal(stuck.count, 0);
	server_start();
	cw_acme_order_free(order);
	cw_error_clear(&info.error);
}

/* The place that a cancelled one had is taken by those that wait. */
static void
test_cancelled_operation_makes_room(void **state)
{
	enum { MANY = 100 };
	struct cw_acme_renewal_info infos[MANY];
	struct cw_acme_renewal_info *pointers[MANY];
	cw_auto_json struct json_object *body = NULL;
	struct cw_acme_operation *operation;
	struct end stuck = {0}, get = {0};

	(void)state;
	server_hang("/info/a.b");
	server_on("/account/1", 200, NULL, "{}");
	for (size_t i = 0; i < MANY; i++) {
		infos[i] = (struct cw_acme_renewal_info){.certificate_id = "a.b"};
		pointers[i] = &infos[i];
	}
	operation = cw_acme_renewal_info_start(server_acme, pointers, MANY, on_end, &stuck);
	cw_acme_account_get_start(server_acme, &body, on_end, &get);
	for (int i = 0; i < 3; i++)
		cw_loop_turn(server_loop, 1, NULL);
	assert_int_equal(get.count, 0);
	cw_acme_operation_cancel(operation);
	turn_until(&get);
	assert_int_equal(get.status, CW_OK);
	assert_int_equal(stuck.count, 0);
}

/* The orders that were made, as their caller is told. */
static struct {
	struct cw_acme_order *orders[8];
	size_t count;
	struct cw_acme_operation *to_cancel;
} made;

static void
on_created(void *context, struct cw_acme_order *order)
{
	(void)context;
	assert_non_null(order->url);
	made.orders[made.count++] = order;
	cw_acme_operation_cancel(cw_take(&made.to_cancel));
}

static struct cw_acme_operation *
open_and_wait(struct fixture *fixture, struct end *end)
{
	struct cw_acme_operation *operation;

	memset(&made, 0, sizeof(made));
	script();
	operation =
		cw_acme_orders_open_start(server_acme, &fixture->order, 1, on_created, on_end, end);
	while (made.count == 0)
		turn();
	cw_loop_turn(server_loop, 0, NULL);
	return operation;
}

static void
test_new_order_waits_until_it_may_go_on(void **state)
{
	struct fixture *fixture = *state;
	struct end end = {0};

	open_and_wait(fixture, &end);
	assert_int_equal(server_count("/z/a"), 0);
	assert_int_equal(end.count, 0);
	cw_acme_order_go_on(fixture->order, NULL);
	turn_until(&end);
	assert_int_equal(end.status, CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(fixture->order->authorization_count, 2);
	/* Once is enough; more does no harm. */
	cw_acme_order_go_on(fixture->order, NULL);
}

static void
test_new_order_that_may_not_go_on_fails(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_error struct cw_error error = {0};
	struct end end = {0};

	open_and_wait(fixture, &end);
	cw_fail(&error, CW_E_PERMISSION, "the record cannot be written");
	cw_acme_order_go_on(fixture->order, &error);
	assert_int_equal(end.count, 0);
	turn_until(&end);
	assert_int_equal(end.status, CW_OK);
	assert_failed(&fixture->order->error, CW_E_PERMISSION, "cannot be written");
	assert_int_equal(server_count("/z/a"), 0);
}

static void
test_order_of_a_cancelled_operation_goes_nowhere(void **state)
{
	struct fixture *fixture = *state;
	struct end end = {0};

	cw_acme_operation_cancel(open_and_wait(fixture, &end));
	cw_acme_order_go_on(fixture->order, NULL);
	for (int i = 0; i < 3; i++)
		cw_loop_turn(server_loop, 1, NULL);
	assert_int_equal(end.count, 0);
	assert_int_equal(server_count("/z/a"), 0);
}

static void
test_operation_can_be_cancelled_while_it_tells_of_an_order(void **state)
{
	struct fixture *fixture = *state;
	struct end end = {0};

	memset(&made, 0, sizeof(made));
	script();
	made.to_cancel = cw_acme_orders_open_start(server_acme, &fixture->order, 1, on_created,
						   on_end, &end);
	while (made.count == 0)
		turn();
	assert_int_equal(end.count, 0);
	assert_null(fixture->order->opening);
}

static void
free_client(void *context, struct cw_error *error)
{
	on_end(context, error);
	cw_acme_free(cw_take(&server_acme));
}

static void
test_client_can_be_freed_at_the_end_of_an_operation(void **state)
{
	cw_auto_json struct json_object *never = NULL;
	struct end end = {0}, other = {0};

	(void)state;
	script();
	server_hang("/account/1");
	cw_acme_account_get_start(server_acme, &never, on_end, &other);
	cw_acme_directory_start(server_acme, free_client, &end);
	turn_until(&end);
	assert_null(server_acme);
	assert_int_equal(other.count, 0);
}

static void
test_first_requests_ask_for_a_nonce_each_at_most(void **state)
{
	struct fixture *fixture = *state;

	script();
	assert_int_equal(open_order(fixture), CW_OK);
	/* One for the order; its answer's and another one for the two authorizations. */
	assert_int_equal(server_count("/nonce"), 2);
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_int_equal(finalize(fixture, 5000), CW_OK);
	assert_int_equal(server_count("/nonce"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations_can_be_cancelled_in_each_phase),
		cmocka_unit_test(test_operations_call_back_once_and_from_the_loop),
		cmocka_unit_test(test_operations_end_with_their_client),
		TEST(test_operations_without_an_account_fail_from_the_loop),
		TEST(test_operations_run_side_by_side),
		TEST(test_cancelled_operation_makes_room),
		TEST(test_new_order_waits_until_it_may_go_on),
		TEST(test_new_order_that_may_not_go_on_fails),
		TEST(test_order_of_a_cancelled_operation_goes_nowhere),
		TEST(test_operation_can_be_cancelled_while_it_tells_of_an_order),
		TEST(test_client_can_be_freed_at_the_end_of_an_operation),
		TEST(test_first_requests_ask_for_a_nonce_each_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
