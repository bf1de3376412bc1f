/* The pipes of a running program, for process.c and role.c. */
#ifndef CW_BASE_PROCESS_STREAM_H
#define CW_BASE_PROCESS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"
#include "loop.h"
#include "process.h"

/* Its stdout or stderr: kept up to the program's limit, read beyond it, and given to its line
 * callback. */
struct cw_output_stream {
	struct cw_loop *loop;
	const struct cw_process *process;
	int number;          /* 1: stdout, 2: stderr */
	int descriptor;      /* watched by the owner; -1: closed */
	struct cw_buf *kept; /* NULL: nothing is kept */
	struct cw_buf line;  /* what came since the last line end; only with a line callback */
};

/* Its stdin: what is left of the program's input. */
struct cw_input_stream {
	struct cw_loop *loop;
	const struct cw_process *process;
	int descriptor; /* likewise */
	size_t sent;
};

/* Ends the watch and closes. */
void cw_close_watched(struct cw_loop *loop, int *descriptor);
/* Takes what is there, READS times 16 KiB at most, and closes at the end. */
void cw_output_stream_read(struct cw_output_stream *stream, unsigned reads);
/* Gives the last line, though no line end came, and closes. */
void cw_output_stream_end(struct cw_output_stream *stream);
/* Writes what goes in now, and closes when it has all or takes no more. */
void cw_input_stream_write(struct cw_input_stream *stream);

#endif
