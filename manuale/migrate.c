/* migrate: the account file from an account of Certbot, whose key is a JWK. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "account.h"
#include "ca.h"
#include "files.h"
#include "say.h"
#include "settings.h"

/* Where Certbot keeps the accounts of a server: accounts/HOST/PATH. Release with free(). */
static char *
accounts_folder(const struct settings *settings)
{
	const char *scheme = strstr(settings->server, "://");
	const char *rest = scheme != NULL ? scheme + 3 : settings->server;
	size_t length = strlen(rest);

	while (length > 0 && rest[length - 1] == '/')
		length--;
	return format("%s/accounts/%.*s", settings->certbot_path, (int)length, rest);
}

/* The account's key as the text of a JWK; NULL: this is not a folder of an account. */
static char *
read_key(const char *folder, const char *id)
{
	char *path = format("%s/%s/private_key.json", folder, id);
	char *key = id[0] != '.' ? read_file(path, "the account's key") : NULL;

	free(path);
	return key;
}

/* The key of the account that the user wants; release with free(). */
static char *
choose(const char *folder)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	char *chosen = NULL;
	size_t count = 0;

	if (directory == NULL && errno != ENOENT && errno != ENOTDIR)
		die("cannot read Certbot's accounts in \"%s\": %s; copy the directory to where you "
		    "can read it, and give that with --certbot-path",
		    folder, strerror(errno));
	while (directory != NULL && chosen == NULL && (entry = readdir(directory)) != NULL) {
		char *key = read_key(folder, entry->d_name);

		if (key == NULL)
			continue;
		count++;
		if (confirm("Take over Certbot's account %s?", entry->d_name))
			chosen = key;
		else
			free(key);
	}
	if (directory != NULL)
		closedir(directory);
	if (count == 0)
		die("Certbot has no account in \"%s\": give --server or --certbot-path", folder);
	if (chosen == NULL)
		die("no account was taken over");
	return chosen;
}

void
command_migrate(const struct settings *settings)
{
	char *folder = accounts_folder(settings);
	struct json_object *members = json_new();
	struct json_object *given = json_new();
	struct json_object *account;
	struct ca *ca;
	char *key;

	account_may_replace(settings);
	key = choose(folder);
	ca = ca_open(settings, NULL);
	json_set_text(given, "key", key);
	json_set(members, "account", given);
	account = ca_ask(ca, "account_find", members, "account");
	account_save(settings, json_text(account, "key"), json_text(account, "uri"));
	say("The account %s is in \"%s\" now.", json_text(account, "uri"), settings->account);
	json_object_put(account);
	ca_close(ca);
	explicit_bzero(key, strlen(key));
	free(key);
	free(folder);
}
