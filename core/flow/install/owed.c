#include "flow/install/owed.h"
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "plugin/installation.h"

#define FOLDER "install"
#define RECORD_MAX 4096 /* bytes */

/* A record: the version that the server has, what is owed, and the enhancements; a line each. */
struct record {
	unsigned before;
	enum cw_owed owed;
	struct cw_strv enhancements;
};

static const char *const words[] = {
	[CW_OWED_RELOAD] = "reload",
	[CW_OWED_RENEWAL] = "renewal",
	[CW_OWED_INSTALLATION] = "installation",
};

static char *
record_path(const struct cw_context *context, const char *name)
{
	return cw_format("%s/certwright/" FOLDER "/%s", context->directories.work, name);
}

/* One that is damaged is a renewal: rather tell the installer once too often. */
static void
read_record(const struct cw_context *context, const char *name, struct record *record)
{
	cw_autofree char *path = record_path(context, name);
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_strv struct cw_strv lines = {0};
	uint64_t before = 0;

	*record = (struct record){.owed = CW_OWED_NOTHING};
	if (cw_file_read(path, RECORD_MAX, &text, NULL) < 0)
		return;
	record->owed = CW_OWED_RENEWAL;
	cw_strv_split(&lines, cw_buf_text(&text), '\n');
	if (lines.count < 2 || !cw_parse_uint(lines.items[0], UINT32_MAX, &before))
		return;
	record->before = (unsigned)before;
	for (size_t i = CW_OWED_RELOAD; i < CW_COUNT(words); i++)
		if (strcmp(lines.items[1], words[i]) == 0)
			record->owed = (enum cw_owed)i;
	for (size_t i = 2; i < lines.count; i++)
		cw_strv_add(&record->enhancements, lines.items[i]);
}

enum cw_owed
cw_owed_for(const struct cw_context *context, const char *name, unsigned *before)
{
	struct record record;

	read_record(context, name, &record);
	if (before != NULL)
		*before = record.before;
	cw_strv_clear(&record.enhancements);
	return record.owed;
}

static bool
has_server(const struct cw_request *request)
{
	return request->installer != NULL && strcmp(request->installer, "null") != 0;
}

static enum cw_owed
owed_by(const struct cw_request *request)
{
	if (!has_server(request))
		return CW_OWED_NOTHING;
	if (request->installation != NULL)
		return CW_OWED_INSTALLATION;
	if (!request->reloads)
		return CW_OWED_NOTHING;
	return cw_settings_flag(request->settings, "disable_renew_updates") ? CW_OWED_RELOAD
									    : CW_OWED_RENEWAL;
}

static int
write_record(const struct cw_context *context, const char *name, const struct record *record,
	     struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	cw_auto_buf struct cw_buf text = {0};
	int status = cw_private_folder(context->directories.work, FOLDER, true, &folder, error);

	if (status < 0)
		return status;
	cw_buf_addf(&text, "%u\n%s\n", record->before, words[record->owed]);
	for (size_t i = 0; i < record->enhancements.count; i++)
		cw_buf_addf(&text, "%s\n", record->enhancements.items[i]);
	path = cw_format("%s/%s", folder, name);
	return cw_file_write(path, cw_buf_text(&text), text.length, &mode, error);
}

int
cw_owe_installation(const struct cw_context *context, const struct cw_request *request,
		    struct cw_error *error)
{
	enum cw_owed owed = owed_by(request);
	struct record record;
	int status = CW_OK;

	if (owed == CW_OWED_NOTHING)
		return CW_OK;
	read_record(context, request->name, &record);
	/* The server has what it had when the first of them was recorded. */
	if (record.owed == CW_OWED_NOTHING)
		record.before = request->lineage != NULL ? request->lineage->version : 0;
	if (owed == CW_OWED_INSTALLATION)
		cw_strv_copy(&record.enhancements, &request->installation->enhancements);
	if (owed > record.owed || owed == CW_OWED_INSTALLATION) {
		record.owed = owed;
		status = write_record(context, request->name, &record, error);
	}
	cw_strv_clear(&record.enhancements);
	return status;
}

void
cw_installation_settled(const struct cw_context *context, const char *name)
{
	cw_autofree char *path = record_path(context, name);

	unlink(path);
}

void
cw_renewal_settled(const struct cw_context *context, const char *name)
{
	enum cw_owed owed = cw_owed_for(context, name, NULL);

	if (owed == CW_OWED_RELOAD || owed == CW_OWED_RENEWAL)
		cw_installation_settled(context, name);
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

	read_record(context, request->name, &record);
	if (record.owed != CW_OWED_NOTHING &&
	    (!has_server(request) || request->lineage->version <= record.before)) {
		cw_installation_settled(context, request->name);
		record.owed = CW_OWED_NOTHING;
	}
	cw_strv_copy(enhancements, &record.enhancements);
	cw_strv_clear(&record.enhancements);
	return record.owed;
}
