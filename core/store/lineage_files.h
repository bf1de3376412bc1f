/* The files of lineages. For lineage*.c only. */
#ifndef CW_STORE_LINEAGE_FILES_H
#define CW_STORE_LINEAGE_FILES_H

#include <stdbool.h>
#include <sys/stat.h>
#include "store/lineage.h"

/* "<kind><N>.pem" */
#define CW_VERSION_MAX 999999999u
struct cw_version_name {
	char text[32];
};
struct cw_version_name cw_version_name(enum cw_kind kind, unsigned version);
bool cw_version_parse(const char *name, enum cw_kind *kind, unsigned *version);
/* "<kind>.pem"; always valid */
const char *cw_kind_link(enum cw_kind kind);

/* Whether NAME is a temporary file that a crash left: one of base/file.h or one of a lineage's
 * folder. */
bool cw_is_temporary(const char *name);

/* The contents of an archive folder. */
struct cw_archive {
	struct cw_archive_version {
		unsigned version;
		unsigned kinds; /* bits, 1 << kind */
	} * versions;           /* ascending */
	size_t count;
};
#define cw_auto_archive cw_auto(cw_archive_clear)
void cw_archive_clear(struct cw_archive *archive);
/* Reads an archive folder. With SWEEP, removes temporary files. */
int cw_archive_read(const char *path, bool sweep, struct cw_archive *archive,
		    struct cw_error *error);
/* The newest version with all four parts; 0: none. */
unsigned cw_archive_newest(const struct cw_archive *archive, const char *path);
bool cw_archive_has(const char *path, unsigned version);

/*
 * Writes all four parts of a version into the archive folder, durably: a name appears only when its
 * contents are complete. KEY_STATUS is the status of the previous key, whose group and permissions
 * are kept; may be NULL. If KEY_TARGET is not NULL, the key becomes a link to it.
 */
int cw_archive_add(const char *path, unsigned version, const struct cw_version_files *files,
		   const struct stat *key_status, const char *key_target, struct cw_error *error);
/* Removes all but the newest six versions. Keeps CURRENT, and keys that links point to. */
void cw_archive_prune(const char *path, const struct cw_archive *archive, unsigned current);

/* A link in live/. */
struct cw_live_link {
	char *target;     /* the target of the link; NULL: there is no link */
	unsigned version; /* 0: its name is not of the right form */
};
struct cw_live {
	struct cw_live_link links[CW_KIND_COUNT];
};
#define cw_auto_live cw_auto(cw_live_clear)
void cw_live_clear(struct cw_live *live);
/* Reads the four links, or their previous_<kind>.pem. Anything other than a link is an error. */
int cw_live_read(const struct cw_lineage *lineage, bool previous, struct cw_live *live,
		 struct cw_error *error);
/* The version of all four; 0: some are missing or they differ. */
unsigned cw_live_version(const struct cw_live *live);
/* Whether all four exist and lead to files. */
bool cw_live_resolves(const struct cw_lineage *lineage, bool previous);
/* The path of previous_<kind>.pem; release with free(). */
char *cw_previous_path(const struct cw_lineage *lineage, enum cw_kind kind);
/* The folder beside live/<name>/ that is exchanged with it; release with free(). */
char *cw_successor_path(const struct cw_lineage *lineage);
/* Reads version, newest and interrupted again. */
int cw_lineage_refresh(struct cw_lineage *lineage, struct cw_error *error);

/* Returns the path of a renewal file. Release with free(). MARK is NULL for the real one. "new" and
 * "del" are for a lineage that is being made or deleted; Certbot does not see these files. */
char *cw_renewal_path(const char *config_dir, const char *name, const char *mark);
/* Removes the folders of an unfinished lineage, and its mark. */
int cw_lineage_unmake(const char *config_dir, const char *name, struct cw_error *error);

/* Makes a lineage with only its name and the path of its renewal file. */
int cw_lineage_new(const char *config_dir, const char *name, struct cw_lineage **lineage,
		   struct cw_error *error);

#endif
