#include "base/process_stream.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_LIMIT ((size_t)64 * 1024)
#define LINE_LIMIT ((size_t)64 * 1024)

void
cw_close_watched(struct cw_loop *loop, int *descriptor)
{
	if (*descriptor < 0)
		return;
	cw_loop_watch(loop, *descriptor, 0, NULL, NULL);
	close(*descriptor);
	*descriptor = -1;
}

static void
emit_line(struct cw_output_stream *stream)
{
	const struct cw_process *process = stream->process;
	struct cw_buf *line = &stream->line;

	/* The callback takes a string: it shall see all of a line that has a NUL in it. */
	for (size_t i = 0; i < line->length; i++) {
		if (line->data[i] == '\0')
			line->data[i] = '?';
	}
	process->line(process->line_context, stream->number, cw_buf_text(line));
	cw_buf_truncate(line, 0);
}

static void
end_line(struct cw_output_stream *stream)
{
	struct cw_buf *line = &stream->line;

	if (line->length > 0 && line->data[line->length - 1] == '\r')
		cw_buf_truncate(line, line->length - 1);
	emit_line(stream);
}

static void
split_lines(struct cw_output_stream *stream, const char *data, size_t length)
{
	while (length > 0) {
		const char *end = memchr(data, '\n', length);
		size_t part = end != NULL ? (size_t)(end - data) : length;
		size_t room = LINE_LIMIT - stream->line.length;

		if (part > room) {
			part = room;
			end = NULL;
		}
		cw_buf_add(&stream->line, data, part);
		data += part;
		length -= part;
		if (end != NULL) {
			data++;
			length--;
			end_line(stream);
		} else if (length > 0) {
			emit_line(stream);
		}
	}
}

static void
take_output(struct cw_output_stream *stream, const char *data, size_t length)
{
	const struct cw_process *process = stream->process;
	size_t limit = process->output_limit > 0 ? process->output_limit : OUTPUT_LIMIT;

	if (stream->kept != NULL && stream->kept->length < limit) {
		size_t room = limit - stream->kept->length;

		cw_buf_add(stream->kept, data, length < room ? length : room);
	}
	if (process->line != NULL)
		split_lines(stream, data, length);
}

void
cw_output_stream_read(struct cw_output_stream *stream, unsigned reads)
{
	char data[16384];

	while (stream->descriptor >= 0 && reads-- > 0) {
		ssize_t length = read(stream->descriptor, data, sizeof(data));

		if (length > 0)
			take_output(stream, data, (size_t)length);
		else if (length == 0 || (errno != EAGAIN && errno != EINTR))
			cw_close_watched(stream->loop, &stream->descriptor);
		else if (errno == EAGAIN)
			break;
	}
}

void
cw_output_stream_end(struct cw_output_stream *stream)
{
	cw_close_watched(stream->loop, &stream->descriptor);
	if (stream->line.length > 0)
		emit_line(stream);
	cw_buf_clear(&stream->line);
}

/* write(2) that does not raise SIGPIPE, whatever the program around us does about that signal. */
static ssize_t
write_quietly(int descriptor, const char *data, size_t length)
{
	static const struct timespec now = {0, 0};
	sigset_t broken_pipe, present, pending;
	bool was_pending;
	ssize_t written;
	int number;

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	sigemptyset(&pending);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &broken_pipe, &present);
	written = write(descriptor, data, length);
	number = errno;
	if (written < 0 && number == EPIPE && !was_pending) {
		while (sigtimedwait(&broken_pipe, NULL, &now) < 0 && errno == EINTR)
			continue;
	}
	pthread_sigmask(SIG_SETMASK, &present, NULL);
	errno = number;
	return written;
}

void
cw_input_stream_write(struct cw_input_stream *stream)
{
	const struct cw_process *process = stream->process;
	ssize_t written = write_quietly(stream->descriptor, process->input + stream->sent,
					process->input_length - stream->sent);

	if (written < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (written > 0)
		stream->sent += (size_t)written;
	/* A program need not read all of it. */
	if (written <= 0 || stream->sent == process->input_length)
		cw_close_watched(stream->loop, &stream->descriptor);
}
