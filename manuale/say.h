/*
 * What is said and asked. Results go to the standard output, errors and warnings to the standard
 * error. Control characters, which a CA could put into its texts, become '?'.
 */
#ifndef MANUALE_SAY_H
#define MANUALE_SAY_H

#include <stdbool.h>

enum { EXIT_USAGE = 2 };

/* One line. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An error: "manuale: ...". complain() returns, for errors of several lines. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A mistake on the command line. */
_Noreturn void die_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die_nomem(void);

/* Asks a question; only "y" and "yes" are true. The end of the input is an error. */
bool confirm(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Waits for Enter; the end of the input is an error. */
void wait_for_enter(const char *text);

#endif
