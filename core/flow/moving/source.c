#include "flow/moving/source.h"
#include <string.h>
#include "base/file.h"

static const struct reader {
	const char *name;
	int (*read)(const struct cw_moving_source *source, struct cw_moving *moving,
		    struct cw_error *error);
	bool is_file;
} readers[] = {
	{"lego", cw_read_lego, false},
	{"acme.sh", cw_read_acme_sh, false},
	{"dehydrated", cw_read_dehydrated, false},
	{"uacme", cw_read_uacme, false},
	{"getssl", cw_read_getssl, false},
	{"acmetool", cw_read_acmetool, false},
	{"certbot-tarball", cw_read_certbot_tarball, true},
};

int
cw_moving_source_read(const struct cw_moving_source *source, struct cw_moving *moving,
		      struct cw_error *error)
{
	for (size_t i = 0; i < CW_COUNT(readers); i++) {
		const struct reader *reader = &readers[i];

		if (strcmp(reader->name, source->name) != 0)
			continue;
		if (!cw_file_exists(source->path))
			return cw_fail(error, CW_E_NOT_FOUND, "there is no \"%s\"", source->path);
		if (reader->is_file != cw_is_folder(source->path))
			return reader->read(source, moving, error);
		cw_fail(error, CW_E_INVALID,
			reader->is_file ? "\"%s\" is a folder, not a tar archive"
					: "\"%s\" is not a folder",
			source->path);
		cw_hint(error, reader->is_file
				       ? "certwright uses Certbot's folder as it is: give it with "
					 "--config-dir"
				       : "\"certwright help import\" says which folder to give");
		return CW_E_INVALID;
	}
	return cw_fail(error, CW_E_USAGE, "cannot import from \"%s\"", source->name);
}
