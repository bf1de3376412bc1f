/* Whether something is still in the memory of this process. Include after <cmocka.h>. */
#ifndef CW_TESTS_MEMORY_SEARCH_H
#define CW_TESTS_MEMORY_SEARCH_H

#include "base/mem.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEARCH_MASK = 0x55 };

/* What to search for, in a form that is not found itself. */
struct sought {
	size_t length;
	unsigned char masked[8192];
};

static inline void
seek(struct sought *sought, const char *text)
{
	sought->length = strlen(text);
	assert_in_range(sought->length, 16, sizeof(sought->masked));
	for (size_t i = 0; i < sought->length; i++)
		sought->masked[i] = (unsigned char)text[i] ^ SEARCH_MASK;
}

/* How often it stands between FROM and TO; free memory is read too, so not for a sanitizer. */
__attribute__((no_sanitize_address)) static inline size_t
count_between(const struct sought *sought, const volatile unsigned char *from,
	      const volatile unsigned char *to)
{
	size_t found = 0;

	for (; (size_t)(to - from) >= sought->length; from++) {
		size_t same = 0;

		while (same < sought->length && (from[same] ^ SEARCH_MASK) == sought->masked[same])
			same++;
		found += same == sought->length;
	}
	return found;
}

/* How often it stands in the heap, in use or free. */
static inline size_t
count_in_heap(const struct sought *sought)
{
	cw_autofile FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t from, to;
	char line[512];
	size_t found = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (strstr(line, "[heap]") != NULL &&
		    sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2)
			found += count_between(sought, (const unsigned char *)from,
					       (const unsigned char *)to);
	}
	return found;
}

#endif
