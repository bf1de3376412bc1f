/*
 * Programs: the one way to run a child. Each gets a process group of its own, no descriptor but 0,
 * 1 and 2, default signal actions; at its time limit, or when the run is interrupted, the group
 * gets SIGTERM and, after 5 seconds, SIGKILL. What it left behind in the group after it exited is
 * ended likewise unless it closed its output.
 */
#ifndef CW_BASE_PROCESS_H
#define CW_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "error.h"
#include "loop.h"
#include "strv.h"

/* One line (without its end) as it comes from stdout (STREAM 1) or stderr (2). A line longer than
 * 64 KiB comes in parts, a NUL in it as '?'; other bytes as they are, UTF-8 or not. */
typedef void (*cw_process_line)(void *context, int stream, const char *line);

struct cw_process {
	/* in */
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in the program's PATH */
	/* NAME=VALUE adds, NAME alone removes; NULL: ours. PATH is that of cw_program_path() unless
	 * this changes it. */
	const char *const *environment;
	const char *input; /* NULL: /dev/null */
	size_t input_length;
	const char *directory; /* NULL: here */
	unsigned time_limit;   /* seconds, 0: none */
	size_t output_limit;   /* bytes of each stream that are kept; 0: 64 KiB */
	/* stdin, stdout and stderr are ours; nothing is kept; it stays in our process group, and
	 * only it itself is ended at the time limit */
	bool inherit_terminal;
	bool in_session;      /* it stays in our session, so that it ends with us (role.h) */
	cw_process_line line; /* NULL: none */
	void *line_context;
	/* out */
	int status;      /* CW_OK: exit status 0; CW_E_COMMAND, CW_E_TIMEOUT, CW_E_NOT_FOUND,
			    CW_E_PERMISSION,      CW_E_CANCELLED */
	int exit_status; /* 0 to 255; -1: did not exit by itself */
	int signal;      /* that ended it, 0: none */
	struct cw_buf output;
	struct cw_buf error_output;
};

/* Runs COUNT programs on LOOP, at most JOBS at once (0: 1), and fills their out parts. CW_OK when
 * all were tried. */
int cw_process_run(struct cw_loop *loop, struct cw_process *const *processes, size_t count,
		   size_t jobs, struct cw_error *error);
/* Runs one on a loop of its own. Returns its status with an error that says how it failed (program,
 * exit status, signal or time limit, the last line of its stderr). */
int cw_process_run_one(struct cw_process *process, struct cw_error *error);
/* Fills ERROR from a finished process; returns process->status. */
int cw_process_error(const struct cw_process *process, struct cw_error *error);
/* Releases the outputs. */
void cw_process_clear(struct cw_process *process);

#endif
