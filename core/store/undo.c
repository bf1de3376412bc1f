#include "store/undo.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "store/directories.h"
#include "store/undo_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 1000 };

struct cw_undo {
	char *work;
	pid_t pid;  /* whose it is; 0: of the process that writes it */
	char *path; /* of the journal; NULL: none */
	int descriptor;
	size_t length;  /* bytes of whole records */
	unsigned *open; /* the ids that are not done */
	size_t open_count;
	unsigned last_id;
};

struct cw_undo *
cw_undo_open(const char *work)
{
	return cw_undo_open_for(work, 0);
}

struct cw_undo *
cw_undo_open_for(const char *work, pid_t pid)
{
	struct cw_undo *undo = cw_alloc(sizeof(*undo));

	undo->work = cw_strdup(work);
	undo->pid = pid;
	undo->descriptor = -1;
	return undo;
}

static void
close_journal(struct cw_undo *undo)
{
	if (undo->descriptor >= 0)
		close(undo->descriptor);
	undo->descriptor = -1;
	undo->length = 0;
	free(cw_take(&undo->path));
}

void
cw_undo_close(struct cw_undo *undo)
{
	if (undo == NULL)
		return;
	close_journal(undo);
	free(undo->open);
	free(undo->work);
	free(undo);
}

static void
add_record(struct cw_buf *buf, const char *word, unsigned id, const char *const *values,
	   size_t count)
{
	cw_buf_addf(buf, "%s %u %zu", word, id, count);
	for (size_t i = 0; i < count; i++)
		cw_buf_addf(buf, " %zu:%s", strlen(values[i]), values[i]);
	cw_buf_add_char(buf, '\n');
}

/* Takes away what is behind the whole records: what follows half a record would not be read. */
static void
cut(struct cw_undo *undo)
{
	if (ftruncate(undo->descriptor, (off_t)undo->length) != 0)
		cw_log_warning("cannot truncate \"%s\": %s", undo->path, strerror(errno));
}

/* All or nothing. Returns an errno. */
static int
append(struct cw_undo *undo, const struct cw_buf *records)
{
	int number = cw_write_all(undo->descriptor, records->data, records->length);

	if (number != 0) {
		cut(undo);
		return number;
	}
	undo->length += records->length;
	return 0;
}

/* Makes the journal's file, its first record not yet synced. */
static int
make_journal(struct cw_undo *undo, struct cw_error *error)
{
	pid_t pid = undo->pid != 0 ? undo->pid : getpid();
	struct cw_undo_owner owner = cw_undo_look_up(pid);
	cw_autofree char *folder = NULL;
	cw_autofree char *boot = cw_undo_boot_id();
	cw_auto_buf struct cw_buf record = {0};
	const char *values[] = {boot};
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
	int number, status = cw_private_folder(undo->work, CW_UNDO_FOLDER, true, &folder, error);

	if (status != CW_OK)
		return status;
	/* A second journal of the same process gets a number. */
	for (unsigned i = 0; i < NAMES_MAX && undo->descriptor < 0; i++) {
		free(undo->path);
		undo->path = cw_format("%s/%ld-%llu", folder, (long)pid,
				       (unsigned long long)owner.start);
		if (i > 0) {
			cw_autofree char *first = cw_take(&undo->path);

			undo->path = cw_format("%s-%u", first, i);
		}
		undo->descriptor = open(undo->path, flags, 0600);
		if (undo->descriptor < 0 && errno != EEXIST)
			break;
	}
	if (undo->descriptor < 0)
		return cw_fail_path(error, errno, "make", undo->path);
	add_record(&record, "boot", 0, values, 1);
	number = append(undo, &record);
	if (number != 0)
		return cw_fail_path(error, number, "write", undo->path);
	return cw_folder_sync(folder, error);
}

static int
add_entry(struct cw_undo *undo, const char *word, const char *const *values, size_t count,
	  unsigned *id, struct cw_error *error)
{
	cw_auto_buf struct cw_buf record = {0};
	bool fresh = undo->descriptor < 0;
	int number, status = fresh && undo->work != NULL ? make_journal(undo, error) : CW_OK;

	if (status == CW_OK && undo->work != NULL) {
		add_record(&record, word, undo->last_id + 1, values, count);
		number = append(undo, &record);
		if (number == 0 && fdatasync(undo->descriptor) != 0) {
			number = errno;
			/* Nobody will do what this entry undoes. */
			undo->length -= record.length;
			cut(undo);
		}
		if (number != 0)
			status = cw_fail_path(error, number, "write", undo->path);
	}
	if (status != CW_OK) {
		if (fresh && undo->descriptor >= 0)
			unlink(undo->path);
		if (fresh)
			close_journal(undo);
		return cw_context(error, "cannot record how to undo this change");
	}
	undo->last_id++;
	undo->open = cw_realloc(undo->open, undo->open_count + 1, sizeof(*undo->open));
	undo->open[undo->open_count++] = undo->last_id;
	*id = undo->last_id;
	return CW_OK;
}

int
cw_undo_add_path(struct cw_undo *undo, const char *path, unsigned *id, struct cw_error *error)
{
	cw_auto(cw_undo_place_clear) struct cw_undo_place place = {0};
	cw_autofree char *device = NULL;
	cw_autofree char *inode = NULL;
	int status;

	if (*path != '/')
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not an absolute path", path);
	status = cw_undo_place_find(path, &place, error);
	if (status < 0)
		return cw_context(error, "cannot record how to undo this change");
	device = cw_format("%llu", (unsigned long long)place.device);
	inode = cw_format("%llu", (unsigned long long)place.inode);

	const char *const values[] = {place.folder, device, inode, place.rest};

	return add_entry(undo, "place", values, CW_COUNT(values), id, error);
}

int
cw_undo_add_command(struct cw_undo *undo, const char *const *argv, unsigned *id,
		    struct cw_error *error)
{
	size_t count = 0;

	while (argv[count] != NULL)
		count++;
	if (count == 0 || count > CW_UNDO_ARGUMENTS_MAX)
		return cw_fail(error, CW_E_INVALID, "a command needs 1 to %d words",
			       CW_UNDO_ARGUMENTS_MAX);
	return add_entry(undo, "command", argv, count, id, error);
}

int
cw_undo_add_plugin(struct cw_undo *undo, const char *plugin, const struct cw_strv *options,
		   const char *data, unsigned *id, struct cw_error *error)
{
	cw_auto_strv struct cw_strv values = {0};

	cw_strv_add(&values, plugin);
	cw_strv_add(&values, data);
	for (size_t i = 0; i < options->count; i++)
		cw_strv_add(&values, options->items[i]);
	if (values.count > CW_UNDO_ARGUMENTS_MAX)
		return cw_fail(error, CW_E_INVALID,
			       "the plugin \"%s\" has too many options for what is to be undone",
			       plugin);
	return add_entry(undo, "plugin", (const char *const *)cw_strv_items(&values), values.count,
			 id, error);
}

/* Not synced: an entry may be undone after it was done anyway, when the process dies between. */
int
cw_undo_done(struct cw_undo *undo, unsigned id, struct cw_error *error)
{
	cw_auto_buf struct cw_buf record = {0};
	size_t at = 0;
	int number;

	while (at < undo->open_count && undo->open[at] != id)
		at++;
	if (at == undo->open_count)
		return cw_fail(error, CW_E_INVALID, "there is no undo record with the number %u",
			       id);
	if (undo->work == NULL) {
		undo->open[at] = undo->open[--undo->open_count];
		return CW_OK;
	}
	if (undo->open_count == 1) {
		if (unlink(undo->path) != 0 && errno != ENOENT)
			return cw_fail_path(error, errno, "remove", undo->path);
		close_journal(undo);
		undo->open_count = 0;
		return CW_OK;
	}
	add_record(&record, "done", id, NULL, 0);
	number = append(undo, &record);
	if (number != 0)
		return cw_fail_path(error, number, "write", undo->path);
	undo->open[at] = undo->open[--undo->open_count];
	return CW_OK;
}
