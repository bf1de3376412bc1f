#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../plugins/common/proc.h"

/* A child that computes, or that waits, until it is killed. */
static pid_t
start_child(bool waits)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (volatile unsigned turns = 0;; turns++)
		if (waits)
			pause();
}

static void
end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
test_a_process_that_waits_sleeps(void **state)
{
	pid_t pid = start_child(true);

	(void)state;
	/* It has to get there first. */
	for (int i = 0; i < 10000 && !proc_sleeps(pid); i++)
		usleep(1000);
	assert_true(proc_sleeps(pid));
	assert_true(proc_runs(pid));
	end_child(pid);
}

static void
test_a_process_that_computes_does_not_sleep(void **state)
{
	pid_t pid = start_child(false);

	(void)state;
	/* Until it has got some of the processor's time. */
	for (int i = 0; i < 10000 && proc_ticks(pid) == 0; i++)
		usleep(1000);
	assert_true(proc_ticks(pid) > 0);
	assert_false(proc_sleeps(pid));
	end_child(pid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_process_that_waits_sleeps),
		cmocka_unit_test(test_a_process_that_computes_does_not_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
