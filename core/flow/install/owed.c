#include "flow/install/owed.h"
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "plugin/installation.h"

#define FOLDER "install"
#define RECORD_MAX 4096 /* bytes */

/* A record: the version that was in use before, what is owed, and the enhancements; a line each. */
struct record {
	unsigned before;
	bool installation; /* else a reload */
	struct cw_strv enhancements;
};

static const char reload_word[] = "reload", installation_word[] = "installation";

static char *
record_path(const struct cw_context *context, const char *name)
{
	return cw_format("%s/certwright/" FOLDER "/%s", context->directories.work, name);
}

/* False when there is none. One that is damaged is a reload, which harms nobody. */
static bool
read_record(const struct cw_context *context, const char *name, struct record *record)
{
	cw_autofree char *path = record_path(context, name);
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_strv struct cw_strv lines = {0};
	uint64_t before = 0;

	*record = (struct record){0};
	if (cw_file_read(path, RECORD_MAX, &text, NULL) < 0)
		return false;
	cw_strv_split(&lines, cw_buf_text(&text), '\n');
	if (lines.count < 2 || !cw_parse_uint(lines.items[0], UINT32_MAX, &before))
		return true;
	record->before = (unsigned)before;
	record->installation = strcmp(lines.items[1], installation_word) == 0;
	for (size_t i = 2; i < lines.count; i++)
		cw_strv_add(&record->enhancements, lines.items[i]);
	return true;
}

static bool
has_server(const struct cw_request *request)
{
	return request->installer != NULL && strcmp(request->installer, "null") != 0;
}

int
cw_owe_installation(const struct cw_context *context, const struct cw_request *request,
		    struct cw_error *error)
{
	struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	const struct cw_installation *next = request->installation;
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	cw_auto_buf struct cw_buf text = {0};
	struct record present = {0};
	bool stays;
	int status;

	if (!has_server(request) || (next == NULL && !request->reloads))
		return CW_OK;
	stays = next == NULL && read_record(context, request->name, &present) &&
		present.installation;
	cw_strv_clear(&present.enhancements);
	if (stays)
		return CW_OK;
	status = cw_private_folder(context->directories.work, FOLDER, true, &folder, error);
	if (status < 0)
		return status;
	cw_buf_addf(&text, "%u\n%s\n", request->lineage != NULL ? request->lineage->version : 0,
		    next != NULL ? installation_word : reload_word);
	for (size_t i = 0; next != NULL && i < next->enhancements.count; i++)
		cw_buf_addf(&text, "%s\n", next->enhancements.items[i]);
	path = cw_format("%s/%s", folder, request->name);
	return cw_file_write(path, cw_buf_text(&text), text.length, &mode, error);
}

void
cw_installation_settled(const struct cw_context *context, const char *name)
{
	cw_autofree char *path = record_path(context, name);

	unlink(path);
}

void
cw_reload_settled(const struct cw_context *context, const char *name)
{
	struct record record;

	if (read_record(context, name, &record) && !record.installation)
		cw_installation_settled(context, name);
	cw_strv_clear(&record.enhancements);
}

void
cw_installations_owed(const struct cw_context *context, struct cw_strv *names)
{
	cw_autofree char *folder = NULL;
	cw_auto_strv struct cw_strv files = {0};

	if (cw_private_folder(context->directories.work, FOLDER, false, &folder, NULL) < 0 ||
	    cw_folder_list(folder, true, &files, NULL) < 0)
		return;
	for (size_t i = 0; i < files.count; i++)
		if (cw_lineage_check_name(files.items[i], NULL) == CW_OK)
			cw_strv_add(names, files.items[i]);
}

enum cw_owed
cw_installation_owed(const struct cw_context *context, const struct cw_request *request,
		     struct cw_strv *enhancements)
{
	struct record record;
	enum cw_owed owed = CW_OWED_NOTHING;

	if (!read_record(context, request->name, &record))
		return CW_OWED_NOTHING;
	if (!has_server(request) || request->lineage->version <= record.before)
		cw_installation_settled(context, request->name);
	else
		owed = record.installation ? CW_OWED_INSTALLATION : CW_OWED_RELOAD;
	cw_strv_copy(enhancements, &record.enhancements);
	cw_strv_clear(&record.enhancements);
	return owed;
}
