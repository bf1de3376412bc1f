#include "base/option_set.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The hash function is FNV-1a, 32 bits. */
#define HASH_OFFSET 2166136261U
#define HASH_PRIME 16777619U

/* A table from texts to numbers, by open addressing; at most half full. The texts are borrowed. */
struct index_entry {
	const char *text; /* NULL: free */
	size_t number;
};

struct text_index {
	struct index_entry *entries;
	size_t count, capacity; /* capacity: a power of two, or 0 */
};

struct cw_option_set {
	const struct cw_option **options;
	size_t count, capacity;
	const struct cw_option **slots; /* by slot: the option that stands for an internal name */
	size_t slot_count, slot_capacity;
	struct text_index names;     /* to indexes in options */
	struct text_index internals; /* to slots */
	const struct cw_option *shorts[128];
};

static size_t
hash_text(const char *text)
{
	uint32_t hash = HASH_OFFSET;

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * HASH_PRIME;
	return hash;
}

/* Where TEXT is, or where it would go. */
static struct index_entry *
index_place(const struct text_index *index, const char *text)
{
	size_t mask = index->capacity - 1;
	size_t position = hash_text(text) & mask;

	while (index->entries[position].text != NULL &&
	       strcmp(index->entries[position].text, text) != 0)
		position = (position + 1) & mask;
	return &index->entries[position];
}

/* The number that TEXT has, or CW_NO_SLOT. */
static size_t
index_find(const struct text_index *index, const char *text)
{
	const struct index_entry *entry;

	if (index->capacity == 0)
		return CW_NO_SLOT;
	entry = index_place(index, text);
	return entry->text != NULL ? entry->number : CW_NO_SLOT;
}

static void
index_grow(struct text_index *index)
{
	struct text_index grown = {
		.count = index->count,
		.capacity = index->capacity == 0 ? 64 : 2 * index->capacity,
	};

	grown.entries = cw_calloc(grown.capacity, sizeof(*grown.entries));
	for (size_t i = 0; i < index->capacity; i++) {
		if (index->entries[i].text != NULL)
			*index_place(&grown, index->entries[i].text) = index->entries[i];
	}
	free(index->entries);
	*index = grown;
}

static void
index_add(struct text_index *index, const char *text, size_t number)
{
	struct index_entry *entry;

	if (2 * (index->count + 1) > index->capacity)
		index_grow(index);
	entry = index_place(index, text);
	if (entry->text == NULL)
		index->count++;
	entry->text = text;
	entry->number = number;
}

static void
append(const struct cw_option ***array, size_t *count, size_t *capacity,
       const struct cw_option *option)
{
	if (*count == *capacity) {
		*capacity = *capacity == 0 ? 64 : 2 * *capacity;
		*array = cw_realloc(*array, *capacity, sizeof(**array));
	}
	(*array)[(*count)++] = option;
}

struct cw_option_set *
cw_option_set_new(void)
{
	return cw_alloc(sizeof(struct cw_option_set));
}

void
cw_option_set_free(struct cw_option_set *set)
{
	if (set == NULL)
		return;
	free(set->options);
	free(set->slots);
	free(set->names.entries);
	free(set->internals.entries);
	free(set);
}

static bool
has_short(const struct cw_option *option)
{
	return option->short_name > 0;
}

static int
check_free(const struct cw_option_set *set, const struct cw_option *option, struct cw_error *error)
{
	for (const char *const *name = option->names; name != NULL && *name != NULL; name++) {
		if (cw_option_by_name(set, *name) != NULL)
			return cw_fail(error, CW_E_EXISTS, "the option \"--%s\" exists already",
				       *name);
	}
	if (has_short(option) && cw_option_by_short(set, option->short_name) != NULL)
		return cw_fail(error, CW_E_EXISTS, "the option \"-%c\" exists already",
			       option->short_name);
	return CW_OK;
}

static void
add_internal(struct cw_option_set *set, const struct cw_option *option)
{
	size_t slot = index_find(&set->internals, option->internal);

	if (slot == CW_NO_SLOT) {
		index_add(&set->internals, option->internal, set->slot_count);
		append(&set->slots, &set->slot_count, &set->slot_capacity, option);
	} else if ((set->slots[slot]->flags & CW_OPT_NEGATIVE) != 0 &&
		   (option->flags & CW_OPT_NEGATIVE) == 0) {
		set->slots[slot] = option;
	}
}

int
cw_option_set_add(struct cw_option_set *set, const struct cw_option *option, struct cw_error *error)
{
	int status = check_free(set, option, error);

	if (status != CW_OK)
		return status;
	for (const char *const *name = option->names; name != NULL && *name != NULL; name++)
		index_add(&set->names, *name, set->count);
	if (has_short(option))
		set->shorts[(unsigned char)option->short_name] = option;
	if (option->internal != NULL)
		add_internal(set, option);
	append(&set->options, &set->count, &set->capacity, option);
	return CW_OK;
}

size_t
cw_option_set_count(const struct cw_option_set *set)
{
	return set->count;
}

const struct cw_option *
cw_option_set_at(const struct cw_option_set *set, size_t index)
{
	return index < set->count ? set->options[index] : NULL;
}

const struct cw_option *
cw_option_by_name(const struct cw_option_set *set, const char *name)
{
	size_t number = index_find(&set->names, name);

	return number != CW_NO_SLOT ? set->options[number] : NULL;
}

const struct cw_option *
cw_option_by_short(const struct cw_option_set *set, char name)
{
	unsigned char number = (unsigned char)name;

	return number < CW_COUNT(set->shorts) ? set->shorts[number] : NULL;
}

const struct cw_option *
cw_option_by_internal(const struct cw_option_set *set, const char *internal)
{
	size_t slot = cw_option_slot(set, internal);

	return slot != CW_NO_SLOT ? set->slots[slot] : NULL;
}

static bool
has_prefix(const struct cw_option *option, const char *prefix, size_t length)
{
	for (const char *const *name = option->names; name != NULL && *name != NULL; name++) {
		if (strncmp(*name, prefix, length) == 0)
			return true;
	}
	return false;
}

size_t
cw_option_by_prefix(const struct cw_option_set *set, const char *prefix,
		    const struct cw_option **found, size_t max)
{
	size_t length = strlen(prefix), count = 0;

	for (size_t i = 0; i < set->count; i++) {
		if (!has_prefix(set->options[i], prefix, length))
			continue;
		if (count < max)
			found[count] = set->options[i];
		count++;
	}
	return count;
}

size_t
cw_option_slot(const struct cw_option_set *set, const char *internal)
{
	return index_find(&set->internals, internal);
}

const struct cw_option *
cw_option_at_slot(const struct cw_option_set *set, size_t slot)
{
	return slot < set->slot_count ? set->slots[slot] : NULL;
}
