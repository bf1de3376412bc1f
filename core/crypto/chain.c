#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/names.h"
#include "crypto/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

void
cw_x509_chain_clear(struct cw_x509_chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		X509_free(chain->items[i]);
}

/* Adds one PEM block. A CA that mixes anything else in, a key say, is not to be trusted with the
 * rest (RFC 8555 section 11.4). */
static int
add_block(struct cw_x509_chain *certificates, const char *name, const unsigned char *data,
	  long length, struct cw_error *error)
{
	const unsigned char *at = data;
	X509 *x509;

	if (strcmp(name, PEM_STRING_X509) != 0)
		return cw_fail(error, CW_E_PROTOCOL,
			       "the certificate chain contains something else: \"%.64s\"", name);
	if (certificates->count == CW_CHAIN_MAX)
		return cw_fail(error, CW_E_PROTOCOL,
			       "the certificate chain has more than %d certificates", CW_CHAIN_MAX);
	x509 = d2i_X509(NULL, &at, length);
	if (x509 == NULL || at != data + length) {
		X509_free(x509);
		return cw_fail_openssl(error, CW_E_PROTOCOL,
				       "certificate %zu of the chain is damaged",
				       certificates->count + 1);
	}
	certificates->items[certificates->count++] = x509;
	return CW_OK;
}

int
cw_x509_chain_read(const char *pem, size_t length, struct cw_x509_chain *chain,
		   struct cw_error *error)
{
	cw_auto_bio BIO *bio = cw_bio_over(pem, length);
	int status = CW_OK;

	ERR_clear_error();
	if (bio == NULL)
		return cw_fail(error, CW_E_PROTOCOL, "the certificate chain is too long");
	while (status == CW_OK) {
		char *name = NULL, *header = NULL;
		unsigned char *data = NULL;
		long size = 0;

		if (PEM_read_bio(bio, &name, &header, &data, &size) != 1)
			break;
		status = add_block(chain, name, data, size, error);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	if (status != CW_OK)
		return status;
	/* Where PEM ends, OpenSSL reports that it found no further start line. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return cw_fail_openssl(error, CW_E_PROTOCOL,
				       "the certificate chain is damaged after %zu certificates",
				       chain->count);
	ERR_clear_error();
	if (chain->count == 0)
		return cw_fail(error, CW_E_PROTOCOL, "the certificate chain is empty");
	return CW_OK;
}

int
cw_chain_split(const char *pem, size_t length, char **leaf, char **chain,
	       struct cw_certificate **certificate, struct cw_error *error)
{
	cw_auto_x509_chain struct cw_x509_chain certificates = {0};
	cw_auto_buf struct cw_buf rest = {0};
	int status;

	*leaf = *chain = NULL;
	if (certificate != NULL)
		*certificate = NULL;
	status = cw_x509_chain_read(pem, length, &certificates, error);
	if (status != CW_OK)
		return status;
	for (size_t i = 1; i < certificates.count; i++) {
		cw_autofree char *text = cw_x509_to_pem(certificates.items[i]);
		EVP_PKEY *issuer_key = X509_get0_pubkey(certificates.items[i]);

		if (issuer_key == NULL || X509_verify(certificates.items[i - 1], issuer_key) != 1) {
			ERR_clear_error();
			return cw_fail(error, CW_E_PROTOCOL,
				       "the certificate chain is broken: certificate %zu is not "
				       "signed by the next one",
				       i);
		}
		cw_buf_add_text(&rest, text);
	}
	*leaf = cw_x509_to_pem(certificates.items[0]);
	*chain = cw_buf_take(&rest);
	if (certificate == NULL)
		return CW_OK;
	*certificate = cw_alloc(sizeof(**certificate));
	(*certificate)->x509 = cw_take(&certificates.items[0]);
	return CW_OK;
}

char *
cw_chain_topmost_issuer(const char *pem, size_t length)
{
	cw_auto_x509_chain struct cw_x509_chain certificates = {0};

	if (cw_x509_chain_read(pem, length, &certificates, NULL) != CW_OK)
		return NULL;
	return cw_common_name(X509_get_issuer_name(certificates.items[certificates.count - 1]));
}
