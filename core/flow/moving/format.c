#include "flow/moving/format.h"
#include <string.h>
#include "base/mem.h"
#include "crypto/pkcs12.h"
#include "crypto/x509.h"
#include "flow/moving/keystore.h"

/* The key first: most programs that read one file want it so. */
static int
make_bundle(const struct cw_exported *exported, const char *part, const char *password,
	    struct cw_buf *file, struct cw_error *error)
{
	cw_autosecret char *key = cw_key_to_pem(exported->key);

	(void)part, (void)password, (void)error;
	cw_buf_add_text(file, key);
	cw_buf_add_text(file, exported->leaf);
	cw_buf_add_text(file, exported->issuers);
	return CW_OK;
}

static int
make_haproxy(const struct cw_exported *exported, const char *part, const char *password,
	     struct cw_buf *file, struct cw_error *error)
{
	cw_autosecret char *key = cw_key_to_pem(exported->key);

	(void)part, (void)password, (void)error;
	cw_buf_add_text(file, exported->leaf);
	cw_buf_add_text(file, exported->issuers);
	cw_buf_add_text(file, key);
	return CW_OK;
}

static int
make_pkcs12(const struct cw_exported *exported, const char *part, const char *password,
	    struct cw_buf *file, struct cw_error *error)
{
	cw_autofree char *chain = cw_format("%s%s", exported->leaf, exported->issuers);

	(void)part;
	return cw_pkcs12_make(exported->key, chain, exported->name, password, file, error);
}

static int
make_der(const struct cw_exported *exported, const char *part, const char *password,
	 struct cw_buf *file, struct cw_error *error)
{
	const char *pem = strcmp(part, "issuer") == 0 ? exported->issuers : exported->leaf;
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	int status;

	(void)password;
	if (strcmp(part, "privkey") == 0) {
		cw_key_to_der(exported->key, file);
		return CW_OK;
	}
	status = cw_certificate_from_pem(pem, strlen(pem), part, &certificate, error);
	if (status == CW_OK)
		cw_certificate_to_der(certificate, file);
	return status;
}

static int
make_keystore(const struct cw_exported *exported, const char *part, const char *password,
	      struct cw_buf *file, struct cw_error *error)
{
	cw_auto(cw_buf_wipe) struct cw_buf pkcs12 = {0};
	int status = make_pkcs12(exported, part, password, &pkcs12, error);

	return status < 0 ? status : cw_keystore_make(&pkcs12, password, file, error);
}

static const struct cw_export_format formats[] = {
	{"pem-bundle", false, false, make_bundle},     {"haproxy", false, false, make_haproxy},
	{"pkcs12", true, true, make_pkcs12},           {"der", false, true, make_der},
	{"jks-by-keytool", true, true, make_keystore},
};

const struct cw_export_format *
cw_export_format_by_name(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}
