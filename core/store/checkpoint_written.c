#include "store/checkpoint_written.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/merge.h"
#include "crypto/digest.h"
#include "store/replace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITTEN "written" /* what our last edit made of the file */
#define NEXT "next"       /* what the edit under way makes of it */
#define REMOVED "removed" /* our last edit removed it */
#define PLACE "in-place"  /* it was rewritten in place: there may be half of an edit */

/* By the path, not by a place in a list: lists are merged. */
static char *
name_of(const char *folder, const char *path, const char *kind)
{
	cw_autofree char *digest = cw_sha256_hex(path, strlen(path));

	return cw_format("%s/%.32s.%s", folder, digest, kind);
}

char *
cw_written_note(const char *folder, const char *path)
{
	return name_of(folder, path, PLACE);
}

int
cw_written_record(const char *folder, const char *path, const char *data, size_t length,
		  struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *written = name_of(folder, path, WRITTEN);
	cw_autofree char *name = name_of(folder, path,
					 data == NULL              ? REMOVED
					 : cw_file_exists(written) ? NEXT
								   : WRITTEN);

	return cw_file_write(name, data == NULL ? "" : data, length, &mode, error);
}

void
cw_written_settle(const char *folder, const char *path)
{
	cw_autofree char *written = name_of(folder, path, WRITTEN);
	cw_autofree char *next = name_of(folder, path, NEXT);
	cw_autofree char *removed = name_of(folder, path, REMOVED);

	/* Where one of these fails, more than necessary counts as ours. */
	if (rename(next, written) != 0 && errno != ENOENT)
		cw_log_debug("cannot rename \"%s\": %s", next, strerror(errno));
	if (unlink(removed) != 0 && errno != ENOENT)
		cw_log_debug("cannot remove \"%s\": %s", removed, strerror(errno));
}

void
cw_written_forget(const char *folder, const char *path)
{
	cw_autofree char *written = name_of(folder, path, WRITTEN);
	cw_autofree char *next = name_of(folder, path, NEXT);

	if (unlink(next) != 0)
		unlink(written);
}

int
cw_written_merge(const char *from, const char *to, const char *path, struct cw_error *error)
{
	const char *const kinds[] = {WRITTEN, NEXT, REMOVED, PLACE};
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(kinds); i++) {
		cw_autofree char *there = name_of(to, path, kinds[i]);

		if (cw_file_exists(there))
			return CW_OK;
	}
	for (size_t i = 0; i < CW_COUNT(kinds) && status == CW_OK; i++) {
		cw_autofree char *source = name_of(from, path, kinds[i]);
		cw_autofree char *target = name_of(to, path, kinds[i]);
		cw_auto_buf struct cw_buf data = {0};

		if (!cw_file_exists(source))
			continue;
		status = cw_file_read(source, CW_REPLACE_MAX, &data, error);
		if (status == CW_OK)
			status =
				cw_replace_file(target,
						&(struct cw_replacement){.data = cw_buf_text(&data),
									 .length = data.length},
						error);
	}
	return status;
}

/* A text that the file may have by our hands. */
struct version {
	struct cw_buf text;
	bool known;
};

struct versions {
	struct version original, written, next;
	bool removed, in_place;
};

static void
clear_versions(struct versions *versions)
{
	cw_buf_clear(&versions->original.text);
	cw_buf_clear(&versions->written.text);
	cw_buf_clear(&versions->next.text);
}

static int
read_version(const char *path, struct version *version, struct cw_error *error)
{
	int status;

	if (path == NULL || !cw_file_exists(path))
		return CW_OK;
	status = cw_file_read(path, CW_REPLACE_MAX, &version->text, error);
	version->known = status == CW_OK;
	return status;
}

static int
read_versions(const char *folder, const char *path, const char *copy, struct versions *versions,
	      struct cw_error *error)
{
	cw_autofree char *written = name_of(folder, path, WRITTEN);
	cw_autofree char *next = name_of(folder, path, NEXT);
	cw_autofree char *removed = name_of(folder, path, REMOVED);
	cw_autofree char *place = name_of(folder, path, PLACE);
	int status = read_version(copy, &versions->original, error);

	if (status == CW_OK)
		status = read_version(written, &versions->written, error);
	if (status == CW_OK)
		status = read_version(next, &versions->next, error);
	versions->removed = cw_file_exists(removed);
	versions->in_place = cw_file_exists(place);
	return status;
}

static bool
says(const struct version *version, const struct cw_buf *text)
{
	return version->known && version->text.length == text->length &&
	       memcmp(cw_buf_text(&version->text), cw_buf_text(text), text->length) == 0;
}

/* Whether TEXT is what is left of TO when it was being written over FROM and that was cut off. */
static bool
is_torn(const struct version *from, const struct version *to, const struct cw_buf *text)
{
	const char *present = cw_buf_text(text), *new = cw_buf_text(&to->text);
	size_t done = 0;

	if (!from->known || !to->known)
		return false;
	while (done < text->length && done < to->text.length && present[done] == new[done])
		done++;
	if (text->length != from->text.length)
		return text->length > from->text.length && done == text->length;
	return memcmp(present + done, cw_buf_text(&from->text) + done, text->length - done) == 0;
}

static bool
is_half_ours(const struct versions *versions, const struct cw_buf *text)
{
	const struct version *const all[] = {&versions->original, &versions->written,
					     &versions->next};

	for (size_t i = 0; versions->in_place && i < CW_COUNT(all); i++)
		for (size_t j = 0; j < CW_COUNT(all); j++)
			if (i != j && is_torn(all[i], all[j], text))
				return true;
	return false;
}

static enum cw_written_state
judge(const struct versions *versions, const struct cw_buf *present, struct cw_buf *result)
{
	const struct version *last = versions->next.known ? &versions->next : &versions->written;

	if (says(&versions->original, present) || says(&versions->written, present) ||
	    says(&versions->next, present) || is_half_ours(versions, present))
		return CW_WRITTEN_OURS;
	if (versions->original.known && last->known &&
	    cw_merge_undo(&versions->original.text, &last->text, present, result))
		return CW_WRITTEN_MERGED;
	return CW_WRITTEN_THEIRS;
}

int
cw_written_look(const char *folder, const char *path, const char *real, const char *copy,
		enum cw_written_state *state, struct cw_buf *result, struct cw_error *error)
{
	cw_auto(clear_versions) struct versions versions = {0};
	cw_auto_buf struct cw_buf present = {0};
	int status = read_versions(folder, path, copy, &versions, error);
	struct stat now;

	*state = CW_WRITTEN_OURS;
	if (status != CW_OK || !(versions.written.known || versions.next.known || versions.removed))
		return status;
	if (lstat(real, &now) != 0) {
		/* What we made new is not missed. */
		if (copy != NULL && !versions.removed)
			*state = CW_WRITTEN_THEIRS;
		return CW_OK;
	}
	if (!S_ISREG(now.st_mode)) {
		*state = CW_WRITTEN_THEIRS;
		return CW_OK;
	}
	status = cw_file_read(real, CW_REPLACE_MAX, &present, error);
	if (status == CW_OK)
		*state = judge(&versions, &present, result);
	return status;
}
