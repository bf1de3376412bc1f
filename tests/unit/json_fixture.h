/* Include after <cmocka.h>. */
#ifndef CW_TESTS_JSON_FIXTURE_H
#define CW_TESTS_JSON_FIXTURE_H

#include "base/json.h"

#include <string.h>

/* TEXT, which must be JSON, parsed; the caller's. */
static inline struct json_object *
json(const char *text)
{
	struct json_object *value;

	assert_int_equal(cw_json_parse(text, strlen(text), "the test", &value, NULL), CW_OK);
	return value;
}

#endif
