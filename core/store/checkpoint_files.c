#include "store/checkpoint_files.h"

#include "base/file.h"
#include "base/text.h"
#include "store/replace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_MAX = 16 * 1024 * 1024 };

char *
cw_checkpoint_temporary_folder(const char *work)
{
	return cw_format("%s/temp_checkpoint", work);
}

char *
cw_checkpoint_progress_folder(const char *work)
{
	return cw_format("%s/IN_PROGRESS", work);
}

char *
cw_checkpoint_backups_folder(const char *work)
{
	return cw_format("%s/backups", work);
}

char *
cw_checkpoint_secret_folder(const char *folder)
{
	return cw_format("%s/secret", folder);
}

static int
read_file(const char *folder, const char *name, struct cw_buf *text, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/%s", folder, name);

	return cw_file_exists(path) ? cw_file_read(path, LIST_MAX, text, error) : CW_OK;
}

static int
write_file(const char *folder, const char *name, const struct cw_buf *text, struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *path = cw_format("%s/%s", folder, name);

	return cw_file_write(path, cw_buf_text(text), text->length, &mode, error);
}

int
cw_checkpoint_read_list(const char *folder, const char *name, struct cw_strv *lines,
			struct cw_error *error)
{
	cw_auto_buf struct cw_buf text = {0};
	int status = read_file(folder, name, &text, error);

	if (status != CW_OK)
		return status;
	/* Every line counts, also an empty one: the copies are numbered by them. */
	for (const char *at = cw_buf_text(&text); *at != '\0';) {
		size_t length = strcspn(at, "\n");

		cw_strv_addn(lines, at, length);
		at += length + (at[length] == '\n');
	}
	return CW_OK;
}

int
cw_checkpoint_write_list(const char *folder, const char *name, const struct cw_strv *lines,
			 struct cw_error *error)
{
	cw_auto_buf struct cw_buf text = {0};

	for (size_t i = 0; i < lines->count; i++)
		cw_buf_addf(&text, "%s\n", lines->items[i]);
	return write_file(folder, name, &text, error);
}

char *
cw_checkpoint_copy_path(const char *folder, const char *path, size_t index)
{
	return cw_format("%s/%s_%zu", folder, cw_path_base(path), index);
}

int
cw_checkpoint_copy(const char *from, const char *to, struct cw_error *error)
{
	cw_auto_buf struct cw_buf data = {0};
	int status = cw_file_read(from, CW_REPLACE_MAX, &data, error);

	if (status != CW_OK)
		return status;
	return cw_replace_file(to,
			       &(struct cw_replacement){.data = cw_buf_text(&data),
							.length = data.length,
							.like = from,
							.times = true},
			       error);
}

/* One record from *AT on; an empty line gives none. */
static void
parse_record(const char **at, struct cw_strv *fields)
{
	cw_auto_buf struct cw_buf field = {0};
	const char *text = *at;
	bool quoted = false, any = false;

	for (; *text != '\0' && (quoted || (*text != '\r' && *text != '\n')); text++) {
		any = true;
		if (quoted && text[0] == '"' && text[1] == '"') {
			cw_buf_add_char(&field, *text++);
		} else if (*text == '"') {
			quoted = !quoted;
		} else if (*text == ',' && !quoted) {
			cw_strv_add(fields, cw_buf_text(&field));
			cw_buf_clear(&field);
		} else {
			cw_buf_add_char(&field, *text);
		}
	}
	if (any)
		cw_strv_add(fields, cw_buf_text(&field));
	while (*text == '\r' || *text == '\n')
		text++;
	*at = text;
}

static void
add_field(struct cw_buf *text, const char *field, bool alone)
{
	if (strpbrk(field, ",\"\r\n") == NULL && !(alone && *field == '\0')) {
		cw_buf_add_text(text, field);
		return;
	}
	cw_buf_add_char(text, '"');
	for (; *field != '\0'; field++) {
		if (*field == '"')
			cw_buf_add_char(text, '"');
		cw_buf_add_char(text, *field);
	}
	cw_buf_add_char(text, '"');
}

void
cw_checkpoint_add_command(struct cw_checkpoint_commands *commands, const struct cw_strv *argv)
{
	commands->items =
		cw_realloc(commands->items, commands->count + 1, sizeof(*commands->items));
	commands->items[commands->count] = (struct cw_strv){0};
	cw_strv_add_all(&commands->items[commands->count++], argv);
}

void
cw_checkpoint_clear_commands(struct cw_checkpoint_commands *commands)
{
	for (size_t i = 0; i < commands->count; i++)
		cw_strv_clear(&commands->items[i]);
	free(commands->items);
	*commands = (struct cw_checkpoint_commands){0};
}

int
cw_checkpoint_read_commands(const char *folder, const char *name,
			    struct cw_checkpoint_commands *commands, struct cw_error *error)
{
	cw_auto_buf struct cw_buf text = {0};
	int status = read_file(folder, name, &text, error);

	if (status != CW_OK)
		return status;
	for (const char *at = cw_buf_text(&text); *at != '\0';) {
		cw_auto_strv struct cw_strv fields = {0};

		parse_record(&at, &fields);
		if (fields.count > 0)
			cw_checkpoint_add_command(commands, &fields);
	}
	return CW_OK;
}

int
cw_checkpoint_write_commands(const char *folder, const char *name,
			     const struct cw_checkpoint_commands *commands, struct cw_error *error)
{
	cw_auto_buf struct cw_buf text = {0};

	for (size_t i = 0; i < commands->count; i++) {
		const struct cw_strv *argv = &commands->items[i];

		for (size_t j = 0; j < argv->count; j++) {
			if (j > 0)
				cw_buf_add_char(&text, ',');
			add_field(&text, argv->items[j], argv->count == 1);
		}
		cw_buf_add_text(&text, "\r\n");
	}
	return write_file(folder, name, &text, error);
}

/* Removes the lists in FOLDER, which may be missing: then it does nothing. */
static int
remove_lists(const char *folder, struct cw_error *error)
{
	const char *const lists[] = {CW_COMMANDS, CW_PLUGINS, CW_FILEPATHS, CW_NEW_FILES,
				     CW_SECRETS};

	if (!cw_is_folder(folder))
		return CW_OK;
	for (size_t i = 0; i < CW_COUNT(lists); i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, lists[i]);

		if (unlink(path) != 0 && errno != ENOENT)
			return cw_fail_path(error, errno, "remove", path);
	}
	return cw_folder_sync(folder, error);
}

int
cw_checkpoint_discard(const char *folder, struct cw_error *error)
{
	cw_autofree char *secret = cw_checkpoint_secret_folder(folder);
	cw_autofree char *parent = cw_path_folder(folder);
	int status;

	/* Without its lists a checkpoint does nothing; with them, and all copies, it does what was
	 * done already. */
	status = remove_lists(secret, error);
	if (status == CW_OK)
		status = remove_lists(folder, error);
	if (status == CW_OK)
		status = cw_tree_remove(folder, error);
	if (status == CW_OK)
		status = cw_folder_sync(parent, error);
	return status;
}

bool
cw_checkpoint_is_own(const char *config, const char *real)
{
	const char *const names[] = {"accounts", "archive", "csr", "keys", "live", "renewal"};
	cw_autofree char *folder = realpath(config, NULL);

	for (size_t i = 0; i < CW_COUNT(names) && folder != NULL; i++) {
		cw_autofree char *prefix = cw_format("%s/%s/", folder, names[i]);

		if (cw_starts_with(real, prefix))
			return true;
	}
	return false;
}
