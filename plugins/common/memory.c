#include "memory.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 * 1024, ALIGNMENT = 16, FIRST_ROOM = 64 };

static _Noreturn void
out_of_memory(void)
{
	fputs("the plugin is out of memory\n", stderr);
	abort();
}

void *
memory_resize(void *pointer, size_t count, size_t size)
{
	void *resized;
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory();
	resized = realloc(pointer, bytes > 0 ? bytes : 1);
	if (resized == NULL)
		out_of_memory();
	return resized;
}

char *
memory_copy(const char *data, size_t length)
{
	char *copy = memory_resize(NULL, length + 1, 1);

	if (length > 0)
		memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

char *
memory_format(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		out_of_memory();
	return text;
}

void
memory_cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(ALIGNMENT) char data[];
};

struct arena {
	struct chunk *chunks;
	size_t taken;
};

struct arena *
arena_new(void)
{
	struct arena *arena = memory_resize(NULL, 1, sizeof(*arena));

	arena->chunks = NULL;
	arena->taken = 0;
	return arena;
}

void
arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->chunks != NULL) {
		struct chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		free(chunk);
	}
	free(arena);
}

/* Small at first: most files are, and a configuration may have thousands. */
static struct chunk *
add_chunk(struct arena *arena, size_t size)
{
	size_t room = arena->chunks == NULL ? 1024 : arena->chunks->size * 2;
	struct chunk *chunk;

	if (room > CHUNK)
		room = CHUNK;
	if (size > room)
		room = size;
	chunk = memory_resize(NULL, sizeof(*chunk) + room, 1);
	chunk->used = 0;
	chunk->size = room;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return chunk;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct chunk *chunk = arena->chunks;
	void *memory;

	if (size > SIZE_MAX / 2)
		out_of_memory();
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (chunk == NULL || chunk->size - chunk->used < size)
		chunk = add_chunk(arena, size);
	memory = chunk->data + chunk->used;
	chunk->used += size;
	arena->taken += size;
	return memset(memory, 0, size);
}

char *
arena_copy(struct arena *arena, const char *data, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (length > 0)
		memcpy(copy, data, length);
	return copy;
}

size_t
arena_size(const struct arena *arena)
{
	return arena->taken;
}

void
text_add(struct text *text, const char *data, size_t length)
{
	size_t needed;

	if (__builtin_add_overflow(text->length, length, &needed) || needed > SIZE_MAX / 4)
		out_of_memory();
	if (needed + 1 > text->room) {
		text->room = (needed + 1) * 2 > FIRST_ROOM ? (needed + 1) * 2 : FIRST_ROOM;
		text->data = memory_resize(text->data, text->room, 1);
	}
	if (length > 0)
		memcpy(text->data + text->length, data, length);
	text->length = needed;
	text->data[needed] = '\0';
}

void
text_add_string(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void
text_format(struct text *text, const char *format, ...)
{
	autofree char *part = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&part, format, arguments);
	va_end(arguments);
	if (length < 0)
		out_of_memory();
	text_add(text, part, (size_t)length);
}

void
text_clear(struct text *text)
{
	free(text->data);
	memset(text, 0, sizeof(*text));
}

/* The entry of KEY, or the free entry for it. There is always a free one. */
static struct map_entry *
find_entry(const struct map *map, const char *key)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	size_t at;

	for (const char *byte = key; *byte != '\0'; byte++)
		hash = (hash ^ (unsigned char)*byte) * UINT64_C(1099511628211);
	at = (size_t)hash & (map->room - 1);
	while (map->entries[at].key != NULL && strcmp(map->entries[at].key, key) != 0)
		at = (at + 1) & (map->room - 1);
	return &map->entries[at];
}

void *
map_get(const struct map *map, const char *key)
{
	return map->room > 0 ? find_entry(map, key)->value : NULL;
}

static void
grow(struct map *map)
{
	struct map larger = {.room = map->room > 0 ? map->room * 2 : FIRST_ROOM,
			     .count = map->count};

	larger.entries = memory_resize(NULL, larger.room, sizeof(*larger.entries));
	memset(larger.entries, 0, larger.room * sizeof(*larger.entries));
	for (size_t i = 0; i < map->room; i++)
		if (map->entries[i].key != NULL)
			*find_entry(&larger, map->entries[i].key) = map->entries[i];
	free(map->entries);
	*map = larger;
}

void
map_set(struct map *map, const char *key, void *value)
{
	struct map_entry *entry;

	if (map->count + 1 > map->room / 2)
		grow(map);
	entry = find_entry(map, key);
	if (entry->key == NULL) {
		entry->key = key;
		map->count++;
	}
	entry->value = value;
}

void
map_clear(struct map *map)
{
	free(map->entries);
	memset(map, 0, sizeof(*map));
}
