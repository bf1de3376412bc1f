/*
 * Files with secrets in a checkpoint. They are recorded apart, in its folder "secret" (0700), in
 * the same formats; their copies have mode 0600. That folder exists only until the change is
 * settled: a finished checkpoint names the files in SECRETS, and has no old key to bring back.
 * Certbot ignores both. For checkpoint*.c only.
 */
#ifndef CW_STORE_CHECKPOINT_SECRET_H
#define CW_STORE_CHECKPOINT_SECRET_H

#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"

/* Whether the edits of PATH are recorded there already. */
int cw_checkpoint_is_secret(const char *folder, const char *path, bool *is, struct cw_error *error);
/* Makes it, and names PATH in SECRETS. */
int cw_checkpoint_add_secret(const char *folder, const char *path, struct cw_error *error);
/* Copies the file FROM to the checkpoint's copy TO, with mode 0600; TO.like has its attributes. */
int cw_checkpoint_copy_secret(const char *from, const char *to, struct cw_error *error);
/* The file that has the attributes of COPY's original: COPY.like, or COPY itself; release with
 * free(). */
char *cw_checkpoint_attributes_of(const char *copy);
/* Removes the folder "secret". */
int cw_checkpoint_settle(const char *folder, struct cw_error *error);

#endif
