/*
 * Finds out which lineages are due. There may be a hundred thousand. So the data of a lineage is
 * freed when it has been checked, and a CA is asked about many lineages at once.
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
	bool has_steps;        /* of --auto-hsts */
	/* For whoever plans ahead. Times are 0 if there is none. */
	bool is_renewed;    /* autorenew allows it */
	int64_t when;       /* when it is due by its lifetime, or by renew_before_expiry */
	bool by_interval;   /* "when" comes from renew_before_expiry */
	int64_t start, end; /* the CA's window (RFC 9773) */
	int64_t ask_again;  /* the CA must not be asked before this time */
	bool unanswered;    /* the CA could not be asked */
};

/* Called for each lineage, in any order, with one of the three. */
struct cw_survey_calls {
	void (*kept)(void *user, const struct cw_surveyed *lineage);
	void (*due)(void *user, const char *name);
	void (*failed)(void *user, const char *name, const struct cw_error *error);
	/* The OCSP response for a certificate, which the network process has checked; NULL: nobody
	 * wants it. */
	void (*response)(void *user, const char *name, const struct cw_buf *response);
	void *user;
	/* The user asked for the lineage itself: ignores autorenew and all other settings of its
	 * renewal file. */
	bool asked_for;
	/* Lineages whose time has come are reported as kept, with the times: the caller chooses a
	 * moment in the CA's window once and keeps it (RFC 9773 section 4.2). Those that cannot
	 * wait (expired, revoked) are due all the same. */
	bool plans;
};

/*
 * Checks the lineages NAMES. Completes interrupted switches of live/ and runs their deploy hooks
 * (not with --dry-run). With --force-renewal and --dry-run, every lineage is due, and no CA is
 * asked. The time when a CA may be asked again is written to the renewal files. SHARED gets the
 * archive folders that several lineages use. The first of these lineages may have been reported as
 * due or kept before the second was seen. CW_OK unless the loop was interrupted.
 */
int cw_survey(struct cw_context *context, struct cw_loop *loop, struct cw_hooks *hooks,
	      const struct cw_strv *names, const struct cw_survey_calls *calls,
	      struct cw_strv *shared, struct cw_error *error);

/* Whether the lineage that the user asked for is due, by the same rules. *LINEAGE is read again, as
 * its live/ may have been switched. */
int cw_survey_one(struct cw_context *context, struct cw_lineage **lineage, bool *due,
		  struct cw_error *error);

/* CW_E_INVALID if LINEAGE's archive is one of SHARED: a renewal could remove files that the other
 * lineage uses. */
int cw_refuse_shared_archive(const struct cw_lineage *lineage, const struct cw_strv *shared,
			     struct cw_error *error);

#endif
