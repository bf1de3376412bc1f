/* Asks the user. cli/ does it on the terminal; a worker passes questions on to the coordinator. */
#ifndef CW_BASE_ASK_H
#define CW_BASE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

struct cw_asker {
	/* False: nobody can answer (-n, no terminal), and all functions below fail with CW_E_USAGE.
	 * */
	bool interactive;
	int (*notify)(void *context, const char *text, bool wait, struct cw_error *error);
	/* *ANSWER holds the default before the call. */
	int (*yes_no)(void *context, const char *question, bool *answer, struct cw_error *error);
	/* *ANSWER: release with free(). SECRET: not echoed. */
	int (*text)(void *context, const char *question, bool secret, char **answer,
		    struct cw_error *error);
	int (*choice)(void *context, const char *question, const char *const *items, size_t count,
		      size_t *choice, struct cw_error *error);
	void *context;
};

#endif
