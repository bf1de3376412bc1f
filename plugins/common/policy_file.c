#include "policy_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "memory.h"

enum { FILE_LIMIT = 64 * 1024, DIGEST_BYTES = 32, DIGEST_SIZE = 2 * DIGEST_BYTES + 1 };

static int
digest_of(const struct cw_host *host, const char *data, size_t length, char hex[DIGEST_SIZE])
{
	unsigned char digest[DIGEST_BYTES];
	int status = cw_host_sha256(host, data, length, digest);

	for (size_t i = 0; i < DIGEST_BYTES && status == CW_OK; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return status;
}

/* Reads a small file; false if it cannot be read. */
static bool
read_small(const char *path, struct text *text)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char part[4096];
	ssize_t got;

	if (descriptor < 0)
		return false;
	while ((got = read(descriptor, part, sizeof(part))) > 0 && text->length < FILE_LIMIT)
		text_add(text, part, (size_t)got);
	close(descriptor);
	text_add(text, "", 0);
	return got == 0;
}

static bool
write_whole(int descriptor, const char *data)
{
	size_t left = strlen(data);

	while (left > 0) {
		ssize_t wrote = write(descriptor, data, left);

		if (wrote < 0 && errno != EINTR)
			return false;
		if (wrote > 0) {
			data += wrote;
			left -= (size_t)wrote;
		}
	}
	return fsync(descriptor) == 0;
}

static int
write_small(const struct cw_host *host, const char *path, const char *data)
{
	autofree char *temporary = memory_format("%s.%ld", path, (long)getpid());
	unsigned undo;
	int status = host->undo_remove(host, temporary, &undo);
	int descriptor, number = 0;

	if (status != CW_OK)
		return status;
	unlink(temporary);
	descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (descriptor < 0 || !write_whole(descriptor, data) || fchmod(descriptor, 0644) != 0 ||
	    rename(temporary, path) != 0)
		number = errno;
	if (descriptor >= 0)
		close(descriptor);
	if (number != 0)
		unlink(temporary);
	host->undo_done(host, undo);
	if (number == 0)
		return CW_OK;
	return cw_host_fail(host, number == EACCES ? CW_E_PERMISSION : CW_E_IO, NULL,
			    "cannot write \"%s\": %s", path, strerror(number));
}

static bool
is_unedited(const struct policy_file *file, const char *digest, const char *noted)
{
	for (const char *const *known = file->known; *known != NULL; known++)
		if (strcmp(digest, *known) == 0)
			return true;
	return strcmp(digest, noted) == 0;
}

static int
update(const struct cw_host *host, const struct policy_file *file, const char *path,
       const char *note_path)
{
	auto_text struct text present = {0}, note = {0};
	char wanted[DIGEST_SIZE], had[DIGEST_SIZE];
	int status = digest_of(host, file->contents, strlen(file->contents), wanted);

	if (status != CW_OK)
		return status;
	read_small(note_path, &note);
	if (note.data != NULL)
		note.data[strcspn(note.data, " \r\n")] = '\0';
	if (read_small(path, &present)) {
		status = digest_of(host, present.data, present.length, had);
		if (status != CW_OK || strcmp(had, wanted) == 0)
			return status;
		if (!is_unedited(file, had, note.data != NULL ? note.data : "")) {
			if (note.data != NULL && strcmp(note.data, wanted) == 0)
				return CW_OK;
			cw_host_log(host, CW_LOG_WARNING,
				    "\"%s\" was edited, so it is not updated; remove it to get the "
				    "newer TLS parameters",
				    path);
			return write_small(host, note_path, wanted);
		}
	} else if (access(path, F_OK) == 0) {
		return CW_OK; /* exists, but we may not read it */
	}
	status = write_small(host, path, file->contents);
	return status == CW_OK ? write_small(host, note_path, wanted) : status;
}

int
policy_file_install(const struct cw_host *host, const struct policy_file *file, char **path)
{
	const char *folder = cw_host_setting(host, "config-dir");
	autofree char *word = memory_copy(file->name, strlen(file->name));
	autofree char *note_path = NULL;

	if (folder == NULL)
		folder = "/etc/letsencrypt";
	for (char *byte = word; *byte != '\0'; byte++)
		*byte = *byte == '.' ? '-' : *byte;
	*path = memory_format("%s/%s", folder, file->name);
	note_path = memory_format("%s/.updated-%s-digest.txt", folder, word);
	return update(host, file, *path, note_path);
}
