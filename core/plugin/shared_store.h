/* The store that the plugin processes of a run share (host->shared_put()). It holds values by
 * plugin and key, in the coordinator's memory. */
#ifndef CW_PLUGIN_SHARED_STORE_H
#define CW_PLUGIN_SHARED_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

struct cw_shared_store;

struct cw_shared_store *cw_shared_store_new(void);
void cw_shared_store_free(struct cw_shared_store *store); /* NULL is allowed */
/* Whether KEY is valid ([A-Za-z0-9_.-], up to 255 bytes, not "." and not ".."). */
bool cw_shared_key_valid(const char *key);
/* Stores VALUE; NULL removes the key. CW_E_INVALID if the key or the value is malformed or too
 * long, or if the plugin's share (64 MiB, 100000 keys) is full. */
int cw_shared_store_put(struct cw_shared_store *store, const char *plugin, const char *key,
			const void *value, size_t length, struct cw_error *error);
/* Finds a value. *VALUE belongs to the store and is valid until the next put. CW_E_NOT_FOUND if
 * there is none. */
int cw_shared_store_get(const struct cw_shared_store *store, const char *plugin, const char *key,
			const void **value, size_t *length, struct cw_error *error);

#endif
