/* stand_in.h: writing a damaged renewal file anew. */
#include <stdlib.h>
#include "base/file.h"
#include "store/lineage_files.h"
#include "store/stand_in.h"

enum { FILE_MAX = 1024 * 1024 };

static int
keep_copy(const char *path, const char *folder, struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *copy = cw_format("%s/" CW_ASIDE_RENEWAL, folder);
	cw_auto_buf struct cw_buf text = {0};
	int status = cw_file_read(path, FILE_MAX, &text, error);

	if (status == CW_OK)
		status = cw_folder_make(folder, 0700, error);
	return status < 0 ? status
			  : cw_file_write(copy, cw_buf_text(&text), text.length, &mode, error);
}

int
cw_lineage_rewrite(const char *config_dir, const char *name, char **aside, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_configobj struct cw_configobj *nothing = cw_configobj_new();
	int status = cw_lineage_open_damaged(config_dir, name, &lineage, error);

	if (status == CW_OK)
		status = cw_lineage_refresh(lineage, error);
	if (status < 0)
		return status;
	*aside = cw_aside_path(config_dir, name, error);
	if (*aside == NULL)
		return error != NULL ? error->status : CW_E_IO;
	lineage->config = cw_configobj_new();
	status = keep_copy(lineage->renewal_path, *aside, error);
	return status < 0 ? status : cw_lineage_save_config(lineage, nothing, error);
}
