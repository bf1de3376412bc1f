/* The environment of Certbot's validation hooks: CERTBOT_DOMAIN and the others. */
#ifndef COMMON_HOOK_ENVIRONMENT_H
#define COMMON_HOOK_ENVIRONMENT_H

#include <certwright/plugin.h>
#include "undo.h"

/*
 * Makes the environment of the hook for CHALLENGE, one of COUNT CHALLENGES: a NULL-terminated array
 * of NAME=VALUE, or NAME for a variable that must not be set. OUTPUT is the auth hook's output, for
 * the cleanup hook, else NULL. EXTRA, NULL-terminated or NULL, has more variables; they replace
 * those of the same name. Release with words_free(). NULL if out of memory.
 */
char **hook_environment(const struct cw_challenge *challenge,
			struct cw_challenge *const *challenges, size_t count, const char *output,
			const char *const *extra);

/*
 * Has the host run ARGV with ENVIRONMENT if this process dies. Replaces what UNDO registered
 * before. ENVIRONMENT NULL fails as out of memory.
 */
int hook_environment_undo(const struct cw_host *host, struct undo *undo, char *const *environment,
			  const char *const *argv);

/* A copy of LENGTH bytes of a program's output without surrounding white space. NULL if out of
 * memory. */
char *hook_output(const char *output, size_t length);

#endif
