#include "store/undo.h"

#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/process.h"
#include "base/text.h"
#include "store/directories.h"
#include "store/undo_journal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { JOURNAL_MAX = 64 * 1024 * 1024, COMMAND_LIMIT = 60 /* seconds */ };

struct record {
	char word[16];
	unsigned id;
	struct cw_strv values;
	bool done;
};

struct journal {
	char *boot;
	struct record *records; /* places, commands and plugins, in order */
	size_t count;
};

static void
clear_journal(struct journal *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		cw_strv_clear(&journal->records[i].values);
	free(journal->records);
	free(journal->boot);
}

struct cursor {
	const char *at, *end;
};

/* A number and the character behind it. */
static bool
take_number(struct cursor *cursor, size_t max, char separator, size_t *number)
{
	const char *at = cursor->at;

	*number = 0;
	while (at < cursor->end && isdigit((unsigned char)*at)) {
		*number = *number * 10 + (size_t)(*at++ - '0');
		if (*number > max)
			return false;
	}
	if (at == cursor->at || at == cursor->end || *at != separator)
		return false;
	cursor->at = at + 1;
	return true;
}

/* One record; false at the end, or at what is none. */
static bool
take_record(struct cursor *cursor, struct record *record)
{
	const char *blank = memchr(cursor->at, ' ', (size_t)(cursor->end - cursor->at));
	const char *line_end = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));
	size_t length, id, count;

	if (blank == NULL || line_end == NULL ||
	    (size_t)(blank - cursor->at) >= sizeof(record->word))
		return false;
	length = (size_t)(blank - cursor->at);
	memcpy(record->word, cursor->at, length);
	record->word[length] = '\0';
	cursor->at = blank + 1;
	if (!take_number(cursor, UINT32_MAX, ' ', &id))
		return false;
	record->id = (unsigned)id;
	if (take_number(cursor, 0, '\n', &count))
		return true;
	if (!take_number(cursor, CW_UNDO_ARGUMENTS_MAX, ' ', &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!take_number(cursor, JOURNAL_MAX, ':', &length) ||
		    (size_t)(cursor->end - cursor->at) <= length ||
		    cursor->at[length] != (i + 1 < count ? ' ' : '\n'))
			return false;
		cw_strv_addn(&record->values, cursor->at, length);
		cursor->at += length + 1;
	}
	return count > 0;
}

static void
mark_done(struct journal *journal, unsigned id)
{
	for (size_t i = 0; i < journal->count; i++) {
		if (journal->records[i].id == id)
			journal->records[i].done = true;
	}
}

static void
parse_journal(const struct cw_buf *text, struct journal *journal)
{
	struct cursor cursor = {cw_buf_text(text), cw_buf_text(text) + text->length};

	for (;;) {
		struct record record = {.id = 0};

		if (!take_record(&cursor, &record)) {
			cw_strv_clear(&record.values);
			return;
		}
		if (strcmp(record.word, "done") == 0) {
			mark_done(journal, record.id);
		} else if (strcmp(record.word, "boot") == 0 && record.values.count == 1) {
			free(journal->boot);
			journal->boot = cw_strdup(record.values.items[0]);
		} else if (record.values.count > 0) {
			journal->records =
				cw_realloc(journal->records, journal->count + 1, sizeof(record));
			journal->records[journal->count++] = record;
			continue;
		}
		cw_strv_clear(&record.values);
	}
}

static bool
read_place(const struct cw_strv *values, struct cw_undo_place *place)
{
	if (values->count != 4 || !cw_parse_uint(values->items[1], UINT64_MAX, &place->device) ||
	    !cw_parse_uint(values->items[2], UINT64_MAX, &place->inode))
		return false;
	place->folder = cw_strdup(values->items[0]);
	place->rest = cw_strdup(values->items[3]);
	return true;
}

/* Removes NAME from the folder open at FOLDER: a file, a link or an empty folder; 0 or an errno. */
static int
remove_name(int folder, const char *name)
{
	struct stat status;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	if (unlinkat(folder, name, S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0) == 0)
		return 0;
	return errno == EEXIST ? ENOTEMPTY : errno;
}

static void
undo_place(const struct cw_strv *values, bool same_boot)
{
	cw_auto(cw_undo_place_clear) struct cw_undo_place place = {0};
	cw_autofree char *path = NULL;
	cw_autoclose int folder = -1;
	int number;

	if (!read_place(values, &place))
		return;
	path = cw_format("%s/%s", place.folder, place.rest);
	folder = cw_undo_place_open(&place, same_boot);
	number = folder < 0 ? errno : remove_name(folder, cw_path_base(place.rest));
	if (number == 0)
		cw_log_info("removed \"%s\", which an earlier run left behind", path);
	else if (number == ESTALE || number == ELOOP || number == ENOTDIR)
		cw_log_warning("not removing \"%s\" of an earlier run: its folder was replaced",
			       path);
	else if (number != ENOENT && number != ENOTEMPTY)
		cw_log_warning("cannot remove \"%s\", which an earlier run left behind: %s", path,
			       strerror(number));
}

static void
undo_command(const struct cw_strv *argv)
{
	struct cw_process process = {.argv = (const char *const *)cw_strv_items(argv),
				     .time_limit = COMMAND_LIMIT};
	cw_auto_error struct cw_error problem = {0};

	if (cw_process_run_one(&process, &problem) == CW_OK) {
		cw_log_info("ran \"%s\" to undo a change of an earlier run", argv->items[0]);
	} else {
		cw_autofree char *line = cw_error_line(&problem);

		cw_log_warning("cannot undo a change of an earlier run: %s", line);
	}
	cw_process_clear(&process);
}

static void
undo_plugin(const struct cw_strv *values, const struct cw_undo_plugins *plugins)
{
	cw_auto_strv struct cw_strv options = {0};
	cw_auto_error struct cw_error problem = {0};
	const char *plugin = values->items[0];

	if (values->count < 2)
		return;
	for (size_t i = 2; i < values->count; i++)
		cw_strv_add(&options, values->items[i]);
	if (plugins == NULL)
		cw_fail(&problem, CW_E_UNSUPPORTED, "there are no plugins here");
	else
		plugins->undo(plugins->context, plugin, &options, values->items[1], &problem);
	if (problem.status == CW_OK) {
		cw_log_info("the plugin \"%s\" undid what an ended run left", plugin);
	} else {
		cw_autofree char *line = cw_error_line(&problem);

		cw_log_warning("what an ended run left by the plugin \"%s\" is not undone: %s",
			       plugin, line);
	}
}

static void
replay_journal(const char *path, const struct journal *journal,
	       const struct cw_undo_plugins *plugins)
{
	cw_autofree char *boot = cw_undo_boot_id();
	bool same_boot = cw_equal(journal->boot, boot);

	for (size_t i = journal->count; i > 0; i--) {
		const struct record *record = &journal->records[i - 1];

		if (record->done)
			continue;
		if (strcmp(record->word, "place") == 0)
			undo_place(&record->values, same_boot);
		else if (strcmp(record->word, "command") == 0)
			undo_command(&record->values);
		else if (strcmp(record->word, "plugin") == 0)
			undo_plugin(&record->values, plugins);
	}
	if (unlink(path) != 0 && errno != ENOENT)
		cw_log_warning("cannot remove \"%s\": %s", path, strerror(errno));
}

/* The process of a journal's name, "PID-START" or "PID-START-NUMBER". */
static bool
parse_name(const char *name, struct cw_undo_owner *owner)
{
	cw_auto_strv struct cw_strv parts = {0};
	uint64_t pid;

	cw_strv_split(&parts, name, '-');
	if (parts.count < 2 || !cw_parse_uint(parts.items[0], INT32_MAX, &pid) || pid == 0 ||
	    !cw_parse_uint(parts.items[1], UINT64_MAX, &owner->start))
		return false;
	owner->pid = (pid_t)pid;
	return true;
}

static bool
is_alive(const struct cw_undo_owner *owner, const char *boot)
{
	cw_autofree char *present = cw_undo_boot_id();
	struct cw_undo_owner now;

	if (boot != NULL && strcmp(boot, present) != 0)
		return false;
	now = cw_undo_look_up(owner->pid);
	return !now.ended && now.start == owner->start;
}

void
cw_undo_replay(const char *work, pid_t pid, const struct cw_undo_plugins *plugins)
{
	cw_auto_error struct cw_error problem = {0};
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *folder = NULL;
	cw_autofree char *line = NULL;
	int status = cw_private_folder(work, CW_UNDO_FOLDER, false, &folder, &problem);

	if (status == CW_E_NOT_FOUND)
		return;
	if (status == CW_OK)
		status = cw_folder_list(folder, true, &names, &problem);
	/* A signal must not leave half of it. */
	cw_shield_signals(1);
	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names.items[i]);
		cw_auto(clear_journal) struct journal journal = {0};
		cw_auto_buf struct cw_buf text = {0};
		struct cw_undo_owner owner = {0};

		if (!parse_name(names.items[i], &owner) || (pid != 0 && owner.pid != pid))
			continue;
		status = cw_file_read(path, JOURNAL_MAX, &text, &problem);
		if (status == CW_E_NOT_FOUND) {
			status = CW_OK;
			continue;
		}
		parse_journal(&text, &journal);
		if (status == CW_OK && !is_alive(&owner, journal.boot))
			replay_journal(path, &journal, plugins);
	}
	cw_shield_signals(-1);
	if (status == CW_OK)
		return;
	line = cw_error_line(&problem);
	cw_log_warning("cannot undo changes of earlier runs: %s", line);
}
