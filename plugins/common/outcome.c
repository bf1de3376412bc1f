#include "outcome.h"
#include <string.h>

enum { WORDS_MAX = 400, LINES_MAX = 200, OUTCOME_SIZE = 800 };

/* The last line of stderr that is not blank, fit for a message. */
static void
last_words(const struct cw_command_result *result, char *words, size_t size)
{
	const char *text = result->error_output != NULL ? result->error_output : "";
	size_t end = result->error_output != NULL ? result->error_output_length : 0;
	size_t begin, length;

	while (end > 0 && (unsigned char)text[end - 1] <= ' ')
		end--;
	for (begin = end; begin > 0 && text[begin - 1] != '\n'; begin--)
		continue;
	length = end - begin < size - 1 ? end - begin : size - 1;
	memcpy(words, text + begin, length);
	words[length] = '\0';
	/* A message must not move a terminal's cursor. */
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)words[i] < ' ' || words[i] == 0x7f)
			words[i] = ' ';
}

static void
describe(const struct cw_command_result *result, unsigned limit, char *text, size_t size)
{
	char words[WORDS_MAX + 1];
	const char *colon;

	last_words(result, words, sizeof(words));
	colon = words[0] != '\0' ? ": " : "";
	switch (result->status) {
	case CW_E_CANCELLED: snprintf(text, size, "was interrupted"); break;
	case CW_E_TIMEOUT:
		snprintf(text, size, "did not end within its time limit of %u s%s%s", limit, colon,
			 words);
		break;
	case CW_E_COMMAND:
		if (result->signal != 0)
			snprintf(text, size, "was ended by signal %d (%s)%s%s", result->signal,
				 strsignal(result->signal), colon, words);
		else
			snprintf(text, size, "failed with exit status %d%s%s", result->exit_status,
				 colon, words);
		break;
	case CW_E_NOT_FOUND:
	case CW_E_PERMISSION:
	default: snprintf(text, size, "could not be run%s%s", colon, words);
	}
}

/* TEXT takes a hint that names an option. */
static const char *
hint_for(const struct cw_command_result *result, const struct outcome_program *program, char *text,
	 size_t size)
{
	switch (result->status) {
	case CW_E_NOT_FOUND:
		return "check the path, and the interpreter named in the file's first line";
	case CW_E_PERMISSION:
		return "make it executable for the user who runs certwright (chmod +x)";
	case CW_E_TIMEOUT:
		snprintf(text, size, "find out what it waits for, or give it more time with %s",
			 program->limit_option);
		return text;
	case CW_E_COMMAND:
		return program->is_part ? "see the log for all of its output"
					: "run it by hand, or see the log for all of its output";
	default: return NULL;
	}
}

int
outcome_judge(const struct cw_host *host, const struct cw_command_result *result,
	      const struct outcome_program *program)
{
	char outcome[OUTCOME_SIZE], hint[OUTCOME_SIZE];

	if (result->status == CW_OK)
		return CW_OK;
	describe(result, program->limit, outcome, sizeof(outcome));
	return cw_host_fail(host, result->status, hint_for(result, program, hint, sizeof(hint)),
			    "%s %s", program->what, outcome);
}

int
outcome_started(const struct cw_command_result *result)
{
	return result->status == CW_OK || result->status == CW_E_COMMAND ||
	       result->status == CW_E_TIMEOUT || result->status == CW_E_CANCELLED;
}

static void
log_lines(const struct cw_host *host, const char *what, const char *stream, const char *text)
{
	unsigned lines = 0;

	if (text == NULL || *text == '\0')
		return;
	cw_host_log(host, CW_LOG_INFO, "%s wrote this %s:", what, stream);
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		if (lines++ == LINES_MAX) {
			cw_host_log(host, CW_LOG_INFO, "  (truncated)");
			return;
		}
		cw_host_log(host, CW_LOG_INFO, "  %.*s", (int)length, text);
		text += length + (text[length] == '\n' ? 1 : 0);
	}
}

void
outcome_log(const struct cw_host *host, const char *what, const struct cw_command_result *result)
{
	if (!outcome_started(result))
		return;
	log_lines(host, what, "output", result->output);
	log_lines(host, what, "error output", result->error_output);
}
