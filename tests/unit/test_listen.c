#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
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

	(void)state;
	assert_int_equal(cw_listen("127.0.0.1", 0, &descriptor, &error), CW_OK);
	assert_true(fcntl(descriptor, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
}

static void
test_both_kinds_of_addresses_share_a_port(void **state)
{
	cw_autoclose int v4 = -1, v6 = -1;
	int status;

	(void)state;
	assert_int_equal(cw_listen("0.0.0.0", 0, &v4, NULL), CW_OK);
	status = cw_listen("::", port_of(v4), &v6, NULL);
	assert_true(status == CW_OK || status == CW_E_UNSUPPORTED);
}

static void
test_our_own_sockets_share_a_port(void **state)
{
	cw_autoclose int first = -1, second = -1;

	(void)state;
	assert_int_equal(cw_listen("127.0.0.1", 0, &first, NULL), CW_OK);
	assert_int_equal(cw_listen("127.0.0.1", port_of(first), &second, NULL), CW_OK);
}

/* One run: waits for GATE to be closed, listens, says in TRIED how that went, and keeps the socket
 * until HOLD is closed. */
static void
run_beside_others(unsigned port, const int gate[2], int tried, const int hold[2])
{
	int descriptor;
	char byte;

	close(gate[1]);
	close(hold[1]);
	if (read(gate[0], &byte, 1) != 0)
		_exit(1);
	byte = cw_listen("127.0.0.1", port, &descriptor, NULL) == CW_OK ? 'y' : 'n';
	if (write(tried, &byte, 1) != 1)
		_exit(1);
	_exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
}

/* Runs of ours that come at the same moment do not see each other's trials as the port taken. */
static void
test_runs_that_begin_together_share_a_port(void **state)
{
	enum { RUNS = 8, ROUNDS = 30 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int gate[2], tried[2], hold[2], any;
		unsigned port;

		assert_int_equal(cw_listen("127.0.0.1", 0, &any, NULL), CW_OK);
		port = port_of(any);
		close(any);
		assert_int_equal(pipe(gate) + pipe(tried) + pipe(hold), 0);
		for (int i = 0; i < RUNS; i++)
			if (fork() == 0)
				run_beside_others(port, gate, tried[1], hold);
		close(gate[0]);
		close(gate[1]);
		for (int i = 0; i < RUNS; i++) {
			char answer = 0;

			assert_int_equal(read(tried[0], &answer, 1), 1);
			assert_int_equal(answer, 'y');
		}
		close(tried[0]);
		close(tried[1]);
		close(hold[0]);
		close(hold[1]);
		for (int i = 0; i < RUNS; i++)
			assert_true(wait(NULL) > 0);
	}
}

static void
test_what_is_no_address_or_port_is_refused(void **state)
{
	cw_auto_error struct cw_error error = {0};
	int descriptor;

	(void)state;
	assert_int_equal(cw_listen("localhost", 80, &descriptor, &error), CW_E_INVALID);
	assert_non_null(strstr(error.message, "\"localhost\""));
	assert_int_equal(cw_listen("127.0.0.1", 65536, &descriptor, &error), CW_E_INVALID);
	assert_int_equal(cw_listen("198.51.100.9", 8080, &descriptor, &error), CW_E_UNSUPPORTED);
	assert_non_null(strstr(error.message, "198.51.100.9"));
	assert_int_equal(descriptor, -1);
}

static int
connect_to(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(descriptor >= 0);
	connect(descriptor, (struct sockaddr *)&address, sizeof(address));
	return descriptor;
}

/* How many connections wait; they are closed. */
static size_t
accept_all(int listener)
{
	size_t count = 0;

	for (int one = accept(listener, NULL, NULL); one >= 0; one = accept(listener, NULL, NULL)) {
		close(one);
		count++;
	}
	return count;
}

/* Those that came while a socket was being given up find the other one when they ask again. */
static void
test_a_socket_that_is_given_up_gets_no_more_connections(void **state)
{
	enum { CLIENTS = 40 };
	int first = -1, clients[2 * CLIENTS];
	cw_autoclose int second = -1;
	unsigned port;
	size_t at_first, at_second;

	(void)state;
	assert_int_equal(cw_listen("127.0.0.1", 0, &first, NULL), CW_OK);
	port = port_of(first);
	assert_int_equal(cw_listen("127.0.0.1", port, &second, NULL), CW_OK);
	for (size_t i = 0; i < CLIENTS; i++)
		clients[i] = connect_to(port);
	cw_listen_end(first);
	at_first = accept_all(first);
	at_second = accept_all(second);
	assert_true(at_first > 0 && at_second > 0);
	assert_int_equal(at_first + at_second, CLIENTS);
	for (size_t i = CLIENTS; i < 2 * CLIENTS; i++)
		clients[i] = connect_to(port);
	assert_int_equal(accept_all(first), 0);
	close(first);
	for (size_t i = CLIENTS; i < 2 * CLIENTS; i++) {
		struct pollfd ready = {clients[i], POLLOUT, 0};
		int error = -1;
		socklen_t length = sizeof(error);

		assert_int_equal(poll(&ready, 1, 10000), 1);
		getsockopt(clients[i], SOL_SOCKET, SO_ERROR, &error, &length);
		assert_int_equal(error, 0);
	}
	assert_int_equal(accept_all(second), CLIENTS);
	for (size_t i = 0; i < CW_COUNT(clients); i++)
		close(clients[i]);
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
	int descriptor, status = cw_listen(address, port, &descriptor, &error);

	stop_holder(child);
	assert_int_equal(status, CW_E_BUSY);
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
		cmocka_unit_test(test_our_own_sockets_share_a_port),
		cmocka_unit_test(test_runs_that_begin_together_share_a_port),
		cmocka_unit_test(test_a_socket_that_is_given_up_gets_no_more_connections),
		cmocka_unit_test(test_what_is_no_address_or_port_is_refused),
		cmocka_unit_test(test_process_that_holds_the_port_is_named),
		cmocka_unit_test(test_process_that_holds_one_address_is_named_for_all),
		cmocka_unit_test(test_process_that_holds_the_port_for_both_kinds_is_named),
		cmocka_unit_test(test_port_is_not_shared_with_another_program_that_would_allow_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
