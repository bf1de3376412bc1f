/* --csr: a certificate for the user's own request, saved in separate files and not as a lineage. */
#ifndef CW_FLOW_ISSUE_CSR_H
#define CW_FLOW_ISSUE_CSR_H

#include "flow/context.h"
#include "flow/issue/request.h"

/*
 * Makes *REQUEST from the file of --csr. --domains can only give names that the CSR has. The given
 * paths for the results must be free: nothing is ever overwritten.
 */
int cw_csr_request(struct cw_context *context, struct cw_request **request, struct cw_error *error);
/* Makes *REQUEST from a certificate request in PEM, for a certificate that is not saved. */
int cw_csr_request_from(const char *pem, const struct cw_settings *settings,
			struct cw_request **request, struct cw_error *error);
/*
 * Saves the certificate of such a request at --cert-path, --chain-path and --fullchain-path.
 * Without these it is saved in the working directory, as Certbot does: NNNN_cert.pem, and
 * NNNN_chain.pem for the chain with and without the leaf. NNNN is the first free number.
 */
int cw_csr_save_files(struct cw_request *request, const char *leaf, const char *chain,
		      const char *fullchain, struct cw_error *error);

#endif
