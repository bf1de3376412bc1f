/* Private to the files that implement authentication.h. */
#ifndef CW_FLOW_ISSUE_AUTHENTICATION_INTERNAL_H
#define CW_FLOW_ISSUE_AUTHENTICATION_INTERNAL_H

#include "flow/issue/authentication.h"
#include "flow/issue/challenges.h"

/* One plugin. */
struct part {
	struct cw_authentication *authentication;
	const char *name;
	const struct cw_host_authenticator *host; /* does this part's work; NULL: a plugin does */
	struct cw_job_plugin *plugin;             /* NULL: it is the host, or could not be opened */
	struct cw_error error;                    /* why it is of no use */
	struct cw_challenge_set set;
	bool performed;
	/* What it was asked about for choosing. */
	struct cw_strv identifier_types;
	struct cw_strv identifiers;
	struct cw_strv *types; /* of each; NULL: not asked */
};

struct cw_authentication {
	struct cw_job *job;
	struct part *parts;
	size_t count;
	struct cw_strv plugins;
	/* The step under way. */
	cw_authentication_done done;
	void *context;
	size_t next; /* part */
	struct cw_timer *soon;
	const struct cw_request *const *requests;
	struct cw_acme_order *const *orders;
	size_t order_count;
	struct cw_persistence *persistence; /* while challenges are chosen */
	bool interrupted;
	bool looking; /* for PERSISTENCE */
	bool died;
};

/* authentication_step.c: the plugin for a name as it stands in the certificate. */
const char *cw_authentication_plugin(const struct cw_request *request, const char *name);
/* The part whose plugin proves control of the authorization's name. */
struct part *cw_authentication_part(struct cw_authentication *authentication,
				    const struct cw_request *request,
				    const struct cw_acme_authorization *authorization);
/* After a failure of the part's plugin: notes it if its process has died. */
void cw_authentication_note_death(struct part *part);
/* Forgets what the part's plugin was asked about. */
void cw_authentication_forget_types(struct part *part);
void cw_authentication_begin_step(struct cw_authentication *authentication,
				  cw_authentication_done done, void *context);
void cw_authentication_end_step(struct cw_authentication *authentication,
				const struct cw_error *error);
/* Ends the step when the loop turns: nothing had to be asked. */
void cw_authentication_end_step_soon(struct cw_authentication *authentication);

/* authentication_choose.c: does not wait for records any longer. */
void cw_authentication_stop_looking(struct cw_authentication *authentication);

#endif
