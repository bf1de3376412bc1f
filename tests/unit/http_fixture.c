#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_fixture.h"

#include "base/file.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int
listen_on_loopback(unsigned *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 128), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return listener;
}

static void
start_server(struct server *server)
{
	int listener = listen_on_loopback(&server->port);

	server->process = fork();
	assert_true(server->process >= 0);
	if (server->process == 0)
		serve(listener);
	setpgid(server->process, server->process);
	close(listener);
}

static void
stop_process(pid_t process)
{
	kill(-process, SIGKILL);
	while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
		continue;
}

int
set_up(void **state)
{
	static const char *const variables[] = {
		"http_proxy",    "https_proxy",  "HTTPS_PROXY",        "all_proxy",     "ALL_PROXY",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"};
	struct fixture *fixture = cw_alloc(sizeof(*fixture));
	struct cw_http_options options = {.user_agent = "test/1", .verify = true, .time_limit = 20};

	for (size_t i = 0; i < CW_COUNT(variables); i++)
		unsetenv(variables[i]);
	start_server(&fixture->server);
	fixture->loop = cw_loop_new();
	assert_int_equal(cw_http_new(fixture->loop, &options, &fixture->http, NULL), CW_OK);
	*state = fixture;
	return 0;
}

int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	cw_http_free(fixture->http);
	cw_loop_free(fixture->loop);
	stop_process(fixture->server.process);
	if (fixture->tls.process > 0)
		stop_process(fixture->tls.process);
	if (fixture->tls.folder[0] != '\0')
		cw_tree_remove(fixture->tls.folder, NULL);
	free(fixture->tls.certificate);
	free(fixture);
	return 0;
}

char *
url_of(const struct fixture *fixture, const char *path)
{
	return cw_format("http://127.0.0.1:%u%s", fixture->server.port, path);
}

int
get(struct fixture *fixture, const char *path, struct cw_http_message message,
    struct cw_http_answer *result, struct cw_error *error)
{
	cw_autofree char *url = url_of(fixture, path);

	message.url = url;
	return cw_http_run(fixture->http, &message, result, error);
}

void
replace_client(struct fixture *fixture, unsigned time_limit, unsigned connect_limit, bool verify)
{
	struct cw_http_options options = {.user_agent = "test/1",
					  .verify = verify,
					  .time_limit = time_limit,
					  .connect_limit = connect_limit};

	cw_http_free(fixture->http);
	assert_int_equal(cw_http_new(fixture->loop, &options, &fixture->http, NULL), CW_OK);
}

void
turn_on(struct cw_loop *loop)
{
	for (int i = 0; i < 10; i++)
		assert_int_equal(cw_loop_turn(loop, 5, NULL), CW_OK);
}

void
never(void *context, struct cw_http_answer *result, const struct cw_error *error)
{
	(void)context;
	(void)result;
	(void)error;
	fail();
}

void
run_openssl(const char *folder, const char *const *arguments)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (chdir(folder) != 0 || freopen("/dev/null", "w", stderr) == NULL)
			_exit(126);
		execvp("openssl", (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* s_server says "ACCEPT 127.0.0.1:PORT" when it is ready. */
void
start_tls(struct fixture *fixture, const char *name)
{
	static const char *const serve_it[] = {"openssl", "s_server", "-accept", "127.0.0.1:0",
					       "-key",    "key",      "-cert",   "cert.pem",
					       "-www",    NULL};
	cw_autofree char *subject = cw_format("/CN=%s", name);
	cw_autofree char *names = cw_format("subjectAltName=%s", name);
	const char *make_it[] = {"openssl",
				 "req",
				 "-x509",
				 "-newkey",
				 "ec",
				 "-pkeyopt",
				 "ec_paramgen_curve:P-256",
				 "-nodes",
				 "-keyout",
				 "key",
				 "-out",
				 "cert.pem",
				 "-subj",
				 subject,
				 "-addext",
				 names,
				 NULL};
	struct tls *tls = &fixture->tls;
	char line[256];
	int ends[2];
	FILE *output;

	strcpy(tls->folder, "/tmp/test_http.XXXXXX");
	assert_non_null(mkdtemp(tls->folder));
	tls->certificate = cw_format("%s/cert.pem", tls->folder);
	run_openssl(tls->folder, make_it);
	assert_int_equal(pipe(ends), 0);
	tls->process = fork();
	if (tls->process == 0) {
		setpgid(0, 0);
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		if (chdir(tls->folder) != 0 || freopen("/dev/zero", "r", stdin) == NULL ||
		    freopen("/dev/null", "w", stderr) == NULL)
			_exit(126);
		execvp("openssl", (char *const *)(uintptr_t)serve_it);
		_exit(127);
	}
	setpgid(tls->process, tls->process);
	close(ends[1]);
	output = fdopen(ends[0], "r");
	while (tls->port == 0 && fgets(line, sizeof(line), output) != NULL)
		sscanf(line, "ACCEPT 127.0.0.1:%u", &tls->port);
	fclose(output);
	assert_true(tls->port != 0);
}
