#include "plugin/shared_store.h"
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/mem.h"

enum { KEY_MAX = 255, VALUE_MAX = 64 * 1024, KEYS_MAX = 100000, BYTES_MAX = 64 * 1024 * 1024 };

struct item {
	char *key;
	struct cw_buf value;
};

/* What belongs to one plugin, sorted by key. */
struct share {
	char *plugin;
	struct item *items;
	size_t count;
	size_t bytes; /* of the values */
	struct share *next;
};

struct cw_shared_store {
	struct share *shares;
};

struct cw_shared_store *
cw_shared_store_new(void)
{
	return cw_alloc(sizeof(struct cw_shared_store));
}

static void
clear_item(struct item *item)
{
	free(item->key);
	cw_buf_wipe(&item->value);
}

void
cw_shared_store_free(struct cw_shared_store *store)
{
	if (store == NULL)
		return;
	while (store->shares != NULL) {
		struct share *share = store->shares;

		store->shares = share->next;
		for (size_t i = 0; i < share->count; i++)
			clear_item(&share->items[i]);
		free(share->items);
		free(share->plugin);
		free(share);
	}
	free(store);
}

bool
cw_shared_key_valid(const char *key)
{
	size_t length = key != NULL ? strnlen(key, KEY_MAX + 1) : 0;

	return length > 0 && length <= KEY_MAX && strcmp(key, ".") != 0 && strcmp(key, "..") != 0 &&
	       strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
		       length;
}

static struct share *
find_share(const struct cw_shared_store *store, const char *plugin)
{
	for (struct share *share = store->shares; share != NULL; share = share->next)
		if (strcmp(share->plugin, plugin) == 0)
			return share;
	return NULL;
}

/* The index of KEY, or where it would be inserted. */
static size_t
place_of(const struct share *share, const char *key, bool *found)
{
	size_t low = 0, high = share->count;

	*found = false;
	while (low < high && !*found) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(share->items[middle].key, key);

		*found = order == 0;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return *found ? high : low;
}

static void
remove_item(struct share *share, size_t index)
{
	share->bytes -= share->items[index].value.length;
	clear_item(&share->items[index]);
	share->count--;
	memmove(share->items + index, share->items + index + 1,
		(share->count - index) * sizeof(*share->items));
}

static void
insert_item(struct share *share, size_t index, const char *key, const void *value, size_t length)
{
	share->items = cw_realloc(share->items, share->count + 1, sizeof(*share->items));
	memmove(share->items + index + 1, share->items + index,
		(share->count - index) * sizeof(*share->items));
	share->items[index] = (struct item){.key = cw_strdup(key)};
	cw_buf_add(&share->items[index].value, value, length);
	share->bytes += length;
	share->count++;
}

int
cw_shared_store_put(struct cw_shared_store *store, const char *plugin, const char *key,
		    const void *value, size_t length, struct cw_error *error)
{
	struct share *share = find_share(store, plugin);
	size_t index;
	bool found;

	if (!cw_shared_key_valid(key) || (value != NULL && length > VALUE_MAX))
		return cw_fail(error, CW_E_INVALID,
			       "a shared value is too long, or its key is "
			       "malformed");
	if (share == NULL) {
		share = cw_alloc(sizeof(*share));
		share->plugin = cw_strdup(plugin);
		share->next = store->shares;
		store->shares = share;
	}
	index = place_of(share, key, &found);
	if (found)
		remove_item(share, index);
	if (value == NULL)
		return CW_OK;
	if (share->count == KEYS_MAX || share->bytes + length > BYTES_MAX)
		return cw_fail(error, CW_E_INVALID, "the plugin \"%s\" shares too many values",
			       plugin);
	insert_item(share, index, key, value, length);
	return CW_OK;
}

int
cw_shared_store_get(const struct cw_shared_store *store, const char *plugin, const char *key,
		    const void **value, size_t *length, struct cw_error *error)
{
	const struct share *share = find_share(store, plugin);
	size_t index = 0;
	bool found = false;

	if (share != NULL)
		index = place_of(share, key, &found);
	if (!found)
		return cw_fail(error, CW_E_NOT_FOUND, "there is no shared value \"%s\"", key);
	*value = cw_buf_text(&share->items[index].value);
	*length = share->items[index].value.length;
	return CW_OK;
}
