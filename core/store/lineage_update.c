#include "base/file.h"
#include "base/mem.h"
#include "store/lineage_files.h"

#include <errno.h>
#include <sys/stat.h>

/* What the key of the next version links to when it is that of VERSION: never a link to a link.
 * Release with free(). */
static char *
key_target(const struct cw_lineage *lineage, unsigned version)
{
	cw_autofree char *path = cw_lineage_file(lineage, CW_KIND_PRIVKEY, version);
	char *target = NULL;

	if (cw_file_readlink(path, &target, NULL) == CW_OK)
		return target;
	return cw_strdup(cw_path_base(path));
}

static int
add_version(struct cw_lineage *lineage, unsigned version, const struct cw_version_files *files,
	    struct cw_error *error)
{
	cw_autofree char *target = files->same_key ? key_target(lineage, lineage->version) : NULL;
	cw_autofree char *old = cw_lineage_file(lineage, CW_KIND_PRIVKEY, lineage->version);
	struct stat status;

	if (stat(old, &status) != 0)
		return cw_fail_path(error, errno, "read the current key", old);
	return cw_archive_add(lineage->archive, version, files, &status, target, error);
}

static void
prune(const struct cw_lineage *lineage)
{
	cw_auto_archive struct cw_archive archive = {0};

	/* What stays now goes at the next renewal. */
	if (cw_archive_read(lineage->archive, false, &archive, NULL) == CW_OK)
		cw_archive_prune(lineage->archive, &archive, lineage->version);
}

int
cw_lineage_update(struct cw_lineage *lineage, const struct cw_version_files *files,
		  const struct cw_configobj *config, bool prune_old, struct cw_error *error)
{
	cw_auto_archive struct cw_archive archive = {0};
	int status = config == NULL ? CW_OK : cw_configobj_check(config, error);
	unsigned next;

	if (status == CW_OK && lineage->version == 0)
		status = cw_lineage_refresh(lineage, error);
	if (status == CW_OK)
		status = cw_archive_read(lineage->archive, true, &archive, error);
	if (status != CW_OK)
		return status;
	/* Above the parts of versions, too, that were never completed. */
	next = archive.count == 0 ? 1 : archive.versions[archive.count - 1].version + 1;
	if (next > CW_VERSION_MAX)
		return cw_fail(error, CW_E_INVALID, "no version number is free in \"%s\"",
			       lineage->archive);
	status = add_version(lineage, next, files, error);
	if (status != CW_OK)
		return status;
	lineage->newest = next;
	if (config != NULL)
		status = cw_lineage_save_config(lineage, config, error);
	if (status == CW_OK)
		status = cw_lineage_switch(lineage, next, error);
	if (status == CW_OK && prune_old)
		prune(lineage);
	return status;
}
