/* Calls a function that nothing has: found out when it is loaded, not in the middle of a run. */
#include <certwright/plugin.h>

int cw_test_function_that_nothing_has(void);

static int
call_it(void *self, struct cw_challenge *const *challenges, size_t count)
{
	(void)self;
	(void)challenges;
	(void)count;
	return cw_test_function_that_nothing_has();
}

#define NAME "no-function"
#define PERFORM call_it
#include "sound.h"
