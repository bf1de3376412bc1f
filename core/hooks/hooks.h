/*
 * Pre, post and deploy hooks, and the folders renewal-hooks/{pre,deploy,post}/. The shell runs
 * them; their output goes to the terminal and the log; their exit status is reported but has no
 * other effect.
 */
#ifndef CW_HOOKS_HOOKS_H
#define CW_HOOKS_HOOKS_H

#include <stdbool.h>
#include "base/error.h"
#include "base/loop.h"
#include "base/strv.h"

/* A hook of KIND ("pre-hook" ...) failed: its exit status, or -1 if it has none, and a description.
 * */
typedef void (*cw_hook_failed)(void *context, const char *kind, const char *command,
			       int exit_status, const char *message);

struct cw_hooks_options {
	const char *config_dir;
	bool directory_hooks;  /* --no-directory-hooks clears it */
	unsigned time_limit;   /* --hook-timeout in seconds, 0: none */
	struct cw_loop *loop;  /* runs while a hook runs; NULL: a new one */
	cw_hook_failed failed; /* NULL: not called */
	void *failed_context;
};

struct cw_hooks;

struct cw_hooks *cw_hooks_new(const struct cw_hooks_options *options);
void cw_hooks_free(struct cw_hooks *hooks); /* NULL is allowed */

/*
 * Checks that the program of a hook command exists and is executable, unless
 * --disable-hook-validation. OPTION names the hook in the message: `the --pre-hook program "x"
 * ...`. COMMAND may be NULL.
 */
int cw_hook_validate(const char *option, const char *command, struct cw_error *error);

/* Checks that other users cannot change the program of a hook command (base/permissions.h). */
int cw_hook_check_permissions(const char *option, const char *command, struct cw_error *error);

/* Runs the directory's pre hooks (once in a run), then COMMAND (once for each different command;
 * NULL: none). */
void cw_hooks_pre(struct cw_hooks *hooks, const char *command);
/* Remembers a post hook for cw_hooks_post(). Call it with cw_hooks_pre(), even with NULL: the
 * directory's post hooks run only if it was called. */
void cw_hooks_post_later(struct cw_hooks *hooks, const char *command);
/* Runs the directory's post hooks, then each remembered command once. RENEWED and FAILED: names,
 * for RENEWED_DOMAINS and FAILED_DOMAINS. Signals do not interrupt it. */
void cw_hooks_post(struct cw_hooks *hooks, const struct cw_strv *renewed,
		   const struct cw_strv *failed);
/* Runs the directory's deploy hooks, then COMMAND unless it is one of them. LIVE: the folder below
 * live/. */
void cw_hooks_deploy(struct cw_hooks *hooks, const char *command, const char *live,
		     const struct cw_strv *names);

#endif
