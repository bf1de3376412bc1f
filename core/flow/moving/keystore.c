#include "flow/moving/keystore.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/printable.h"
#include "base/process.h"

#define KEYSTORE_MAX (1024 * 1024)
/* keytool takes no shorter one, and Java decrypts with none that is not ASCII. */
#define PASSWORD_MIN 6

#define VARIABLE "CERTWRIGHT_KEYSTORE_PASSWORD"

/* The password goes through the environment: a file would stay if the run were killed. */
static int
run_keytool(const char *pkcs12, const char *password, const char *keystore, struct cw_error *error)
{
	const char *const argv[] = {
		"keytool", "-importkeystore",    "-noprompt", "-srckeystore",
		pkcs12,    "-srcstoretype",      "PKCS12",    "-srcstorepass:env",
		VARIABLE,  "-destkeystore",      keystore,    "-deststoretype",
		"JKS",     "-deststorepass:env", VARIABLE,    NULL,
	};
	cw_autosecret char *variable = cw_format(VARIABLE "=%s", password);
	const char *const environment[] = {variable, NULL};
	struct cw_process process = {.argv = argv, .environment = environment, .time_limit = 120};
	cw_auto_error struct cw_error problem = {0};
	int status = cw_process_run_one(&process, &problem);

	if (status == CW_E_NOT_FOUND) {
		cw_fail(error, status, "%s", problem.message);
		cw_hint(error, "install Java's keytool (Debian: default-jre-headless), or use "
			       "--format pkcs12, which Java reads, too");
	} else if (status < 0) {
		cw_error_move(error, &problem);
	}
	cw_process_clear(&process);
	return status;
}

static int
make_in(const char *folder, const struct cw_buf *pkcs12, const char *password, struct cw_buf *file,
	struct cw_error *error)
{
	static const struct cw_file_mode mode = {
		.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1, .unsynced = true};
	cw_autofree char *source = cw_format("%s/source.p12", folder);
	cw_autofree char *keystore = cw_format("%s/keystore.jks", folder);
	int status = cw_file_write(source, pkcs12->data, pkcs12->length, &mode, error);

	if (status == CW_OK)
		status = run_keytool(source, password, keystore, error);
	if (status == CW_OK)
		status = cw_file_read(keystore, KEYSTORE_MAX, file, error);
	return status < 0 ? cw_context(error, "cannot make a Java keystore") : CW_OK;
}

int
cw_keystore_make(const struct cw_buf *pkcs12, const char *password, struct cw_buf *file,
		 struct cw_error *error)
{
	const char *temporary = getenv("TMPDIR");
	cw_autofree char *folder =
		cw_format("%s/certwright-keystore-XXXXXX", temporary != NULL ? temporary : "/tmp");
	int status;

	if (strlen(password) < PASSWORD_MIN || !cw_is_plain(password))
		return cw_fail(error, CW_E_INVALID,
			       "the password of a Java keystore needs at least %d characters, all "
			       "of them ASCII",
			       PASSWORD_MIN);
	/* With mode 0700. */
	if (mkdtemp(folder) == NULL)
		return cw_fail_path(error, errno, "create the folder", folder);
	status = make_in(folder, pkcs12, password, file, error);
	cw_tree_remove(folder, NULL);
	return status;
}
