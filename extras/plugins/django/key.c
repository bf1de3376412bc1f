#include "key.h"
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include "key_file.h"

enum { KEY_BITS = 2048, KEY_TEXT_MAX = 16384 };

static int
no_memory(const struct cw_host *host)
{
	return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
}

/* "FOLDER/NAME", to be released with free(); NULL if out of memory. */
static char *
join(const char *folder, const char *name)
{
	size_t size = strlen(folder) + strlen(name) + 2;
	char *path = malloc(size);

	if (path != NULL)
		snprintf(path, size, "%s/%s", folder, name);
	return path;
}

/* As join(). */
static char *
key_folder(const struct cw_host *host)
{
	const char *given = cw_host_option(host, "key-directory");

	if (given != NULL && *given != '\0')
		return strdup(given);
	return join(cw_host_setting(host, "config-dir"), "django");
}

/*
 * As join(): the file has the name that certbot-django gives it, so that its folder of keys can be
 * used. That leaves out the dots of NAME. The colons of an address are left out too.
 */
static char *
key_path(const char *folder, const char *name)
{
	static const char prefix[] = "certbot_django_id_rsa_";
	char *file = malloc(sizeof(prefix) + strlen(name)), *path;
	size_t length = sizeof(prefix) - 1;

	if (file == NULL)
		return NULL;
	memcpy(file, prefix, length);
	for (; *name != '\0'; name++)
		if (*name != '.' && *name != ':')
			file[length++] = *name;
	file[length] = '\0';
	path = join(folder, file);
	free(file);
	return path;
}

/* What was written to OUTPUT, which is freed, as a string for free(). NULL if WRITTEN is not 1. */
static char *
take_text(BIO *output, int written)
{
	char *data = NULL, *text = NULL;
	long length = output != NULL ? BIO_get_mem_data(output, &data) : 0;

	if (written == 1 && length > 0)
		text = malloc((size_t)length + 1);
	if (text != NULL) {
		memcpy(text, data, (size_t)length);
		text[length] = '\0';
	}
	BIO_free(output);
	return text;
}

static char *
public_text(EVP_PKEY *pair)
{
	BIO *output = BIO_new(BIO_s_mem());

	return take_text(output, output != NULL ? PEM_write_bio_PUBKEY(output, pair) : 0);
}

static char *
private_text(EVP_PKEY *pair)
{
	BIO *output = BIO_new(BIO_s_secmem());

	return take_text(output, output != NULL ? PEM_write_bio_PrivateKey(output, pair, NULL, NULL,
									   0, NULL, NULL)
						: 0);
}

/* The file of the public half, unless it is there. */
static int
make_public_file(const struct cw_host *host, const char *path, struct key *key)
{
	size_t size = strlen(path) + sizeof(".pub");
	int status;

	key->public_text = public_text(key->pair);
	key->public_path = malloc(size);
	if (key->public_text == NULL || key->public_path == NULL)
		return no_memory(host);
	snprintf(key->public_path, size, "%s.pub", path);
	status = key_file_make(host, key->public_path, 0644, key->public_text);
	return status == CW_E_EXISTS ? CW_OK : status;
}

static int
read_pair(const struct cw_host *host, const char *path, struct key *key)
{
	char text[KEY_TEXT_MAX];
	BIO *input;
	int status = key_file_read(host, path, text, sizeof(text));

	if (status != CW_OK)
		return status;
	input = BIO_new_mem_buf(text, -1);
	if (input != NULL)
		/* An empty passphrase, so that nobody is asked for one. */
		key->pair = PEM_read_bio_PrivateKey(input, NULL, NULL, (void *)"");
	BIO_free(input);
	OPENSSL_cleanse(text, sizeof(text));
	if (key->pair == NULL || EVP_PKEY_get_base_id(key->pair) != EVP_PKEY_RSA)
		return cw_host_fail(host, CW_E_INVALID,
				    "remove it, so that a new key is made, or restore it",
				    "\"%s\" has no RSA key in PEM without a passphrase", path);
	return CW_OK;
}

/* Another run may make one at the same time: then that is the key. */
static int
make_pair(const struct cw_host *host, const char *path, struct key *key)
{
	char *text;
	int status;

	key->pair = EVP_RSA_gen(KEY_BITS);
	text = key->pair != NULL ? private_text(key->pair) : NULL;
	if (text == NULL)
		return cw_host_fail(host, CW_E_CRYPTO, NULL, "cannot make an RSA key");
	status = key_file_make(host, path, 0600, text);
	OPENSSL_cleanse(text, strlen(text));
	free(text);
	if (status != CW_E_EXISTS) {
		key->is_new = status == CW_OK;
		return status;
	}
	EVP_PKEY_free(key->pair);
	key->pair = NULL;
	return read_pair(host, path, key);
}

static int
find_at(const struct cw_host *host, const char *path, int may_make, struct key *key)
{
	int status = read_pair(host, path, key);

	if (status == CW_E_NOT_FOUND)
		status = may_make ? make_pair(host, path, key)
				  : cw_host_fail(host, CW_E_NOT_FOUND, NULL,
						 "the key \"%s\" is gone", path);
	return status == CW_OK ? make_public_file(host, path, key) : status;
}

int
key_find(const struct cw_host *host, const char *name, int may_make, struct key *key)
{
	char *folder = key_folder(host);
	char *path = folder != NULL ? key_path(folder, name) : NULL;
	int status = path != NULL ? key_folder_make(host, folder) : no_memory(host);

	if (status == CW_OK)
		status = find_at(host, path, may_make, key);
	free(path);
	free(folder);
	return status;
}

void
key_clear(struct key *key)
{
	EVP_PKEY_free(key->pair);
	free(key->public_text);
	free(key->public_path);
	memset(key, 0, sizeof(*key));
}
