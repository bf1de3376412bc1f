#include "main_cf.h"
#include <stdlib.h>

static const char blanks[] = " \t\r\n";

/* The end of the line, behind its newline. */
static const char *
line_end(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

/* Comments and empty lines do not end a parameter, but behind its last line they are not its own.
 */
static const char *
parameter_end(const char *line)
{
	const char *end = line_end(line);

	for (line = end; *line != '\0'; line = line_end(line)) {
		size_t indent = strspn(line, " \t");

		if (strchr("#\r\n", line[indent]) != NULL)
			continue;
		if (indent == 0)
			break;
		end = line_end(line);
	}
	return end;
}

/* Where the value begins if LINE sets NAME; NULL: it does not. */
static const char *
value_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(line, name, length) != 0)
		return NULL;
	line += length;
	line += strspn(line, " \t");
	return *line == '=' ? line + 1 : NULL;
}

/* The last line at or behind LINE that sets NAME counts; this is the next one. NULL: none. */
static const char *
next_parameter(const char *line, const char *name)
{
	while (*line != '\0' && value_of(line, name) == NULL)
		line = line_end(line);
	return *line != '\0' ? line : NULL;
}

char *
main_cf_get(const char *file, const char *name)
{
	const char *found = NULL, *value, *end;

	for (const char *line = file; (line = next_parameter(line, name)) != NULL;
	     line = parameter_end(line))
		found = line;
	if (found == NULL)
		return NULL;
	value = value_of(found, name);
	end = parameter_end(found);
	value += strspn(value, " \t");
	while (end > value && strchr(blanks, end[-1]) != NULL)
		end--;
	return strndup(value, (size_t)(end > value ? end - value : 0));
}

static int
add_parameter(const struct cw_host *host, struct text *text, const char *name, const char *value)
{
	const char *const parts[] = {name, " = ", value, "\n"};
	int status = CW_OK;

	for (size_t i = 0; status == CW_OK && i < sizeof(parts) / sizeof(parts[0]); i++)
		status = text_add(host, text, parts[i], strlen(parts[i]));
	return status;
}

int
main_cf_set(const struct cw_host *host, struct text *file, const char *name, const char *value)
{
	struct text edited = {NULL, 0};
	const char *rest = file->data, *line;
	int status = text_add(host, &edited, "", 0);

	while (status == CW_OK && (line = next_parameter(rest, name)) != NULL) {
		status = text_add(host, &edited, rest, (size_t)(line - rest));
		if (status == CW_OK && value != NULL)
			status = add_parameter(host, &edited, name, value);
		value = NULL;
		rest = parameter_end(line);
	}
	if (status == CW_OK)
		status = text_add(host, &edited, rest, strlen(rest));
	if (status == CW_OK && value != NULL && edited.length > 0 &&
	    edited.data[edited.length - 1] != '\n')
		status = text_add(host, &edited, "\n", 1);
	if (status == CW_OK && value != NULL)
		status = add_parameter(host, &edited, name, value);
	if (status != CW_OK) {
		text_free(&edited);
		return status;
	}
	text_free(file);
	*file = edited;
	return CW_OK;
}
