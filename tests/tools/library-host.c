/*
 * A host of the library for sanitizers and valgrind, built with the library's own sources.
 *
 * usage: library-host threads SERVER    eight threads with a client each: calls, events, cancelling
 *        library-host shared SERVER     one client: one thread takes events, another replies
 *        library-host memory            each allocation of the library fails once
 */
#include <certwright/certwright.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 8

static const char lone[] = "{\"request\": \"csr_new\", \"identifiers\": [\"a.example.test\"]}";

static void
need(int holds, const char *what, const char *text)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %s\n", what, text != NULL ? text : "");
	exit(1);
}

/* The next event, waiting for it. */
static int
wait_event(struct cw_client *client, char **event)
{
	struct pollfd wait = {.fd = cw_client_fd(client), .events = POLLIN};

	for (;;) {
		int kind = cw_client_next_event(client, event);

		if (kind != CW_EVENT_NONE)
			return kind;
		poll(&wait, 1, -1);
	}
}

/* A certificate that fails: the host says that it cannot publish the challenge. */
static void
fail_certificate(struct cw_client *client, const char *server, int thread)
{
	char request[1024];
	int kind;

	snprintf(
		request, sizeof(request),
		"{\"verb\": \"certonly\", \"store\": \"memory\", \"options\": {\"server\": \"%s\", "
		"\"domain\": \"t%d.example.test\", \"authenticator\": \"host\", \"agree-tos\": "
		"true, "
		"\"register-unsafely-without-email\": true}}",
		server, thread);
	need(cw_call_start(client, request) == 0, "cw_call_start", strerror(errno));
	need(cw_call_start(client, request) < 0 && errno == EBUSY, "a second call", NULL);
	do {
		char *event;

		kind = wait_event(client, &event);
		need(kind > 0, "cw_client_next_event", NULL);
		if (kind == CW_EVENT_QUESTION) {
			char reply[64];

			snprintf(reply, sizeof(reply), "{\"id\": %d, \"ready\": false}",
				 atoi(strstr(event, "\"id\":") + strlen("\"id\":")));
			need(cw_client_reply(client, reply) == 0, "cw_client_reply",
			     strerror(errno));
		}
		if (kind == CW_EVENT_ANSWER)
			need(strstr(event, "cannot publish the challenge") != NULL, "answer",
			     event);
		cw_free(event);
	} while (kind != CW_EVENT_ANSWER);
}

static const char *server;

static void *
use_own_client(void *context)
{
	int thread = *(int *)context;
	struct cw_client *client;
	char *answer = NULL;

	need(cw_client_new(NULL, &client, NULL) == 0, "cw_client_new", NULL);
	need(cw_call(client, lone, &answer) == 0, "cw_call", answer);
	cw_free(answer);
	fail_certificate(client, server, thread);
	need(cw_call(client, "{", &answer) < 0 && answer != NULL, "invalid JSON", answer);
	cw_free(answer);
	if (thread % 2 == 0) {
		cw_client_cancel(client);
		need(cw_call(client, lone, &answer) < 0 && answer != NULL, "after cancel", answer);
		cw_free(answer);
	}
	cw_client_free(client);
	return NULL;
}

static void
use_threads(void *(*work)(void *), int count)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];

	for (int i = 0; i < count; i++) {
		numbers[i] = i;
		need(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0, "a thread", NULL);
	}
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static struct cw_client *shared;
static atomic_int question, over;

/* Thread 0 takes events. Thread 1 replies, and cancels at the second question. Thread 2 finds the
 * client in use. */
static void *
use_shared_client(void *context)
{
	char *event;

	if (*(int *)context == 0) {
		int kind;

		do {
			kind = wait_event(shared, &event);
			if (kind == CW_EVENT_QUESTION)
				atomic_store(&question, atoi(strstr(event, "\"id\":") + 5));
			cw_free(event);
		} while (kind != CW_EVENT_ANSWER);
		atomic_store(&over, 1);
		return NULL;
	}
	while (*(int *)context == 2 && !atomic_load(&over)) {
		need(cw_call(shared, lone, &event) < 0, "a second call", event);
		cw_free(event);
		usleep(1000);
	}
	while (!atomic_load(&over)) {
		int id = atomic_exchange(&question, 0);
		char reply[64];

		snprintf(reply, sizeof(reply), "{\"id\": %d, \"ready\": false}", id);
		if (id == 0)
			usleep(1000);
		else if (id == 1)
			cw_client_reply(shared, reply);
		else
			cw_client_cancel(shared);
	}
	return NULL;
}

static void
share_client(void)
{
	char request[512];

	need(cw_client_new(NULL, &shared, NULL) == 0, "cw_client_new", NULL);
	snprintf(
		request, sizeof(request),
		"{\"verb\": \"certonly\", \"store\": \"memory\", \"options\": {\"server\": \"%s\", "
		"\"domain\": [\"s1.example.test\", \"s2.example.test\"], \"authenticator\": "
		"\"host\", "
		"\"agree-tos\": true, \"register-unsafely-without-email\": true}}",
		server);
	need(cw_call_start(shared, request) == 0, "cw_call_start", strerror(errno));
	use_threads(use_shared_client, 3);
	cw_client_free(shared);
}

/* The allocation that fails; 0: none. The linker has the library call these (--wrap). */
static int failing;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static int
fails(void)
{
	if (failing == 0 || --failing > 0)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

static void
fail_allocations(void)
{
	for (int i = 1;; i++) {
		struct cw_client *client;
		char *answer = NULL;
		int status, left;

		failing = i;
		status = cw_client_new(NULL, &client, &answer);
		cw_free(answer);
		if (status == 0) {
			status = cw_call(client, lone, &answer);
			need(status == 0 || answer == NULL || strstr(answer, "error") != NULL,
			     "answer", answer);
			cw_free(answer);
		}
		left = failing;
		failing = 0;
		cw_client_free(client);
		if (left > 0) {
			need(status == 0, "nothing failed", NULL);
			printf("%d allocations\n", i - 1);
			return;
		}
		need(status < 0, "an allocation failed", NULL);
	}
}

int
main(int argc, char **argv)
{
	server = argc > 2 ? argv[2] : "";
	if (argc > 1 && strcmp(argv[1], "threads") == 0)
		use_threads(use_own_client, THREADS);
	else if (argc > 1 && strcmp(argv[1], "shared") == 0)
		share_client();
	else if (argc > 1 && strcmp(argv[1], "memory") == 0)
		fail_allocations();
	else
		return 2;
	puts("done");
	return 0;
}
