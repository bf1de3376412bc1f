/* Include after <cmocka.h>. */
#ifndef CW_TESTS_KEY_FIXTURE_H
#define CW_TESTS_KEY_FIXTURE_H

#include "crypto/key.h"
#include "json_fixture.h"

/* The key that TEXT, which must be a JWK, describes; the caller's. */
static inline struct cw_key *
key_of(const char *text)
{
	cw_auto_json struct json_object *jwk = json(text);
	struct cw_key *key;

	assert_int_equal(cw_key_from_jwk(jwk, "the key", &key, NULL), CW_OK);
	return key;
}

#endif
