#include "json.h"
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "say.h"

enum { DEPTH_MAX = 32 };

struct json_object *
json_parse(const char *text)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *object;

	if (tokener == NULL)
		die_nomem();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS |
						JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)strlen(text));
	if (object != NULL) {
		text += json_tokener_get_parse_end(tokener);
		if (text[strspn(text, " \t\r\n")] != '\0' ||
		    !json_object_is_type(object, json_type_object)) {
			json_object_put(object);
			object = NULL;
		}
	}
	json_tokener_free(tokener);
	return object;
}

struct json_object *
json_read_file(const char *path, const char *what)
{
	char *text = read_file(path, what);
	struct json_object *object;

	if (text == NULL)
		return NULL;
	object = json_parse(text);
	free(text);
	if (object == NULL)
		die("cannot read %s in \"%s\": it is not a JSON object; restore the file from a "
		    "backup, or move it away",
		    what, path);
	return object;
}

void
json_write_file(const char *path, struct json_object *object, unsigned mode)
{
	const char *text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *line = format("%s\n", text);

	write_file(path, line, mode);
	free(line);
}

struct json_object *
json_member(struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *
json_text(struct json_object *object, const char *name)
{
	struct json_object *value = json_member(object, name, json_type_string);

	if (value == NULL)
		return NULL;
	return strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value)
		       ? json_object_get_string(value)
		       : NULL;
}

struct json_object *
json_new(void)
{
	struct json_object *object = json_object_new_object();

	if (object == NULL)
		die_nomem();
	return object;
}

void
json_set(struct json_object *object, const char *name, struct json_object *value)
{
	if (json_object_object_add(object, name, value) != 0)
		die_nomem();
}

void
json_set_text(struct json_object *object, const char *name, const char *value)
{
	struct json_object *text = value != NULL ? json_object_new_string(value) : NULL;

	if (value != NULL && text == NULL)
		die_nomem();
	json_set(object, name, text);
}
