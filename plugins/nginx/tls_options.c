/*
 * The files of TLS parameters in the configuration directory, with the same names as Certbot's. A
 * file beside each has the SHA-256 of the newest version that was written or that the user was told
 * about.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tls.h"

enum { FILE_LIMIT = 64 * 1024, DIGEST_SIZE = 65 };

static const char options_head[] = "# TLS parameters of the sites whose certificates certwright "
				   "installs in nginx. The file is\n"
				   "# kept up to date as long as it is not edited.\n"
				   "\n"
				   "ssl_session_cache shared:certwright:10m;\n"
				   "ssl_session_timeout 1d;\n";
static const char options_tickets[] = "ssl_session_tickets off;\n";
static const char options_tls12[] = "\nssl_protocols TLSv1.2;\n";
static const char options_tls13[] = "\nssl_protocols TLSv1.2 TLSv1.3;\n";
static const char options_tail[] =
	"ssl_prefer_server_ciphers off;\n"
	"ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
	"DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305;\n";

/* The group ffdhe2048 of RFC 7919. */
static const char dh_parameters[] =
	"-----BEGIN DH PARAMETERS-----\n"
	"MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz\n"
	"+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a\n"
	"87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7\n"
	"YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi\n"
	"7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD\n"
	"ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==\n"
	"-----END DH PARAMETERS-----\n";

/* Digests of the files that Certbot 2.1 installs. */
static const char *const known_digests[] = {
	"f5615544105c4eee44f02a604e3e9ae55b3d5bad247160bb18731a0ac531af02",
	"05a799c4db12f8e15e68219c98056824cbd5ae7b05863225318ae112f343880b",
	"dc81acfd9670f137d5abbccfe3438d9306d4b6a906439b0fbf6a6756272e7cc7",
	"5e21cc66989f26ec46116d979421e538131cf8ab33ffff3f682fbfe491b0ace8",
};

static void
digest_of(const char *data, size_t length, char *hex)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	*hex = '\0';
	if (EVP_Digest(data, length, digest, &size, EVP_sha256(), NULL) != 1)
		return;
	for (unsigned i = 0; i < size && 2 * i + 2 < DIGEST_SIZE; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
}

/* Reads a small file; false if it cannot be read. */
static bool
read_small(const char *path, struct text *text)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char part[4096];
	ssize_t got;

	if (descriptor < 0)
		return false;
	while ((got = read(descriptor, part, sizeof(part))) > 0 && text->length < FILE_LIMIT)
		text_add(text, part, (size_t)got);
	close(descriptor);
	text_add(text, "", 0);
	return got == 0;
}

static bool
write_whole(int descriptor, const char *data)
{
	size_t left = strlen(data);

	while (left > 0) {
		ssize_t wrote = write(descriptor, data, left);

		if (wrote < 0 && errno != EINTR)
			return false;
		if (wrote > 0) {
			data += wrote;
			left -= (size_t)wrote;
		}
	}
	return fsync(descriptor) == 0;
}

/* Not part of a checkpoint: other sites may use the file when that is rolled back. */
static int
write_small(struct nginx *nginx, const char *path, const char *data)
{
	autofree char *temporary = memory_format("%s.%ld", path, (long)getpid());
	unsigned undo;
	int status = nginx->host->undo_remove(nginx->host, temporary, &undo);
	int descriptor, number = 0;

	if (status != CW_OK)
		return status;
	unlink(temporary);
	descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (descriptor < 0 || !write_whole(descriptor, data) || fchmod(descriptor, 0644) != 0 ||
	    rename(temporary, path) != 0)
		number = errno;
	if (descriptor >= 0)
		close(descriptor);
	if (number != 0)
		unlink(temporary);
	nginx->host->undo_done(nginx->host, undo);
	if (number == 0)
		return CW_OK;
	return cw_host_fail(nginx->host, number == EACCES ? CW_E_PERMISSION : CW_E_IO, NULL,
			    "cannot write \"%s\": %s", path, strerror(number));
}

static bool
is_unedited(const char *digest, const char *noted)
{
	for (size_t i = 0; i < sizeof(known_digests) / sizeof(*known_digests); i++)
		if (strcmp(digest, known_digests[i]) == 0)
			return true;
	return strcmp(digest, noted) == 0;
}

/* Updates the file NAME in FOLDER to CONTENTS. */
static int
install_file(struct nginx *nginx, const char *path, const char *note_path, const char *contents)
{
	auto_text struct text present = {0}, note = {0};
	char wanted[DIGEST_SIZE], had[DIGEST_SIZE];
	int status;

	digest_of(contents, strlen(contents), wanted);
	read_small(note_path, &note);
	if (note.data != NULL)
		note.data[strcspn(note.data, " \r\n")] = '\0';
	if (read_small(path, &present)) {
		digest_of(present.data, present.length, had);
		if (strcmp(had, wanted) == 0)
			return CW_OK;
		if (!is_unedited(had, note.data != NULL ? note.data : "")) {
			if (note.data != NULL && strcmp(note.data, wanted) == 0)
				return CW_OK;
			cw_host_log(nginx->host, CW_LOG_WARNING,
				    "\"%s\" was edited, so it is not updated; remove it to get the "
				    "newer TLS parameters",
				    path);
			return write_small(nginx, note_path, wanted);
		}
	} else if (access(path, F_OK) == 0) {
		return CW_OK; /* exists, but we may not read it */
	}
	status = write_small(nginx, path, contents);
	return status == CW_OK ? write_small(nginx, note_path, wanted) : status;
}

static char *
options_text(const struct program *program)
{
	return memory_format("%s%s%s%s", options_head,
			     program->version >= NGINX_VERSION(1, 5, 9) ? options_tickets : "",
			     program->version >= NGINX_VERSION(1, 13, 0) ? options_tls13
									 : options_tls12,
			     options_tail);
}

int
tls_options_install(struct nginx *nginx, char **options, char **parameters)
{
	const char *folder = cw_host_setting(nginx->host, "config-dir");
	autofree char *options_note = NULL;
	autofree char *parameters_note = NULL;
	autofree char *text = options_text(&nginx->program);
	int status;

	if (folder == NULL)
		folder = "/etc/letsencrypt";
	*options = memory_format("%s/options-ssl-nginx.conf", folder);
	*parameters = memory_format("%s/ssl-dhparams.pem", folder);
	options_note = memory_format("%s/.updated-options-ssl-nginx-conf-digest.txt", folder);
	parameters_note = memory_format("%s/.updated-ssl-dhparams-pem-digest.txt", folder);
	status = install_file(nginx, *options, options_note, text);
	if (status == CW_OK)
		status = install_file(nginx, *parameters, parameters_note, dh_parameters);
	return status;
}
