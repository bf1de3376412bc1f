#include "certificate.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "memory.h"

static void
add_name(struct certificate *certificate, const char *name, size_t length)
{
	if (length == 0 || memchr(name, '\0', length) != NULL)
		return;
	certificate->names = memory_resize(certificate->names, certificate->name_count + 1,
					   sizeof(*certificate->names));
	certificate->names[certificate->name_count++] = memory_copy(name, length);
}

static void
add_address(struct certificate *certificate, const ASN1_OCTET_STRING *address)
{
	int length = ASN1_STRING_length(address);
	char text[INET6_ADDRSTRLEN];

	if ((length == 4 || length == 16) &&
	    inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text,
		      sizeof(text)) != NULL)
		add_name(certificate, text, strlen(text));
}

static void
read_names(struct certificate *certificate, X509 *x509)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			add_name(certificate, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
				 (size_t)ASN1_STRING_length(name->d.dNSName));
		else if (name->type == GEN_IPADD)
			add_address(certificate, name->d.iPAddress);
	}
	if (names == NULL) {
		char common[256];
		int length = X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName,
						       common, sizeof(common));

		if (length > 0)
			add_name(certificate, common, strlen(common));
	}
	GENERAL_NAMES_free(names);
}

/* NULL: there is no such file. */
static FILE *
open_file(const char *path)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	FILE *file;

	if (descriptor < 0)
		return NULL;
	if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
	    (file = fdopen(descriptor, "r")) != NULL)
		return file;
	close(descriptor);
	return NULL;
}

static X509 *
read_file(const char *path)
{
	FILE *file = open_file(path);
	X509 *x509 = file != NULL ? PEM_read_X509_AUX(file, NULL, NULL, NULL) : NULL;

	if (file != NULL)
		fclose(file);
	return x509;
}

bool
certificate_read(const char *path, struct certificate *certificate)
{
	X509 *x509 = read_file(path);
	EVP_PKEY *key;

	memset(certificate, 0, sizeof(*certificate));
	if (x509 == NULL)
		return false;
	key = X509_get0_pubkey(x509);
	certificate->key_type = key != NULL ? EVP_PKEY_base_id(key) : EVP_PKEY_NONE;
	certificate->self_signed =
		X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
	read_names(certificate, x509);
	X509_free(x509);
	return true;
}

void
certificate_clear(struct certificate *certificate)
{
	for (size_t i = 0; i < certificate->name_count; i++)
		free(certificate->names[i]);
	free(certificate->names);
	memset(certificate, 0, sizeof(*certificate));
}

/* Nobody is asked for the pass phrase of a key. */
static int
no_pass_phrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

int
key_type_of(const char *path)
{
	struct certificate certificate;
	int type = certificate_read(path, &certificate) ? certificate.key_type : EVP_PKEY_NONE;
	FILE *file = type == EVP_PKEY_NONE ? open_file(path) : NULL;

	certificate_clear(&certificate);
	if (file != NULL) {
		EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, no_pass_phrase, NULL);

		type = key != NULL ? EVP_PKEY_base_id(key) : EVP_PKEY_NONE;
		EVP_PKEY_free(key);
		fclose(file);
	}
	return type;
}

bool
names_cover(const char *const *names, size_t count, const char *name)
{
	const char *dot = name[0] != '*' ? strchr(name, '.') : NULL;

	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
		if (dot != NULL && dot > name && strncmp(names[i], "*.", 2) == 0 &&
		    strcasecmp(names[i] + 1, dot) == 0)
			return true;
	}
	return false;
}
