#include "test_acme_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "acme/internal.h"
#include "base/mem.h"

#include <cmocka.h>

enum { SIGNATURES_MAX = 300 };

/* A signer far away: what is asked of it waits until the test answers. */
static struct {
	struct {
		cw_acme_signed done;
		void *context;
	} asked[SIGNATURES_MAX];
	size_t count;
	size_t cancelled;
	struct cw_acme_to_sign last;
	char url[100], nonce[100], kid[100], payload[100];
} far;

static const char *
keep(char *to, const char *text)
{
	if (text == NULL)
		return NULL;
	assert_true(strlen(text) < 100);
	return strcpy(to, text);
}

static void
far_sign(void *context, const struct cw_acme_to_sign *what, cw_acme_signed done, void *done_context)
{
	(void)context;
	assert_true(far.count < SIGNATURES_MAX);
	far.asked[far.count].done = done;
	far.asked[far.count++].context = done_context;
	far.last.url = keep(far.url, what->url);
	far.last.nonce = keep(far.nonce, what->nonce);
	far.last.kid = keep(far.kid, what->kid);
	far.last.payload = keep(far.payload, what->payload);
}

static void
far_cancel(void *context, void *done_context)
{
	(void)context;
	for (size_t i = 0; i < far.count; i++) {
		if (far.asked[i].context != done_context)
			continue;
		far.asked[i] = far.asked[--far.count];
		far.cancelled++;
		return;
	}
	fail_msg("what is not under way was cancelled");
}

static const struct cw_acme_signer far_signer = {
	.thumbprint = "FAR", .sign = far_sign, .cancel = far_cancel};

/* Answers all that was asked: {"nonce": ..., "url": ...} in base64url, as the server looks at it.
 */
static void
answer_last(void)
{
	cw_auto_json struct json_object *header = cw_json_new_object();
	cw_autofree char *jws = NULL;
	size_t last = --far.count;

	cw_json_set_string(header, "url", far.url);
	cw_json_set_string(header, "nonce", far.nonce);
	assert_int_equal(cw_jws_sign(&server_signer, header, far.last.payload, &jws, NULL), CW_OK);
	far.asked[last].done(far.asked[last].context, jws, NULL);
}

static void
answer_all(void)
{
	while (far.count > 0)
		answer_last();
}

static void
refuse_all(void)
{
	cw_auto_error struct cw_error error = {0};

	cw_fail(&error, CW_E_CRYPTO, "the key is locked");
	while (far.count > 0) {
		size_t last = --far.count;

		far.asked[last].done(far.asked[last].context, NULL, &error);
	}
}

struct end {
	size_t count;
	struct cw_error error;
};

static void
on_end(void *context, struct cw_error *error)
{
	struct end *end = context;

	end->count++;
	if (error != NULL)
		cw_error_move(&end->error, error);
}

static struct cw_acme *acme;

static int
set_up(void **state)
{
	const struct cw_acme_options options = {.directory_url = CA "/dir"};
	struct end end = {0};

	memset(&far, 0, sizeof(far));
	server_set_up(state);
	assert_int_equal(cw_acme_make(server_loop, NULL, &options, &far_signer, &acme, NULL),
			 CW_OK);
	cw_acme_directory_start(acme, on_end, &end);
	assert_int_equal(end.count, 0);
	while (end.count == 0)
		cw_loop_turn(server_loop, 1000, NULL);
	cw_acme_account_use(acme, CA "/account/1");
	server_on("/account/1", 200, NULL, "{\"status\":\"valid\"}");
	return 0;
}

static int
tear_down(void **state)
{
	cw_acme_free(acme);
	assert_int_equal(far.count, 0);
	return server_tear_down(state);
}

static void
turn_until_asked(size_t count)
{
	while (far.count < count)
		assert_int_equal(cw_loop_turn(server_loop, 1000, NULL), CW_OK);
}

static void
test_late_signature_is_sent(void **state)
{
	cw_auto_json struct json_object *body = NULL;
	struct end end = {0};

	(void)state;
	cw_acme_account_get_start(acme, &body, on_end, &end);
	turn_until_asked(1);
	assert_string_equal(far.last.url, CA "/account/1");
	assert_string_equal(far.last.kid, CA "/account/1");
	assert_non_null(far.last.nonce);
	assert_null(far.last.payload);
	for (int i = 0; i < 5; i++)
		cw_loop_turn(server_loop, 1, NULL);
	assert_int_equal(server_count("/account/1"), 0);
	assert_int_equal(end.count, 0);
	answer_all();
	while (end.count == 0)
		cw_loop_turn(server_loop, 1000, NULL);
	assert_int_equal(end.error.status, CW_OK);
	assert_string_equal(cw_json_string(body, "status"), "valid");
}

static void
test_new_account_is_signed_with_the_key_itself(void **state)
{
	struct cw_acme_registration registration = {.terms_agreed = true};
	cw_auto_json struct json_object *body = NULL;
	cw_autofree char *url = NULL;
	struct end end = {0};

	(void)state;
	server_on("/account", 201, "location: " CA "/account/2", "{\"status\":\"valid\"}");
	cw_acme_account_new_start(acme, &registration, &url, NULL, &body, on_end, &end);
	turn_until_asked(1);
	assert_null(far.last.kid);
	assert_string_equal(far.last.payload, "{\"termsOfServiceAgreed\":true}");
	answer_all();
	while (end.count == 0)
		cw_loop_turn(server_loop, 1000, NULL);
	assert_string_equal(url, CA "/account/2");
}

static void
test_refused_signature_fails_the_request_and_spares_the_nonce(void **state)
{
	cw_auto_json struct json_object *body = NULL;
	struct end end = {0};

	(void)state;
	cw_acme_account_get_start(acme, &body, on_end, &end);
	turn_until_asked(1);
	assert_null(cw_acme_unused_nonce(acme));
	refuse_all();
	assert_int_equal(end.count, 0);
	while (end.count == 0)
		cw_loop_turn(server_loop, 1000, NULL);
	assert_int_equal(end.error.status, CW_E_CRYPTO);
	assert_string_equal(end.error.message, "the key is locked");
	assert_string_equal(cw_acme_unused_nonce(acme), far.nonce);
	assert_int_equal(server_count("/account/1"), 0);
	cw_error_clear(&end.error);
}

static void
test_cancelled_operation_wants_no_signature(void **state)
{
	struct cw_acme_operation *operation;
	struct json_object *body = NULL;
	struct end end = {0};

	(void)state;
	operation = cw_acme_account_get_start(acme, &body, on_end, &end);
	turn_until_asked(1);
	cw_acme_operation_cancel(operation);
	assert_int_equal(far.count, 0);
	assert_int_equal(far.cancelled, 1);
	assert_string_equal(cw_acme_unused_nonce(acme), far.nonce);
	for (int i = 0; i < 3; i++)
		cw_loop_turn(server_loop, 1, NULL);
	assert_int_equal(end.count, 0);
}

static void
test_signatures_that_are_waited_for_hold_nobody_back(void **state)
{
	struct json_object *bodies[10] = {NULL};
	struct end end = {0};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(bodies); i++)
		cw_acme_account_get_start(acme, &bodies[i], on_end, &end);
	turn_until_asked(CW_COUNT(bodies));
	answer_all();
	while (end.count < CW_COUNT(bodies))
		cw_loop_turn(server_loop, 1000, NULL);
	assert_int_equal(end.error.status, CW_OK);
	for (size_t i = 0; i < CW_COUNT(bodies); i++)
		json_object_put(bodies[i]);
}

static void
test_signature_is_cancelled_with_the_signer_that_was_asked(void **state)
{
	const struct cw_acme_signer at_hand = cw_acme_local_signer(&server_signer);
	struct cw_acme_operation *operation;
	struct json_object *body = NULL;
	struct end end = {0}, change = {0};

	(void)state;
	server_on("/key", 200, NULL, NULL);
	operation = cw_acme_account_get_start(acme, &body, on_end, &end);
	turn_until_asked(1);
	cw_acme_account_change_key_start(acme, &at_hand, "{}", on_end, &change);
	turn_until_asked(2);
	answer_last();
	while (change.count == 0)
		cw_loop_turn(server_loop, 1000, NULL);
	assert_ptr_equal(cw_acme_signer(acme)->sign, at_hand.sign);
	cw_acme_operation_cancel(operation);
	assert_int_equal(far.cancelled, 1);
	assert_int_equal(end.count, 0);
}

static void
test_freed_client_wants_no_signature(void **state)
{
	struct json_object *body = NULL;
	struct end end = {0};

	(void)state;
	cw_acme_account_get_start(acme, &body, on_end, &end);
	turn_until_asked(1);
	cw_acme_free(cw_take(&acme));
	assert_int_equal(far.cancelled, 1);
	assert_int_equal(end.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_late_signature_is_sent),
		TEST(test_new_account_is_signed_with_the_key_itself),
		TEST(test_refused_signature_fails_the_request_and_spares_the_nonce),
		TEST(test_cancelled_operation_wants_no_signature),
		TEST(test_signatures_that_are_waited_for_hold_nobody_back),
		TEST(test_signature_is_cancelled_with_the_signer_that_was_asked),
		TEST(test_freed_client_wants_no_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
