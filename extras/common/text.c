#include "text.h"
#include <errno.h>
#include <stdlib.h>

enum { FILE_MAX = 1024 * 1024, BLOCK = 4096 };

/* A way to overwrite memory that the compiler does not leave out. */
static void *(*const volatile overwrite)(void *, int, size_t) = memset;

void
text_free(struct text *text)
{
	if (text->data != NULL)
		overwrite(text->data, 0, text->length);
	free(text->data);
	text->data = NULL;
	text->length = 0;
}

int
text_add(const struct cw_host *host, struct text *text, const char *data, size_t length)
{
	/* Not realloc(), which may leave a copy of a key behind. */
	char *grown = malloc(text->length + length + 1);

	if (grown == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	if (text->length > 0)
		memcpy(grown, text->data, text->length);
	memcpy(grown + text->length, data, length);
	length += text->length;
	text_free(text);
	grown[length] = '\0';
	text->data = grown;
	text->length = length;
	return CW_OK;
}

static int
add_stream(const struct cw_host *host, struct text *text, FILE *stream, const char *path)
{
	char block[BLOCK];
	size_t length, total = 0;
	int status = CW_OK;

	/* The block has all of it: stdio keeps no copy of its own. */
	setvbuf(stream, NULL, _IONBF, 0);
	while (status == CW_OK && (length = fread(block, 1, sizeof(block), stream)) > 0) {
		total += length;
		status = total > FILE_MAX ? cw_host_fail(host, CW_E_INVALID, NULL,
							 "\"%s\" is too long", path)
					  : text_add(host, text, block, length);
	}
	overwrite(block, 0, sizeof(block));
	if (status == CW_OK && ferror(stream))
		status = cw_host_fail(host, CW_E_IO, NULL, "cannot read \"%s\": %s", path,
				      strerror(errno));
	return status;
}

int
text_add_file(const struct cw_host *host, struct text *text, const char *path)
{
	FILE *stream = fopen(path, "re");
	int status;

	if (stream == NULL)
		return cw_host_fail(host, errno == ENOENT ? CW_E_NOT_FOUND : CW_E_IO, NULL,
				    "cannot read \"%s\": %s", path, strerror(errno));
	status = add_stream(host, text, stream, path);
	fclose(stream);
	return status;
}
