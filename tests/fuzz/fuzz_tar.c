/* libFuzzer: an archive of any bytes is taken or refused with a reason, and every file of one that
 * is taken can be read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../core/flow/moving/tar.h"

enum { BLOCK = 512, SIZE = 124, SIZE_SIZE = 12, CHECKSUM = 148, CHECKSUM_SIZE = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Gives each header the checksum that it needs, which random bytes never have. */
static void
set_checksums(char *archive, size_t size)
{
	for (size_t at = 0; size - at >= BLOCK;) {
		char *header = archive + at;
		char length[SIZE_SIZE + 1] = {0}, text[CHECKSUM_SIZE + 1];
		unsigned sum = 0;

		memset(header + CHECKSUM, ' ', CHECKSUM_SIZE);
		for (size_t i = 0; i < BLOCK; i++)
			sum += (unsigned char)header[i];
		if (sum == CHECKSUM_SIZE * ' ') {
			memset(header + CHECKSUM, 0, CHECKSUM_SIZE);
			return;
		}
		snprintf(text, sizeof(text), "%06o", sum);
		memcpy(header + CHECKSUM, text, CHECKSUM_SIZE - 1);
		memcpy(length, header + SIZE, SIZE_SIZE);
		at += BLOCK;
		if (strtoul(length, NULL, 8) > size - at)
			return;
		at += (strtoul(length, NULL, 8) + BLOCK - 1) / BLOCK * BLOCK;
		if (at > size)
			return;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cw_auto_strv struct cw_strv paths = {0};
	cw_auto_error struct cw_error error = {0};
	cw_auto_tar struct cw_tar *tar = NULL;
	/* Of exactly this size, so that reading beyond it is seen. */
	char *copy = malloc(size + (size == 0));
	int status;

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	set_checksums(copy, size);
	status = cw_tar_read("x.tar", copy, size, &tar, &error);
	free(copy);
	if ((status < 0) != (error.message != NULL) || (status < 0) != (tar == NULL))
		abort();
	if (tar == NULL)
		return 0;
	cw_tar_paths(tar, &paths);
	for (size_t i = 0; i < paths.count; i++) {
		size_t length = 0;
		const char *text = cw_tar_file(tar, paths.items[i], &length);

		if (text != NULL && text[length] != '\0')
			abort();
	}
	return 0;
}
