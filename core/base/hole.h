/*
 * The places where strangers' data is read, for the tests of what a process that was taken over can
 * do. In a build that is configured with --enable-test-holes, data that holds a marker makes the
 * process run the tests' attack (tests/security/attempts.c). Every other build has nothing of it.
 */
#ifndef CW_BASE_HOLE_H
#define CW_BASE_HOLE_H

/* There the compiler includes attempts.h everywhere. */
#ifndef CW_TEST_HOLES
#define cw_test_hole(place, data, length) ((void)(data), (void)(length))
#endif

#endif
