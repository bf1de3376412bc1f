#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "free_port.h"

#include "base/mem.h"
#include "flow/work/listeners.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static struct cw_listeners listeners;
static unsigned port;
static const int first, second; /* two workers, by their addresses */

static struct sockaddr_in
address_of(unsigned number)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)number),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int
begin(void **state)
{
	(void)state;
	port = free_port();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	cw_listeners_clear(&listeners);
	return 0;
}

static int
take(const void *user)
{
	int descriptor = -1;
	bool by_run = true;

	assert_int_equal(
		cw_listeners_take(&listeners, user, "127.0.0.1", port, &descriptor, &by_run, NULL),
		CW_OK);
	assert_false(by_run);
	return descriptor;
}

static bool
is_listening(void)
{
	struct sockaddr_in address = address_of(port);
	cw_autoclose int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(client, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static void
test_a_socket_is_kept_while_anybody_serves_it(void **state)
{
	(void)state;
	assert_int_equal(take(&first), take(&second));
	cw_listeners_give_back(&listeners, &first, "127.0.0.1", port);
	assert_true(is_listening());
	/* What one has given back it cannot give back for another. */
	cw_listeners_give_back(&listeners, &first, "127.0.0.1", port);
	assert_true(is_listening());
	cw_listeners_give_back(&listeners, &second, "127.0.0.1", port);
	assert_false(is_listening());
	assert_int_equal(listeners.count, 0);
}

static void
test_what_is_served_twice_is_given_back_twice(void **state)
{
	(void)state;
	take(&first);
	take(&first);
	cw_listeners_give_back(&listeners, &first, "127.0.0.1", port);
	assert_true(is_listening());
	cw_listeners_give_back(&listeners, &first, "127.0.0.1", port);
	assert_false(is_listening());
}

static void
test_one_that_is_gone_serves_nothing(void **state)
{
	(void)state;
	take(&first);
	take(&first);
	take(&second);
	cw_listeners_forget(&listeners, &first);
	assert_true(is_listening());
	cw_listeners_forget(&listeners, &second);
	assert_false(is_listening());
	cw_listeners_forget(&listeners, &second);
}

static void
test_a_socket_that_was_closed_is_opened_again(void **state)
{
	(void)state;
	take(&first);
	cw_listeners_give_back(&listeners, &first, "127.0.0.1", port);
	take(&second);
	assert_true(is_listening());
	/* Another address, another port: nothing happens. */
	cw_listeners_give_back(&listeners, &second, "127.0.0.2", port);
	cw_listeners_give_back(&listeners, &second, "127.0.0.1", port + 1);
	assert_true(is_listening());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_socket_is_kept_while_anybody_serves_it),
		TEST(test_what_is_served_twice_is_given_back_twice),
		TEST(test_one_that_is_gone_serves_nothing),
		TEST(test_a_socket_that_was_closed_is_opened_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
