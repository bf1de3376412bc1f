#include "crypto/glance.h"

#include "base/file.h"
#include "base/text.h"
#include "crypto/openssl.h"
#include "crypto/x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILE_MAX = 1024 * 1024 };

/* A place in DER. */
struct reader {
	const unsigned char *at;
	const unsigned char *end;
};

/* One element: its header is at *WHOLE, its content in CONTENT; READER is behind it then. */
static bool
next(struct reader *reader, int wanted_tag, int wanted_class, const unsigned char **whole,
     struct reader *content)
{
	const unsigned char *at = reader->at;
	long length = 0;
	int tag = -1, class = -1;

	if (reader->at >= reader->end ||
	    (ASN1_get_object(&at, &length, &tag, &class, reader->end - reader->at) & 0x81) != 0 ||
	    tag != wanted_tag || class != wanted_class)
		return false;
	if (whole != NULL)
		*whole = reader->at;
	if (content != NULL)
		*content = (struct reader){at, at + length};
	reader->at = at + length;
	return true;
}

static bool
read_time(const ASN1_TIME *when, int64_t *seconds)
{
	struct tm parts = {0};

	if (ASN1_TIME_to_tm(when, &parts) != 1)
		return false;
	*seconds = (int64_t)timegm(&parts);
	return true;
}

static bool
read_validity(const unsigned char *der, long length, struct cw_glance *glance)
{
	X509_VAL *validity = d2i_X509_VAL(NULL, &der, length);
	bool good = validity != NULL && read_time(validity->notBefore, &glance->not_before) &&
		    read_time(validity->notAfter, &glance->not_after);

	X509_VAL_free(validity);
	return good;
}

/* RFC 9773 section 4.1. */
static void
read_issuer(const X509_EXTENSIONS *extensions, const struct reader *serial,
	    struct cw_glance *glance)
{
	AUTHORITY_KEYID *issuer =
		X509V3_get_d2i(extensions, NID_authority_key_identifier, NULL, NULL);

	if (issuer != NULL && issuer->keyid != NULL && ASN1_STRING_length(issuer->keyid) > 0) {
		cw_autofree char *key = cw_base64url(ASN1_STRING_get0_data(issuer->keyid),
						     (size_t)ASN1_STRING_length(issuer->keyid));
		cw_autofree char *number =
			cw_base64url(serial->at, (size_t)(serial->end - serial->at));

		glance->ari_id = cw_format("%s.%s", key, number);
	}
	AUTHORITY_KEYID_free(issuer);
}

static void
read_responder(const X509_EXTENSIONS *extensions, struct cw_glance *glance)
{
	AUTHORITY_INFO_ACCESS *access = X509V3_get_d2i(extensions, NID_info_access, NULL, NULL);

	for (int i = 0; access != NULL && i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *item = sk_ACCESS_DESCRIPTION_value(access, i);
		const ASN1_IA5STRING *url;

		if (OBJ_obj2nid(item->method) != NID_ad_OCSP || item->location->type != GEN_URI ||
		    glance->ocsp_url != NULL)
			continue;
		url = item->location->d.uniformResourceIdentifier;
		glance->ocsp_url =
			cw_memdup(ASN1_STRING_get0_data(url), (size_t)ASN1_STRING_length(url));
	}
	AUTHORITY_INFO_ACCESS_free(access);
}

static bool
read_extensions(struct reader *wrapped, const struct reader *serial, struct cw_glance *glance)
{
	X509_EXTENSIONS *extensions =
		d2i_X509_EXTENSIONS(NULL, &wrapped->at, wrapped->end - wrapped->at);

	if (extensions == NULL)
		return false;
	read_issuer(extensions, serial, glance);
	read_responder(extensions, glance);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return true;
}

/* RFC 5280 section 4.1: a TBSCertificate in a Certificate. */
static bool
read_certificate(const unsigned char *der, long length, struct cw_glance *glance)
{
	struct reader file = {der, der + length};
	struct reader whole, tbs, serial, wrapped;
	const unsigned char *validity = NULL;

	if (!next(&file, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &whole) ||
	    !next(&whole, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &tbs))
		return false;
	next(&tbs, 0, V_ASN1_CONTEXT_SPECIFIC, NULL, NULL); /* the version */
	if (!next(&tbs, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, NULL, &serial) ||
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL) || /* the algorithm */
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL) || /* the issuer */
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &validity, NULL) ||
	    !read_validity(validity, tbs.at - validity, glance) ||
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL) || /* the subject */
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL))   /* the key */
		return false;
	next(&tbs, 1, V_ASN1_CONTEXT_SPECIFIC, NULL, NULL);
	next(&tbs, 2, V_ASN1_CONTEXT_SPECIFIC, NULL, NULL);
	return !next(&tbs, 3, V_ASN1_CONTEXT_SPECIFIC, NULL, &wrapped) ||
	       read_extensions(&wrapped, &serial, glance);
}

static bool
read_pem(const char *pem, size_t length, struct cw_glance *glance)
{
	cw_auto_bio BIO *bio = cw_bio_over(pem, length);
	unsigned char *der = NULL;
	char *name = NULL, *header = NULL;
	long size = 0;
	bool good = bio != NULL && PEM_read_bio(bio, &name, &header, &der, &size) == 1 &&
		    strcmp(name, PEM_STRING_X509) == 0 && read_certificate(der, size, glance);

	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	return good;
}

/* The slow way, which also says what is wrong. */
static int
decode(const char *path, struct cw_glance *glance, struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	int status = cw_certificate_load(path, &certificate, error);

	if (status < 0)
		return status;
	glance->not_before = cw_certificate_not_before(certificate);
	glance->not_after = cw_certificate_not_after(certificate);
	glance->ari_id = cw_certificate_ari_id(certificate);
	glance->ocsp_url = cw_certificate_ocsp_url(certificate);
	return CW_OK;
}

int
cw_glance(const char *path, struct cw_glance *glance, struct cw_error *error)
{
	cw_auto_buf struct cw_buf contents = {0};
	int status = cw_file_read(path, FILE_MAX, &contents, error);

	*glance = (struct cw_glance){0};
	if (status < 0)
		return status;
	ERR_clear_error();
	if (read_pem(cw_buf_text(&contents), contents.length, glance))
		return CW_OK;
	ERR_clear_error();
	cw_glance_clear(glance);
	return decode(path, glance, error);
}

void
cw_glance_clear(struct cw_glance *glance)
{
	free(glance->ari_id);
	free(glance->ocsp_url);
	*glance = (struct cw_glance){0};
}
