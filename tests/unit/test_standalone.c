#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "flow/work/listeners.h"
#include "free_port.h"
#include "plugin_fixture.h"
#include "role_fixture.h"

#include "base/clock.h"
#include "plugin/instance_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct batch batch;
static unsigned port;

static int
begin(void **state)
{
	cw_autofree char *text = NULL;

	if (scratch_make(state) != 0)
		return -1;
	fixture_begin(plugins_folder(), "standalone");
	port = free_port();
	text = cw_format("%u", port);
	set("http01_port", text);
	memset(&batch, 0, sizeof(batch));
	batch_add(&batch, "http-01", "a.example");
	fixture_open();
	return 0;
}

static int
end(void **state)
{
	fixture_end();
	batch_clear(&batch);
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	return scratch_remove(state);
}

static int
connect_to(int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)port),
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (descriptor < 0)
		return -1;
	if (family == AF_INET)
		connect(descriptor, (struct sockaddr *)&v4, sizeof(v4));
	else
		connect(descriptor, (struct sockaddr *)&v6, sizeof(v6));
	return descriptor;
}

/* Turns the loop until the server ends the connection; what it sent. */
static char *
read_all(int descriptor)
{
	struct cw_buf answer = {0};
	int64_t limit = cw_now_ms() + 10000;

	for (;;) {
		ssize_t got = recv(descriptor, cw_buf_reserve(&answer, 65536), 65536, 0);

		if (got > 0)
			cw_buf_grown(&answer, (size_t)got);
		else if (got == 0 || (errno != EAGAIN && errno != ENOTCONN) || cw_now_ms() > limit)
			break;
		cw_loop_turn(fixture.loop, 10, NULL);
	}
	close(descriptor);
	return cw_buf_take(&answer);
}

static void
send_text(int descriptor, const char *text, size_t length)
{
	struct pollfd ready = {descriptor, POLLOUT, 0};

	while (length > 0) {
		ssize_t sent;

		poll(&ready, 1, 1000);
		sent = send(descriptor, text, length, MSG_NOSIGNAL);
		assert_true(sent > 0 || errno == EAGAIN);
		if (sent > 0) {
			text += sent;
			length -= (size_t)sent;
		}
		cw_loop_turn(fixture.loop, 0, NULL);
	}
}

static char *
ask(const char *request)
{
	int descriptor = connect_to(AF_INET);

	assert_true(descriptor >= 0);
	send_text(descriptor, request, strlen(request));
	return read_all(descriptor);
}

static void
answers(const char *request, const char *beginning, const char *end_text)
{
	cw_autofree char *answer = ask(request);
	size_t length = strlen(answer), end_length = strlen(end_text);

	if (strncmp(answer, beginning, strlen(beginning)) != 0 || length < end_length ||
	    strcmp(answer + length - end_length, end_text) != 0)
		fail_msg("\"%s\" is answered with \"%s\"", request, answer);
}

#define PATH "/.well-known/acme-challenge/token-0123456789-0_of-http-01"
#define VALUE "\r\n\r\ntoken-0123456789-0_of-http-01.thumbprint"

static void
test_challenge_is_answered_with_its_key_authorization(void **state)
{
	(void)state;
	assert_int_equal(batch_perform(&batch), CW_OK);
	assert_int_equal(batch.slots[0].challenge.result, CW_OK);
	answers("GET " PATH " HTTP/1.1\r\nHost: a.example\r\n\r\n", "HTTP/1.1 200 OK\r\n", VALUE);
	answers("GET " PATH " HTTP/1.0\n\n", "HTTP/1.1 200 OK\r\n", VALUE);
	answers("GET " PATH "?x=y HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", VALUE);
	answers("GET http://a.example" PATH " HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", VALUE);
	answers("HEAD " PATH " HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n",
		"\r\n\r\n");
	assert_int_equal(batch_cleanup(&batch), CW_OK);
}

static void
test_challenge_is_answered_over_both_kinds_of_addresses(void **state)
{
	int descriptor = connect_to(AF_INET6);
	cw_autofree char *answer = NULL;

	(void)state;
	close(descriptor);
	assert_int_equal(batch_perform(&batch), CW_OK);
	descriptor = connect_to(AF_INET6);
	if (descriptor >= 0) {
		send_text(descriptor, "GET " PATH " HTTP/1.1\r\n\r\n",
			  strlen("GET " PATH " HTTP/1.1\r\n\r\n"));
		answer = read_all(descriptor);
		assert_non_null(strstr(answer, VALUE));
	}
	answers("GET " PATH " HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", VALUE);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
}

static void
test_all_else_is_refused_politely(void **state)
{
	(void)state;
	assert_int_equal(batch_perform(&batch), CW_OK);
	answers("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "here.\n");
	answers("GET /.well-known/acme-challenge/ HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "here.\n");
	answers("GET /.well-known/acme-challenge/../x HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ",
		"here.\n");
	answers("GET " PATH "x HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "here.\n");
	answers("HEAD / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "\r\n\r\n");
	answers("POST " PATH " HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n", "here.\n");
	answers("nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "request.\n");
	answers("\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "request.\n");
	answers("GET " PATH " SPDY/3.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "request.\n");
	assert_int_equal(batch_cleanup(&batch), CW_OK);
}

static void
test_request_that_comes_byte_by_byte_is_answered(void **state)
{
	static const char request[] = "GET " PATH " HTTP/1.1\r\nHost: a.example\r\n\r\n";
	cw_autofree char *answer = NULL;
	int descriptor;

	(void)state;
	assert_int_equal(batch_perform(&batch), CW_OK);
	descriptor = connect_to(AF_INET);
	for (size_t i = 0; i < strlen(request); i++) {
		send_text(descriptor, request + i, 1);
		cw_loop_turn(fixture.loop, 1, NULL);
	}
	answer = read_all(descriptor);
	assert_non_null(strstr(answer, VALUE));
	assert_int_equal(batch_cleanup(&batch), CW_OK);
}

static void
test_request_without_end_is_cut_off(void **state)
{
	char *request = cw_alloc(20001);
	cw_autofree char *answer = NULL;
	int descriptor;

	(void)state;
	memset(request, 'x', 20000);
	memcpy(request, "GET / HTTP/1.1\r\nX: ", 19);
	assert_int_equal(batch_perform(&batch), CW_OK);
	descriptor = connect_to(AF_INET);
	send_text(descriptor, request, 20000);
	shutdown(descriptor, SHUT_WR);
	answer = read_all(descriptor);
	assert_int_equal(strncmp(answer, "HTTP/1.1 431 ", 13), 0);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	free(request);
}

static void
test_idle_connections_do_not_keep_the_ca_out(void **state)
{
	int idle[300];

	(void)state;
	assert_int_equal(batch_perform(&batch), CW_OK);
	for (size_t i = 0; i < CW_COUNT(idle); i++) {
		idle[i] = connect_to(AF_INET);
		assert_true(idle[i] >= 0);
		cw_loop_turn(fixture.loop, 5, NULL);
	}
	answers("GET " PATH " HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", VALUE);
	for (size_t i = 0; i < CW_COUNT(idle); i++)
		close(idle[i]);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
}

static void
test_server_goes_on_when_descriptors_run_out(void **state)
{
	struct rlimit saved, low;
	int idle[40];

	(void)state;
	assert_int_equal(batch_perform(&batch), CW_OK);
	for (size_t i = 0; i < CW_COUNT(idle); i++)
		idle[i] = connect_to(AF_INET);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	low = saved;
	low.rlim_cur = (rlim_t)idle[CW_COUNT(idle) - 1] + 10;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (int i = 0; i < 60; i++)
		cw_loop_turn(fixture.loop, 5, NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
	answers("GET " PATH " HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", VALUE);
	for (size_t i = 0; i < CW_COUNT(idle); i++)
		close(idle[i]);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
}

/* Another worker of the run may get the CA's connection. */
/* As the coordinator does it for its workers. */
static int
take_socket(void *context, const char *address, unsigned number, int *descriptor,
	    struct cw_error *error)
{
	bool by_run;
	int shared = -1;
	int status = cw_listeners_take(context, context, address, number, &shared, &by_run, error);

	if (status == CW_OK)
		*descriptor = fcntl(shared, F_DUPFD_CLOEXEC, 0);
	return status;
}

static void
test_any_worker_answers_for_any_token(void **state)
{
	struct cw_listeners listeners = {0};
	struct batch other = {.count = 0};
	struct cw_instance *worker;

	(void)state;
	fixture.services.listen = take_socket;
	fixture.services.context = &listeners;
	assert_int_equal(cw_instance_open(fixture.module, &fixture.services, fixture.settings,
					  &worker, NULL),
			 CW_OK);
	batch_add(&other, "http-01", "unused.example");
	batch_add(&other, "http-01", "b.example");
	assert_int_equal(batch_perform(&batch), CW_OK);
	assert_int_equal(cw_instance_perform(worker, other.pointers + 1, 1, NULL), CW_OK);
	for (unsigned i = 0; i < 20; i++)
		answers(i % 2 == 0
				? "GET " PATH " HTTP/1.1\r\n\r\n"
				: "GET /.well-known/acme-challenge/token-0123456789-1_of-http-01 "
				  "HTTP/1.1\r\n\r\n",
			"HTTP/1.1 200 OK\r\n", "-01.thumbprint");
	assert_int_equal(cw_instance_cleanup(worker, other.pointers + 1, 1, NULL), CW_OK);
	answers("GET " PATH " HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", VALUE);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	cw_instance_close(worker);
	batch_clear(&other);
	cw_listeners_clear(&listeners);
	fixture.services.listen = NULL;
}

static void
test_tokens_longer_than_a_key_are_told_apart(void **state)
{
	char first[513] = "", second[513] = "";
	struct batch two = {.count = 0};
	cw_autofree char *request = NULL;

	(void)state;
	memset(first, 'a', 512);
	memset(second, 'a', 512);
	second[511] = 'b';
	batch_add(&two, "http-01", "a.example");
	batch_add(&two, "http-01", "b.example");
	two.slots[0].challenge.token = first;
	two.slots[1].challenge.token = second;
	cw_autofree char *first_path = cw_format("/.well-known/acme-challenge/%s", first);
	cw_autofree char *second_path = cw_format("/.well-known/acme-challenge/%s", second);
	two.slots[0].challenge.location = first_path;
	two.slots[1].challenge.location = second_path;
	two.slots[1].challenge.validation = "of the second";
	assert_int_equal(batch_perform(&two), CW_OK);
	assert_int_equal(two.slots[1].challenge.result, CW_OK);
	request = cw_format("GET %s HTTP/1.1\r\n\r\n", second_path);
	answers(request, "HTTP/1.1 200 OK\r\n", "\r\n\r\nof the second");
	assert_int_equal(batch_cleanup(&two), CW_OK);
	batch_clear(&two);
}

static void
test_cleanup_stops_listening_and_forgets_the_tokens(void **state)
{
	struct pollfd ready = {.events = POLLOUT};
	int number = 0;
	socklen_t length = sizeof(number);

	(void)state;
	assert_int_equal(batch_perform(&batch), CW_OK);
	assert_int_equal(fixture.shared_count, 1);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(fixture.shared_count, 0);
	ready.fd = connect_to(AF_INET);
	poll(&ready, 1, 1000);
	getsockopt(ready.fd, SOL_SOCKET, SO_ERROR, &number, &length);
	assert_int_equal(number, ECONNREFUSED);
	close(ready.fd);
}

static void
test_port_that_is_taken_fails_every_name(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int holder = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(bind(holder, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(holder, 1), 0);
	set("http01_address", "127.0.0.1");
	assert_int_equal(batch_perform(&batch), CW_E_BUSY);
	assert_int_equal(batch.slots[0].challenge.result, CW_E_BUSY);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(fixture.shared_count, 0);
	close(holder);
}

static void
test_address_that_the_machine_lacks_is_named(void **state)
{
	(void)state;
	set("http01_address", "192.0.2.77");
	assert_int_equal(batch_perform(&batch), CW_E_UNSUPPORTED);
	assert_non_null(strstr(fixture.error.message, "192.0.2.77"));
	assert_int_equal(batch_cleanup(&batch), CW_OK);
}

/* The kernel gave them to our socket, and would reset them with it. */
static void
test_connections_that_wait_at_the_end_are_answered(void **state)
{
	static const char request[] = "GET " PATH " HTTP/1.1\r\nHost: a.example\r\n"
				      "Connection: close\r\n\r\n";
	int waiting[100];

	(void)state;
	assert_int_equal(batch_perform(&batch), CW_OK);
	for (size_t i = 0; i < CW_COUNT(waiting); i++) {
		struct pollfd ready = {waiting[i] = connect_to(AF_INET), POLLOUT, 0};

		/* The loop is not turned: nobody accepts it. */
		assert_int_equal(poll(&ready, 1, 1000), 1);
		assert_int_equal(send(waiting[i], request, sizeof(request) - 1, MSG_NOSIGNAL),
				 sizeof(request) - 1);
	}
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	for (size_t i = 0; i < CW_COUNT(waiting); i++) {
		cw_autofree char *answer = read_all(waiting[i]);

		/* The challenge itself is over. */
		assert_int_equal(strncmp(answer, "HTTP/1.1 404", 12), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_challenge_is_answered_with_its_key_authorization),
		TEST(test_challenge_is_answered_over_both_kinds_of_addresses),
		TEST(test_all_else_is_refused_politely),
		TEST(test_request_that_comes_byte_by_byte_is_answered),
		TEST(test_request_without_end_is_cut_off),
		TEST(test_idle_connections_do_not_keep_the_ca_out),
		TEST(test_connections_that_wait_at_the_end_are_answered),
		TEST(test_server_goes_on_when_descriptors_run_out),
		TEST(test_any_worker_answers_for_any_token),
		TEST(test_tokens_longer_than_a_key_are_told_apart),
		TEST(test_cleanup_stops_listening_and_forgets_the_tokens),
		TEST(test_port_that_is_taken_fails_every_name),
		TEST(test_address_that_the_machine_lacks_is_named),
	};
	int status;

	if (was_plugin_process(argc, argv, &status))
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
