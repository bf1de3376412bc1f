/*
 * Folders below live/ that have files instead of the links of a lineage: a certificate that
 * somebody has provided, or one that only stands in until there is a better one.
 *
 * The file live/NAME/origin says in its first line where the certificate comes from: acme, provided
 * or self-signed. If certwright itself made the files, the second line is their digest. So files
 * that somebody else puts there later are known as theirs, and are never overwritten or removed.
 * They are moved to CONFIG/aside/NAME-TIME when another certificate takes their place.
 */
#ifndef CW_STORE_STAND_IN_H
#define CW_STORE_STAND_IN_H

#include <stdbool.h>
#include "base/error.h"
#include "store/lineage.h"

/* The files in live/NAME/ beside the links. */
#define CW_ORIGIN_FILE "origin"
#define CW_STAPLE_FILE "ocsp.der"

enum cw_origin {
	CW_ORIGIN_NONE, /* there is nothing */
	CW_ORIGIN_ACME, /* links of a lineage */
	CW_ORIGIN_PROVIDED,
	CW_ORIGIN_SELF_SIGNED
};
/* "none", "acme", "provided", "self-signed" */
const char *cw_origin_name(enum cw_origin origin);

struct cw_live_folder {
	enum cw_origin origin;
	unsigned files;      /* bits, 1 << enum cw_kind: which are files of their own */
	unsigned links;      /* which are links */
	bool ours;           /* certwright made all files, and nobody has changed them */
	bool yields;         /* they are somebody else's, and a new lineage may take their place */
	bool marked;         /* the file origin says what is here */
	enum cw_origin said; /* what the file origin says; CW_ORIGIN_NONE: there is none */
};
/* Looks at live/NAME. */
void cw_live_look(const char *config_dir, const char *name, struct cw_live_folder *folder);
/* Whether a new lineage NAME may take the place of what is in live/NAME. */
bool cw_live_gives_way(const char *config_dir, const char *name);

/* Writes the file origin. NAME can also be ".NAME.next". YIELDS: the files are somebody else's, and
 * a new lineage may take their place. The digest of files that are ours is not written. */
int cw_live_mark(const char *config_dir, const char *name, enum cw_origin origin, bool yields,
		 struct cw_error *error);

/*
 * Puts FILES into live/NAME as files of ours. The folder is complete beside it before the two are
 * exchanged. Links that were there are removed; files of somebody else are moved aside, and *ASIDE
 * is where they are then (NULL: there were none). Release it with free(). ASIDE may be NULL.
 */
int cw_live_put(const char *config_dir, const char *name, const struct cw_version_files *files,
		enum cw_origin origin, char **aside, struct cw_error *error);

/* Moves the renewal file and the archive of the lineage NAME aside, because somebody has put files
 * into its live folder. *ASIDE is where they are then. */
int cw_lineage_set_aside(const char *config_dir, const char *name, char **aside,
			 struct cw_error *error);

/* Writes the renewal file of NAME, which is damaged, anew: with the paths, and without how to renew
 * it. *ASIDE is where a copy of it is then; release it with free(). Fails like cw_lineage_load(),
 * and changes nothing, if live/NAME and archive/NAME are damaged too; like
 * cw_lineage_open_damaged(), if they are not its own. */
int cw_lineage_rewrite(const char *config_dir, const char *name, char **aside,
		       struct cw_error *error);

/* For store/lineage_*.c: a free path below CONFIG/aside, whose folder exists; NULL after an error.
 * Release it with free(). */
char *cw_aside_path(const char *config_dir, const char *name, struct cw_error *error);
/* The renewal file in such a folder. */
#define CW_ASIDE_RENEWAL "renewal.conf"
/* For store/lineage_*.c: the path live/.NAME.next; release with free(). */
char *cw_live_next(const char *config_dir, const char *name);
/* Exchanges live/.NAME.next, which is complete, with live/NAME, and does away with what was there.
 * ASIDE may be NULL. */
int cw_live_take_place(const char *config_dir, const char *name, char **aside,
		       struct cw_error *error);
/* Does away with live/.NAME.next: moved aside if it has somebody else's files, else removed. ASIDE
 * may be NULL. */
int cw_live_dispose(const char *config_dir, const char *name, char **aside, struct cw_error *error);

#endif
