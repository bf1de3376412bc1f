/* A safe use of json-c: limited parsing, and typed getters that never assert. */
#ifndef CW_BASE_JSON_H
#define CW_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error.h"
#include "strv.h"

#define cw_auto_json cw_auto(cw_json_clear)
#define cw_auto_secret_json cw_auto(cw_json_wipe)

/* Exactly one JSON value, at most 32 levels deep; trailing bytes other than blanks are an error.
 * WHAT names the source in messages ("the directory at https://..."). The word null gives a NULL
 * *VALUE and CW_OK; invalid JSON or UTF-8 is CW_E_INVALID. */
int cw_json_parse(const char *text, size_t length, const char *what, struct json_object **value,
		  struct cw_error *error);
/* The same for a text with secrets: no copy of it stays in memory, except the strings of *VALUE,
 * which is to be released with cw_json_wipe(). */
int cw_json_parse_secret(const char *text, size_t length, const char *what,
			 struct json_object **value, struct cw_error *error);
/* A member of OBJECT. NULL if it is absent, null or of another type, or if OBJECT is NULL or not an
 * object. A string with a NUL counts as absent. The pointer is valid as long as OBJECT. */
const char *cw_json_string(struct json_object *object, const char *key);
/* The same for a text that people only read: each NUL is replaced with a blank. Release with
 * free(). */
char *cw_json_prose(struct json_object *object, const char *key);
struct json_object *cw_json_object(struct json_object *object, const char *key);
struct json_object *cw_json_array(struct json_object *object, const char *key);
bool cw_json_bool(struct json_object *object, const char *key, bool otherwise);
int64_t cw_json_int(struct json_object *object, const char *key, int64_t otherwise);
/* Adds members; VALUE NULL adds null. Invalid UTF-8 in a string becomes U+FFFD. */
void cw_json_set_string(struct json_object *object, const char *key, const char *value);
void cw_json_set_int(struct json_object *object, const char *key, int64_t value);
void cw_json_set_bool(struct json_object *object, const char *key, bool value);
/* SECONDS since the epoch, as RFC 3339 writes it, in UTC. */
void cw_json_set_time(struct json_object *object, const char *key, int64_t seconds);
void cw_json_set(struct json_object *object, const char *key,
		 struct json_object *value);                               /* takes VALUE */
void cw_json_append(struct json_object *array, struct json_object *value); /* takes VALUE */
/* Appends VALUE to the array KEY of OBJECT, which is made if it is not there; takes VALUE. */
void cw_json_add_item(struct json_object *object, const char *key, struct json_object *value);
struct json_object *cw_json_from_strv(const struct cw_strv *strv);
/* Adds the strings of the array KEY of OBJECT to STRV; what else it has is passed over. */
void cw_json_add_to_strv(struct json_object *object, const char *key, struct cw_strv *strv);
struct json_object *cw_json_new_object(void); /* never NULL */
struct json_object *cw_json_new_array(void);
/* An error as the JSON object that --json prints: status, message, hint, identifier, problem,
 * parts, cause joined in. */
struct json_object *cw_json_error(const struct cw_error *error);
/* The inverse, for errors that come from a worker. */
void cw_json_to_error(struct json_object *object, struct cw_error *error);
/* Escapes what is not printable (base/printable.h) in every string of VALUE, for people to read. */
void cw_json_make_printable(struct json_object *value);
/* VALUE as compact text, without escaped slashes; valid as long as VALUE. */
const char *cw_json_text(struct json_object *value);
/* The same for an object with secrets, as a copy for cw_free_secret(): no other stays in memory. */
char *cw_json_secret_text(struct json_object *object);
void cw_json_clear(struct json_object **value);
/* Releases a value that nobody else holds and overwrites its strings and its text: for secrets. */
void cw_json_wipe(struct json_object **value);

#endif
