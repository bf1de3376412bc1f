#include "base/process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes of a program's last words that a message repeats. */
#define WORDS_LIMIT 400

/* The last line of stderr that says something, fit for a message; "" when there is none. */
static char *
last_words(const struct cw_process *process)
{
	const struct cw_buf *buf = &process->error_output;
	size_t end = buf->length, begin;
	char *words;

	while (end > 0 && (unsigned char)buf->data[end - 1] <= ' ')
		end--;
	for (begin = end; begin > 0 && buf->data[begin - 1] != '\n'; begin--)
		continue;
	if (end - begin > WORDS_LIMIT)
		end = begin + WORDS_LIMIT;
	words = cw_memdup(end > begin ? buf->data + begin : "", end - begin);
	/* A message must not move a terminal's cursor, nor end at a NUL. */
	for (size_t i = 0; i < end - begin; i++) {
		if ((unsigned char)words[i] < ' ' || words[i] == 0x7f)
			words[i] = ' ';
	}
	return words;
}

/* What kept it from being started stands where its own messages would. */
static int
fail_not_started(const struct cw_process *process, const char *program, const char *words,
		 struct cw_error *error)
{
	int status = cw_fail(error, process->status, "%s", words);

	if (process->directory != NULL && access(process->directory, X_OK) != 0)
		cw_hint(error, "check that the folder \"%s\" exists and can be entered",
			process->directory);
	else if (status == CW_E_NOT_FOUND && strchr(program, '/') != NULL)
		cw_hint(error, "check the path, and the interpreter in the first line of the file");
	else if (status == CW_E_NOT_FOUND)
		cw_hint(error, "install it, or add its folder to PATH");
	else if (status == CW_E_PERMISSION)
		cw_hint(error, "make it executable (chmod +x)");
	return status;
}

int
cw_process_error(const struct cw_process *process, struct cw_error *error)
{
	cw_autofree char *words = last_words(process);
	const char *colon = *words != '\0' ? ": " : "";
	const char *program =
		process->argv != NULL && process->argv[0] != NULL ? process->argv[0] : "(none)";

	switch (process->status) {
	case CW_OK: cw_error_clear(error); return CW_OK;
	case CW_E_CANCELLED:
		return cw_fail(error, CW_E_CANCELLED, "\"%s\" was interrupted", program);
	case CW_E_TIMEOUT:
		cw_fail(error, CW_E_TIMEOUT, "\"%s\" did not end within its time limit of %u s%s%s",
			program, process->time_limit, colon, words);
		cw_hint(error, "find out what it waits for, or give it more time");
		return CW_E_TIMEOUT;
	case CW_E_COMMAND: break;
	default: return fail_not_started(process, program, words, error);
	}
	if (process->signal != 0)
		return cw_fail(error, CW_E_COMMAND, "\"%s\" was ended by signal %d (%s)%s%s",
			       program, process->signal, strsignal(process->signal), colon, words);
	if (process->exit_status >= 0)
		return cw_fail(error, CW_E_COMMAND, "\"%s\" failed with exit status %d%s%s",
			       program, process->exit_status, colon, words);
	return cw_fail(error, CW_E_COMMAND, "it is not known how \"%s\" ended%s%s", program, colon,
		       words);
}

void
cw_process_clear(struct cw_process *process)
{
	cw_buf_clear(&process->output);
	cw_buf_clear(&process->error_output);
}
