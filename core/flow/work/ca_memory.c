/* What a run learns of a server and the next one uses: WORK/certwright/directory/DIGEST, the nonce
 * in the first line (empty: none), behind it the directory as the server gave it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "flow/work/ca_internal.h"

/* A CA's new features are found within this time, in seconds. */
#define AGE_MAX (24 * 3600)

static char *
memory_path(const struct cw_ca *ca, char **folder)
{
	cw_autofree char *digest = cw_sha256_hex(ca->server, strlen(ca->server));

	*folder = cw_format("%s/certwright/directory", ca->work);
	return cw_format("%s/%s", *folder, digest);
}

static bool
is_fresh(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       cw_time() - (int64_t)status.st_mtime < AGE_MAX;
}

void
cw_ca_recall(const struct cw_ca *ca, char **directory, char **nonce)
{
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	cw_auto_buf struct cw_buf text = {0};
	const char *end;

	*directory = *nonce = NULL;
	if (ca->work == NULL)
		return;
	path = memory_path(ca, &folder);
	if (!is_fresh(path) || cw_file_read(path, CW_MESSAGE_BODY, &text, NULL) < 0)
		return;
	end = strchr(cw_buf_text(&text), '\n');
	if (end == NULL)
		return;
	if (end != text.data)
		*nonce = cw_memdup(text.data, (size_t)(end - text.data));
	*directory = cw_strdup(end + 1);
}

void
cw_ca_remember(const struct cw_ca *ca, const char *directory, const char *nonce)
{
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	cw_autofree char *parent = NULL;
	cw_autofree char *old_directory = NULL;
	cw_autofree char *old_nonce = NULL;
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_error struct cw_error error = {0};
	struct cw_file_mode mode = {
		.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1, .unsynced = true};
	int status;

	if (ca->work == NULL || directory == NULL)
		return;
	/* The nonce of an earlier run is still good where this one used none. */
	if (ca->only_asks)
		cw_ca_recall(ca, &old_directory, &old_nonce);
	nonce = nonce != NULL ? nonce : old_nonce;
	path = memory_path(ca, &folder);
	parent = cw_format("%s/certwright", ca->work);
	cw_buf_addf(&text, "%s\n%s", nonce != NULL ? nonce : "", directory);
	status = cw_folder_make(parent, 0700, &error);
	if (status == CW_OK)
		status = cw_folder_make(folder, 0700, &error);
	if (status == CW_OK)
		status = cw_file_write(path, text.data, text.length, &mode, &error);
	if (status < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_debug("what was learned of \"%s\" is not kept: %s", ca->server, line);
	}
}
