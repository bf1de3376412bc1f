/*
 * Values that plugins keep between runs: WORK/certwright/state/LINEAGE/PLUGIN.KEY (0600, in folders
 * with 0700). There is one file for each key. It is replaced atomically.
 */
#ifndef CW_STORE_STATE_H
#define CW_STORE_STATE_H

#include <stddef.h>
#include "base/buf.h"
#include "base/error.h"

/* Limits: bytes of a key, bytes of a value, and keys for each plugin and lineage. */
enum { CW_STATE_KEY_MAX = 64, CW_STATE_VALUE_MAX = 64 * 1024, CW_STATE_KEYS_MAX = 100 };

/* Stores VALUE; NULL removes the key. CW_E_INVALID if the key is malformed or a limit is
 * exceeded. */
int cw_state_put(const char *work, const char *lineage, const char *plugin, const char *key,
		 const void *value, size_t length, struct cw_error *error);
/* Appends the value to VALUE. CW_E_NOT_FOUND if there is none. */
int cw_state_get(const char *work, const char *lineage, const char *plugin, const char *key,
		 struct cw_buf *value, struct cw_error *error);
/* Removes all values of a lineage that is being deleted. */
void cw_state_forget(const char *work, const char *lineage);
/* Removes the values of lineages that are not below CONFIG any more. Certbot may have deleted
 * them. */
void cw_state_sweep(const char *work, const char *config);

#endif
