#include "crypto/pkcs12.h"
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>
#include "crypto/certificate.h"
#include "crypto/openssl.h"

static void
clear_certificates(STACK_OF(X509) * *certificates)
{
	sk_X509_pop_free(*certificates, X509_free);
}

/* The first certificate, and those behind it. */
static int
read_chain(const char *chain, X509 **leaf, STACK_OF(X509) * issuers, struct cw_error *error)
{
	cw_auto_bio BIO *bio = cw_need(cw_bio_over(chain, strlen(chain)));
	X509 *next;

	*leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (*leaf == NULL)
		return cw_fail_openssl(error, CW_E_INVALID, "cannot read the certificate");
	while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(issuers, next) == 0)
			cw_nomem();
	}
	return CW_OK;
}

int
cw_pkcs12_make(const struct cw_key *key, const char *chain, const char *name, const char *password,
	       struct cw_buf *der, struct cw_error *error)
{
	cw_auto(clear_certificates) STACK_OF(X509) *issuers = cw_need(sk_X509_new_null());
	cw_auto_x509 X509 *leaf = NULL;
	cw_auto_bio BIO *out = cw_need(BIO_new(BIO_s_mem()));
	PKCS12 *made;
	char *data;
	long length;
	int status = read_chain(chain, &leaf, issuers, error);

	if (status < 0)
		return status;
	made = PKCS12_create(password, name, cw_key_evp(key), leaf, issuers, 0, 0, 0, 0, 0);
	if (made == NULL || i2d_PKCS12_bio(out, made) != 1)
		status = cw_fail_openssl(error, CW_E_CRYPTO, "cannot make the PKCS #12 file");
	PKCS12_free(made);
	if (status == CW_OK) {
		length = BIO_get_mem_data(out, &data);
		cw_buf_add(der, data, (size_t)length);
	}
	return status;
}
