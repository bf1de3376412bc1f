#include "cli/terminal.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "base/log.h"
#include "base/loop.h"
#include "base/printable.h"
#include "base/strv.h"
#include "base/text.h"

/* The state of the one terminal that a process has. */
static FILE *prose; /* where what is not the result goes */
static bool progress_shown;
static struct cw_strv held; /* each line behind its level as a digit */

static void
end_progress(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

static void
show_line(void *context, enum cw_log_level level, const char *line)
{
	FILE *out = level >= CW_LOG_WARNING ? stderr : prose;

	(void)context;
	end_progress();
	fflush(stdout);
	if (level == CW_LOG_WARNING)
		fprintf(out, "warning: %s\n", line);
	else if (level == CW_LOG_ERROR)
		fprintf(out, "error: %s\n", line);
	else
		fprintf(out, "%s\n", line);
	/* Workers write too, and messages must appear in the order of events. */
	fflush(out);
}

static void
hold_line(void *context, enum cw_log_level level, const char *line)
{
	(void)context;
	cw_strv_addf(&held, "%d%s", (int)level, line);
}

void
cw_terminal_hold(void)
{
	cw_log_set_terminal(hold_line, NULL, CW_LOG_INFO);
}

enum cw_log_level
cw_terminal_level(const struct cw_settings *settings)
{
	int64_t count = cw_settings_int(settings, "verbose_count", 0);
	int64_t verbosity = cw_settings_int(settings, "verbose_level", count);

	if (cw_settings_flag(settings, "quiet"))
		return CW_LOG_ERROR;
	return verbosity > 0 || cw_settings_flag(settings, "debug") ? CW_LOG_DEBUG : CW_LOG_INFO;
}

void
cw_terminal_open(const struct cw_settings *settings)
{
	enum cw_log_level level = cw_terminal_level(settings);

	prose = cw_settings_flag(settings, "json") ? stderr : stdout;
	cw_log_set_terminal(show_line, NULL, level);
	for (size_t i = 0; i < held.count; i++) {
		enum cw_log_level line_level = (enum cw_log_level)(held.items[i][0] - '0');

		if (line_level >= level)
			show_line(NULL, line_level, held.items[i] + 1);
	}
	cw_strv_clear(&held);
}

void
cw_terminal_progress(void *context, const char *what, size_t done, size_t total)
{
	(void)context;
	if (!isatty(STDERR_FILENO))
		return;
	end_progress();
	if (total == 0 || done >= total)
		return;
	fprintf(stderr, "\r%s: %zu of %zu", what, done, total);
	fflush(stderr);
	progress_shown = true;
}

void
cw_terminal_close(void)
{
	end_progress();
	cw_log_set_terminal(NULL, NULL, CW_LOG_ERROR);
	fflush(stdout);
	fflush(stderr);
}

static void
note_input(void *context, int descriptor, short events)
{
	(void)descriptor;
	(void)events;
	*(bool *)context = true;
}

/* What is turned while the user thinks; NULL: nothing. */
static struct cw_loop *run_loop;

void
cw_terminal_use_loop(struct cw_loop *loop)
{
	run_loop = loop;
}

/* Waits where no signal can slip in between the look for one and the wait, as it could before a
 * read. */
static int
wait_for_input(struct cw_error *error)
{
	struct cw_loop *loop = run_loop != NULL ? run_loop : cw_loop_new();
	bool ready = false;
	int status;

	cw_loop_watch(loop, STDIN_FILENO, POLLIN, note_input, &ready);
	status = cw_loop_until(loop, &ready, error);
	cw_loop_watch(loop, STDIN_FILENO, 0, NULL, NULL);
	if (loop != run_loop)
		cw_loop_free(loop);
	return status;
}

/* A line without its end. */
static int
read_line(char **line, struct cw_error *error)
{
	size_t size = 0;
	ssize_t length;

	*line = NULL;
	fflush(prose);
	/* What a buffer held would not be seen by the wait. */
	setvbuf(stdin, NULL, _IONBF, 0);
	if (wait_for_input(error) < 0)
		return CW_E_CANCELLED;
	errno = 0;
	length = getline(line, &size, stdin);
	if (length >= 0) {
		(*line)[strcspn(*line, "\r\n")] = '\0';
		return CW_OK;
	}
	free(cw_take(line));
	clearerr(stdin);
	if (cw_interrupted())
		return cw_fail(error, CW_E_CANCELLED, "interrupted");
	if (errno == ENOMEM)
		cw_nomem();
	return cw_fail(error, CW_E_CANCELLED, "there was no answer: the input ended");
}

/* A text of ours may have in it what a CA, a plugin or a hook says. */
static void
show_prose(const char *text, const char *rest)
{
	cw_autofree char *printable = cw_printable(text, true);

	end_progress();
	fprintf(prose, "%s%s", printable, rest);
}

static int
ask_notify(void *context, const char *text, bool wait, struct cw_error *error)
{
	cw_autofree char *line = NULL;

	(void)context;
	show_prose(text, "\n");
	if (!wait)
		return CW_OK;
	fputs("Press Enter to continue", prose);
	return read_line(&line, error);
}

static int
ask_yes_no(void *context, const char *question, bool *answer, struct cw_error *error)
{
	(void)context;
	for (;;) {
		cw_autofree char *line = NULL;
		const char *word;
		int status;

		show_prose(question, *answer ? " ([Y]es/(n)o) " : " ((y)es/[N]o) ");
		status = read_line(&line, error);
		if (status < 0)
			return status;
		word = cw_lower(cw_trim(line));
		if (*word == '\0')
			return CW_OK;
		if (strcmp(word, "y") == 0 || strcmp(word, "yes") == 0) {
			*answer = true;
			return CW_OK;
		}
		if (strcmp(word, "n") == 0 || strcmp(word, "no") == 0) {
			*answer = false;
			return CW_OK;
		}
		fputs("Please answer yes or no.\n", prose);
	}
}

static int
ask_text(void *context, const char *question, bool secret, char **answer, struct cw_error *error)
{
	struct termios saved, silent;
	bool hidden = false;
	int status;

	(void)context;
	show_prose(question, ": ");
	if (secret && tcgetattr(STDIN_FILENO, &saved) == 0) {
		silent = saved;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		hidden = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
	}
	status = read_line(answer, error);
	if (hidden) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
		fputc('\n', prose);
	}
	return status;
}

static int
ask_choice(void *context, const char *question, const char *const *items, size_t count,
	   size_t *choice, struct cw_error *error)
{
	(void)context;
	show_prose(question, "\n");
	for (size_t i = 0; i < count; i++) {
		fprintf(prose, "%zu: ", i + 1);
		show_prose(items[i], "\n");
	}
	for (;;) {
		cw_autofree char *line = NULL;
		uint64_t number;
		int status;

		fputs("Number, or c to cancel: ", prose);
		status = read_line(&line, error);
		if (status < 0)
			return status;
		if (cw_equal_nocase(cw_trim(line), "c"))
			return cw_fail(error, CW_E_CANCELLED, "cancelled");
		if (cw_parse_uint(cw_trim(line), count, &number) && number > 0) {
			*choice = (size_t)number - 1;
			return CW_OK;
		}
		fprintf(prose, "Please enter a number from 1 to %zu.\n", count);
	}
}

static int
nobody(struct cw_error *error, const char *question)
{
	cw_fail(error, CW_E_USAGE, "cannot ask without a terminal: %s", question);
	cw_hint(error, "run the command on a terminal without --non-interactive, or give the "
		       "option that answers this");
	return CW_E_USAGE;
}

static int
nobody_notify(void *context, const char *text, bool wait, struct cw_error *error)
{
	(void)context;
	return wait ? nobody(error, text) : CW_OK;
}

static int
nobody_yes_no(void *context, const char *question, bool *answer, struct cw_error *error)
{
	(void)context;
	(void)answer;
	return nobody(error, question);
}

static int
nobody_text(void *context, const char *question, bool secret, char **answer, struct cw_error *error)
{
	(void)context;
	(void)secret;
	*answer = NULL;
	return nobody(error, question);
}

static int
nobody_choice(void *context, const char *question, const char *const *items, size_t count,
	      size_t *choice, struct cw_error *error)
{
	(void)context;
	(void)items;
	(void)count;
	(void)choice;
	return nobody(error, question);
}

const struct cw_asker *
cw_terminal_asker(const struct cw_settings *settings)
{
	static const struct cw_asker terminal = {true,     ask_notify, ask_yes_no,
						 ask_text, ask_choice, NULL};
	static const struct cw_asker none = {false,       nobody_notify, nobody_yes_no,
					     nobody_text, nobody_choice, NULL};

	if (prose == NULL)
		prose = stdout;
	if (cw_settings_flag(settings, "noninteractive_mode"))
		return &none;
	if (cw_settings_flag(settings, "force_interactive") ||
	    (isatty(STDIN_FILENO) && isatty(fileno(prose))))
		return &terminal;
	return &none;
}
