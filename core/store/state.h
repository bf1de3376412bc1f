/*
 * What plugins keep between runs: WORK/certwright/state/LINEAGE/PLUGIN.KEY (0600 in folders 0700),
 * a file for each key, replaced atomically.
 */
#ifndef CW_STORE_STATE_H
#define CW_STORE_STATE_H

#include <stddef.h>
#include "base/buf.h"
#include "base/error.h"

/* Bounds: of a key, a value, and the number of keys of a plugin and lineage. */
enum { CW_STATE_KEY_MAX = 64, CW_STATE_VALUE_MAX = 64 * 1024, CW_STATE_KEYS_MAX = 100 };

/* VALUE NULL removes the key. CW_E_INVALID for a malformed key or what goes beyond the bounds. */
int cw_state_put(const char *work, const char *lineage, const char *plugin, const char *key,
		 const void *value, size_t length, struct cw_error *error);
/* Adds the value to VALUE. CW_E_NOT_FOUND when there is none. */
int cw_state_get(const char *work, const char *lineage, const char *plugin, const char *key,
		 struct cw_buf *value, struct cw_error *error);
/* Removes all of a lineage that is deleted. */
void cw_state_forget(const char *work, const char *lineage);
/* Removes that of lineages that are not below CONFIG any more, as Certbot deletes them. */
void cw_state_sweep(const char *work, const char *config);

#endif
