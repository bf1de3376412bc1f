/*
 * Pre, post and deploy hooks, and the folders renewal-hooks/{pre,deploy,post}/. Run by the shell;
 * output goes to the terminal and the log; the exit status is reported and changes nothing.
 */
#ifndef CW_HOOKS_HOOKS_H
#define CW_HOOKS_HOOKS_H

#include <stdbool.h>
#include "base/error.h"
#include "base/loop.h"
#include "base/strv.h"

/* A hook of KIND ("pre-hook" ...) failed: its exit status, or -1 where it has none, and in words
 * what happened. */
typedef void (*cw_hook_failed)(void *context, const char *kind, const char *command,
			       int exit_status, const char *message);

struct cw_hooks_options {
	const char *config_dir;
	bool directory_hooks;  /* --no-directory-hooks clears it */
	unsigned time_limit;   /* --hook-timeout in seconds, 0: none */
	struct cw_loop *loop;  /* turned while a hook runs; NULL: one of its own */
	cw_hook_failed failed; /* NULL: nobody wants to know */
	void *failed_context;
};

struct cw_hooks;

struct cw_hooks *cw_hooks_new(const struct cw_hooks_options *options);
void cw_hooks_free(struct cw_hooks *hooks); /* NULL is allowed */

/*
 * Checks that the program a hook command begins with exists and is executable
 * (--disable-hook-validation leaves this out). OPTION names it in the message: `the --pre-hook
 * program "x" ...`. NULL commands are fine.
 */
int cw_hook_validate(const char *option, const char *command, struct cw_error *error);

/* Whether the program of a hook command that is given by its path may be run, as
 * base/permissions.h says. */
int cw_hook_check_permissions(const char *option, const char *command, struct cw_error *error);

/* Runs the directory's pre hooks (once in a run), then COMMAND (once for each distinct one); NULL:
 * none. */
void cw_hooks_pre(struct cw_hooks *hooks, const char *command);
/* Remembers a post hook for cw_hooks_post(). Call it with cw_hooks_pre(), NULL too: it is what
 * makes the directory's post hooks due. */
void cw_hooks_post_later(struct cw_hooks *hooks, const char *command);
/* Runs the directory's post hooks, then each remembered command once. RENEWED and FAILED: names,
 * for RENEWED_DOMAINS and FAILED_DOMAINS. Shields signals. */
void cw_hooks_post(struct cw_hooks *hooks, const struct cw_strv *renewed,
		   const struct cw_strv *failed);
/* The directory's deploy hooks, then COMMAND unless it is one of them. LIVE: the folder under
 * live/. */
void cw_hooks_deploy(struct cw_hooks *hooks, const char *command, const char *live,
		     const struct cw_strv *names);

#endif
