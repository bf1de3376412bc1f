/* Debian's named, authoritative for zones of the test's, on a free loopback port. Include after
 * "scratch.h". */
#ifndef CW_TESTS_NAMED_FIXTURE_H
#define CW_TESTS_NAMED_FIXTURE_H

#include "base/buf.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct named_zone {
	const char *name, *text;
};

static pid_t named_process; /* 0: there is none here */
static unsigned named_port;
static char *named_resolver; /* "127.0.0.1:port" */

static inline unsigned
named_free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int stream = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(stream, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(stream, (struct sockaddr *)&address, &length), 0);
	close(stream);
	return ntohs(address.sin_port);
}

static inline void
named_write_files(const struct named_zone *zones, size_t count)
{
	cw_auto_buf struct cw_buf config = {0};

	cw_buf_addf(&config,
		    "options { directory \"%s\"; listen-on port %u { 127.0.0.1; };\n"
		    "listen-on-v6 { none; }; pid-file none; session-keyfile none;\n"
		    "recursion no; dnssec-validation no; lock-file none; };\n"
		    "controls { };\n",
		    scratch, named_port);
	for (size_t i = 0; i < count; i++) {
		cw_autofree char *file = cw_format("%s.zone", zones[i].name);

		scratch_write(file, zones[i].text, 0644);
		cw_buf_addf(&config, "zone \"%s\" { type primary; file \"%s\"; };\n", zones[i].name,
			    file);
	}
	scratch_write("named.conf", cw_buf_text(&config), 0644);
}

/* Makes the scratch folder and starts the server in it. */
static inline int
named_start(void **state, const struct named_zone *zones, size_t count)
{
	static const char program[] = "/usr/sbin/named";
	cw_autofree char *conf = NULL, *log = NULL;

	if (scratch_make(state) != 0)
		return -1;
	if (access(program, X_OK) != 0)
		return 0;
	named_port = named_free_port();
	named_resolver = cw_format("127.0.0.1:%u", named_port);
	named_write_files(zones, count);
	conf = scratch_path("named.conf");
	log = scratch_path("named.log");
	named_process = fork();
	if (named_process == 0) {
		if (freopen(log, "w", stderr) == NULL)
			_exit(1);
		execl(program, "named", "-f", "-n", "1", "-c", conf, "-L", log, NULL);
		_exit(1);
	}
	return 0;
}

static inline int
named_stop(void **state)
{
	if (named_process > 0) {
		kill(named_process, SIGTERM);
		waitpid(named_process, NULL, 0);
	}
	free(named_resolver);
	return scratch_remove(state);
}

#endif
