#include "base/json.h"

#include "base/printable.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

static struct json_object *
not_null(struct json_object *value)
{
	if (value == NULL)
		cw_nomem();
	return value;
}

static void
free_tokener(struct json_tokener **tokener)
{
	json_tokener_free(*tokener);
}

/*
 * json-c, strict or not, also takes NaN, Infinity, keys in single quotes, control characters in
 * strings and over-long UTF-8. What these need never stands there in JSON (RFC 8259 section 2). The
 * position of such a character, LENGTH when there is none.
 */
static size_t
foreign_character(const char *text, size_t length)
{
	static const char outside[] = " \t\r\n{}[]:,0123456789+-.eEtrufalsn";
	bool in_string = false;
	size_t at = 0, step;

	for (; at < length; at += step) {
		step = 1;
		if (text[at] == '"') {
			in_string = !in_string;
		} else if (!in_string) {
			if (memchr(outside, text[at], sizeof(outside) - 1) == NULL)
				return at;
		} else {
			step = cw_utf8_length(text + at, length - at);
			if (step == 0 || (unsigned char)text[at] < ' ')
				return at;
			if (text[at] == '\\' && at + 1 < length &&
			    (text[at + 1] == '"' || text[at + 1] == '\\'))
				step = 2;
		}
	}
	return length;
}

/* Parses all of TEXT, which holds no NUL; says why not. */
static const char *
parse(struct json_tokener *tokener, const char *text, size_t length, struct json_object **value)
{
	enum json_tokener_error result;

	*value = json_tokener_parse_ex(tokener, text, (int)length);
	result = json_tokener_get_error(tokener);
	if (result == json_tokener_continue) {
		/* A number at the top ends only where the text does; a NUL tells the parser so. */
		*value = json_tokener_parse_ex(tokener, "", 1);
		result = json_tokener_get_error(tokener);
		if (result == json_tokener_success)
			return NULL;
		return "unexpected end of data";
	}
	if (result != json_tokener_success)
		return json_tokener_error_desc(result);
	for (size_t end = json_tokener_get_parse_end(tokener); end < length; end++) {
		if (strchr(" \t\r\n", text[end]) == NULL)
			return "there is more text after the value";
	}
	return NULL;
}

static int
parse_with(struct json_tokener *tokener, const char *text, size_t length, const char *what,
	   struct json_object **value, struct cw_error *error)
{
	cw_auto_json struct json_object *result = NULL;
	const char *reason;
	size_t blanks = 0, foreign;

	*value = NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	while (blanks < length && strchr(" \t\r\n", text[blanks]) != NULL && text[blanks] != '\0')
		blanks++;
	if (length >= INT_MAX)
		return cw_fail(error, CW_E_INVALID, "%s is too long for JSON", what);
	if (blanks == length)
		return cw_fail(error, CW_E_INVALID, "%s is empty, not JSON", what);
	/* A NUL among them would be taken for the end, and what follows be left unread. */
	foreign = foreign_character(text, length);
	if (foreign < length)
		return cw_fail(error, CW_E_INVALID,
			       "%s is not valid JSON: unexpected character at byte %zu", what,
			       foreign);
	reason = parse(tokener, text, length, &result);
	if (reason != NULL)
		return cw_fail(error, CW_E_INVALID, "%s is not valid JSON: %s at byte %zu", what,
			       reason, json_tokener_get_parse_end(tokener));
	/* Success without a value is the word null, or json-c's way to say that memory ran out. */
	if (result == NULL && text[blanks] != 'n')
		cw_nomem();
	*value = cw_take(&result);
	return CW_OK;
}

static struct json_tokener *
new_tokener(void)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);

	if (tokener == NULL)
		cw_nomem();
	return tokener;
}

int
cw_json_parse(const char *text, size_t length, const char *what, struct json_object **value,
	      struct cw_error *error)
{
	cw_auto(free_tokener) struct json_tokener *tokener = new_tokener();

	return parse_with(tokener, text, length, what, value, error);
}

/* Fills the parser's buffer with LENGTH other bytes. Before a secret is parsed, this also makes the
 * buffer so large that it is not moved, which would leave copies behind. */
static void
overwrite_buffer(struct json_tokener *tokener, size_t length)
{
	cw_autofree char *text = cw_alloc(length + 2);

	memset(text, 'x', length + 2);
	text[0] = text[length + 1] = '"';
	json_tokener_reset(tokener);
	json_object_put(json_tokener_parse_ex(tokener, text, (int)length + 2));
	json_tokener_reset(tokener);
}

int
cw_json_parse_secret(const char *text, size_t length, const char *what, struct json_object **value,
		     struct cw_error *error)
{
	cw_auto(free_tokener) struct json_tokener *tokener = new_tokener();
	int status;

	if (length < INT_MAX - 2)
		overwrite_buffer(tokener, length);
	status = parse_with(tokener, text, length, what, value, error);
	if (length < INT_MAX - 2)
		overwrite_buffer(tokener, length);
	return status;
}

/* The member KEY if it is of TYPE, else NULL. */
static struct json_object *
member(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *
cw_json_string(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key, json_type_string);
	const char *text;

	if (value == NULL)
		return NULL;
	text = json_object_get_string(value);
	/* With a NUL inside, what is checked and what is used could differ. */
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

char *
cw_json_prose(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key, json_type_string);
	char *text;
	size_t length;

	if (value == NULL)
		return NULL;
	length = (size_t)json_object_get_string_len(value);
	text = cw_memdup(json_object_get_string(value), length);
	for (size_t i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return text;
}

struct json_object *
cw_json_object(struct json_object *object, const char *key)
{
	return member(object, key, json_type_object);
}

struct json_object *
cw_json_array(struct json_object *object, const char *key)
{
	return member(object, key, json_type_array);
}

bool
cw_json_bool(struct json_object *object, const char *key, bool otherwise)
{
	struct json_object *value = member(object, key, json_type_boolean);

	return value == NULL ? otherwise : json_object_get_boolean(value);
}

int64_t
cw_json_int(struct json_object *object, const char *key, int64_t otherwise)
{
	struct json_object *value = member(object, key, json_type_int);

	return value == NULL ? otherwise : json_object_get_int64(value);
}

/* How many of the SIZE bytes at TEXT are UTF-8 before something else comes. */
static size_t
valid_length(const char *text, size_t size)
{
	size_t valid = 0, length = 1;

	while (valid < size && length > 0) {
		length = cw_utf8_length(text + valid, size - valid);
		valid += length;
	}
	return valid;
}

/* json-c writes strings as they are, so what is no UTF-8 (a file name, say) is replaced here. */
static struct json_object *
new_string(const char *text)
{
	size_t rest = strlen(text), valid = cw_is_plain(text) ? rest : valid_length(text, rest);
	cw_auto_buf struct cw_buf replaced = {0};

	if (rest >= INT_MAX / 3)
		cw_nomem();
	if (valid == rest)
		return not_null(json_object_new_string_len(text, (int)rest));
	while (rest > 0) {
		cw_buf_add(&replaced, text, valid);
		text += valid;
		rest -= valid;
		if (rest == 0)
			break;
		cw_buf_add_text(&replaced, "\xef\xbf\xbd");
		text++;
		rest--;
		valid = valid_length(text, rest);
	}
	return not_null(json_object_new_string_len(cw_buf_text(&replaced), (int)replaced.length));
}

void
cw_json_set_string(struct json_object *object, const char *key, const char *value)
{
	cw_json_set(object, key, value == NULL ? NULL : new_string(value));
}

void
cw_json_set_int(struct json_object *object, const char *key, int64_t value)
{
	cw_json_set(object, key, not_null(json_object_new_int64(value)));
}

void
cw_json_set_bool(struct json_object *object, const char *key, bool value)
{
	cw_json_set(object, key, not_null(json_object_new_boolean(value)));
}

void
cw_json_set(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value) != 0)
		cw_nomem();
}

void
cw_json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) != 0)
		cw_nomem();
}

void
cw_json_set_time(struct json_object *object, const char *key, int64_t seconds)
{
	cw_autofree char *text = cw_format_utc(seconds);

	cw_json_set_string(object, key, text);
}

void
cw_json_add_item(struct json_object *object, const char *key, struct json_object *value)
{
	struct json_object *array = cw_json_array(object, key);

	if (array == NULL) {
		array = cw_json_new_array();
		cw_json_set(object, key, array);
	}
	cw_json_append(array, value);
}

void
cw_json_add_to_strv(struct json_object *object, const char *key, struct cw_strv *strv)
{
	struct json_object *array = cw_json_array(object, key);

	for (size_t i = 0; array != NULL && i < json_object_array_length(array); i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		if (json_object_is_type(item, json_type_string))
			cw_strv_add(strv, json_object_get_string(item));
	}
}

struct json_object *
cw_json_from_strv(const struct cw_strv *strv)
{
	struct json_object *array = cw_json_new_array();

	for (size_t i = 0; i < strv->count; i++)
		cw_json_append(array, new_string(strv->items[i]));
	return array;
}

struct json_object *
cw_json_new_object(void)
{
	return not_null(json_object_new_object());
}

struct json_object *
cw_json_new_array(void)
{
	return not_null(json_object_new_array());
}

static void
set_redacted(struct json_object *object, const char *key, const char *text)
{
	cw_autofree char *redacted = text == NULL ? NULL : cw_redact(text);

	cw_json_set_string(object, key, redacted);
}

/* The first problem document in the chain, NULL when there is none. */
static struct json_object *
problem_of_error(const struct cw_error *error)
{
	struct json_object *problem;

	while (error != NULL && error->problem_type == NULL && error->problem_detail == NULL)
		error = error->cause;
	if (error == NULL)
		return NULL;
	problem = cw_json_new_object();
	set_redacted(problem, "type", error->problem_type);
	set_redacted(problem, "detail", error->problem_detail);
	return problem;
}

struct json_object *
cw_json_error(const struct cw_error *error)
{
	struct json_object *object = cw_json_new_object();
	struct json_object *parts = cw_json_new_array();
	cw_autofree char *line = cw_error_line(error);
	const struct cw_error *link = error;
	const char *identifier = NULL;

	do {
		if (identifier == NULL)
			identifier = link->identifier;
		for (size_t i = 0; i < link->part_count; i++)
			cw_json_append(parts, cw_json_error(link->parts[i]));
		link = link->cause;
	} while (link != NULL);
	cw_json_set_string(object, "status", cw_status_name(error->status));
	set_redacted(object, "message", line);
	set_redacted(object, "hint", cw_error_hint(error));
	set_redacted(object, "identifier", identifier);
	cw_json_set(object, "problem", problem_of_error(error));
	cw_json_set(object, "parts", parts);
	return object;
}

static int
status_of_name(const char *name)
{
	for (int status = CW_OK; name != NULL && status >= CW_E_COMMAND; status--) {
		if (strcmp(cw_status_name(status), name) == 0)
			return status;
	}
	return CW_E_PROTOCOL;
}

void
cw_json_to_error(struct json_object *object, struct cw_error *error)
{
	struct json_object *problem = cw_json_object(object, "problem");
	struct json_object *parts = cw_json_array(object, "parts");
	const char *message = cw_json_string(object, "message");
	const char *hint = cw_json_string(object, "hint");
	int status = status_of_name(cw_json_string(object, "status"));

	cw_error_clear(error);
	if (error == NULL || status == CW_OK)
		return;
	cw_fail(error, status, "%s", message == NULL ? "an error without a message" : message);
	if (hint != NULL)
		cw_hint(error, "%s", hint);
	cw_error_set_identifier(error, cw_json_string(object, "identifier"));
	error->problem_type = cw_strdup(cw_json_string(problem, "type"));
	error->problem_detail = cw_strdup(cw_json_string(problem, "detail"));
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++) {
		cw_auto_error struct cw_error part = {0};

		cw_json_to_error(json_object_array_get_idx(parts, i), &part);
		if (part.status != CW_OK)
			cw_error_add_part(error, &part);
	}
}

const char *
cw_json_text(struct json_object *value)
{
	const char *text = json_object_to_json_string_ext(
		value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text == NULL)
		cw_nomem();
	return text;
}

/* No text of VALUE is longer; bytes. */
static size_t
text_limit(struct json_object *value)
{
	size_t limit = 32; /* numbers and words */

	if (json_object_is_type(value, json_type_string)) {
		limit += 6 * (size_t)json_object_get_string_len(value);
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			limit += text_limit(json_object_array_get_idx(value, i));
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member)
		{
			limit += 6 * strlen(key) + text_limit(member);
		}
	}
	return limit;
}

/* Makes a text of more than LENGTH bytes of OBJECT, which has no members: its buffer, which is used
 * for later texts too, then has room, and nothing else. */
static void
fill_text(struct json_object *object, size_t length)
{
	static const char name[] = "padding";
	cw_autofree char *padding = cw_alloc(length + 1);

	memset(padding, 'x', length);
	cw_json_set_string(object, name, padding);
	(void)cw_json_text(object);
	json_object_object_del(object, name);
}

char *
cw_json_secret_text(struct json_object *object)
{
	cw_auto_json struct json_object *copy = cw_json_new_object();
	size_t limit = text_limit(object);
	char *text;

	/* A buffer that grows is moved, and leaves what it had behind. */
	fill_text(copy, limit);
	json_object_object_foreach(object, key, member)
	{
		cw_json_set(copy, key, json_object_get(member));
	}
	text = cw_strdup(cw_json_text(copy));
	json_object_object_foreach(object, name, same)
	{
		(void)same;
		json_object_object_del(copy, name);
	}
	fill_text(copy, limit);
	return text;
}

void
cw_json_clear(struct json_object **value)
{
	json_object_put(*value);
	*value = NULL;
}

static void
overwrite_strings(struct json_object *value)
{
	if (json_object_is_type(value, json_type_string)) {
		size_t length = (size_t)json_object_get_string_len(value);

		/* Not with NUL, which is longer as text. */
		memset((char *)(uintptr_t)json_object_get_string(value), 'x', length);
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			overwrite_strings(json_object_array_get_idx(value, i));
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member)
		{
			(void)key;
			overwrite_strings(member);
		}
	}
}

void
cw_json_wipe(struct json_object **value)
{
	if (*value != NULL) {
		overwrite_strings(*value);
		/* Where its text was taken, this writes over it. */
		(void)cw_json_text(*value);
	}
	cw_json_clear(value);
}

void
cw_json_make_printable(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			cw_json_make_printable(json_object_array_get_idx(value, i));
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member)
		{
			(void)key;
			cw_json_make_printable(member);
		}
	} else if (json_object_is_type(value, json_type_string)) {
		const char *text = json_object_get_string(value);
		cw_autofree char *printable = NULL;

		if (cw_is_plain(text))
			return;
		printable = cw_printable(text, false);
		if (strcmp(text, printable) != 0 && json_object_set_string(value, printable) != 1)
			cw_nomem();
	}
}
