/* Programs to run, and what became of the processes they started. Include after <cmocka.h>. */
#ifndef CW_TESTS_PROCESS_FIXTURE_H
#define CW_TESTS_PROCESS_FIXTURE_H

#include "base/process.h"
#include "base/text.h"
#include "scratch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHELL(script)                                                                              \
	(const char *const[])                                                                      \
	{                                                                                          \
		"sh", "-c", script, NULL                                                           \
	}
#define cw_auto_process cw_auto(cw_process_clear)

/* Writes a file into the scratch folder; the path is the caller's. */
static inline char *
write_script(const char *name, const char *text, mode_t mode)
{
	scratch_write(name, text, mode);
	return scratch_path(name);
}

/* Whether the process exists and is no zombie. */
static inline bool
is_running(pid_t pid)
{
	cw_autofree char *path = cw_format("/proc/%ld/stat", (long)pid);
	cw_autofile FILE *file = fopen(path, "re");
	char state = 'X';

	if (file == NULL || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		return false;
	return state != 'Z' && state != 'X';
}

static inline bool
ends_soon(pid_t pid)
{
	for (int i = 0; i < 300 && is_running(pid); i++)
		poll(NULL, 0, 10);
	return !is_running(pid);
}

static inline pid_t
printed_pid(const struct cw_process *process)
{
	pid_t pid = (pid_t)strtol(cw_buf_text(&process->output), NULL, 10);

	assert_true(pid > 1);
	return pid;
}

/* valgrind's own exec cannot fail late, and it keeps descriptors to itself. */
static inline void
skip_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	if (preload != NULL && strstr(preload, "vgpreload") != NULL)
		skip();
}

#endif
