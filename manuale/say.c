#include "say.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* C0 and C1 control characters and DEL, the second kind being two bytes in UTF-8. */
static void
make_printable(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
		if ((*at < ' ' && *at != '\n' && *at != '\t') || *at == 0x7f)
			*at = '?';
		else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			at[0] = at[1] = '?';
	}
}

static void
put(FILE *stream, const char *prefix, const char *end, const char *format, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, format, arguments) < 0)
		die_nomem();
	make_printable(text);
	fflush(stdout);
	fprintf(stream, "%s%s%s", prefix, text, end);
	fflush(stream);
	free(text);
}

/* PUT(stream, prefix, end): the caller's format and arguments. */
#define PUT(stream, prefix, end)                                                                   \
	do {                                                                                       \
		va_list arguments_;                                                                \
		va_start(arguments_, format);                                                      \
		put((stream), (prefix), (end), format, arguments_);                                \
		va_end(arguments_);                                                                \
	} while (0)

void
say(const char *format, ...)
{
	PUT(stdout, "", "\n");
}

void
warn(const char *format, ...)
{
	PUT(stderr, "manuale: warning: ", "\n");
}

void
complain(const char *format, ...)
{
	PUT(stderr, "manuale: ", "\n");
}

void
die(const char *format, ...)
{
	PUT(stderr, "manuale: ", "\n");
	exit(EXIT_FAILURE);
}

void
die_usage(const char *format, ...)
{
	PUT(stderr, "manuale: ", "\n");
	exit(EXIT_USAGE);
}

void
die_nomem(void)
{
	fputs("manuale: out of memory; run the command again when memory is free\n", stderr);
	exit(EXIT_FAILURE);
}

/* The line without its end; release with free(). */
static char *
read_line(void)
{
	char *line = NULL;
	size_t capacity = 0;

	if (getline(&line, &capacity, stdin) < 0) {
		putchar('\n');
		die("the input ended before an answer: run the command again, it goes on from "
		    "here");
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

bool
confirm(const char *format, ...)
{
	char *line;
	bool yes;

	PUT(stdout, "", " [y/N] ");
	line = read_line();
	yes = strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
	free(line);
	return yes;
}

void
wait_for_enter(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
	free(read_line());
}
