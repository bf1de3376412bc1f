#include "cli/help_page.h"
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/mem.h"
#include "cli/option_text.h"

enum { WIDTH_NO_TERMINAL = 80, WIDTH_MIN = 40, WIDTH_MAX = 120, COLUMN = 24 };

size_t
cw_help_width(FILE *out)
{
	struct winsize size;
	int descriptor = fileno(out);

	if (descriptor < 0 || !isatty(descriptor) || ioctl(descriptor, TIOCGWINSZ, &size) < 0 ||
	    size.ws_col == 0)
		return WIDTH_NO_TERMINAL;
	if (size.ws_col < WIDTH_MIN)
		return WIDTH_MIN;
	return size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

/* Columns of LENGTH bytes of UTF-8. */
static size_t
columns(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

static void
blanks(const struct cw_help_page *page, size_t count)
{
	fprintf(page->out, "%*s", (int)count, "");
}

void
cw_help_wrap(const struct cw_help_page *page, const char *text, size_t at, size_t indent)
{
	size_t column = at;
	bool first = true;

	while (*(text += strspn(text, " \n")) != '\0') {
		size_t length = strcspn(text, " \n");
		size_t wide = columns(text, length);

		if (!first && column + 1 + wide > page->width) {
			fputc('\n', page->out);
			column = 0;
		} else if (!first) {
			fputc(' ', page->out);
			column++;
		}
		if (column < indent) {
			blanks(page, indent - column);
			column = indent;
		}
		fprintf(page->out, "%.*s", (int)length, text);
		column += wide;
		text += length;
		first = false;
	}
	fputc('\n', page->out);
}

void
cw_help_entry(const struct cw_help_page *page, const char *term, const char *meaning)
{
	size_t at = 2 + columns(term, strlen(term));

	fprintf(page->out, "  %s", term);
	if (at + 2 > COLUMN) {
		fputc('\n', page->out);
		at = 0;
	}
	cw_help_wrap(page, meaning, at, COLUMN);
}

static void
option_entry(const struct cw_help_page *page, const struct cw_option *option)
{
	cw_autofree char *heading = cw_option_heading(option);
	cw_autofree char *description = cw_option_description(option);

	cw_help_entry(page, heading, description);
}

void
cw_help_section(const struct cw_help_page *page, const char *title, const char *summary)
{
	fprintf(page->out, "\n%s:\n", title);
	if (summary != NULL)
		cw_help_wrap(page, summary, 0, 2);
}

size_t
cw_help_count_options(const struct cw_help_page *page, cw_help_filter filter, const char *topic)
{
	size_t count = 0;

	for (size_t i = 0; i < cw_option_set_count(page->options); i++) {
		const struct cw_option *option = cw_option_set_at(page->options, i);

		count += (option->flags & CW_OPT_HIDDEN) == 0 && filter(option, topic);
	}
	return count;
}

void
cw_help_options(const struct cw_help_page *page, const char *title, const char *summary,
		cw_help_filter filter, const char *topic)
{
	if (cw_help_count_options(page, filter, topic) == 0)
		return;
	cw_help_section(page, title, summary);
	for (size_t i = 0; i < cw_option_set_count(page->options); i++) {
		const struct cw_option *option = cw_option_set_at(page->options, i);

		if ((option->flags & CW_OPT_HIDDEN) == 0 && filter(option, topic))
			option_entry(page, option);
	}
}
