/* The result of report on a terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "base/text.h"
#include "cli/help_page.h"
#include "cli/output.h"
#include "flow/report/table.h"

/* Whether the locale's characters are UTF-8 (POSIX.1-2017 section 8.2). */
static bool
shows_characters(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < CW_COUNT(names); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && *value != '\0')
			return strcasestr(value, "utf-8") != NULL ||
			       strcasestr(value, "utf8") != NULL;
	}
	return false;
}

/* As https://no-color.org says. */
static bool
shows_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (no == NULL || *no == '\0') &&
	       !cw_equal(getenv("TERM"), "dumb");
}

static void
print_lines(struct json_object *lines)
{
	for (size_t i = 0; lines != NULL && i < json_object_array_length(lines); i++)
		puts(json_object_get_string(json_object_array_get_idx(lines, i)));
}

void
cw_render_report(struct json_object *result)
{
	struct json_object *status = cw_json_object(result, "status");
	struct json_object *nagios = cw_json_object(result, "nagios");
	struct json_object *written = cw_json_array(result, "written");
	const struct cw_table_style style = {
		.width = cw_help_width(stdout),
		.colour = shows_colour(),
		.characters = shows_characters(),
	};
	cw_auto_buf struct cw_buf text = {0};

	if (nagios != NULL)
		print_lines(cw_json_array(nagios, "lines"));
	/* Without "health" it was not done. */
	if (nagios != NULL || cw_json_string(result, "health") == NULL ||
	    (written != NULL && json_object_array_length(written) > 0))
		return;
	cw_table_write(status, &style, &text);
	fputs(cw_buf_text(&text), stdout);
}
