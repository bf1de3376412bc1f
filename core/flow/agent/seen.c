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

void
cw_agent_see(const char *config_dir, const char *name, const struct cw_managed *managed,
	     struct cw_agent_sight *sight)
{
	cw_autofree char *renewal = cw_format("%s/renewal/%s.conf", config_dir, name);
	cw_autofree char *live = cw_format("%s/live/%s", config_dir, name);
	struct cw_buf parts[CW_COUNT(sight->parts)] = {{0}};

	add(&parts[CW_SIGHT_RENEWAL], renewal, false);
	add_files(&parts[CW_SIGHT_LIVE], live, false);
	if (managed != NULL && managed->provided != NULL)
		add_files(&parts[CW_SIGHT_PROVIDED], managed->provided, true);
	for (size_t i = 0; i < CW_COUNT(sight->parts); i++)
		sight->parts[i] = cw_buf_take(&parts[i]);
}

void
cw_agent_sight_clear(struct cw_agent_sight *sight)
{
	for (size_t i = 0; i < CW_COUNT(sight->parts); i++)
		free(sight->parts[i]);
	*sight = (struct cw_agent_sight){0};
}

void
cw_agent_sight_use(struct cw_agent_sight *sight, enum cw_sight part, struct cw_agent_sight *from)
{
	free(sight->parts[part]);
	sight->parts[part] = cw_take(&from->parts[part]);
}

char *
cw_agent_sight_text(const struct cw_agent_sight *sight)
{
	return cw_format("%s|%s|%s", sight->parts[CW_SIGHT_RENEWAL], sight->parts[CW_SIGHT_LIVE],
			 sight->parts[CW_SIGHT_PROVIDED]);
}

char *
cw_agent_seen(const char *config_dir, const char *name, const struct cw_managed *managed)
{
	cw_auto(cw_agent_sight_clear) struct cw_agent_sight sight = {0};

	cw_agent_see(config_dir, name, managed, &sight);
	return cw_agent_sight_text(&sight);
}
