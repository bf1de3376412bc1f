/*
 * Memory of a plugin. Nothing here returns NULL: out of memory ends the process. That fails only
 * this worker's certificates, and the core reverts its edits.
 */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Resizes POINTER (may be NULL) to COUNT elements of SIZE bytes. Release with free(). */
void *memory_resize(void *pointer, size_t count, size_t size) __attribute__((warn_unused_result));
/* A NUL-terminated copy of LENGTH bytes. Release with free(). */
char *memory_copy(const char *data, size_t length) __attribute__((warn_unused_result));
/* A formatted string. Release with free(). */
char *memory_format(const char *format, ...)
	__attribute__((format(printf, 1, 2), warn_unused_result));

void memory_cleanup_free(void *pointer);
#define autofree __attribute__((cleanup(memory_cleanup_free)))

/* Many small allocations that are released together. */
struct arena;
struct arena *arena_new(void);
/* NULL is allowed. */
void arena_free(struct arena *arena);
/* SIZE zeroed bytes, aligned for any type, that live as long as the arena. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_copy(struct arena *arena, const char *data, size_t length);
/* How many bytes were taken from it. */
size_t arena_size(const struct arena *arena);

/* A growing string; zeroed is empty. */
struct text {
	char *data; /* NUL-terminated, or NULL if nothing was added */
	size_t length;
	size_t room;
};
void text_add(struct text *text, const char *data, size_t length);
void text_add_string(struct text *text, const char *string);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_clear(struct text *text);
#define auto_text __attribute__((cleanup(text_clear)))

/* A map of strings to pointers; keys are not copied. Zeroed is empty. */
struct map {
	struct map_entry {
		const char *key;
		void *value;
	} * entries;
	size_t count, room;
};
/* The value of KEY, or NULL. */
void *map_get(const struct map *map, const char *key);
/* Sets the value of KEY, which must live as long as the map. */
void map_set(struct map *map, const char *key, void *value);
void map_clear(struct map *map);

#endif
