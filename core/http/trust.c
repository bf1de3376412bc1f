#include "http/trust.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/trust_index.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* OpenSSL's own two variables mean both when both are set, as everywhere. */
static bool
from_openssl_variables(struct cw_trust *trust)
{
	const char *file = variable("SSL_CERT_FILE"), *folder = variable("SSL_CERT_DIR");

	if (file == NULL && folder == NULL)
		return false;
	trust->file = cw_strdup(file);
	trust->folder = cw_strdup(folder);
	trust->variable = file != NULL ? "SSL_CERT_FILE" : "SSL_CERT_DIR";
	return true;
}

static bool
from_requests_variables(struct cw_trust *trust)
{
	static const char *const names[] = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"};

	for (size_t i = 0; i < CW_COUNT(names); i++) {
		const char *value = variable(names[i]);

		if (value == NULL)
			continue;
		if (cw_is_folder(value))
			trust->folder = cw_strdup(value);
		else
			trust->file = cw_strdup(value);
		trust->variable = names[i];
		return true;
	}
	return false;
}

/* Whether NAME is a certificate's entry in a folder made by openssl-rehash(1). */
static bool
is_hash(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && strcmp(name + 8, ".0") == 0;
}

/* The same with any number behind: several have one hash. */
static bool
is_hash_name(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] != '\0' &&
	       strspn(name + 9, "0123456789") == strlen(name + 9);
}

static bool
is_hashed_folder(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	bool found = false;

	if (folder == NULL)
		return false;
	while (!found && (entry = readdir(folder)) != NULL)
		found = is_hash(entry->d_name);
	closedir(folder);
	return found;
}

void
cw_trust_choose(struct cw_trust *trust)
{
	*trust = (struct cw_trust){0};
	if (from_openssl_variables(trust) || from_requests_variables(trust)) {
		/* Now, as a process that is shut in cannot see it later. */
		if (access(trust->file != NULL ? trust->file : trust->folder, R_OK) != 0)
			trust->unreadable = errno;
		return;
	}
#if LIBCURL_VERSION_NUM >= 0x074600
	const curl_version_info_data *info = cw_curl.version_info(CURLVERSION_NOW);

	/* Only OpenSSL reads a folder lazily. */
	if (info->age < CURLVERSION_SEVENTH || info->capath == NULL || info->ssl_version == NULL ||
	    !cw_starts_with(info->ssl_version, "OpenSSL") || !is_hashed_folder(info->capath))
		return;
	trust->folder = cw_strdup(info->capath);
	trust->bundle_left = info->cainfo;
#endif
}

static void
load_folder(struct cw_trust_index *index, const char *path)
{
	cw_auto_strv struct cw_strv names = {0};

	cw_folder_list(path, true, &names, NULL);
	for (size_t i = 0; i < names.count; i++) {
		cw_autofree char *file = NULL;

		/* The same certificates stand there under names for people, too. */
		if (!is_hash_name(names.items[i]))
			continue;
		file = cw_format("%s/%s", path, names.items[i]);
		cw_trust_index_add(index, file);
	}
}

/* Where libcurl would look. */
static void
load_default(X509_STORE *store, struct cw_trust_index *index)
{
#if LIBCURL_VERSION_NUM >= 0x074600
	const curl_version_info_data *info = cw_curl.version_info(CURLVERSION_NOW);

	if (info->age >= CURLVERSION_SEVENTH && info->cainfo != NULL &&
	    cw_trust_index_add(index, info->cainfo))
		return;
	if (info->age >= CURLVERSION_SEVENTH && info->capath != NULL) {
		load_folder(index, info->capath);
		return;
	}
#endif
	X509_STORE_set_default_paths(store);
}

int
cw_trust_preload(struct cw_trust *trust, struct cw_error *error)
{
	const curl_version_info_data *info = cw_curl.version_info(CURLVERSION_NOW);
	struct cw_trust_index *index;

	if (info->ssl_version == NULL || !cw_starts_with(info->ssl_version, "OpenSSL"))
		return cw_fail(error, CW_E_CRYPTO,
			       "libcurl was built with \"%s\" rather than OpenSSL",
			       info->ssl_version != NULL ? info->ssl_version : "no TLS library");
	trust->bundle_left = NULL;
	trust->store = X509_STORE_new();
	if (trust->store == NULL)
		cw_nomem();
	index = cw_trust_index_new(trust->store);
	if (trust->variable == NULL) {
		load_default(trust->store, index);
	} else {
		if (trust->file != NULL)
			cw_trust_index_add(index, trust->file);
		if (trust->folder != NULL)
			load_folder(index, trust->folder);
	}
	ERR_clear_error();
	return CW_OK;
}

static CURLcode
give_store(CURL *easy, void *context, void *store)
{
	(void)easy;
	SSL_CTX_set1_cert_store(context, store);
	return CURLE_OK;
}

void
cw_trust_widen(struct cw_trust *trust)
{
	if (trust->bundle_left == NULL)
		return;
	trust->file = cw_strdup(trust->bundle_left);
	trust->bundle_left = NULL;
}

CURLcode
cw_trust_apply(const struct cw_trust *trust, CURL *easy)
{
	static const CURLoption files[] = {CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO};
	static const CURLoption folders[] = {CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH};
	CURLcode result = CURLE_OK;

	if (trust->store != NULL) {
		for (size_t i = 0; i < CW_COUNT(files) && result == CURLE_OK; i++) {
			result = cw_curl.easy_setopt(easy, files[i], NULL);
			if (result == CURLE_OK)
				result = cw_curl.easy_setopt(easy, folders[i], NULL);
		}
		if (result == CURLE_OK)
			result = cw_curl.easy_setopt(easy, CURLOPT_SSL_CTX_DATA, trust->store);
		return result == CURLE_OK
			       ? cw_curl.easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, give_store)
			       : result;
	}
	if (trust->file == NULL && trust->folder == NULL)
		return CURLE_OK;
	for (size_t i = 0; i < CW_COUNT(files) && result == CURLE_OK; i++) {
		result = cw_curl.easy_setopt(easy, files[i], trust->file);
		if (result == CURLE_OK)
			result = cw_curl.easy_setopt(easy, folders[i], trust->folder);
	}
	return result;
}

void
cw_trust_clear(struct cw_trust *trust)
{
	free(trust->file);
	free(trust->folder);
	X509_STORE_free(trust->store);
	*trust = (struct cw_trust){0};
}
