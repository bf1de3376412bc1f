#include "base/log.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/strv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KEPT_MAX = 64 * 1024, SECRET_MIN = 4 };

static const char SECRET_SHOWN[] = "[secret]";

static const struct {
	const char *name;
	const char *in_file; /* as Certbot writes it */
} levels[] = {
	[CW_LOG_DEBUG] = {"debug", "DEBUG"},
	[CW_LOG_INFO] = {"info", "INFO"},
	[CW_LOG_WARNING] = {"warning", "WARNING"},
	[CW_LOG_ERROR] = {"error", "ERROR"},
};

static struct {
	int descriptor;
	struct cw_buf kept;   /* lines with their ends, until there is a descriptor */
	unsigned long missed; /* lines for which KEPT had no room */
	cw_log_sink sink;
	void *context;
	enum cw_log_level level;
	struct cw_strv secrets;
	bool begins_secret[256]; /* whether some secret begins with this byte */
} state = {.descriptor = -1};

void
cw_log_secret(const char *text)
{
	if (text == NULL || strlen(text) < SECRET_MIN)
		return;
	cw_strv_add_unique(&state.secrets, text);
	state.begins_secret[(unsigned char)*text] = true;
}

/* The end of the longest secret that stands at TEXT; TEXT itself when there is none. */
static const char *
secret_end(const char *text)
{
	size_t longest = 0;

	if (!state.begins_secret[(unsigned char)*text])
		return text;
	for (size_t i = 0; i < state.secrets.count; i++) {
		size_t length = strlen(state.secrets.items[i]);

		if (length > longest && strncmp(text, state.secrets.items[i], length) == 0)
			longest = length;
	}
	return text + longest;
}

char *
cw_redact(const char *text)
{
	struct cw_buf redacted = {0};
	/* Secrets may overlap: all that any of them covers goes. */
	const char *covered = text;

	if (state.secrets.count == 0)
		return cw_strdup(text);
	for (; *text != '\0'; text++) {
		const char *end = secret_end(text);

		if (end > text && text >= covered)
			cw_buf_add_text(&redacted, SECRET_SHOWN);
		if (end > covered)
			covered = end;
		if (text >= covered)
			cw_buf_add_char(&redacted, *text);
	}
	return cw_buf_take(&redacted);
}

/* One write(2) a line, so that the lines of several processes do not mix. There is nowhere to tell
 * that the log is full. */
static void
write_line(int descriptor, const char *text, size_t length)
{
	(void)cw_write_all(descriptor, text, length);
}

static void
add_stamp(struct cw_buf *line, enum cw_log_level level)
{
	struct timespec now;
	struct tm parts = {0};
	char stamp[32] = "";

	clock_gettime(CLOCK_REALTIME, &now);
	if (localtime_r(&now.tv_sec, &parts) != NULL)
		strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &parts);
	cw_buf_addf(line, "%s,%03ld:%ld:%s:", stamp, now.tv_nsec / 1000000, (long)getpid(),
		    levels[level].in_file);
}

static void
write_to_file(enum cw_log_level level, const char *text)
{
	cw_auto_buf struct cw_buf line = {0};

	add_stamp(&line, level);
	cw_buf_add_text(&line, text);
	cw_buf_add_char(&line, '\n');
	if (state.descriptor >= 0)
		write_line(state.descriptor, line.data, line.length);
	else if (state.missed == 0 && state.kept.length + line.length <= KEPT_MAX)
		cw_buf_add(&state.kept, line.data, line.length);
	else
		state.missed++;
}

/* Writes the kept lines, without the secrets that became known after them. */
static void
write_kept(void)
{
	cw_auto_buf struct cw_buf kept = state.kept;
	cw_autofree char *redacted = cw_redact(cw_buf_text(&kept));
	unsigned long missed = state.missed;
	const char *line = redacted;

	state.kept = (struct cw_buf){0};
	state.missed = 0;
	while (*line != '\0') {
		const char *end = strchr(line, '\n');
		size_t length = end == NULL ? strlen(line) : (size_t)(end + 1 - line);

		write_line(state.descriptor, line, length);
		line += length;
	}
	if (missed > 0)
		cw_log_warning("%lu earlier lines are missing: they were written before this log "
			       "was opened",
			       missed);
}

void
cw_log_set_file(int descriptor)
{
	state.descriptor = descriptor;
	if (descriptor >= 0 && state.kept.length > 0)
		write_kept();
}

void
cw_log_set_terminal(cw_log_sink sink, void *context, enum cw_log_level level)
{
	state.sink = sink;
	state.context = context;
	state.level = level;
}

void
cw_log_write(enum cw_log_level level, const char *format, va_list arguments)
{
	cw_autofree char *text = cw_vformat(format, arguments);
	cw_autofree char *redacted = cw_redact(text);
	cw_auto_buf struct cw_buf line = {0};

	/* The level may come from a plugin. */
	if ((unsigned)level > CW_LOG_ERROR)
		level = CW_LOG_ERROR;
	cw_add_printable(&line, redacted, false);
	write_to_file(level, cw_buf_text(&line));
	if (state.sink != NULL && level >= state.level)
		state.sink(state.context, level, cw_buf_text(&line));
}

void
cw_log_debug(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cw_log_write(CW_LOG_DEBUG, format, arguments);
	va_end(arguments);
}

void
cw_log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cw_log_write(CW_LOG_INFO, format, arguments);
	va_end(arguments);
}

void
cw_log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cw_log_write(CW_LOG_WARNING, format, arguments);
	va_end(arguments);
}

void
cw_log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cw_log_write(CW_LOG_ERROR, format, arguments);
	va_end(arguments);
}

const char *
cw_log_level_name(enum cw_log_level level)
{
	return levels[level].name;
}
