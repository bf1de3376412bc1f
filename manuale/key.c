#include "key.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "say.h"

/* A key with a passphrase is not asked for it. */
static int
give_no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return 0;
}

static BIO *
open_pem(const char *pem)
{
	BIO *input = BIO_new_mem_buf(pem, -1);

	if (input == NULL)
		die_nomem();
	return input;
}

/* NULL: it is not a private key. */
static EVP_PKEY *
read_key(const char *pem)
{
	BIO *input = open_pem(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(input, NULL, give_no_passphrase, NULL);

	BIO_free(input);
	return key;
}

char *
key_new_rsa(int bits)
{
	EVP_PKEY *key = EVP_RSA_gen((unsigned)bits);
	BIO *output = BIO_new(BIO_s_secmem());
	const char *data = NULL;
	char *pem;
	long length;

	if (key == NULL || output == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(output, key, NULL, NULL, 0, NULL, NULL) != 1)
		die("OpenSSL cannot make an RSA key of %d bits", bits);
	length = BIO_get_mem_data(output, &data);
	pem = format("%.*s", (int)length, data);
	BIO_free(output);
	EVP_PKEY_free(key);
	return pem;
}

void
key_check(const char *pem, const char *what)
{
	EVP_PKEY *key = read_key(pem);

	if (key == NULL)
		die("%s is not a private key in PEM without a passphrase", what);
	EVP_PKEY_free(key);
}

/* NULL: it is not a certificate. */
static X509 *
read_certificate(const char *pem)
{
	BIO *input = open_pem(pem);
	X509 *certificate = PEM_read_bio_X509(input, NULL, give_no_passphrase, NULL);

	BIO_free(input);
	return certificate;
}

void
certificate_check(const char *pem, const char *path)
{
	X509 *certificate = read_certificate(pem);

	if (certificate == NULL)
		die("\"%s\" is not a certificate in PEM", path);
	X509_free(certificate);
}

bool
certificate_must_staple(const char *pem)
{
	X509 *certificate = read_certificate(pem);
	bool has = certificate != NULL && X509_get_ext_by_NID(certificate, NID_tlsfeature, -1) >= 0;

	X509_free(certificate);
	return has;
}

X509_REQ *
request_read(const char *pem)
{
	BIO *input = open_pem(pem);
	X509_REQ *request = PEM_read_bio_X509_REQ(input, NULL, give_no_passphrase, NULL);

	BIO_free(input);
	return request;
}

static EVP_PKEY *
key_of_request(const char *pem)
{
	X509_REQ *request = request_read(pem);
	EVP_PKEY *key = request != NULL ? X509_REQ_get_pubkey(request) : NULL;

	X509_REQ_free(request);
	return key;
}

/* The key with its public part at least; NULL: there is none. */
static EVP_PKEY *
read_any(const char *pem)
{
	EVP_PKEY *key = read_key(pem);
	X509 *certificate = key == NULL ? read_certificate(pem) : NULL;

	if (certificate != NULL)
		key = X509_get_pubkey(certificate);
	X509_free(certificate);
	return key != NULL ? key : key_of_request(pem);
}

int
key_rsa_size(const char *pem)
{
	EVP_PKEY *key = read_any(pem);
	int bits = key != NULL && EVP_PKEY_is_a(key, "RSA") ? EVP_PKEY_get_bits(key) : 0;

	EVP_PKEY_free(key);
	return bits;
}

bool
key_is_same(const char *a, const char *b)
{
	EVP_PKEY *left = read_any(a);
	EVP_PKEY *right = read_any(b);
	bool same = left != NULL && right != NULL && EVP_PKEY_eq(left, right) == 1;

	EVP_PKEY_free(left);
	EVP_PKEY_free(right);
	return same;
}

char *
sha256_of(const char *text)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	char *hexadecimal;

	if (EVP_Digest(text, strlen(text), digest, &length, EVP_sha256(), NULL) != 1)
		die_nomem();
	hexadecimal = allocate(2 * (size_t)length + 1);
	for (unsigned i = 0; i < length; i++)
		sprintf(hexadecimal + 2 * (size_t)i, "%02x", digest[i]);
	return hexadecimal;
}
