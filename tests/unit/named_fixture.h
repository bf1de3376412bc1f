/* Debian's named, authoritative for zones of the test's, on a free loopback port. Include after
 * "scratch.h". */
#ifndef CW_TESTS_NAMED_FIXTURE_H
#define CW_TESTS_NAMED_FIXTURE_H

#include "free_port.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "dns/question.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct named_zone {
	const char *name, *text;
};

static pid_t named_process; /* 0: there is none here */
static unsigned named_port;
static char *named_resolver; /* "127.0.0.1:port" */

static inline void
named_write_files(const struct named_zone *zones, size_t count)
{
	cw_auto_buf struct cw_buf config = {0};

	cw_buf_addf(&config,
		    "options { directory \"%s\"; listen-on port %u { 127.0.0.1; };\n"
		    "listen-on-v6 { none; }; pid-file none; session-keyfile none;\n"
		    "recursion no; dnssec-validation no; };\n"
		    "controls { };\n"
		    "logging { channel log { file \"named.log\"; severity info; };\n"
		    "category default { log; }; };\n",
		    scratch, named_port);
	for (size_t i = 0; i < count; i++) {
		cw_autofree char *file = cw_format("%s.zone", zones[i].name);

		scratch_write(file, zones[i].text, 0644);
		cw_buf_addf(&config, "zone \"%s\" { type primary; file \"%s\"; };\n", zones[i].name,
			    file);
	}
	scratch_write("named.conf", cw_buf_text(&config), 0644);
}

static inline void
named_run(void)
{
	static const char program[] = "/usr/sbin/named";
	cw_autofree char *conf = scratch_path("named.conf");
	cw_autofree char *log = scratch_path("named.log");

	unlink(log);
	named_process = fork();
	if (named_process == 0) {
		/* What newer releases write to stderr or a file of -L waits in a buffer; what they
		 * write to the file of a channel does not. */
		execl(program, "named", "-f", "-n", "1", "-c", conf, NULL);
		_exit(1);
	}
	assert_true(named_process > 0);
}

static inline void
named_kill(void)
{
	if (named_process > 0) {
		kill(named_process, SIGTERM);
		waitpid(named_process, NULL, 0);
	}
	named_process = 0;
}

/* Waits until it serves its zones; false when it does not, as somebody took its port first. */
static inline bool
named_serves(void)
{
	cw_autofree char *path = scratch_path("named.log");
	int64_t limit = cw_now_ms() + 30000;

	while (cw_now_ms() < limit) {
		cw_auto_buf struct cw_buf log = {0};
		bool ended = waitpid(named_process, NULL, WNOHANG) != 0;

		if (ended)
			named_process = 0;
		if (ended || (cw_file_read(path, 1024 * 1024, &log, NULL) == CW_OK &&
			      strstr(cw_buf_text(&log), "running\n") != NULL))
			return !ended && strstr(cw_buf_text(&log), "address in use") == NULL;
		poll(NULL, 0, 5);
	}
	return false;
}

static inline void
named_show_log(void)
{
	cw_autofree char *path = scratch_path("named.log");
	cw_auto_buf struct cw_buf log = {0};

	if (cw_file_read(path, 1024 * 1024, &log, NULL) == CW_OK)
		print_error("named does not serve; its log:\n%s\n", cw_buf_text(&log));
}

/* Makes the scratch folder and starts the server in it. */
static inline int
named_start(void **state, const struct named_zone *zones, size_t count)
{
	if (scratch_make(state) != 0)
		return -1;
	if (access("/usr/sbin/named", X_OK) != 0)
		return 0;
	for (int tries = 0; tries < 10; tries++) {
		named_port = free_port();
		free(named_resolver);
		named_resolver = cw_format("127.0.0.1:%u", named_port);
		named_write_files(zones, count);
		named_run();
		if (named_serves())
			return 0;
		named_kill();
	}
	named_show_log();
	return -1;
}

/* Skips the test where there is no named, or no libldns. */
static inline void
need_server(void)
{
	if (named_process <= 0 || !cw_dns_library(NULL))
		skip();
}

static inline int
named_stop(void **state)
{
	named_kill();
	free(cw_take(&named_resolver));
	return scratch_remove(state);
}

#endif
