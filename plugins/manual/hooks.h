/* Validation hooks as in Certbot: shell commands, called once for each challenge. */
#ifndef MANUAL_HOOKS_H
#define MANUAL_HOOKS_H

#include <certwright/plugin.h>
#include "../common/undo.h"
#include "validation_files.h"

/* The plugin_data of a challenge, from perform() to cleanup(). */
struct work {
	struct validation_files files;
	char *output; /* the auth hook's output; NULL: it was not run */
	struct undo undo;
};

/* Calls --manual-auth-hook for CHALLENGE, one of COUNT CHALLENGES. CW_OK, or fails through the
 * host. */
int hook_authenticate(const struct cw_host *host, struct cw_challenge *challenge,
		      struct cw_challenge *const *challenges, size_t count);
/* Calls --manual-cleanup-hook, if there is one, for a challenge whose auth hook was run. */
int hook_clean_up(const struct cw_host *host, const struct cw_challenge *challenge,
		  struct cw_challenge *const *challenges, size_t count);

#endif
