/* Whether lineages share an archive folder. */
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/text.h"
#include "store/lineage_files.h"

enum { RENEWAL_FILE_MAX = 1024 * 1024 };

static bool
same_folder(const struct stat *a, const char *path)
{
	struct stat b;

	return stat(path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/* Whether the lineage NAME, whose renewal file may be damaged, has the archive folder at PATH. */
static bool
uses_archive(const char *config_dir, const char *name, const char *path, const struct stat *archive)
{
	cw_auto_lineage struct cw_lineage *other = NULL;
	cw_autofree char *file = NULL;
	cw_auto_buf struct cw_buf text = {0};

	if (cw_lineage_open(config_dir, name, &other, NULL) == CW_OK)
		return strcmp(other->archive, path) == 0 || same_folder(archive, other->archive);
	file = cw_renewal_path(config_dir, name, NULL);
	return cw_file_read(file, RENEWAL_FILE_MAX, &text, NULL) != CW_OK ||
	       strstr(cw_buf_text(&text), path) != NULL;
}

bool
cw_lineage_archive_is_shared(const struct cw_lineage *lineage)
{
	cw_auto_strv struct cw_strv names = {0};
	struct stat archive;

	if (stat(lineage->archive, &archive) != 0)
		return false;
	/* When they cannot be listed, it is safer to think so. */
	if (cw_lineage_list(lineage->config_dir, &names, NULL) != CW_OK)
		return true;
	for (size_t i = 0; i < names.count; i++) {
		if (strcmp(names.items[i], lineage->name) != 0 &&
		    uses_archive(lineage->config_dir, names.items[i], lineage->archive, &archive))
			return true;
	}
	return false;
}
