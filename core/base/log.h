/*
 * The log. Every line goes to the sink of the log file (all levels) and, from a level on, to the
 * sink of the terminal. Secrets are replaced in both.
 */
#ifndef CW_BASE_LOG_H
#define CW_BASE_LOG_H

#include <certwright/plugin.h>
#include <stdarg.h>
#include <stdbool.h>

/* "debug", "info", "warning", "error" */
const char *cw_log_level_name(enum cw_log_level level);

/* LINE has no line end. */
typedef void (*cw_log_sink)(void *context, enum cw_log_level level, const char *line);

/* The descriptor (opened with O_APPEND, owned by the caller) that gets all levels with a time stamp
 * and the process id; -1: none, and the lines until then are kept, up to 64 KiB, and written to the
 * next descriptor set. */
void cw_log_set_file(int descriptor);
/* Sets what the terminal gets: lines at LEVEL and above. NULL: none. */
void cw_log_set_terminal(cw_log_sink sink, void *context, enum cw_log_level level);

void cw_log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cw_log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cw_log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cw_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cw_log_write(enum cw_log_level level, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* From now on, "[secret]" replaces TEXT (4 bytes or more) in all lines and in the result of
 * cw_redact(). */
void cw_log_secret(const char *text);
/* TEXT with the secrets replaced; release with free(). */
char *cw_redact(const char *text);

#endif
