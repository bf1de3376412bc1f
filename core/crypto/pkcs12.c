#include "crypto/pkcs12.h"
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>
#include "crypto/certificate.h"
#include "crypto/openssl.h"

static void
free_stack(STACK_OF(X509) * *certificates)
{
	sk_X509_free(*certificates);
}

int
cw_pkcs12_make(const struct cw_key *key, const char *chain, const char *name, const char *password,
	       struct cw_buf *der, struct cw_error *error)
{
	cw_auto_x509_chain struct cw_x509_chain certificates = {0};
	cw_auto(free_stack) STACK_OF(X509) *issuers = cw_need(sk_X509_new_null());
	cw_auto_bio BIO *out = cw_need(BIO_new(BIO_s_mem()));
	PKCS12 *made;
	char *data;
	long length;
	int status = cw_x509_chain_read(chain, strlen(chain), &certificates, error);

	if (status < 0)
		return status;
	for (size_t i = 1; i < certificates.count; i++)
		if (sk_X509_push(issuers, certificates.items[i]) == 0)
			cw_nomem();
	made = PKCS12_create(password, name, cw_key_evp(key), certificates.items[0], issuers, 0, 0,
			     0, 0, 0);
	if (made == NULL || i2d_PKCS12_bio(out, made) != 1)
		status = cw_fail_openssl(error, CW_E_CRYPTO, "cannot make the PKCS #12 file");
	PKCS12_free(made);
	if (status == CW_OK) {
		length = BIO_get_mem_data(out, &data);
		cw_buf_add(der, data, (size_t)length);
	}
	return status;
}
