/* From a downloaded certificate to a saved lineage. */
#ifndef CW_FLOW_ISSUE_SAVE_H
#define CW_FLOW_ISSUE_SAVE_H

#include "acme/client.h"
#include "crypto/key.h"
#include "flow/context.h"
#include "flow/issue/request.h"

/* How the key of a request is to be made: "ecdsa:secp256r1", "rsa:2048", or "same:THUMBPRINT" when
 * the lineage's is used again, or "csr:DIGEST". KEY is set where the lineage's is used. */
int cw_request_key_plan(const struct cw_request *request, char **plan, struct cw_key **key,
			struct cw_error *error);
/* Generates the key that PLAN describes. */
int cw_request_key_make(const struct cw_request *request, struct cw_key **key,
			struct cw_error *error);
/* Drops what the renewal file says of keys of the other type: elliptic_curve must not outlive a
 * change to RSA. */
void cw_forget_other_key(struct cw_settings *settings);
/* Before the CA is asked: whether what is to be saved for the request can be, a value that its
 * renewal file cannot hold and a folder that cannot be written to being the reasons. */
int cw_request_check_savable(const struct cw_context *context, const struct cw_request *request,
			     struct cw_error *error);
/*
 * Takes the chain that --preferred-chain names (else the first) of CHAINS, checks that it is for
 * KEY and for the request's names, and saves it: a new lineage, or the next version of
 * request->lineage with its renewal file brought up to date; for a request with a CSR, files of
 * their own (flow/issue/csr.h), and KEY is not looked at. With dry_run only the checks are made.
 */
int cw_request_save(const struct cw_context *context, struct cw_request *request,
		    const struct cw_key *key, const struct cw_strv *chains, struct cw_error *error);

#endif
