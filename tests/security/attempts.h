/* For builds with --enable-test-holes alone. */
#ifndef CW_TESTS_ATTEMPTS_H
#define CW_TESTS_ATTEMPTS_H

#include <stddef.h>

/* Runs the attack that the marker "test-hole-PLACE-NAME" in DATA names, if there is one. */
void cw_test_hole(const char *place, const void *data, size_t length);

#endif
