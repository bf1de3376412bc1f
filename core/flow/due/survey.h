/*
 * The first look at all lineages: which are due, and which stay as they are. There may be a hundred
 * thousand, so nothing is kept of one that is done with, and the CAs are asked about many at once.
 */
#ifndef CW_FLOW_DUE_SURVEY_H
#define CW_FLOW_DUE_SURVEY_H

#include "flow/context.h"
#include "flow/work/hooks.h"

/* A lineage that is not due. */
struct cw_surveyed {
	const char *name;
	const char *fullchain; /* its path below live/ */
	int64_t expiry;        /* seconds since the epoch */
};

/* Called for each lineage, in any order, with one of the three. */
struct cw_survey_calls {
	void (*kept)(void *user, const struct cw_surveyed *lineage);
	void (*due)(void *user, const char *name);
	void (*failed)(void *user, const char *name, const struct cw_error *error);
	void *user;
	/* The user asked for the lineage itself: ignores autorenew and all other settings of its
	 * renewal file. */
	bool asked_for;
};

/*
 * Looks at the lineages NAMES. A switch of live/ that was interrupted is completed, and its deploy
 * hooks run (not with --dry-run). Due is what reference/on-disk.md says; with --force-renewal and
 * --dry-run every one is, and nobody is asked. Until when the CAs wish not to be asked again is
 * written to the renewal files. SHARED gets the archive folders that several lineages have, of
 * which the first may have been called due or kept before the second was seen. CW_OK unless the
 * loop was interrupted.
 */
int cw_survey(struct cw_context *context, struct cw_loop *loop, struct cw_hooks *hooks,
	      const struct cw_strv *names, const struct cw_survey_calls *calls,
	      struct cw_strv *shared, struct cw_error *error);

/* Whether the lineage that the user asked for is due, decided likewise. As its live/ can have been
 * switched, *LINEAGE is read anew. */
int cw_survey_one(struct cw_context *context, struct cw_lineage **lineage, bool *due,
		  struct cw_error *error);

/* CW_E_INVALID when LINEAGE's archive is one of SHARED: what a renewal prunes there could be what
 * the other one uses. */
int cw_refuse_shared_archive(const struct cw_lineage *lineage, const struct cw_strv *shared,
			     struct cw_error *error);

#endif
