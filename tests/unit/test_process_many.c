#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "process_fixture.h"

static void
count_call(void *context)
{
	(*(int *)context)++;
}

static void
test_as_many_run_at_once_as_asked_and_the_loop_with_them(void **state)
{
	static const char *const argv[] = {"sleep", "0.5", NULL};
	struct cw_process processes[6] = {{0}};
	struct cw_process *pointers[6];
	struct cw_loop *loop = cw_loop_new();
	int64_t begin = cw_now_ms();
	int calls = 0;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(processes); i++) {
		processes[i].argv = argv;
		pointers[i] = &processes[i];
	}
	cw_loop_timer(loop, 50, count_call, &calls);
	assert_int_equal(cw_process_run(loop, pointers, 6, 3, NULL), CW_OK);
	assert_in_range(cw_now_ms() - begin, 1000, 2900);
	assert_int_equal(calls, 1);
	for (size_t i = 0; i < CW_COUNT(processes); i++) {
		assert_int_equal(processes[i].status, CW_OK);
		cw_process_clear(&processes[i]);
	}
	cw_loop_free(loop);
}

static void
test_one_job_runs_them_one_after_the_other_in_order(void **state)
{
	static const char script[] = "test \"$(cat \"$0\")\" = \"$BEFORE\" && sleep 0.02 && "
				     "printf x >>\"$0\"";
	cw_autofree char *path = write_script("order", "", 0600);
	const char *const argv[] = {"sh", "-c", script, path, NULL};
	const char *const environments[][2] = {
		{"BEFORE="}, {"BEFORE=x"}, {"BEFORE=xx"}, {"BEFORE=xxx"}};
	struct cw_process processes[4] = {{0}};
	struct cw_process *pointers[4];
	struct cw_loop *loop = cw_loop_new();

	(void)state;
	for (size_t i = 0; i < CW_COUNT(processes); i++) {
		processes[i].argv = argv;
		processes[i].environment = environments[i];
		pointers[i] = &processes[i];
	}
	assert_int_equal(cw_process_run(loop, pointers, 4, 0, NULL), CW_OK);
	for (size_t i = 0; i < CW_COUNT(processes); i++) {
		assert_int_equal(processes[i].status, CW_OK);
		cw_process_clear(&processes[i]);
	}
	cw_loop_free(loop);
}

static void
test_one_that_cannot_start_does_not_stop_the_others(void **state)
{
	struct cw_process good = {.argv = SHELL("echo good")};
	struct cw_process bad = {.argv = (const char *const[]){"/no/such/program", NULL}};
	struct cw_process *all[] = {&bad, &good, &bad};
	struct cw_loop *loop = cw_loop_new();

	(void)state;
	assert_int_equal(cw_process_run(loop, all, CW_COUNT(all), 0, NULL), CW_OK);
	assert_int_equal(good.status, CW_OK);
	assert_int_equal(bad.status, CW_E_NOT_FOUND);
	assert_int_equal(cw_process_run(loop, NULL, 0, 0, NULL), CW_OK);
	cw_process_clear(&good);
	cw_process_clear(&bad);
	cw_loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_many_run_at_once_as_asked_and_the_loop_with_them),
		cmocka_unit_test(test_one_job_runs_them_one_after_the_other_in_order),
		cmocka_unit_test(test_one_that_cannot_start_does_not_stop_the_others),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
