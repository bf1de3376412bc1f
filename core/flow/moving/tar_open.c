#include <string.h>
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "flow/moving/tar.h"

#define ARCHIVE_MAX (64UL * 1024 * 1024)

static int
fail_large(const char *path, struct cw_error *error)
{
	cw_fail(error, CW_E_INVALID, "\"%s\" is too large: an archive may have %lu MiB", path,
		ARCHIVE_MAX / 1024 / 1024);
	cw_hint(error, "put only the folders \"accounts\", \"archive\", \"live\" and \"renewal\" "
		       "into the archive");
	return CW_E_INVALID;
}

/* The program that unpacks FILE; NULL: it is not compressed. */
static const char *
unpacker(const struct cw_buf *file)
{
	static const struct {
		const char *magic;
		size_t length;
		const char *program;
	} known[] = {
		{"\x1f\x8b", 2, "gzip"},
		{"BZh", 3, "bzip2"},
		{"\xfd"
		 "7zXZ",
		 5, "xz"},
		{"\x28\xb5\x2f\xfd", 4, "zstd"},
	};

	for (size_t i = 0; i < CW_COUNT(known); i++)
		if (file->length > known[i].length &&
		    memcmp(file->data, known[i].magic, known[i].length) == 0)
			return known[i].program;
	return NULL;
}

static int
unpack(const char *path, struct cw_buf *file, struct cw_error *error)
{
	const char *program = unpacker(file);
	const char *const argv[] = {program, "-dc", NULL};
	struct cw_process process = {
		.argv = argv,
		.input = cw_buf_text(file),
		.input_length = file->length,
		.output_limit = ARCHIVE_MAX + 1,
		.time_limit = 60,
	};
	int status;

	if (program == NULL)
		return CW_OK;
	status = cw_process_run_one(&process, error);
	if (status == CW_OK) {
		cw_buf_wipe(file);
		*file = process.output;
		process.output = (struct cw_buf){0};
	} else {
		cw_context(error, "cannot unpack \"%s\"", path);
	}
	cw_process_clear(&process);
	return status == CW_OK && file->length > ARCHIVE_MAX ? fail_large(path, error) : status;
}

int
cw_tar_open(const char *path, struct cw_tar **tar, struct cw_error *error)
{
	cw_auto(cw_buf_wipe) struct cw_buf file = {0};
	int status = cw_file_read(path, ARCHIVE_MAX, &file, error);

	*tar = NULL;
	if (status == CW_OK)
		status = unpack(path, &file, error);
	return status < 0 ? status : cw_tar_read(path, cw_buf_text(&file), file.length, tar, error);
}
