/* Saves a downloaded certificate as a lineage. */
#ifndef CW_FLOW_ISSUE_SAVE_H
#define CW_FLOW_ISSUE_SAVE_H

#include "acme/client.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "flow/context.h"
#include "flow/issue/request.h"

/* How to make the key of a request: "ecdsa:secp256r1", "rsa:2048", "same:THUMBPRINT" if the
 * lineage's key is reused, or "csr:DIGEST". KEY is set if the lineage's key is reused. */
int cw_request_key_plan(const struct cw_request *request, char **plan, struct cw_key **key,
			struct cw_error *error);
/* Generates the key that PLAN describes. */
int cw_request_key_make(const struct cw_request *request, struct cw_key **key,
			struct cw_error *error);
/* Removes the settings for the other key type from the renewal file: elliptic_curve must not
 * survive a change to RSA. */
void cw_forget_other_key(struct cw_settings *settings);
/* Checks before the CA is asked that the request can be saved: its renewal file can hold all
 * values, and the folders can be written to. */
int cw_request_check_savable(const struct cw_context *context, const struct cw_request *request,
			     struct cw_error *error);
/*
 * Takes the chain of --preferred-chain from CHAINS (else the first), checks that it is for KEY and
 * for the request's names, and saves it: as a new lineage, or as the next version of
 * request->lineage, and updates the renewal file. For a request with a CSR, saves separate files
 * (flow/issue/csr.h) and ignores KEY. With dry_run, only checks. With in_memory, sets
 * request->certificate. URL is where the CA has the certificate.
 */
int cw_request_save(const struct cw_context *context, struct cw_request *request,
		    const struct cw_key *key, const char *url, const struct cw_strv *chains,
		    struct cw_error *error);

/* Adds "domains", "serial" and "expiry" of CERTIFICATE to OBJECT. */
void cw_certificate_describe(const struct cw_certificate *certificate, struct json_object *object);

#endif
