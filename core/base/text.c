#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include "base/buf.h"

bool
cw_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
cw_ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), suffix_length = strlen(suffix);

	return length >= suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

/* Not tolower(): that follows the locale. */
static char
lower(char character)
{
	return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

bool
cw_equal_nocase(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

bool
cw_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

char *
cw_lower(char *text)
{
	for (char *at = text; *at != '\0'; at++)
		*at = lower(*at);
	return text;
}

static bool
is_blank(char character)
{
	return character == ' ' || (character >= '\t' && character <= '\r');
}

char *
cw_trim(char *text)
{
	char *end;

	while (is_blank(*text))
		text++;
	end = text + strlen(text);
	while (end > text && is_blank(end[-1]))
		end--;
	*end = '\0';
	return text;
}

char *
cw_replace_char(char *text, char from, char to)
{
	for (char *at = text; *at != '\0'; at++) {
		if (*at == from)
			*at = to;
	}
	return text;
}

const char *
cw_after_last(const char *text, char c)
{
	const char *last = text != NULL ? strrchr(text, c) : NULL;

	return last != NULL ? last + 1 : text;
}

bool
cw_parse_uint(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t number = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		uint64_t digit = (uint64_t)(unsigned char)*text - '0';

		if (digit > 9 || digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*value = number;
	return true;
}

enum { WORD_MAX = 64 };

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that make A into B. Both are at most
 * WORD_MAX long. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	size_t b_length = strlen(b);

	memset(rows, 0, sizeof(rows));
	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t *spare = before;

		before = last;
		last = row;
		row = spare;
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = smaller(smaller(last[j], row[j - 1]) + 1,
					 last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
	}
	return row[b_length];
}

const char *
cw_nearest(const char *word, const char *const *candidates)
{
	size_t length = strlen(word);
	size_t limit = length / 3 > 2 ? length / 3 : 2;
	size_t nearest_distance = limit + 1;
	const char *nearest = NULL;

	if (length == 0 || length > WORD_MAX)
		return NULL;
	for (; *candidates != NULL; candidates++) {
		size_t distance;

		if (strlen(*candidates) > WORD_MAX)
			continue;
		distance = edit_distance(word, *candidates);
		/* The beginning of a word is as near as one wrong letter. */
		if (distance > 1 && cw_starts_with(*candidates, word))
			distance = 1;
		/* A distance of the word's own length has nothing in common with it. */
		else if (distance > 0 && distance >= length)
			continue;
		if (distance < nearest_distance) {
			nearest = *candidates;
			nearest_distance = distance;
		}
	}
	return nearest;
}

static const char base64url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *
cw_base64url(const void *data, size_t length)
{
	const unsigned char *bytes = data;
	char *text, *end;

	if (length > SIZE_MAX / 2)
		cw_nomem();
	end = text = cw_alloc(length / 3 * 4 + 5);
	for (size_t i = 0; i < length; i += 3) {
		size_t count = length - i < 3 ? length - i : 3;
		uint32_t bits = (uint32_t)bytes[i] << 16;

		if (count > 1)
			bits |= (uint32_t)bytes[i + 1] << 8;
		if (count > 2)
			bits |= bytes[i + 2];
		for (size_t digit = 0; digit <= count; digit++)
			*end++ = base64url_digits[bits >> (18 - 6 * digit) & 63];
	}
	return text;
}

static int
base64url_value(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	if (digit == '-')
		return 62;
	return digit == '_' ? 63 : -1;
}

unsigned char *
cw_base64url_decode(const char *text, size_t *length)
{
	size_t digits = strlen(text), count = 0;
	cw_autofree unsigned char *data = cw_alloc(digits / 4 * 3 + 3);
	uint32_t bits = 0;
	unsigned pending = 0;

	if (digits % 4 == 1)
		return NULL;
	for (; *text != '\0'; text++) {
		int value = base64url_value(*text);

		if (value < 0)
			return NULL;
		bits = bits << 6 | (uint32_t)value;
		pending += 6;
		if (pending >= 8) {
			pending -= 8;
			data[count++] = (unsigned char)(bits >> pending);
			bits &= (1U << pending) - 1;
		}
	}
	/* Bits left over would make two texts of one value (RFC 4648 section 3.5). */
	if (bits != 0)
		return NULL;
	*length = count;
	return cw_take(&data);
}

unsigned char *
cw_base64_decode(const char *text, size_t *length)
{
	size_t count = strlen(text);
	cw_autosecret char *digits = cw_strdup(text);

	if (count % 4 != 0 || strpbrk(text, "-_") != NULL)
		return NULL;
	for (size_t most = 2; most > 0 && count > 0 && digits[count - 1] == '='; most--)
		digits[--count] = '\0';
	cw_replace_char(cw_replace_char(digits, '+', '-'), '/', '_');
	return cw_base64url_decode(digits, length);
}

char *
cw_hex(const void *data, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;
	char *text;

	if (length > SIZE_MAX / 2 - 1)
		cw_nomem();
	text = cw_alloc(length * 2 + 1);
	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return text;
}

char *
cw_shell_word(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./+,:@";
	struct cw_buf quoted = {0};

	if (*text != '\0' && strspn(text, plain) == strlen(text))
		return cw_strdup(text);
	cw_buf_add_char(&quoted, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			cw_buf_add_text(&quoted, "'\\''");
		else
			cw_buf_add_char(&quoted, *text);
	}
	cw_buf_add_char(&quoted, '\'');
	return cw_buf_take(&quoted);
}
