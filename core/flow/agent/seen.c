/* look.h: what files are like. */
#include <stdlib.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "flow/agent/look.h"
#include "store/lineage.h"

static void
add(struct cw_buf *buf, const char *path, bool follows)
{
	struct stat status;

	if ((follows ? stat(path, &status) : lstat(path, &status)) != 0)
		cw_buf_add_text(buf, "-,");
	else
		cw_buf_addf(buf, "%llu.%lld.%lld.%ld,", (unsigned long long)status.st_ino,
			    (long long)status.st_size, (long long)status.st_mtim.tv_sec,
			    status.st_mtim.tv_nsec);
}

static void
add_files(struct cw_buf *buf, const char *folder, bool follows)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *path =
			cw_format("%s/%s.pem", folder, cw_kind_name((enum cw_kind)i));

		add(buf, path, follows);
	}
}

char *
cw_agent_seen(const char *config_dir, const char *name, const struct cw_managed *managed)
{
	cw_autofree char *renewal = cw_format("%s/renewal/%s.conf", config_dir, name);
	cw_autofree char *live = cw_format("%s/live/%s", config_dir, name);
	struct cw_buf buf = {0};

	add(&buf, renewal, false);
	add_files(&buf, live, false);
	if (managed != NULL && managed->provided != NULL)
		add_files(&buf, managed->provided, true);
	return cw_buf_take(&buf);
}
