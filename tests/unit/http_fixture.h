/* What the tests of http/ stand on: a server of their own, a TLS server, a loop and a client. */
#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/error.h"
#include "base/loop.h"
#include "http/client.h"

#define cw_auto_answer cw_auto(cw_http_answer_clear)

struct server {
	pid_t process;
	unsigned port;
};

/* openssl s_server, which some tests start. */
struct tls {
	char folder[32];
	char *certificate;
	pid_t process;
	unsigned port;
};

struct fixture {
	struct server server;
	struct tls tls;
	struct cw_loop *loop;
	struct cw_http *http;
};

/* For cmocka: *STATE is a struct fixture. The server runs; no variable names a proxy or a store. */
int set_up(void **state);
int tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* A socket that listens on a free port. */
int listen_on_loopback(unsigned *port);
/* The URL of a path on the server. */
char *url_of(const struct fixture *fixture, const char *path);
/* One exchange with the server; MESSAGE without the URL. */
int get(struct fixture *fixture, const char *path, struct cw_http_message message,
	struct cw_http_answer *result, struct cw_error *error);
/* Makes the client anew, with these limits in seconds. */
void replace_client(struct fixture *fixture, unsigned time_limit, unsigned connect_limit,
		    bool verify);
/* Turns the loop a little longer: nothing may come of what was ended. */
void turn_on(struct cw_loop *loop);
/* A callback that fails the test. */
void never(void *context, struct cw_http_answer *result, const struct cw_error *error);

/* The server; serve() does not return. */
void serve(int listener);

/* Runs openssl in FOLDER to its end. */
void run_openssl(const char *folder, const char *const *arguments);
/* Starts a TLS server whose certificate signs itself, for NAME ("DNS:..." or "IP:..."). */
void start_tls(struct fixture *fixture, const char *name);

#endif
