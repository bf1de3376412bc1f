#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "plugin/instance.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned
port_of(int descriptor)
{
	struct sockaddr_in6 address; /* the port is at the same place in both kinds */
	socklen_t length = sizeof(address);

	assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin6_port);
}

static void
test_socket_is_nonblocking_and_close_on_exec(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_autoclose int descriptor = -1;
	bool by_run;

	(void)state;
	assert_int_equal(cw_listen("127.0.0.1", 0, &descriptor, &by_run, &error), CW_OK);
	assert_true(fcntl(descriptor, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
}

static void
test_both_kinds_of_addresses_share_a_port(void **state)
{
	cw_autoclose int v4 = -1, v6 = -1;
	bool by_run;
	int status;

	(void)state;
	assert_int_equal(cw_listen("0.0.0.0", 0, &v4, &by_run, NULL), CW_OK);
	status = cw_listen("::", port_of(v4), &v6, &by_run, NULL);
	assert_true(status == CW_OK || status == CW_E_UNSUPPORTED);
}

/* Another process of this program, as another run is. */
static void
test_a_port_that_another_run_holds_is_told_apart(void **state)
{
	int ready[2], hold[2];
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *process = NULL;
	unsigned port = 0;
	int descriptor;
	bool by_run = false;
	char byte;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ready) + pipe(hold), 0);
	child = fork();
	if (child == 0) {
		close(hold[1]);
		if (cw_listen("127.0.0.1", 0, &descriptor, &by_run, NULL) != CW_OK)
			_exit(1);
		port = port_of(descriptor);
		if (write(ready[1], &port, sizeof(port)) != sizeof(port))
			_exit(1);
		_exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(hold[0]);
	assert_int_equal(read(ready[0], &port, sizeof(port)), sizeof(port));
	assert_int_equal(cw_listen("127.0.0.1", port, &descriptor, &by_run, &error), CW_E_BUSY);
	assert_true(by_run);
	process = cw_format("(process %ld)", (long)child);
	assert_non_null(strstr(error.message, process));
	close(hold[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(cw_listen("127.0.0.1", port, &descriptor, &by_run, NULL), CW_OK);
	assert_false(by_run);
	close(descriptor);
	close(ready[0]);
	close(ready[1]);
}

static void
test_what_is_no_address_or_port_is_refused(void **state)
{
	cw_auto_error struct cw_error error = {0};
	int descriptor;
	bool by_run;

	(void)state;
	assert_int_equal(cw_listen("localhost", 80, &descriptor, &by_run, &error), CW_E_INVALID);
	assert_non_null(strstr(error.message, "\"localhost\""));
	assert_int_equal(cw_listen("127.0.0.1", 65536, &descriptor, &by_run, &error), CW_E_INVALID);
	assert_int_equal(cw_listen("198.51.100.9", 8080, &descriptor, &by_run, &error),
			 CW_E_UNSUPPORTED);
	assert_non_null(strstr(error.message, "198.51.100.9"));
	assert_int_equal(descriptor, -1);
}

/* The other program: Python, which writes the port once it listens. */
static pid_t
start_holder(const char *address, const char *option, unsigned *port)
{
	static const char program[] =
		"import os,socket,sys\n"
		"f = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET\n"
		"s = socket.socket(f)\n"
		"if sys.argv[2]: s.setsockopt(socket.SOL_SOCKET, getattr(socket, sys.argv[2]), 1)\n"
		"s.bind((sys.argv[1], 0)); s.listen()\n"
		"os.write(1, b'%d\\n' % s.getsockname()[1])\n"
		"sys.stdin.read()\n";
	int out[2];
	char text[32] = "";
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(out), 0);
	child = fork();
	if (child == 0) {
		int in[2];

		/* Reads for ever: this end of the pipe is its own. */
		if (pipe(in) != 0 || dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
			_exit(1);
		close(out[0]);
		execl("/usr/bin/python3", "python3", "-c", program, address, option, NULL);
		_exit(1);
	}
	close(out[1]);
	got = read(out[0], text, sizeof(text) - 1);
	close(out[0]);
	assert_true(got > 0);
	*port = (unsigned)strtoul(text, NULL, 10);
	return child;
}

static void
stop_holder(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void
names_holder(const char *holder_address, const char *option, const char *address)
{
	cw_auto_error struct cw_error error = {0};
	unsigned port;
	pid_t child = start_holder(holder_address, option, &port);
	cw_autofree char *process = cw_format("(process %ld)", (long)child);
	bool by_run = true;
	int descriptor, status = cw_listen(address, port, &descriptor, &by_run, &error);

	stop_holder(child);
	assert_int_equal(status, CW_E_BUSY);
	assert_false(by_run);
	if (strstr(error.message, "\"python3") == NULL || strstr(error.message, process) == NULL)
		fail_msg("\"%s\" does not name %s", error.message, process);
	assert_non_null(strstr(error.hint, "--pre-hook"));
}

static void
test_process_that_holds_the_port_is_named(void **state)
{
	(void)state;
	names_holder("127.0.0.1", "", "127.0.0.1");
}

static void
test_process_that_holds_one_address_is_named_for_all(void **state)
{
	(void)state;
	names_holder("127.0.0.1", "", "0.0.0.0");
}

static void
test_process_that_holds_the_port_for_both_kinds_is_named(void **state)
{
	(void)state;
	names_holder("::", "", "0.0.0.0");
}

/* The kernel would give us a share of its connections, and it a share of ours. */
static void
test_port_is_not_shared_with_another_program_that_would_allow_it(void **state)
{
	(void)state;
	names_holder("127.0.0.1", "SO_REUSEPORT", "127.0.0.1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket_is_nonblocking_and_close_on_exec),
		cmocka_unit_test(test_both_kinds_of_addresses_share_a_port),
		cmocka_unit_test(test_a_port_that_another_run_holds_is_told_apart),
		cmocka_unit_test(test_what_is_no_address_or_port_is_refused),
		cmocka_unit_test(test_process_that_holds_the_port_is_named),
		cmocka_unit_test(test_process_that_holds_one_address_is_named_for_all),
		cmocka_unit_test(test_process_that_holds_the_port_for_both_kinds_is_named),
		cmocka_unit_test(test_port_is_not_shared_with_another_program_that_would_allow_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
