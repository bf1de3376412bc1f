/* A certificate that is wanted: what decisions make and workers carry out. */
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
	struct cw_settings *settings;     /* the run's, with the lineage's own beneath */
	struct cw_lineage *lineage;       /* that gets a new version; NULL: a new one is made */
	char *authenticator;              /* the plugin's name */
	char *installer;                  /* NULL: none */
	const struct cw_account *account; /* borrowed */
	struct cw_csr *csr; /* --csr: it is what is signed, and no lineage is made; NULL: none */
	/* Borrowed: what an installer's worker is to do, or what follows when the certificate is
	 * saved; NULL: nothing. */
	const struct cw_installation *installation;
	bool reloads;   /* the installer's server is reloaded when the certificate is saved */
	char *replaces; /* ARI identifier of the certificate replaced; NULL: none */
	bool renewal;   /* the lineage existed before */
	bool dry_run;   /* save nothing */
	bool prune;     /* remove old versions from the archive, which no other lineage uses */
	/* out */
	bool saved;                   /* the lineage has the new certificate */
	bool lost;                    /* failed because the worker of its batch died, perhaps by the
					 fault of another one's */
	bool ca_silent;               /* failed because the CA gave no answer for a long time */
	char *files[CW_KIND_COUNT];   /* --csr: where it was saved */
	struct json_object *left_out; /* an array: why --allow-subset-of-names left out which names;
					 NULL: none */
	struct json_object *result;   /* its member of "certificates" */
	struct cw_error error;
};

struct cw_request *cw_request_new(const char *name, const struct cw_settings *settings);
void cw_request_free(struct cw_request *request);

/* Whether a request that has a lineage goes to the CA that issued its certificate. */
bool cw_request_is_for_issuer(const struct cw_request *request);
/* Sets REPLACES to the lineage's certificate (RFC 9773 section 5): where the CA issued it, the
 * names have one in common, and it is no rehearsal. */
int cw_request_name_replaced(struct cw_request *request, struct cw_error *error);

/* A member of "certificates" (flow/context.h), without action and error, of the certificate
 * CERTIFICATE (a summary with names) in FILES. NAME: of its lineage, NULL: none. */
struct json_object *cw_describe_certificate(const char *name, char *const *files,
					    const struct cw_certificate_summary *certificate);
/* A request's member: its lineage's description, if there is one, with ACTION and ERROR (NULL:
 * none). */
struct json_object *cw_describe_request(const struct cw_request *request, const char *action,
					const struct cw_error *error);

#endif
