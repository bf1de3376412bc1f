/* --csr: a certificate for somebody else's request, in files of its own and without a lineage. */
#ifndef CW_FLOW_ISSUE_CSR_H
#define CW_FLOW_ISSUE_CSR_H

#include "flow/context.h"
#include "flow/issue/request.h"

/*
 * Reads the file that --csr names and makes *REQUEST of it. --domains may name nothing that the CSR
 * does not have. Paths given for the results must be free: nothing is ever overwritten.
 */
int cw_csr_request(struct cw_context *context, struct cw_request **request, struct cw_error *error);
/*
 * Saves the certificate of such a request where --cert-path, --chain-path and --fullchain-path say,
 * else, as Certbot does, in the working directory as NNNN_cert.pem and NNNN_chain.pem (with and
 * without the leaf), NNNN being the first number that is free.
 */
int cw_csr_save_files(struct cw_request *request, const char *leaf, const char *chain,
		      const char *fullchain, struct cw_error *error);

#endif
