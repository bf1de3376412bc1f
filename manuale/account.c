#include "account.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "files.h"
#include "json.h"
#include "key.h"
#include "say.h"

static void
check_permissions(const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		warn("other users may read your private key in \"%s\": run \"chmod 600 %s\"", path,
		     path);
}

void
account_load(const struct settings *settings, struct account *account)
{
	const char *path = settings->account;
	struct json_object *object = json_read_file(path, "the account");
	const char *key = json_text(object, "key");
	const char *uri = json_text(object, "uri");
	char *what = format("the key in the account file \"%s\"", path);

	if (object == NULL)
		die("there is no account file \"%s\": run \"manuale register EMAIL\", or name the "
		    "file with --account",
		    path);
	if (key == NULL)
		die("the account file \"%s\" has no \"key\": restore the file from a backup", path);
	if (uri == NULL && json_object_object_get_ex(object, "uri", NULL) &&
	    json_object_object_get(object, "uri") != NULL)
		die("the \"uri\" in the account file \"%s\" is not a text: restore the file from a "
		    "backup",
		    path);
	key_check(key, what);
	check_permissions(path);
	account->key = format("%s", key);
	account->uri = uri != NULL ? format("%s", uri) : NULL;
	free(what);
	json_object_put(object);
}

void
account_save(const struct settings *settings, const char *key, const char *uri)
{
	struct json_object *object = json_new();

	json_set_text(object, "key", key);
	json_set_text(object, "uri", uri);
	json_write_file(settings->account, object, S_IRUSR | S_IWUSR);
	json_object_put(object);
}

void
account_clear(struct account *account)
{
	if (account->key != NULL)
		explicit_bzero(account->key, strlen(account->key));
	free(account->key);
	free(account->uri);
}

void
account_may_replace(const struct settings *settings)
{
	const char *path = settings->account;
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? format(".") : format("%.*s", (int)(slash - path + 1), path);

	if (access(folder, W_OK | X_OK) < 0)
		die("cannot write the account file \"%s\": %s", path, strerror(errno));
	free(folder);
	if (file_exists(path) &&
	    !confirm("The account file \"%s\" exists. Its key will be lost. Replace it?", path))
		die("the account file \"%s\" was left as it is: name another one with --account",
		    path);
}

char *
origin_of(const char *url)
{
	const char *host = strstr(url, "://");
	size_t length;

	if (host == NULL)
		return format("%s", url);
	length = (size_t)(host - url) + 3 + strcspn(host + 3, "/?#");
	return format("%.*s", (int)length, url);
}

bool
same_origin(const char *a, const char *b)
{
	char *left = origin_of(a);
	char *right = origin_of(b);
	bool same = strcasecmp(left, right) == 0;

	free(left);
	free(right);
	return same;
}

char *
account_upgraded_uri(const char *uri)
{
	static const char *const hosts[][2] = {
		{"https://acme-v01.api.letsencrypt.org/acme/reg/",
		 "https://acme-v02.api.letsencrypt.org/acme/acct/"},
		{"https://acme-staging.api.letsencrypt.org/acme/reg/",
		 "https://acme-staging-v02.api.letsencrypt.org/acme/acct/"},
	};

	for (size_t i = 0; uri != NULL && i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t length = strlen(hosts[i][0]);

		if (strncmp(uri, hosts[i][0], length) == 0)
			return format("%s%s", hosts[i][1], uri + length);
	}
	return NULL;
}
