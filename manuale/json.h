/* JSON as json-c has it, without its surprises. */
#ifndef MANUALE_JSON_H
#define MANUALE_JSON_H

#include <json-c/json.h>

/* The object that a text is; NULL: it is not one. */
struct json_object *json_parse(const char *text);
/* The object in a file; NULL if there is no file. Anything else ends the program. */
struct json_object *json_read_file(const char *path, const char *what);
/* Writes an object as a line of text. */
void json_write_file(const char *path, struct json_object *object, unsigned mode);

/* A member; NULL if it is absent, null or of another type, or if OBJECT is NULL or not an object.
 * It is valid as long as OBJECT. */
const char *json_text(struct json_object *object, const char *name);
struct json_object *json_member(struct json_object *object, const char *name, enum json_type type);

struct json_object *json_new(void); /* an empty object */
/* VALUE NULL: null. */
void json_set_text(struct json_object *object, const char *name, const char *value);
/* Takes VALUE. */
void json_set(struct json_object *object, const char *name, struct json_object *value);

#endif
