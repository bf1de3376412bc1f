#include "flow/kit/measure.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/digest.h"

enum { FILE_MAX = 64 * 1024 * 1024 };

static struct cw_strv
entries(const char *folder)
{
	struct cw_strv names = {0};

	cw_folder_list(folder, true, &names, NULL);
	return names;
}

long
cw_measure_descriptors(pid_t pid)
{
	cw_autofree char *path = cw_format("/proc/%ld/fd", (long)pid);
	cw_auto_strv struct cw_strv names = entries(path);

	return names.count > 0 ? (long)names.count : -1;
}

long
cw_measure_memory(pid_t pid)
{
	cw_autofree char *path = cw_format("/proc/%ld/statm", (long)pid);
	FILE *stream = fopen(path, "re");
	long size, resident, shared;
	int count = stream != NULL ? fscanf(stream, "%ld %ld %ld", &size, &resident, &shared) : 0;

	if (stream != NULL)
		fclose(stream);
	return count == 3 ? (resident - shared) * sysconf(_SC_PAGESIZE) : -1;
}

/* Whether process CANDIDATE belongs to PID; *NAME gets its name. */
static bool
is_child(const char *candidate, pid_t pid, char **name)
{
	cw_autofree char *path = cw_format("/proc/%s/stat", candidate);
	FILE *stream = fopen(path, "re");
	char line[512] = "";
	const char *begin, *end;
	long parent = 0, group = 0;

	if (stream == NULL)
		return false;
	if (fgets(line, sizeof(line), stream) == NULL)
		line[0] = '\0';
	fclose(stream);
	/* PID (NAME) STATE PARENT GROUP */
	begin = strchr(line, '(');
	end = strrchr(line, ')');
	if (begin == NULL || end == NULL || sscanf(end, ") %*c %ld %ld", &parent, &group) != 2)
		return false;
	*name = cw_format("%.*s (process %s)", (int)(end - begin - 1), begin + 1, candidate);
	return parent == (long)pid || group == (long)pid;
}

char *
cw_measure_child(pid_t pid)
{
	cw_auto_strv struct cw_strv processes = entries("/proc");

	for (size_t i = 0; i < processes.count; i++) {
		const char *number = processes.items[i];
		cw_autofree char *name = NULL;

		if (strspn(number, "0123456789") != strlen(number) || atol(number) == (long)pid)
			continue;
		if (is_child(number, pid, &name))
			return cw_take(&name);
	}
	return NULL;
}

/* At the end of the line of a file with a private key. */
static const char secret_mark[] = " secret";

static int
add_line(const char *path, const struct stat *about, struct cw_strv *lines, struct cw_error *error)
{
	static const char private_key[] = " PRIVATE KEY-----";
	cw_autofree char *what = NULL;
	bool secret = false;
	int status = CW_OK;

	if (S_ISREG(about->st_mode)) {
		cw_auto_buf struct cw_buf contents = {0};
		unsigned char digest[CW_SHA256_LENGTH];

		status = cw_file_read(path, FILE_MAX, &contents, error);
		cw_sha256(cw_buf_text(&contents), contents.length, digest);
		what = cw_hex(digest, sizeof(digest));
		secret = memmem(contents.data, contents.length, private_key, strlen(private_key)) !=
			 NULL;
	} else if (S_ISLNK(about->st_mode)) {
		status = cw_file_readlink(path, &what, error);
	}
	/* The path comes first, so that snapshots are compared by path. */
	cw_strv_addf(lines, "%s\n%o %u:%u %s%s", path, (unsigned)about->st_mode,
		     (unsigned)about->st_uid, (unsigned)about->st_gid, what != NULL ? what : "",
		     secret ? secret_mark : "");
	return status;
}

static int
add_tree(const char *path, struct cw_strv *lines, struct cw_error *error)
{
	struct stat about;
	int status;

	if (lstat(path, &about) < 0)
		return errno == ENOENT ? CW_OK : cw_fail_path(error, errno, "look at", path);
	status = add_line(path, &about, lines, error);
	if (status == CW_OK && S_ISDIR(about.st_mode)) {
		cw_auto_strv struct cw_strv names = {0};

		status = cw_folder_list(path, true, &names, error);
		for (size_t i = 0; i < names.count && status == CW_OK; i++) {
			cw_autofree char *below = cw_format("%s/%s", path, names.items[i]);

			/* The core's own, in a plugin's exclusive directory. */
			if (strcmp(names.items[i], ".certbot.lock") == 0)
				continue;
			status = add_tree(below, lines, error);
		}
	}
	return status;
}

int
cw_snapshot(const struct cw_strv *roots, struct cw_strv *lines, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < roots->count && status == CW_OK; i++)
		status = add_tree(roots->items[i], lines, error);
	cw_strv_sort(lines);
	return status;
}

/* The next line from *AT on; NULL: there is none. */
static const char *
next_line(const struct cw_strv *lines, bool but_secrets, size_t *at)
{
	while (but_secrets && *at < lines->count && cw_ends_with(lines->items[*at], secret_mark))
		++*at;
	return *at < lines->count ? lines->items[(*at)++] : NULL;
}

char *
cw_snapshot_difference(const struct cw_strv *before, const struct cw_strv *after, bool but_secrets)
{
	size_t i = 0, j = 0;
	const char *old, *now;

	do {
		old = next_line(before, but_secrets, &i);
		now = next_line(after, but_secrets, &j);
	} while (old != NULL && now != NULL && strcmp(old, now) == 0);
	if (old == NULL || (now != NULL && strcmp(now, old) < 0))
		old = now;
	return old != NULL ? cw_memdup(old, strcspn(old, "\n")) : NULL;
}
