#include "base/error.h"

#include "base/buf.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	int status;
	const char *name;
} status_names[] = {
	{CW_OK, "ok"},
	{CW_E_NOMEM, "no-memory"},
	{CW_E_INVALID, "invalid"},
	{CW_E_IO, "io"},
	{CW_E_NOT_FOUND, "not-found"},
	{CW_E_EXISTS, "exists"},
	{CW_E_PERMISSION, "permission"},
	{CW_E_BUSY, "busy"},
	{CW_E_TIMEOUT, "timeout"},
	{CW_E_NETWORK, "network"},
	{CW_E_PROTOCOL, "protocol"},
	{CW_E_ACME, "acme"},
	{CW_E_PLUGIN, "plugin"},
	{CW_E_CANCELLED, "cancelled"},
	{CW_E_UNSUPPORTED, "unsupported"},
	{CW_E_USAGE, "usage"},
	{CW_E_CRYPTO, "crypto"},
	{CW_E_COMMAND, "command"},
};

const char *
cw_status_name(int status)
{
	for (size_t i = 0; i < CW_COUNT(status_names); i++) {
		if (status_names[i].status == status)
			return status_names[i].name;
	}
	return "unknown";
}

int
cw_status_of_errno(int number)
{
	switch (number) {
	case ENOMEM: return CW_E_NOMEM;
	case ENOENT:
	case ESRCH: return CW_E_NOT_FOUND;
	case EEXIST:
	case ENOTEMPTY: return CW_E_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS: return CW_E_PERMISSION;
	case EAGAIN:
	case EBUSY:
	case ETXTBSY:
	case EADDRINUSE: return CW_E_BUSY;
	case ETIMEDOUT: return CW_E_TIMEOUT;
	case EADDRNOTAVAIL:
	case ECONNABORTED:
	case ECONNREFUSED:
	case ECONNRESET:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENETUNREACH:
	case EPIPE: return CW_E_NETWORK;
	case EINVAL:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case ENOTDIR: return CW_E_INVALID;
	case ECANCELED:
	case EINTR: return CW_E_CANCELLED;
	case EAFNOSUPPORT:
	case ENOSYS:
	case EOPNOTSUPP: return CW_E_UNSUPPORTED;
	default: return CW_E_IO;
	}
}

/* The status of the latest failure: what cw_context() returns to a caller that wanted no error. */
static _Thread_local int last_status = CW_E_IO;

/* Takes MESSAGE. It is made before the old contents go, because it may quote them. */
static int
set_message(struct cw_error *error, int status, char *message)
{
	last_status = status;
	if (error == NULL) {
		free(message);
		return status;
	}
	cw_error_clear(error);
	error->status = status;
	error->message = message;
	return status;
}

int
cw_fail(struct cw_error *error, int status, const char *format, ...)
{
	va_list arguments;
	char *message;

	if (error == NULL)
		return set_message(NULL, status, NULL);
	va_start(arguments, format);
	message = cw_vformat(format, arguments);
	va_end(arguments);
	return set_message(error, status, message);
}

int
cw_fail_errno(struct cw_error *error, int number, const char *format, ...)
{
	struct cw_buf message = {0};
	va_list arguments;

	if (error == NULL)
		return set_message(NULL, cw_status_of_errno(number), NULL);
	va_start(arguments, format);
	cw_buf_vaddf(&message, format, arguments);
	va_end(arguments);
	cw_buf_addf(&message, ": %s", strerror(number));
	set_message(error, cw_status_of_errno(number), cw_buf_take(&message));
	if (number == EMFILE || number == ENFILE)
		cw_hint(error, "raise the limit on open files (ulimit -n)");
	return cw_status_of_errno(number);
}

void
cw_hint(struct cw_error *error, const char *format, ...)
{
	va_list arguments;

	if (error == NULL || error->hint != NULL)
		return;
	va_start(arguments, format);
	error->hint = cw_vformat(format, arguments);
	va_end(arguments);
}

int
cw_context(struct cw_error *error, const char *format, ...)
{
	struct cw_error *cause;
	va_list arguments;
	char *message;

	if (error == NULL)
		return last_status;
	va_start(arguments, format);
	message = cw_vformat(format, arguments);
	va_end(arguments);
	cause = cw_alloc(sizeof(*cause));
	*cause = *error;
	if (cause->status == CW_OK)
		cause->status = last_status;
	*error = (struct cw_error){.status = cause->status, .message = message, .cause = cause};
	/* These say what the whole failure is about, so they stay on top. */
	error->identifier = cw_take(&cause->identifier);
	error->parts = cw_take(&cause->parts);
	error->part_count = cause->part_count;
	cause->part_count = 0;
	return error->status;
}

void
cw_error_set_identifier(struct cw_error *error, const char *identifier)
{
	char *copy;

	if (error == NULL)
		return;
	copy = cw_strdup(identifier);
	free(error->identifier);
	error->identifier = copy;
}

void
cw_error_add_part(struct cw_error *error, struct cw_error *part)
{
	struct cw_error *copy;

	if (error == NULL) {
		cw_error_clear(part);
		return;
	}
	copy = cw_alloc(sizeof(*copy));
	error->parts = cw_realloc(error->parts, error->part_count + 1, sizeof(*error->parts));
	error->parts[error->part_count++] = copy;
	*copy = *part;
	*part = (struct cw_error){0};
}

int
cw_error_move(struct cw_error *to, struct cw_error *from)
{
	int status = from->status;
	struct cw_error contents = *from;

	if (to == from)
		return status;
	if (status != CW_OK)
		last_status = status;
	*from = (struct cw_error){0};
	/* FROM's contents may hang beneath TO (its cause, a part): they were detached first. */
	cw_error_clear(to);
	if (to == NULL)
		cw_error_clear(&contents);
	else
		*to = contents;
	return status;
}

void
cw_error_copy(struct cw_error *to, const struct cw_error *from)
{
	struct cw_error copy = {
		.status = from->status,
		.message = cw_strdup(from->message),
		.hint = cw_strdup(from->hint),
		.identifier = cw_strdup(from->identifier),
		.problem_type = cw_strdup(from->problem_type),
		.problem_detail = cw_strdup(from->problem_detail),
		.told = from->told,
	};

	if (from->cause != NULL) {
		copy.cause = cw_alloc(sizeof(*copy.cause));
		cw_error_copy(copy.cause, from->cause);
	}
	if (from->part_count > 0)
		copy.parts = cw_calloc(from->part_count, sizeof(*copy.parts));
	for (; copy.part_count < from->part_count; copy.part_count++) {
		struct cw_error *part = cw_alloc(sizeof(*part));

		cw_error_copy(part, from->parts[copy.part_count]);
		copy.parts[copy.part_count] = part;
	}
	cw_error_move(to, &copy);
}

void
cw_error_clear(struct cw_error *error)
{
	if (error == NULL)
		return;
	if (error->cause != NULL) {
		cw_error_clear(error->cause);
		free(error->cause);
	}
	for (size_t i = 0; i < error->part_count; i++) {
		cw_error_clear(error->parts[i]);
		free(error->parts[i]);
	}
	free(error->parts);
	free(error->message);
	free(error->hint);
	free(error->identifier);
	free(error->problem_type);
	free(error->problem_detail);
	*error = (struct cw_error){0};
}

char *
cw_error_line(const struct cw_error *error)
{
	struct cw_buf line = {0};

	for (; error != NULL; error = error->cause) {
		if (error->message == NULL)
			continue;
		if (line.length > 0)
			cw_buf_add_text(&line, ": ");
		cw_buf_add_text(&line, error->message);
	}
	return cw_buf_take(&line);
}

const char *
cw_error_hint(const struct cw_error *error)
{
	const char *hint = NULL;

	for (; error != NULL; error = error->cause) {
		if (error->hint != NULL)
			hint = error->hint;
	}
	return hint;
}

const char *
cw_error_problem_type(const struct cw_error *error)
{
	for (; error != NULL; error = error->cause) {
		if (error->problem_type != NULL)
			return error->problem_type;
	}
	return NULL;
}

struct details {
	unsigned indent;
	cw_error_sink sink;
	void *context;
};

static void
tell(const struct details *details, const char *what, const char *text)
{
	cw_autofree char *line = cw_format("%*s%s: %s", (int)details->indent, "", what, text);

	details->sink(details->context, line);
}

static const char *
identifier_of(const struct cw_error *error)
{
	for (; error != NULL; error = error->cause)
		if (error->identifier != NULL)
			return error->identifier;
	return "error";
}

/* An error of one name alone has that as its part, too. */
static bool
says_the_same(const struct cw_error *part, const char *line)
{
	cw_autofree char *own = cw_error_line(part);
	size_t length = strlen(own), whole = strlen(line);

	return length <= whole && strcmp(line + whole - length, own) == 0;
}

static const struct cw_error *
next_part(const struct cw_error *link, size_t i)
{
	return i + 1 < link->part_count ? link->parts[i + 1] : NULL;
}

static void tell_all(const struct cw_error *error, const char *shared_hint,
		     const struct details *details);

static void
tell_parts(const struct cw_error *link, const char *line, const struct details *details)
{
	const struct details below = {details->indent + 2, details->sink, details->context};
	const struct details deeper = {details->indent + 4, details->sink, details->context};

	for (size_t i = 0; i < link->part_count; i++) {
		const struct cw_error *part = link->parts[i];
		const struct cw_error *next = next_part(link, i);
		cw_autofree char *own = cw_error_line(part);

		if (link->part_count == 1 && says_the_same(part, line))
			continue;
		tell(&below, identifier_of(part), own);
		tell_all(part, next != NULL ? cw_error_hint(next) : NULL, &deeper);
	}
}

static void
tell_all(const struct cw_error *error, const char *shared_hint, const struct details *details)
{
	cw_autofree char *line = cw_error_line(error);
	const char *type = cw_error_problem_type(error);
	const char *hint = cw_error_hint(error);

	if (type != NULL)
		tell(details, "type", type);
	for (const struct cw_error *link = error; link != NULL && !error->told; link = link->cause)
		tell_parts(link, line, details);
	if (hint != NULL && (shared_hint == NULL || strcmp(hint, shared_hint) != 0))
		tell(details, "hint", hint);
}

void
cw_error_details(const struct cw_error *error, unsigned indent, cw_error_sink sink, void *context)
{
	const struct details details = {indent, sink, context};

	tell_all(error, NULL, &details);
}
