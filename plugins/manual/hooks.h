/* The hooks of Certbot's kind: shell commands, one call for each challenge. */
#ifndef MANUAL_HOOKS_H
#define MANUAL_HOOKS_H

#include <certwright/plugin.h>
#include "../common/undo.h"
#include "validation_files.h"

/* What a challenge needs from perform() to cleanup(): its plugin_data. */
struct work {
	struct validation_files files;
	char *output; /* what the auth hook wrote; NULL: it was not run */
	struct undo undo;
};

/* Calls --manual-auth-hook for CHALLENGE, one of COUNT CHALLENGES. CW_OK, or why it failed, with
 * the host told. */
int hook_authenticate(const struct cw_host *host, struct cw_challenge *challenge,
		      struct cw_challenge *const *challenges, size_t count);
/* Calls --manual-cleanup-hook, if there is one and there may be something to clean up. */
int hook_clean_up(const struct cw_host *host, const struct cw_challenge *challenge,
		  struct cw_challenge *const *challenges, size_t count);

#endif
