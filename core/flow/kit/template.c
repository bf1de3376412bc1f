#include "flow/kit/template.h"
#include <string.h>
#include "base/text.h"

/* Where the reading of a template is. */
struct position {
	const char *what;
	const struct cw_template_values *values;
	size_t line;
	bool within; /* between @if@ and @end@ */
	bool after_else;
	bool written; /* whether lines are */
};

static const char *
text_of(const struct cw_template_values *values, const char *name, size_t length)
{
	for (const struct cw_template_word *word = values->words; word->name != NULL; word++)
		if (strlen(word->name) == length && memcmp(word->name, name, length) == 0)
			return word->text;
	return NULL;
}

static void
expand_line(const struct cw_template_values *values, const char *line, size_t length,
	    struct cw_buf *out)
{
	const char *end = line + length;

	while (line < end) {
		const char *at = memchr(line, '@', (size_t)(end - line));
		const char *close = at != NULL ? memchr(at + 1, '@', (size_t)(end - at - 1)) : NULL;
		const char *text = NULL;

		if (close == NULL)
			break;
		text = text_of(values, at + 1, (size_t)(close - at - 1));
		cw_buf_add(out, line, (size_t)(at - line));
		if (text != NULL)
			cw_buf_add_text(out, text);
		else
			cw_buf_add(out, at, (size_t)(close - at));
		line = text != NULL ? close + 1 : close;
	}
	cw_buf_add(out, line, (size_t)(end - line));
}

static int
fail(const struct position *position, const char *reason, struct cw_error *error)
{
	return cw_fail(error, CW_E_INVALID, "line %zu of the template \"%s\": %s", position->line,
		       position->what, reason);
}

/* A line that is a condition; *TAKEN is false for all others. */
static int
take_condition(struct position *position, const char *line, size_t length, bool *taken,
	       struct cw_error *error)
{
	cw_autofree char *text = cw_memdup(line, length);
	size_t end = strcspn(text, "\n");

	text[end] = '\0';
	*taken = true;
	if (cw_starts_with(text, "@if ") && cw_ends_with(text, "@")) {
		if (position->within)
			return fail(position, "conditions cannot be nested", error);
		text[end - 1] = '\0';
		position->within = true;
		position->written =
			cw_strv_contains(&position->values->conditions, text + strlen("@if "));
	} else if (strcmp(text, "@else@") == 0) {
		if (!position->within || position->after_else)
			return fail(position, "\"@else@\" without \"@if ...@\"", error);
		position->after_else = true;
		position->written = !position->written;
	} else if (strcmp(text, "@end@") == 0) {
		if (!position->within)
			return fail(position, "\"@end@\" without \"@if ...@\"", error);
		position->within = position->after_else = false;
		position->written = true;
	} else {
		*taken = false;
	}
	return CW_OK;
}

int
cw_template_expand(const char *template, const char *what, const struct cw_template_values *values,
		   struct cw_buf *out, struct cw_error *error)
{
	struct position position = {.what = what, .values = values, .written = true};

	while (*template != '\0') {
		size_t length = strcspn(template, "\n");
		bool taken;
		int status;

		if (template[length] == '\n')
			length++;
		position.line++;
		status = take_condition(&position, template, length, &taken, error);
		if (status < 0)
			return status;
		if (!taken && position.written)
			expand_line(values, template, length, out);
		template += length;
	}
	return position.within ? fail(&position, "\"@end@\" is missing", error) : CW_OK;
}
