#include "flow/report/provided.h"
#include <stdlib.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/file.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "flow/report/failure.h"
#include "store/lineage.h"

enum { FILE_MAX = 1024 * 1024 };

static const enum cw_kind own_kinds[] = {CW_KIND_FULLCHAIN, CW_KIND_CERT, CW_KIND_PRIVKEY};

static char *
file_of(const char *folder, enum cw_kind kind)
{
	return cw_format("%s/%s.pem", folder, cw_kind_name(kind));
}

static bool
is_regular(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool
cw_provided_is(const char *folder)
{
	for (size_t i = 0; i < CW_COUNT(own_kinds); i++) {
		cw_autofree char *path = file_of(folder, own_kinds[i]);

		if (is_regular(path))
			return true;
	}
	return false;
}

char *
cw_provided_certificate(const char *folder)
{
	for (size_t i = 0; i < CW_COUNT(own_kinds) && own_kinds[i] != CW_KIND_PRIVKEY; i++) {
		cw_autofree char *path = file_of(folder, own_kinds[i]);
		struct stat status;

		if (stat(path, &status) == 0)
			return cw_take(&path);
	}
	return NULL;
}

static void
add(struct json_object *problems, const struct cw_error *error)
{
	cw_problem_add_error(problems, "provided", error);
}

/* False: no server can use the certificate. */
static bool
check_key(const char *folder, const struct cw_certificate *certificate,
	  struct json_object *problems)
{
	cw_autofree char *path = file_of(folder, CW_KIND_PRIVKEY);
	cw_auto_key struct cw_key *key = NULL;
	cw_auto_error struct cw_error error = {0};
	int status = cw_key_load(path, &key, &error);

	if (status == CW_E_PERMISSION)
		return true;
	if (status == CW_OK && !cw_certificate_has_key(certificate, key)) {
		status = cw_fail(&error, CW_E_INVALID,
				 "the key \"%s\" does not belong to the certificate", path);
		cw_hint(&error, "provide the key that the certificate was requested with");
	}
	if (status == CW_E_NOT_FOUND) {
		cw_fail(&error, status, "there is a certificate but no key \"%s\"", path);
		cw_hint(&error, "put the certificate's key there, in PEM and without a password");
	}
	if (status < 0)
		add(problems, &error);
	return status == CW_OK;
}

static void
check_chain(const char *path, const struct cw_buf *text, struct json_object *problems)
{
	cw_autofree char *leaf = NULL;
	cw_autofree char *chain = NULL;
	cw_auto_error struct cw_error error = {0};

	if (cw_chain_split(cw_buf_text(text), text->length, &leaf, &chain, NULL, &error) == CW_OK)
		return;
	cw_context(&error, "the certificates in \"%s\" are not a chain", path);
	cw_hint(&error, "put the certificate first, then those of its issuers in order");
	add(problems, &error);
}

static void
check_beginning(const char *path, const struct cw_certificate *certificate,
		struct json_object *problems)
{
	int64_t begins = cw_certificate_not_before(certificate);
	cw_autofree char *when = cw_format_utc(begins);
	cw_auto_error struct cw_error error = {0};

	if (begins <= cw_time())
		return;
	cw_fail(&error, CW_E_INVALID, "the certificate \"%s\" is not valid before %s", path, when);
	cw_hint(&error, "check the clock of this machine");
	add(problems, &error);
}

bool
cw_provided_check(const char *folder, struct json_object *problems)
{
	cw_autofree char *path = cw_provided_certificate(folder);
	cw_autofree char *what = cw_format("\"%s\"", path != NULL ? path : "");
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_error struct cw_error error = {0};
	bool is_usable = false;

	if (path == NULL) {
		cw_fail(&error, CW_E_NOT_FOUND, "there is no certificate in \"%s\"", folder);
		cw_hint(&error, "put it there as fullchain.pem, with the certificates of its "
				"issuers, or as cert.pem");
		add(problems, &error);
	} else if (cw_file_read(path, FILE_MAX, &text, &error) < 0 ||
		   cw_certificate_from_pem(cw_buf_text(&text), text.length, what, &certificate,
					   &error) < 0) {
		add(problems, &error);
	} else {
		is_usable = check_key(folder, certificate, problems);
		check_chain(path, &text, problems);
		check_beginning(path, certificate, problems);
	}
	return is_usable;
}
