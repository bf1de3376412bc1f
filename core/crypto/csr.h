/* Certificate signing requests (PKCS #10, RFC 2986). */
#ifndef CW_CRYPTO_CSR_H
#define CW_CRYPTO_CSR_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"
#include "crypto/key.h"

/* What a request asks for. IP addresses are in the form inet_pton(3) reads. */
struct cw_csr_spec {
	const struct cw_strv *dns_names;
	const struct cw_strv *ip_addresses;
	bool must_staple; /* the TLS feature extension with status_request (RFC 7633) */
};

/* The request in DER, appended to DER. The subject is empty (the names are in subjectAltName). */
int cw_csr_make(const struct cw_key *key, const struct cw_csr_spec *spec, struct cw_buf *der,
		struct cw_error *error);

/* A request in DER as PEM; release with free(). */
char *cw_csr_to_pem(const struct cw_buf *der);

/* A request that certwright did not make. */
struct cw_csr {
	struct cw_buf der;
	struct cw_strv dns_names; /* of subjectAltName and the common name, lower-case, each once */
	struct cw_strv ip_addresses;
	struct cw_key *public_key;
};
/* Reads PEM or DER and checks its signature. WHAT names it in messages. */
int cw_csr_read(const void *data, size_t length, const char *what, struct cw_csr *csr,
		struct cw_error *error);
void cw_csr_clear(struct cw_csr *csr);

#endif
