/* What Certbot tells validation hooks in their environment: CERTBOT_DOMAIN and the others. */
#ifndef COMMON_HOOK_ENVIRONMENT_H
#define COMMON_HOOK_ENVIRONMENT_H

#include <certwright/plugin.h>
#include "undo.h"

/*
 * The environment of the hook for CHALLENGE, one of COUNT CHALLENGES: a NULL-terminated array of
 * NAME=VALUE, and of NAME for what must not be set. OUTPUT is what the first hook wrote, for the
 * hook that cleans up, else NULL. EXTRA: more of the same kind, which take the place of those of
 * the same name, NULL-terminated, or NULL. Release with words_free(). NULL when memory is out.
 */
char **hook_environment(const struct cw_challenge *challenge,
			struct cw_challenge *const *challenges, size_t count, const char *output,
			const char *const *extra);

/*
 * Has the host run ARGV with this environment (NULL: memory is out) if the process dies, in place
 * of what UNDO had it do before.
 */
int hook_environment_undo(const struct cw_host *host, struct undo *undo, char *const *environment,
			  const char *const *argv);

/* A copy of LENGTH bytes of a program's output without the white space around it; NULL when memory
 * is out. */
char *hook_output(const char *output, size_t length);

#endif
