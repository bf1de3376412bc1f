/* A request for a certificate. flow/due/ makes it, and workers carry it out. */
#ifndef CW_FLOW_ISSUE_REQUEST_H
#define CW_FLOW_ISSUE_REQUEST_H

#include <stdbool.h>
#include "base/json.h"
#include "base/option.h"
#include "crypto/csr.h"
#include "crypto/summary.h"
#include "flow/issue/names.h"
#include "store/account.h"
#include "store/lineage.h"

struct cw_installation;

struct cw_request {
	char *name; /* of the lineage */
	struct cw_names names;
	struct cw_settings *settings;     /* the run's, then the lineage's own */
	struct cw_lineage *lineage;       /* gets a new version; NULL: a new lineage */
	char *authenticator;              /* the plugin's name */
	char *installer;                  /* NULL: none */
	const struct cw_account *account; /* borrowed */
	struct cw_csr *csr; /* --csr: the request to sign, without a lineage; NULL: none */
	struct cw_key *key; /* the certificate's, if it is given; NULL: one is made */
	bool in_memory; /* the certificate goes into the result alone; no file is read or written */
	/* The work for an installer, or what follows once the certificate is saved. Borrowed; NULL:
	 * nothing. */
	const struct cw_installation *installation;
	bool reloads;   /* reload the installer's server when the certificate is saved */
	char *replaces; /* ARI identifier of the certificate replaced; NULL: none */
	bool retry;     /* an earlier run saved the certificate, but its server does not use it */
	bool renewal;   /* the lineage existed before */
	bool dry_run;   /* save nothing */
	bool prune;     /* remove old versions from the archive; no other lineage uses it */
	/* Output. */
	bool saved;     /* the lineage has the new certificate */
	bool lost;      /* failed because its worker died, perhaps because of another request */
	bool ca_silent; /* failed because the CA did not answer for a long time */
	char *files[CW_KIND_COUNT];      /* --csr: where it was saved */
	struct json_object *certificate; /* in_memory: it, with its key and its chain; a secret */
	struct json_object *left_out; /* an array of errors: the names that --allow-subset-of-names
					 left out; NULL: none */
	struct json_object *result;   /* its member of "certificates" */
	struct cw_error error;
};

struct cw_request *cw_request_new(const char *name, const struct cw_settings *settings);
void cw_request_free(struct cw_request *request);

/* Whether a request that has a lineage goes to the CA that issued its certificate. */
bool cw_request_is_for_issuer(const struct cw_request *request);
/* Sets REPLACES to the lineage's certificate (RFC 9773 section 5) if the same CA issued it, it has
 * a name in common with the request, and this is not a dry run. */
int cw_request_name_replaced(struct cw_request *request, struct cw_error *error);

/* A member of "certificates" (flow/context.h), without action and error, for CERTIFICATE (a summary
 * with names) in FILES. NAME: its lineage; NULL: none. */
struct json_object *cw_describe_certificate(const char *name, char *const *files,
					    const struct cw_certificate_summary *certificate);
/* The member for a request: the description of its lineage, if any, with ACTION and ERROR (NULL:
 * none). */
struct json_object *cw_describe_request(const struct cw_request *request, const char *action,
					const struct cw_error *error);

#endif
