#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "child.h"
#include "process_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
test_only_the_three_standard_descriptors_are_open(void **state)
{
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){"ls", "/proc/self/fd", NULL},
	};
	int leaked = open("/dev/null", O_RDONLY), high = dup2(leaked, 700);

	(void)state;
	assert_int_equal(high, 700);
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	/* 3 is the folder that ls itself reads. */
	assert_string_equal(cw_buf_text(&process.output), "0\n1\n2\n3\n");
	close(leaked);
	close(high);
}

static void
test_no_descriptor_is_left_open(void **state)
{
	int before = dup(0), after;

	(void)state;
	close(before);
	for (int i = 0; i < 3; i++) {
		struct cw_process good = {.argv = SHELL("cat"), .input = "x", .input_length = 1};
		struct cw_process bad = {.argv = (const char *const[]){"/no/such/program", NULL}};

		assert_int_equal(cw_process_run_one(&good, NULL), CW_OK);
		assert_int_equal(cw_process_run_one(&bad, NULL), CW_E_NOT_FOUND);
		cw_process_clear(&good);
		cw_process_clear(&bad);
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void
run_without_descriptors(void *context)
{
	cw_auto_process struct cw_process process = {
		.argv = SHELL("cat; echo err >&2"), .input = "hi", .input_length = 2};

	(void)context;
	close(0);
	close(1);
	close(2);
	if (cw_process_run_one(&process, NULL) != CW_OK ||
	    strcmp(cw_buf_text(&process.output), "hi") != 0 ||
	    strcmp(cw_buf_text(&process.error_output), "err\n") != 0)
		_exit(1);
}

static void
test_it_works_without_standard_descriptors_of_our_own(void **state)
{
	(void)state;
	in_child(run_without_descriptors, NULL);
}

/* Makes the kernel look like one without pidfd_open and close_range. */
static void
forget_new_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog program = {.len = CW_COUNT(filter), .filter = filter};

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	CHECK(syscall(SYS_pidfd_open, getpid(), 0) < 0 && errno == ENOSYS);
}

static void
run_on_old_kernel(void *context)
{
	cw_auto_process struct cw_process lists = {
		.argv = (const char *const[]){"ls", "/proc/self/fd", NULL}};
	cw_auto_process struct cw_process hangs = {.argv = SHELL("sleep 100 & echo $!; wait"),
						   .time_limit = 1};
	cw_auto_process struct cw_process silent = {
		.argv = SHELL("exec >&- 2>&-; sleep 0.3; exit 5")};
	int64_t begin;

	(void)context;
	CHECK(dup2(open("/dev/null", O_RDONLY), 700) == 700);
	forget_new_calls();
	CHECK(cw_process_run_one(&lists, NULL) == CW_OK);
	CHECK(strcmp(cw_buf_text(&lists.output), "0\n1\n2\n3\n") == 0);
	CHECK(cw_process_run_one(&hangs, NULL) == CW_E_TIMEOUT);
	CHECK(ends_soon(printed_pid(&hangs)));
	begin = cw_now_ms();
	CHECK(cw_process_run_one(&silent, NULL) == CW_E_COMMAND);
	CHECK(silent.exit_status == 5 && cw_now_ms() - begin >= 300);
}

static void
test_it_works_on_kernels_without_pidfds_and_close_range(void **state)
{
	(void)state;
	in_child(run_on_old_kernel, NULL);
}

/* Whatever the descriptor limit leaves room for, nothing hangs and nothing is left. */
static void
run_short_of_descriptors(void *context)
{
	int taken = open("/dev/null", O_RDONLY | O_CLOEXEC), failed = 0;

	(void)context;
	for (int limit = taken + 1; limit < taken + 16; limit++) {
		struct cw_process process = {.argv = SHELL("echo x"), .time_limit = 10};
		struct rlimit limits = {(rlim_t)limit, (rlim_t)taken + 16};
		int status;

		CHECK(setrlimit(RLIMIT_NOFILE, &limits) == 0);
		status = cw_process_run_one(&process, NULL);
		CHECK(status == CW_OK || process.error_output.length > 0);
		failed += status != CW_OK ? 1 : 0;
		cw_process_clear(&process);
	}
	CHECK(failed > 3 && failed < 14);
	CHECK(dup(0) == taken + 1);
}

static void
test_a_lack_of_descriptors_is_an_error_that_leaves_nothing(void **state)
{
	(void)state;
	skip_under_valgrind();
	in_child(run_short_of_descriptors, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_three_standard_descriptors_are_open),
		cmocka_unit_test(test_no_descriptor_is_left_open),
		cmocka_unit_test(test_it_works_without_standard_descriptors_of_our_own),
		cmocka_unit_test(test_it_works_on_kernels_without_pidfds_and_close_range),
		cmocka_unit_test(test_a_lack_of_descriptors_is_an_error_that_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
