/*
 * The shortest lists of differences (Myers, "An O(ND) difference algorithm and its variations",
 * 1986) between our text and the original, and between our text and the present one. Where they
 * touch different lines of ours, both can be made.
 */
#include "base/merge.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Lines that differ, beyond which it is not tried: the memory grows with the square. */
enum { DIFFERENCES_MAX = 2000 };

struct line {
	const char *text;
	size_t length; /* bytes, with the end of line */
};

struct lines {
	struct line *items;
	size_t count;
};

/* Lines START to END of the one text became START to END of the other. */
struct hunk {
	size_t start, end;
	size_t other_start, other_end;
};

struct hunks {
	struct hunk *items;
	size_t count;
};

static void
clear_lines(struct lines *lines)
{
	free(lines->items);
}

static void
clear_hunks(struct hunks *hunks)
{
	free(hunks->items);
}

static void
split(const struct cw_buf *text, struct lines *lines)
{
	const char *at = cw_buf_text(text), *end = at + text->length;
	size_t room = 1;

	for (const char *byte = at; byte < end; byte++)
		room += *byte == '\n';
	lines->items = cw_calloc(room, sizeof(*lines->items));
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const char *next = stop != NULL ? stop + 1 : end;

		lines->items[lines->count++] = (struct line){at, (size_t)(next - at)};
		at = next;
	}
}

static bool
is_same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
	return a->items[i].length == b->items[j].length &&
	       memcmp(a->items[i].text, b->items[j].text, a->items[i].length) == 0;
}

/*
 * A search from (0, 0) to (count of A, count of B). After D differences the diagonal K, x - y, was
 * followed to x = reached[K + D]; there is one such array of 2D + 1 for each D.
 */
struct search {
	const struct lines *a, *b;
	int64_t **reached;
	int64_t found; /* D at the end; -1: too many */
};

static int64_t
follow(const struct search *search, int64_t x, int64_t k)
{
	while ((size_t)x < search->a->count && x - k >= 0 && (size_t)(x - k) < search->b->count &&
	       is_same(search->a, (size_t)x, search->b, (size_t)(x - k)))
		x++;
	return x;
}

/* Whether the best way to diagonal K with D differences comes from K + 1 (a line of B added) rather
 * than from K - 1 (one of A left out). */
static bool
comes_from_above(const int64_t *before, int64_t d, int64_t k)
{
	return k == -d || (k != d && before[k - 1 + d - 1] < before[k + 1 + d - 1]);
}

static void
search_ways(struct search *search)
{
	int64_t n = (int64_t)search->a->count, m = (int64_t)search->b->count;

	search->reached = cw_calloc(DIFFERENCES_MAX + 1, sizeof(*search->reached));
	search->found = -1;
	for (int64_t d = 0; d <= DIFFERENCES_MAX && search->found < 0; d++) {
		const int64_t *before = d > 0 ? search->reached[d - 1] : NULL;
		int64_t *now = cw_calloc((size_t)(2 * d + 1), sizeof(*now));

		search->reached[d] = now;
		for (int64_t k = -d; k <= d && search->found < 0; k += 2) {
			int64_t x = 0;

			if (d > 0)
				x = comes_from_above(before, d, k) ? before[k + 1 + d - 1]
								   : before[k - 1 + d - 1] + 1;
			now[k + d] = x = follow(search, x, k);
			if (x >= n && x - k >= m)
				search->found = d;
		}
	}
}

static void
clear_search(struct search *search)
{
	for (size_t d = 0; search->reached != NULL && d <= DIFFERENCES_MAX; d++)
		free(search->reached[d]);
	free(search->reached);
}

/* The line of B that each of A is, or -1, along the way that was found. */
static int64_t *
trace_back(const struct search *search)
{
	int64_t x = (int64_t)search->a->count, y = (int64_t)search->b->count;
	int64_t *partner = cw_calloc(search->a->count + 1, sizeof(*partner));

	for (size_t i = 0; i < search->a->count; i++)
		partner[i] = -1;
	for (int64_t d = search->found; d >= 0; d--) {
		int64_t k = x - y, from_x = 0, from_y = 0, start_x = 0;

		if (d > 0) {
			const int64_t *before = search->reached[d - 1];
			bool above = comes_from_above(before, d, k);
			int64_t from_k = above ? k + 1 : k - 1;

			from_x = before[from_k + d - 1];
			from_y = from_x - from_k;
			start_x = above ? from_x : from_x + 1;
		}
		for (; x > start_x; x--, y--)
			partner[x - 1] = y - 1;
		x = from_x;
		y = from_y;
	}
	return partner;
}

static void
gather(const struct lines *a, const struct lines *b, const int64_t *partner, struct hunks *hunks)
{
	size_t i = 0, j = 0;

	hunks->items = cw_calloc(a->count + b->count + 1, sizeof(*hunks->items));
	while (i < a->count || j < b->count) {
		struct hunk hunk = {.start = i, .other_start = j};

		if (i < a->count && partner[i] == (int64_t)j) {
			i++;
			j++;
			continue;
		}
		while (i < a->count && partner[i] < 0)
			i++;
		j = i < a->count ? (size_t)partner[i] : b->count;
		hunk.end = i;
		hunk.other_end = j;
		hunks->items[hunks->count++] = hunk;
	}
}

static bool
compare(const struct lines *a, const struct lines *b, struct hunks *hunks)
{
	cw_auto(clear_search) struct search search = {.a = a, .b = b};
	cw_autofree int64_t *partner = NULL;

	search_ways(&search);
	if (search.found < 0)
		return false;
	partner = trace_back(&search);
	gather(a, b, partner, hunks);
	return true;
}

static void
add_lines(struct cw_buf *result, const struct lines *lines, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		cw_buf_add(result, lines->items[i].text, lines->items[i].length);
}

/* Whether both put the same in the place of the same lines. */
static bool
agree(const struct hunk *a, const struct lines *of_a, const struct hunk *b,
      const struct lines *of_b)
{
	size_t count = a->other_end - a->other_start;

	if (a->start != b->start || a->end != b->end || b->other_end - b->other_start != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_same(of_a, a->other_start + i, of_b, b->other_start + i))
			return false;
	return true;
}

static bool
comes_first(const struct hunk *a, const struct hunk *b)
{
	return a->start != b->start ? a->start < b->start : a->end <= b->end;
}

static bool
overlap(const struct hunk *first, const struct hunk *second)
{
	return second->start < first->end ||
	       (first->start == second->start && first->end == second->end);
}

static bool
make_both(const struct lines *base, const struct hunks *to_a, const struct lines *a,
	  const struct hunks *to_b, const struct lines *b, struct cw_buf *result)
{
	size_t i = 0, j = 0, at = 0;

	while (i < to_a->count || j < to_b->count) {
		const struct hunk *of_a = i < to_a->count ? &to_a->items[i] : NULL;
		const struct hunk *of_b = j < to_b->count ? &to_b->items[j] : NULL;
		bool take_a = of_b == NULL || (of_a != NULL && comes_first(of_a, of_b));
		const struct hunk *taken = take_a ? of_a : of_b;
		const struct hunk *next = take_a ? of_b : of_a;

		if (next != NULL && overlap(taken, next)) {
			if (!agree(of_a, a, of_b, b))
				return false;
			i++;
			j++;
		} else {
			i += take_a;
			j += !take_a;
		}
		add_lines(result, base, at, taken->start);
		add_lines(result, take_a ? a : b, taken->other_start, taken->other_end);
		at = taken->end;
	}
	add_lines(result, base, at, base->count);
	return true;
}

bool
cw_merge_undo(const struct cw_buf *original, const struct cw_buf *ours,
	      const struct cw_buf *present, struct cw_buf *result)
{
	cw_auto(clear_lines) struct lines before = {0};
	cw_auto(clear_lines) struct lines base = {0};
	cw_auto(clear_lines) struct lines now = {0};
	cw_auto(clear_hunks) struct hunks back = {0};
	cw_auto(clear_hunks) struct hunks theirs = {0};

	split(original, &before);
	split(ours, &base);
	split(present, &now);
	cw_buf_clear(result);
	if (compare(&base, &before, &back) && compare(&base, &now, &theirs) &&
	    make_both(&base, &back, &before, &theirs, &now, result))
		return true;
	cw_buf_clear(result);
	return false;
}
