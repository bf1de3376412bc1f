#include "crt_list.h"
#include "text.h"

static int
is_line_of(const char *line, const char *path)
{
	size_t length = strlen(path);

	/* Options in brackets and names may follow. */
	return strncmp(line, path, length) == 0 && strchr(" \t[\r\n", line[length]) != NULL;
}

/* Copies all lines but those of PATH; *FOUND: how many there were. */
static int
copy_lines(const struct cw_host *host, const struct text *before, const char *path,
	   struct text *after, size_t *found)
{
	const char *line = before->data;
	int status = CW_OK;

	*found = 0;
	while (status == CW_OK && line != NULL && *line != '\0') {
		size_t length = strcspn(line, "\n");

		length += line[length] == '\n';
		if (is_line_of(line, path))
			++*found;
		else
			status = text_add(host, after, line, length);
		line += length;
	}
	return status;
}

static int
add_line(const struct cw_host *host, struct text *text, const char *path)
{
	int status = CW_OK;

	if (text->length > 0 && text->data[text->length - 1] != '\n')
		status = text_add(host, text, "\n", 1);
	if (status == CW_OK)
		status = text_add(host, text, path, strlen(path));
	return status == CW_OK ? text_add(host, text, "\n", 1) : status;
}

int
crt_list_set(const struct cw_host *host, const char *list, const char *path, int wanted)
{
	struct text before = {NULL, 0}, after = {NULL, 0};
	size_t found = 0;
	int status = text_add_file(host, &before, list);

	if (status == CW_OK || status == CW_E_NOT_FOUND)
		status = copy_lines(host, &before, path, &after, &found);
	if (status == CW_OK && wanted && found == 0)
		status = add_line(host, &after, path);
	if (status == CW_OK && wanted != (found > 0))
		status = host->write_file(host, list, after.data != NULL ? after.data : "",
					  after.length, before.data, before.length);
	text_free(&before);
	text_free(&after);
	return status;
}
