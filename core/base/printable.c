#include "base/printable.h"

#include <stdint.h>
#include <string.h>

size_t
cw_utf8_length(const char *text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (at[0] < 0x80)
		return 1;
	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		length = 2;
	else if (at[0] >= 0xe0 && at[0] <= 0xef)
		length = 3;
	else if (at[0] >= 0xf0 && at[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (length > size)
		return 0;
	/* Over-long forms, surrogates, and what is beyond U+10FFFF. */
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < length; i++) {
		if (at[i] < low || at[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

static uint32_t
code_point(const char *text, size_t length)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)text[0] & masks[length];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

/* Ranges of characters that are obeyed or not seen: Unicode's categories Cc, Cf, Zl and Zp. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x0600, 0x0605},
	{0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},   {0x0890, 0x0891},
	{0x08e2, 0x08e2},   {0x180e, 0x180e},   {0x200b, 0x200f},   {0x2028, 0x202e},
	{0x2060, 0x206f},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd},
	{0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
	{0xe0000, 0xe0fff},
};

static bool
is_hidden(uint32_t code)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return true;
	return false;
}

static void
add_escape(struct cw_buf *buf, uint32_t code)
{
	if (code == '\n')
		cw_buf_add_text(buf, "\\n");
	else if (code == '\r')
		cw_buf_add_text(buf, "\\r");
	else if (code == '\t')
		cw_buf_add_text(buf, "\\t");
	else if (code <= 0xff)
		cw_buf_addf(buf, "\\x%02x", (unsigned)code);
	else
		cw_buf_addf(buf, "\\u%04x", (unsigned)code);
}

/* How many bytes at TEXT are plain ASCII, which is nearly all. */
static size_t
plain_length(const char *text)
{
	const char *end = text;

	while (*end >= 0x20 && *end < 0x7f)
		end++;
	return (size_t)(end - text);
}

void
cw_add_printable(struct cw_buf *buf, const char *text, bool lines)
{
	const char *end = text + strlen(text);

	while (text < end) {
		size_t length = plain_length(text);
		uint32_t code;

		cw_buf_add(buf, text, length);
		text += length;
		if (text == end)
			return;
		length = cw_utf8_length(text, (size_t)(end - text));
		code = length > 0 ? code_point(text, length) : (unsigned char)*text;
		if (length > 0 && (!is_hidden(code) || (lines && (code == '\n' || code == '\t'))))
			cw_buf_add(buf, text, length);
		else
			add_escape(buf, code);
		text += length > 0 ? length : 1;
	}
}

bool
cw_is_plain(const char *text)
{
	return text[plain_length(text)] == '\0';
}

char *
cw_printable(const char *text, bool lines)
{
	struct cw_buf buf = {0};

	if (text == NULL)
		return NULL;
	cw_add_printable(&buf, text, lines);
	return cw_buf_take(&buf);
}
