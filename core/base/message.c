#include "base/message.h"
#include <stdlib.h>
#include <string.h>

/* Every field begins with one of these. */
enum kind { KIND_BOOL = 1, KIND_INT, KIND_TEXT, KIND_NO_TEXT, KIND_BYTES, KIND_LIST, KIND_ERROR };

/* The depth limit of a chain of causes and parts; deeper ones are left out. */
enum { ERROR_DEPTH = 16, ERROR_PARTS = 10000 };

struct cw_message *
cw_message_new(unsigned type)
{
	struct cw_message *message = cw_alloc(sizeof(*message));

	message->type = type;
	message->descriptor = -1;
	return message;
}

void
cw_message_free(struct cw_message *message)
{
	if (message == NULL)
		return;
	if (message->descriptor >= 0)
		close(message->descriptor);
	cw_buf_wipe(&message->fields);
	free(message);
}

void
cw_message_cleanup(struct cw_message **message)
{
	cw_message_free(*message);
}

static void
put_kind(struct cw_message *message, enum kind kind)
{
	cw_buf_add_char(&message->fields, (char)kind);
}

void
cw_message_put_bool(struct cw_message *message, bool value)
{
	put_kind(message, KIND_BOOL);
	cw_buf_add_char(&message->fields, value ? 1 : 0);
}

void
cw_message_put_int(struct cw_message *message, int64_t value)
{
	put_kind(message, KIND_INT);
	cw_buf_add(&message->fields, &value, sizeof(value));
}

static void
put_sized(struct cw_message *message, enum kind kind, const void *data, size_t length)
{
	uint64_t size = length;

	put_kind(message, kind);
	cw_buf_add(&message->fields, &size, sizeof(size));
	if (length > 0)
		cw_buf_add(&message->fields, data, length);
}

void
cw_message_put_text(struct cw_message *message, const char *text)
{
	if (text == NULL)
		put_kind(message, KIND_NO_TEXT);
	else
		put_sized(message, KIND_TEXT, text, strlen(text));
}

void
cw_message_put_bytes(struct cw_message *message, const void *data, size_t length)
{
	put_sized(message, KIND_BYTES, data, length);
}

void
cw_message_put_list(struct cw_message *message, const struct cw_strv *list)
{
	uint64_t count = list != NULL ? list->count : 0;

	put_kind(message, KIND_LIST);
	cw_buf_add(&message->fields, &count, sizeof(count));
	for (size_t i = 0; i < count; i++)
		cw_message_put_text(message, list->items[i]);
}

static void
put_error(struct cw_message *message, const struct cw_error *error, unsigned depth)
{
	size_t parts = depth < ERROR_DEPTH ? error->part_count : 0;

	if (parts > ERROR_PARTS)
		parts = ERROR_PARTS;
	put_kind(message, KIND_ERROR);
	cw_message_put_int(message, error->status);
	cw_message_put_text(message, error->message);
	cw_message_put_text(message, error->hint);
	cw_message_put_text(message, error->identifier);
	cw_message_put_text(message, error->problem_type);
	cw_message_put_text(message, error->problem_detail);
	cw_message_put_int(message, (int64_t)parts);
	for (size_t i = 0; i < parts; i++)
		put_error(message, error->parts[i], depth + 1);
	cw_message_put_bool(message, error->cause != NULL && depth < ERROR_DEPTH);
	if (error->cause != NULL && depth < ERROR_DEPTH)
		put_error(message, error->cause, depth + 1);
}

void
cw_message_put_error(struct cw_message *message, const struct cw_error *error)
{
	static const struct cw_error none;

	put_error(message, error != NULL ? error : &none, 0);
}

/* The next LENGTH bytes; NULL, and the message is broken, when there are not so many. */
static const void *
take(struct cw_message *message, size_t length)
{
	const char *data = message->fields.data;

	if (message->broken || message->fields.length - message->read < length) {
		message->broken = true;
		return NULL;
	}
	message->read += length;
	return data + message->read - length;
}

static bool
next_is(struct cw_message *message, enum kind kind)
{
	return !message->broken && message->read < message->fields.length &&
	       message->fields.data[message->read] == (char)kind;
}

static bool
take_kind(struct cw_message *message, enum kind kind)
{
	if (next_is(message, kind))
		message->read++;
	else
		message->broken = true;
	return !message->broken;
}

bool
cw_message_get_bool(struct cw_message *message)
{
	const char *value = take_kind(message, KIND_BOOL) ? take(message, 1) : NULL;

	if (value != NULL && *value != 0 && *value != 1)
		message->broken = true;
	return !message->broken && value != NULL && *value == 1;
}

int64_t
cw_message_get_int(struct cw_message *message, int64_t least, int64_t most)
{
	int64_t value = 0;
	const void *data = take_kind(message, KIND_INT) ? take(message, sizeof(value)) : NULL;

	if (data == NULL)
		return 0;
	memcpy(&value, data, sizeof(value));
	if (value >= least && value <= most)
		return value;
	message->broken = true;
	return 0;
}

/* A size or a number of items, at most LIMIT. */
static size_t
take_size(struct cw_message *message, size_t limit)
{
	uint64_t size = 0;
	const void *data = take(message, sizeof(size));

	if (data == NULL)
		return 0;
	memcpy(&size, data, sizeof(size));
	if (size <= limit)
		return (size_t)size;
	message->broken = true;
	return 0;
}

/* The bytes of a sized field; NULL when the message is broken. */
static const char *
take_sized(struct cw_message *message, enum kind kind, size_t limit, size_t *length)
{
	*length = take_kind(message, kind) ? take_size(message, limit) : 0;
	return message->broken ? NULL : take(message, *length);
}

char *
cw_message_need_text(struct cw_message *message, size_t limit)
{
	size_t length;
	const char *text = take_sized(message, KIND_TEXT, limit, &length);

	if (text == NULL)
		return cw_strdup("");
	if (memchr(text, '\0', length) != NULL) {
		message->broken = true;
		return cw_strdup("");
	}
	return cw_memdup(text, length);
}

char *
cw_message_get_text(struct cw_message *message, size_t limit)
{
	char *text;

	if (next_is(message, KIND_NO_TEXT)) {
		message->read++;
		return NULL;
	}
	text = cw_message_need_text(message, limit);
	if (!message->broken)
		return text;
	free(text);
	return NULL;
}

void
cw_message_get_bytes(struct cw_message *message, size_t limit, struct cw_buf *buf)
{
	size_t length;
	const char *data = take_sized(message, KIND_BYTES, limit, &length);

	if (data != NULL)
		cw_buf_add(buf, data, length);
}

void
cw_message_get_list(struct cw_message *message, size_t items, size_t limit, struct cw_strv *list)
{
	size_t count = take_kind(message, KIND_LIST) ? take_size(message, items) : 0;

	for (size_t i = 0; i < count && !message->broken; i++)
		cw_strv_take(list, cw_message_need_text(message, limit));
}

size_t
cw_message_get_count(struct cw_message *message, size_t most)
{
	size_t left = message->fields.length - message->read;

	return (size_t)cw_message_get_int(message, 0, (int64_t)(most < left ? most : left));
}

static void
get_error(struct cw_message *message, struct cw_error *error, unsigned depth)
{
	size_t parts;

	cw_error_clear(error);
	if (depth > ERROR_DEPTH)
		message->broken = true;
	if (!take_kind(message, KIND_ERROR))
		return;
	error->status = (int)cw_message_get_int(message, CW_E_COMMAND, CW_OK);
	error->message = cw_message_get_text(message, CW_MESSAGE_LINE);
	error->hint = cw_message_get_text(message, CW_MESSAGE_LINE);
	error->identifier = cw_message_get_text(message, CW_MESSAGE_NAME);
	error->problem_type = cw_message_get_text(message, CW_MESSAGE_LINE);
	error->problem_detail = cw_message_get_text(message, CW_MESSAGE_LINE);
	parts = cw_message_get_count(message, ERROR_PARTS);
	for (size_t i = 0; i < parts && !message->broken; i++) {
		cw_auto_error struct cw_error part = {0};

		get_error(message, &part, depth + 1);
		cw_error_add_part(error, &part);
	}
	if (cw_message_get_bool(message)) {
		error->cause = cw_alloc(sizeof(*error->cause));
		get_error(message, error->cause, depth + 1);
	}
}

void
cw_message_get_error(struct cw_message *message, struct cw_error *error)
{
	get_error(message, error, 0);
	/* A failure without a message would be one that nobody can tell from success. */
	if (!message->broken && (error->status != CW_OK) != (error->message != NULL))
		message->broken = true;
	if (message->broken)
		cw_error_clear(error);
}

int
cw_message_finish(const struct cw_message *message, const char *what, struct cw_error *error)
{
	if (!message->broken && message->read == message->fields.length)
		return CW_OK;
	return cw_fail(error, CW_E_PROTOCOL, "%s sent a malformed message (type %u)", what,
		       message->type);
}
