/*
 * Files with secrets in a checkpoint. They are recorded separately, in its folder "secret" (0700),
 * in the same formats. Their copies have mode 0600. That folder exists only until the change is
 * settled. A finished checkpoint lists these files in SECRETS, but has no old key to restore.
 * Certbot ignores both. For checkpoint*.c only.
 */
#ifndef CW_STORE_CHECKPOINT_SECRET_H
#define CW_STORE_CHECKPOINT_SECRET_H

#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"

/* Sets *IS to whether the edits of PATH are already recorded there. */
int cw_checkpoint_is_secret(const char *folder, const char *path, bool *is, struct cw_error *error);
/* Makes the folder "secret", and adds PATH to SECRETS. */
int cw_checkpoint_add_secret(const char *folder, const char *path, struct cw_error *error);
/* Copies the file FROM to the checkpoint's copy TO, with mode 0600. TO.like keeps FROM's
 * attributes. */
int cw_checkpoint_copy_secret(const char *from, const char *to, struct cw_error *error);
/* Returns the file that has the attributes of COPY's original: COPY.like, or COPY itself. Release
 * with free(). */
char *cw_checkpoint_attributes_of(const char *copy);
/* Removes the folder "secret". */
int cw_checkpoint_settle(const char *folder, struct cw_error *error);

#endif
