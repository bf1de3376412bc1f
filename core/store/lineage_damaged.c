/* Opening a lineage whose renewal file cannot be read. */
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "store/lineage_files.h"

/* Whether another lineage has a link in the folder of LINEAGE's. */
static int
check_apart(const struct cw_lineage *lineage, struct cw_error *error)
{
	cw_autofree char *folder = cw_path_folder(lineage->live[CW_KIND_CERT]);
	cw_auto_strv struct cw_strv names = {0};
	bool shared = cw_lineage_archive_is_shared(lineage);
	int status = cw_lineage_list(lineage->config_dir, &names, error);

	for (size_t i = 0; i < names.count && status == CW_OK && !shared; i++) {
		cw_auto_lineage struct cw_lineage *other = NULL;

		if (strcmp(names.items[i], lineage->name) == 0 ||
		    cw_lineage_open(lineage->config_dir, names.items[i], &other, NULL) < 0)
			continue;
		for (unsigned kind = 0; kind < CW_KIND_COUNT; kind++) {
			cw_autofree char *others = cw_path_folder(other->live[kind]);

			shared |= strcmp(others, folder) == 0;
		}
	}
	if (status < 0 || !shared)
		return status;
	cw_fail(error, CW_E_BUSY,
		"the renewal file \"%s\" is damaged, and another certificate has files in the "
		"folders of \"%s\"",
		lineage->renewal_path, lineage->name);
	cw_hint(error, "repair the renewal file, or remove it by hand");
	return CW_E_BUSY;
}

int
cw_lineage_open_damaged(const char *config_dir, const char *name, struct cw_lineage **lineage,
			struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *opened = NULL;
	int status = cw_lineage_new(config_dir, name, &opened, error);

	*lineage = NULL;
	if (status != CW_OK)
		return status;
	opened->archive = cw_format("%s/archive/%s", config_dir, name);
	for (unsigned kind = 0; kind < CW_KIND_COUNT; kind++)
		opened->live[kind] = cw_format("%s/live/%s/%s", config_dir, name,
					       cw_kind_link((enum cw_kind)kind));
	status = check_apart(opened, error);
	if (status == CW_OK)
		*lineage = cw_take(&opened);
	return status;
}
