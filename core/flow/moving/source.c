#include "flow/moving/source.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
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

/* Without this, what cannot be read would seem to be missing. */
static int
check_readable(const struct reader *reader, const char *path, struct cw_error *error)
{
	if (access(path, reader->is_file ? R_OK : R_OK | X_OK) == 0)
		return CW_OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return cw_fail(error, CW_E_NOT_FOUND, "there is no \"%s\"", path);
	cw_fail_errno(error, errno, "cannot read \"%s\"", path);
	cw_hint(error, "import as a user who can read it, such as root");
	return error->status;
}

static int
read_all(const struct reader *reader, const struct cw_moving_source *source,
	 struct cw_moving *moving, struct cw_error *error)
{
	int status = check_readable(reader, source->path, error);

	if (status == CW_OK)
		status = reader->read(source, moving, error);
	if (status < 0 || moving->account_count > 0 || moving->certificate_count > 0)
		return status;
	cw_fail(error, CW_E_NOT_FOUND,
		"there is nothing to import in \"%s\": %s keeps no account and no certificate "
		"there",
		source->path, source->name);
	cw_hint(error, "\"certwright help import\" says which folder or file to give");
	return CW_E_NOT_FOUND;
}

int
cw_moving_source_read(const struct cw_moving_source *source, struct cw_moving *moving,
		      struct cw_error *error)
{
	for (size_t i = 0; i < CW_COUNT(readers); i++) {
		const struct reader *reader = &readers[i];

		if (strcmp(reader->name, source->name) != 0)
			continue;
		if (!cw_file_exists(source->path) || reader->is_file != cw_is_folder(source->path))
			return read_all(reader, source, moving, error);
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
