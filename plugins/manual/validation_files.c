#include "validation_files.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../common/alpn_certificate.h"
#include "../common/instance.h"
#include "../common/words.h"

static int
cannot_write(const struct cw_host *host, const char *path)
{
	return cw_host_fail(host, CW_E_IO, "check the permissions and the space in --work-dir",
			    "cannot write \"%s\": %s", path, strerror(errno));
}

static int
undo(const struct cw_host *host, struct validation_files *files, const char *path)
{
	int status = host->undo_remove(host, path, &files->undo[files->undo_count]);

	if (status == CW_OK)
		files->undo_count++;
	return status;
}

static int
make_folder(const struct cw_host *host, struct validation_files *files)
{
	const char *work = cw_host_setting(host, "work-dir");

	files->folder = new_text("%s/%s", work != NULL ? work : "/tmp", "tls-alpn-01-XXXXXX");
	if (files->folder == NULL)
		return fail_no_memory(host);
	if (mkdtemp(files->folder) == NULL) {
		int status = cannot_write(host, files->folder);

		free(files->folder);
		files->folder = NULL;
		return status;
	}
	return undo(host, files, files->folder);
}

/* Writes CERTIFICATE, or KEY if that is NULL. */
static int
write_pem(const struct cw_host *host, const char *path, X509 *certificate, EVP_PKEY *key)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *stream = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
	int good;

	if (stream == NULL) {
		int status = cannot_write(host, path);

		if (descriptor >= 0)
			close(descriptor);
		return status;
	}
	good = certificate != NULL
		       ? PEM_write_X509(stream, certificate)
		       : PEM_write_PKCS8PrivateKey(stream, key, NULL, NULL, 0, NULL, NULL);
	if (fclose(stream) != 0 || !good)
		return cannot_write(host, path);
	return CW_OK;
}

static int
write_both(const struct cw_host *host, const struct cw_challenge *challenge,
	   struct validation_files *files)
{
	EVP_PKEY *key = alpn_key();
	X509 *certificate = key != NULL
				    ? alpn_certificate(key, challenge->identifier_type,
						       challenge->identifier, challenge->validation)
				    : NULL;
	int status = CW_OK;

	if (certificate == NULL)
		status = cw_host_fail(host, CW_E_CRYPTO, NULL,
				      "cannot make the validation certificate for \"%s\"",
				      challenge->identifier);
	if (status == CW_OK)
		status = undo(host, files, files->certificate);
	if (status == CW_OK)
		status = undo(host, files, files->key);
	if (status == CW_OK)
		status = write_pem(host, files->certificate, certificate, NULL);
	if (status == CW_OK)
		status = write_pem(host, files->key, NULL, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return status;
}

int
validation_files_make(const struct cw_host *host, const struct cw_challenge *challenge,
		      struct validation_files *files)
{
	int status = make_folder(host, files);

	if (status != CW_OK)
		return status;
	files->certificate = new_text("%s/%s", files->folder, "cert.pem");
	files->key = new_text("%s/%s", files->folder, "key.pem");
	if (files->certificate == NULL || files->key == NULL)
		return fail_no_memory(host);
	return write_both(host, challenge, files);
}

void
validation_files_remove(const struct cw_host *host, struct validation_files *files)
{
	if (files->certificate != NULL)
		unlink(files->certificate);
	if (files->key != NULL)
		unlink(files->key);
	if (files->folder != NULL && rmdir(files->folder) != 0 && errno != ENOENT)
		cw_host_log(host, CW_LOG_WARNING, "cannot remove the folder \"%s\": %s",
			    files->folder, strerror(errno));
	while (files->undo_count > 0)
		host->undo_done(host, files->undo[--files->undo_count]);
	free(files->folder);
	free(files->certificate);
	free(files->key);
	memset(files, 0, sizeof(*files));
}
