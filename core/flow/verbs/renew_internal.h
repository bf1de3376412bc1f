/* One run of the verb renew. Private to the files of renew. */
#ifndef CW_FLOW_VERBS_RENEW_INTERNAL_H
#define CW_FLOW_VERBS_RENEW_INTERNAL_H

#include "flow/context.h"
#include "flow/issue/accounts.h"
#include "flow/issue/request.h"

struct renewal {
	struct cw_context *context;
	struct cw_loop *loop;
	struct cw_hooks *hooks;
	struct json_object *certificates;
	struct json_object *skipped; /* NULL: those are in certificates too */
	struct cw_buf kept;          /* names that are not due, for the log */
	struct cw_strv selected;     /* --cert-name; empty: all */
	struct cw_strv due_names;
	/* Lineages whose server did not use the certificate after earlier runs: their names, each
	 * with the lineage's member of CERTIFICATES if it is not due, else null. */
	struct json_object *owed;
	struct cw_strv stepping; /* lineages that are not due and have steps of --auto-hsts */
	struct json_object *hsts_steps; /* the steps that were taken */
	struct cw_strv shared;          /* archive folders that several lineages have */
	/* The requests of earlier waves whose servers are still to be reloaded, then those of this
	 * wave. */
	struct cw_request **due;
	size_t due_count;
	struct cw_account **accounts; /* each is loaded once, even if many lineages share it */
	size_t account_count;
	struct cw_strv renewed;
	struct cw_strv failed;
	struct cw_error failures; /* a part for each failure */
	size_t successes;         /* renewals */
	struct cw_strv unused;    /* of the failures: certificates that are saved but not in use */
	size_t unstepped;         /* of the failures: steps of --auto-hsts */
	size_t refused;           /* due, but no valid request could be made */
	size_t done;
	bool again; /* trying the certificates of a lost batch one by one */
};

/* Logs the failure of REQUEST with its details, and adds it to the run's error. */
void cw_renewal_failed(struct renewal *renewal, const struct cw_request *request,
		       const struct cw_error *error);
/* The same where the certificate is saved, but its server does not use it. */
void cw_renewal_unused(struct renewal *renewal, const struct cw_request *request,
		       const struct cw_error *error);
/* The same where a step of --auto-hsts could not be taken. */
void cw_renewal_unstepped(struct renewal *renewal, const struct cw_request *request,
			  const struct cw_error *error);
/* Fails with all of that, if there was any. */
int cw_renewal_outcome(struct renewal *renewal, struct cw_error *error);

/* Makes a request for the lineage NAME with the run's settings. */
struct cw_request *cw_renewal_request_new(struct renewal *renewal, const char *name);
/* Completes it: lineage, settings, plugins, names, account. */
int cw_renewal_request_load(struct renewal *renewal, struct cw_request *request,
			    struct cw_error *error);

/* Reads which lineages are owed an installation or a reload. */
void cw_renewal_find_owed(struct renewal *renewal);
/* DESCRIPTION is the member for the lineage NAME, which is not due. If something is owed to it, the
 * member will later say what was done. */
void cw_renewal_note_owed(struct renewal *renewal, const char *name,
			  struct json_object *description);
/* Installs the certificates whose installation is owed, and adds those whose server must be told or
 * reloaded to the due requests. */
void cw_renewal_pay_owed(struct renewal *renewal);
/* Has the servers of all saved certificates use them, and reloads each server once. */
void cw_renewal_update_servers(struct renewal *renewal);
/* Takes the steps of --auto-hsts that are due. */
void cw_renewal_step_hsts(struct renewal *renewal);

#endif
