/*
 * Lineages: the versions of one certificate under archive/<name>/, the links of live/<name>/, and
 * renewal/<name>.conf (store/renewal.h reads its parameters).
 */
#ifndef CW_STORE_LINEAGE_H
#define CW_STORE_LINEAGE_H

#include <stdbool.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"
#include "store/configobj.h"

enum cw_kind { CW_KIND_CERT, CW_KIND_PRIVKEY, CW_KIND_CHAIN, CW_KIND_FULLCHAIN, CW_KIND_COUNT };
/* "cert", "privkey", "chain", "fullchain" */
const char *cw_kind_name(enum cw_kind kind);

struct cw_lineage {
	char *name;
	char *config_dir;
	char *renewal_path;        /* renewal/<name>.conf */
	char *archive;             /* the archive folder, from the renewal file */
	char *live[CW_KIND_COUNT]; /* the four links, from the renewal file */
	unsigned version; /* the version that the links point to; 0: not read (cw_lineage_open()) */
	unsigned newest;  /* the newest complete version in the archive */
	bool interrupted; /* the links differ because a switch was interrupted */
	bool unsettled;   /* a switch left something for cw_lineage_recover() */
	struct cw_configobj *config; /* the renewal file */
	struct stat renewal_status;  /* that of the renewal file as it was read; a link's own */
};

void cw_lineage_free(struct cw_lineage *lineage); /* NULL is allowed */
#define cw_auto_lineage cw_auto(cw_lineage_cleanup)
void cw_lineage_cleanup(struct cw_lineage **lineage);

/* Checks a lineage's name: 1 to 200 bytes, no '/', no control characters, no leading '.'.
 * CW_E_INVALID otherwise. */
int cw_lineage_check_name(const char *name, struct cw_error *error);
/* Whether there is a renewal file for NAME; false if NAME is not a valid lineage name. */
bool cw_lineage_exists(const char *config_dir, const char *name);
/* The names of all renewal files, sorted. A missing folder counts as empty. */
int cw_lineage_list(const char *config_dir, struct cw_strv *names, struct cw_error *error);
/*
 * Loads a lineage and checks it: the renewal file parses and has the four paths, each of them is a
 * link into the archive (which may have been moved), and the targets exist and are named
 * <kind><N>.pem with the same N. The error names the file at fault. An interrupted switch is not an
 * error: version is then that of the certificate in use, and interrupted is set.
 */
int cw_lineage_load(const char *config_dir, const char *name, struct cw_lineage **lineage,
		    struct cw_error *error);
/* Only reads the renewal file, which must parse and have the four paths. For verbs that must work
 * on a damaged lineage too (delete). CW_E_NOT_FOUND if there is no lineage NAME. */
int cw_lineage_open(const char *config_dir, const char *name, struct cw_lineage **lineage,
		    struct cw_error *error);
/*
 * Opens a lineage whose renewal file is damaged, with the default paths for its name, to delete it.
 * CW_E_BUSY if another lineage has any of these files.
 */
int cw_lineage_open_damaged(const char *config_dir, const char *name, struct cw_lineage **lineage,
			    struct cw_error *error);
/* Its existing files: the renewal file, the links, and the files in the archive. */
void cw_lineage_files(const struct cw_lineage *lineage, struct cw_strv *files);
/* archive/<kind><N>.pem; release with free(). */
char *cw_lineage_file(const struct cw_lineage *lineage, enum cw_kind kind, unsigned version);

/* The four parts of a version, in PEM. */
struct cw_version_files {
	const char *cert, *privkey, *chain, *fullchain; /* privkey: unused with same_key */
	bool same_key; /* privkey is a link to the previous version's key file (--reuse-key), as
			  Certbot makes it */
};

/* CW_E_EXISTS if renewal/, live/ or archive/ has NAME, for example after an incomplete removal. */
int cw_lineage_check_free(const char *config_dir, const char *name, struct cw_error *error);
/* A free name: WANTED, or WANTED-0001 and so on if renewal/, live/ or archive/ has it; release
 * *NAME with free(). Does not reserve it: the configuration directory must be locked. */
int cw_lineage_free_name(const char *config_dir, const char *wanted, char **name,
			 struct cw_error *error);
/*
 * Makes a new lineage NAME: archive/NAME with version 1, live/NAME and the READMEs. The last step
 * is renewal/NAME.conf: CONFIG with the version, archive_dir and the four paths added. A crash
 * before that leaves unfinished folders. cw_lineage_sweep() recognizes them by the file
 * renewal/.NAME.conf.new and removes them. CW_E_EXISTS if a part of NAME exists. LINEAGE may be
 * NULL.
 */
int cw_lineage_create(const char *config_dir, const char *name,
		      const struct cw_version_files *files, const struct cw_configobj *config,
		      struct cw_lineage **lineage, struct cw_error *error);
/*
 * Adds the next version to the archive, then saves the renewal file if CONFIG is not NULL, then
 * switches live to the new version. Key and certificate always match (DESIGN section 3). The key
 * keeps the old key's group and permission bits, as reference/on-disk.md says. PRUNE: removes
 * versions older than the five before the newest.
 */
int cw_lineage_update(struct cw_lineage *lineage, const struct cw_version_files *files,
		      const struct cw_configobj *config, bool prune, struct cw_error *error);
/* Switches live to VERSION. If live/<name>/ has only the usual contents, the whole folder is
 * exchanged. Otherwise the links are replaced one by one, with copies as previous_<kind>.pem.
 * Recovers an interrupted switch first. CW_E_NOT_FOUND if VERSION is not complete. */
int cw_lineage_switch(struct cw_lineage *lineage, unsigned version, struct cw_error *error);
/* Completes or undoes a switch that a crash interrupted, then reads version and newest again.
 * *CHANGED (may be NULL): live points to another version than before that switch, so the deploy
 * hooks must run. Costs only a few system calls if there is nothing to do. */
int cw_lineage_recover(struct cw_lineage *lineage, bool *changed, struct cw_error *error);
/* Removes what crashed runs left in CONFIG_DIR: temporary files and unfinished new lineages.
 * CONFIG_DIR must be locked. */
int cw_lineage_sweep(const char *config_dir, struct cw_error *error);
/* Writes CONFIG to the renewal file, which keeps its owner and mode. Adds the version and the paths
 * if they are missing. Afterwards LINEAGE's config is a copy of it. */
int cw_lineage_save_config(struct cw_lineage *lineage, const struct cw_configobj *config,
			   struct cw_error *error);
/* Removes the renewal file and the live folder, and the archive if no other lineage uses it. Keeps
 * foreign files in them. After a crash, cw_lineage_sweep() continues. */
int cw_lineage_delete(struct cw_lineage *lineage, struct cw_error *error);
/* Whether another lineage uses this archive folder. */
bool cw_lineage_archive_is_shared(const struct cw_lineage *lineage);

#endif
