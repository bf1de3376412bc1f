/*
 * How live/<name>/ comes to point to another version. Either all four links at once: a folder
 * beside it is made as it shall be, and the two are exchanged. Or, where live/<name>/ is not a
 * plain folder of ours, one link after the other, while previous_<kind>.pem tell what was before,
 * which Certbot, too, understands.
 */
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/lineage_exchange.h"
#include "store/lineage_files.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The certificate and its chain last, beside the key: servers read these two. */
static const enum cw_kind switching_order[CW_KIND_COUNT] = {CW_KIND_CHAIN, CW_KIND_CERT,
							    CW_KIND_PRIVKEY, CW_KIND_FULLCHAIN};

/* Syncs the folders of the four links, each once. */
static int
sync_folders(const struct cw_lineage *lineage, struct cw_error *error)
{
	cw_auto_strv struct cw_strv folders = {0};
	int status = CW_OK;

	for (unsigned i = 0; i < CW_KIND_COUNT && status == CW_OK; i++) {
		cw_autofree char *folder = cw_path_folder(lineage->live[i]);

		if (cw_strv_add_unique(&folders, folder))
			status = cw_folder_sync(folder, error);
	}
	return status;
}

static int
make_record(const struct cw_lineage *lineage, const struct cw_live *live, struct cw_error *error)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *path = cw_previous_path(lineage, (enum cw_kind)i);

		if (symlink(live->links[i].target, path) != 0)
			return cw_fail_path(error, errno, "create the link", path);
	}
	return sync_folders(lineage, error);
}

/* Without the syncs: should it come back after a power cut, it is only removed again. */
static void
remove_record(const struct cw_lineage *lineage)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *path = cw_previous_path(lineage, (enum cw_kind)i);

		unlink(path);
	}
}

/*
 * Points the links to VERSION, 0: to what RECORD has. The folder that they lead to is spelled as in
 * the link that is there: Certbot's record has it absolute.
 */
static int
point_links(const struct cw_lineage *lineage, const struct cw_live *live,
	    const struct cw_live *record, unsigned version, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < CW_KIND_COUNT && status == CW_OK; i++) {
		enum cw_kind kind = switching_order[i];
		const struct cw_live_link *old = &record->links[kind];
		const struct cw_live_link *present = &live->links[kind];
		cw_autofree char *target =
			cw_switched_target(present->target != NULL ? present->target : old->target,
					   kind, version != 0 ? version : old->version);

		status = cw_file_symlink(target, lineage->live[kind], error);
	}
	return status == CW_OK ? sync_folders(lineage, error) : status;
}

static int
switch_links(const struct cw_lineage *lineage, const struct cw_live *live, unsigned version,
	     struct cw_error *error)
{
	int status = make_record(lineage, live, error);

	if (status != CW_OK) {
		remove_record(lineage);
		return status;
	}
	status = point_links(lineage, live, live, version, error);
	/* When going back fails as well, the record stays for the next run. */
	if (status == CW_OK || point_links(lineage, live, live, 0, NULL) == CW_OK)
		remove_record(lineage);
	return status;
}

int
cw_lineage_switch(struct cw_lineage *lineage, unsigned version, struct cw_error *error)
{
	cw_auto_live struct cw_live live = {0};
	int status = cw_lineage_recover(lineage, NULL, error);

	if (status == CW_OK && (version == 0 || !cw_archive_has(lineage->archive, version)))
		status = cw_fail(error, CW_E_NOT_FOUND,
				 "there is no complete version %u of \"%s\" in \"%s\"", version,
				 lineage->name, lineage->archive);
	if (status != CW_OK || lineage->version == version)
		return status;
	status = cw_live_read(lineage, false, &live, error);
	if (status != CW_OK)
		return status;
	status = cw_exchange_live(lineage, &live, version, error);
	if (status == CW_E_UNSUPPORTED)
		status = switch_links(lineage, &live, version, error);
	if (status == CW_OK)
		lineage->version = version;
	return status;
}

/* The version that a switch whose record is complete was to lead to, when a link of it is there
 * already; 0: none is. */
static unsigned
find_aim(const struct cw_lineage *lineage, const struct cw_live *live, unsigned previous)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		unsigned version = live->links[i].version;

		if (version != 0 && version != previous &&
		    cw_archive_has(lineage->archive, version))
			return version;
	}
	return 0;
}

/* The record of PREVIOUS is there, all or in part. */
static int
recover_links(const struct cw_lineage *lineage, const struct cw_live *previous, bool *changed,
	      struct cw_error *error)
{
	bool complete = cw_live_resolves(lineage, true) && cw_live_version(previous) != 0;
	cw_auto_live struct cw_live live = {0};
	int status = cw_live_read(lineage, false, &live, error);
	unsigned aim;

	if (status != CW_OK)
		return status;
	if (cw_live_version(&live) != 0) {
		/* Nothing was done yet, or everything. */
		for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
			const struct cw_live_link *link = &previous->links[i];

			if (link->target != NULL && link->version != live.links[i].version)
				*changed = true;
		}
	} else if (complete) {
		aim = find_aim(lineage, &live, cw_live_version(previous));
		*changed = aim != 0;
		cw_log_info("%s the switch of \"%s\" that was interrupted",
			    aim != 0 ? "completing" : "undoing", lineage->name);
		status = point_links(lineage, &live, previous, aim, error);
	} else {
		/* No order of writing leads here: it is left to people, and to the error of reading
		 * the links. */
		return CW_OK;
	}
	if (status == CW_OK)
		remove_record(lineage);
	return status;
}

int
cw_lineage_recover(struct cw_lineage *lineage, bool *changed, struct cw_error *error)
{
	cw_auto_live struct cw_live previous = {0};
	bool stale = lineage->version == 0 || lineage->interrupted;
	bool switched = false;
	int status = cw_live_read(lineage, true, &previous, error);

	if (status == CW_OK)
		status = cw_exchange_recover(lineage, &switched, error);
	for (unsigned i = 0; i < CW_KIND_COUNT && status == CW_OK; i++) {
		if (previous.links[i].target == NULL)
			continue;
		stale = true;
		status = recover_links(lineage, &previous, &switched, error);
		break;
	}
	if (changed != NULL)
		*changed = switched;
	if (status != CW_OK || !(stale || switched))
		return status;
	return cw_lineage_refresh(lineage, error);
}
