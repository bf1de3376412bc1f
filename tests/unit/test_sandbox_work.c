/* What a process in a sandbox can still do: its work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/peer.h"
#include "http_fixture.h"
#include "sandbox_fixture.h"

enum { THREADS = 8 };

/* What the process has when it enters. */
struct scene {
	const struct way *way;
	struct fixture *fixture;
	const char *const *readable;
	int listener;
	unsigned port;
};

static void
reads_what_is_named(const struct scene *scene)
{
	cw_auto_buf struct cw_buf text = {0};
	cw_autofree char *name = cw_format("%s/key", scene->fixture->tls.folder);

	CHECK(cw_file_read(scene->fixture->tls.certificate, 65536, &text, NULL) == CW_OK);
	CHECK(strstr(cw_buf_text(&text), "BEGIN CERTIFICATE") != NULL);
	if (!scene->way->without_landlock && !scene->way->old_kernel)
		CHECK(open(name, O_RDONLY) < 0);
}

static void *
use_memory(void *context)
{
	size_t *sum = context;

	for (size_t size = 16; size < (32 << 20); size *= 4) {
		cw_autofree char *memory = cw_alloc(size);

		memory[size - 1] = 1;
		*sum += (size_t)memory[size - 1];
	}
	return NULL;
}

static void
has_threads_and_memory(void)
{
	pthread_t threads[THREADS];
	size_t sums[THREADS] = {0};

	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, use_memory, &sums[i]) == 0);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(sums[0] > 0 && sums[0] == sums[THREADS - 1]);
}

static void
has_time_and_chance(void)
{
	unsigned char bytes[64];
	time_t now = time(NULL);
	struct tm parts;

	cw_random(bytes, sizeof(bytes));
	CHECK(localtime_r(&now, &parts) != NULL);
	CHECK(poll(NULL, 0, 1) == 0);
	CHECK(nanosleep(&(struct timespec){0, 1000}, NULL) == 0);
	CHECK(cw_now_ms() > 0);
}

static void
looks_up_localhost(void)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	int result = getaddrinfo("localhost", "http", &hints, &found);

	if (result != 0)
		dprintf(STDERR_FILENO, "getaddrinfo: %s\n", gai_strerror(result));
	CHECK(result == 0 && found != NULL);
	freeaddrinfo(found);
}

static void
accepts(const struct scene *scene)
{
	int client = accept4(scene->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	CHECK(client >= 0);
	CHECK(send(client, "hello", 5, MSG_NOSIGNAL) == 5);
	CHECK(shutdown(client, SHUT_WR) == 0);
	close(client);
}

static void
connects(const struct scene *scene)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)scene->port)};
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
	close(client);
}

static void
receive(void *context, struct cw_message *message)
{
	int64_t *number = context;

	*number = cw_message_get_int(message, 0, 100);
	cw_message_free(message);
}

static void
ignore_end(void *context, const struct cw_error *reason)
{
	(void)context;
	(void)reason;
}

/* Through a loop, with a descriptor, as with the process that started it. */
static void
exchanges_messages(const int *ends)
{
	struct cw_loop *loop = cw_loop_new();
	int64_t received = 0;
	struct cw_peer_handler handler = {receive, ignore_end, &received};
	struct cw_peer *here = cw_peer_new(loop, ends[0], "here", &handler);
	struct cw_peer *there = cw_peer_new(loop, ends[1], "there", &handler);
	struct cw_message *message = cw_message_new(1);

	cw_message_put_int(message, 7);
	message->descriptor = dup(0);
	cw_peer_tell(here, message);
	while (received == 0)
		CHECK(cw_loop_turn(loop, 1000, NULL) == CW_OK);
	CHECK(received == 7);
	cw_peer_free(here);
	cw_peer_free(there);
	cw_loop_free(loop);
}

/* By name, so that libcurl looks it up in a thread; HTTP and HTTPS. */
static void
fetches(struct fixture *fixture)
{
	cw_autofree char *tls = cw_format("https://localhost:%u/", fixture->tls.port);
	cw_autofree char *plain = cw_format("http://localhost:%u/hello", fixture->server.port);
	const char *urls[] = {tls, plain, tls};

	for (size_t i = 0; i < CW_COUNT(urls); i++) {
		cw_auto_answer struct cw_http_answer answer = {0};
		cw_auto_error struct cw_error error = {0};

		if (cw_http_run(fixture->http, &(struct cw_http_message){.url = urls[i]}, &answer,
				&error) != CW_OK) {
			dprintf(STDERR_FILENO, "%s: %s\n", urls[i], error.message);
			_exit(1);
		}
	}
}

static void
work(void *context)
{
	const struct scene *scene = context;
	int ends[2];

	if (!scene->way->root)
		become_ordinary();
	CHECK(cw_peer_pair(ends, NULL) == CW_OK);
	enter_as(scene->way, scene->readable);
	reads_what_is_named(scene);
	has_threads_and_memory();
	has_time_and_chance();
	accepts(scene);
	exchanges_messages(ends);
	if (!scene->way->network)
		return;
	looks_up_localhost();
	connects(scene);
	fetches(scene->fixture);
}

/* The client maps libcurl before, as it must. */
static void
test_the_work_can_be_done_in_each_sandbox(void **state)
{
	struct fixture *fixture = *state;
	const char *readable[32] = {NULL};
	struct scene scene = {.fixture = fixture, .readable = readable};
	size_t count = 0;

	start_tls(fixture, "DNS:localhost");
	assert_int_equal(chmod(fixture->tls.folder, 0755), 0);
	setenv("SSL_CERT_FILE", fixture->tls.certificate, 1);
	replace_client(fixture, 20, 10, true);
	while (cw_sandbox_resolver_files[count] != NULL) {
		readable[count] = cw_sandbox_resolver_files[count];
		count++;
	}
	readable[count++] = fixture->tls.certificate;
	readable[count++] = "/nonexistent/file";
	for (size_t i = 0; i < CW_COUNT(ways); i++) {
		cw_autoclose int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct sockaddr_in address = {.sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

		if (ways[i].root && !we_are_root())
			continue;
		print_message("%s\n", ways[i].name);
		scene.way = &ways[i];
		scene.listener = listen_on_loopback(&scene.port);
		address.sin_port = htons((uint16_t)scene.port);
		assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
		in_child(work, &scene);
		close(scene.listener);
	}
	unsetenv("SSL_CERT_FILE");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_work_can_be_done_in_each_sandbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
