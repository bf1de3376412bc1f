/* What Certbot tells validation hooks in their environment: CERTBOT_DOMAIN and the others. */
#ifndef MANUAL_HOOK_ENVIRONMENT_H
#define MANUAL_HOOK_ENVIRONMENT_H

#include <certwright/plugin.h>

/*
 * The environment of the hook for CHALLENGE, one of COUNT CHALLENGES: a NULL-terminated array of
 * NAME=VALUE, and of NAME for what must not be set. OUTPUT is what the first hook wrote, for the
 * hook that cleans up, else NULL. EXTRA: more of the same kind, which take the place of those of
 * the same name, NULL-terminated, or NULL. Release with hook_environment_free(). NULL when memory
 * is out.
 */
char **hook_environment(const struct cw_challenge *challenge,
			struct cw_challenge *const *challenges, size_t count, const char *output,
			const char *const *extra);
void hook_environment_free(char **environment);

/*
 * The same environment as words of env(1) in front of ARGV, so that the host can run it after a
 * crash. Release with hook_environment_free(). NULL when memory is out.
 */
char **hook_environment_command(char *const *environment, const char *const *argv);

/* A copy of LENGTH bytes of a program's output without the white space around it; NULL when memory
 * is out. */
char *hook_output(const char *output, size_t length);

#endif
