/* The parts of sandbox.h. Each adds a line to MISSING when it cannot be had. */
#ifndef CW_BASE_SANDBOX_PARTS_H
#define CW_BASE_SANDBOX_PARTS_H

#include "base/sandbox.h"

/* Becomes the user NAME where we are root. Fails when it can neither do that nor stay, and when
 * there is a way back. */
int cw_sandbox_become(const char *name, struct cw_strv *missing, struct cw_error *error);
/* Gives up all capabilities; whether that was possible. */
bool cw_sandbox_drop_capabilities(void);
/* Maps the library that cw_sandbox_seccomp() needs, while files can be read. */
void cw_sandbox_map_seccomp(const struct cw_sandbox *sandbox);
/* Both need no_new_privs to be set. */
void cw_sandbox_landlock(const struct cw_sandbox *sandbox, struct cw_strv *missing);
void cw_sandbox_seccomp(const struct cw_sandbox *sandbox, struct cw_strv *missing);

#endif
