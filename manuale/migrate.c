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
	char *key = read_file(path, "the account's key");

	free(path);
	return key;
}

/* The account's URL, which tells its owner more than its name; NULL: it is not known. Release with
 * free(). */
static char *
read_uri(const char *folder, const char *id)
{
	char *path = format("%s/%s/regr.json", folder, id);
	char *text = read_file(path, "the account's URL");
	struct json_object *object = text != NULL ? json_parse(text) : NULL;
	const char *uri = json_text(object, "uri");
	char *own = uri != NULL ? format("%s", uri) : NULL;

	json_object_put(object);
	free(text);
	free(path);
	return own;
}

static int
may_be_account(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && entry->d_type != DT_REG;
}

/* What there is to choose from, before the first question. */
static void
list_accounts(const char *folder, struct dirent *const *entries, int count)
{
	say("Certbot has %d accounts in \"%s\":", count, folder);
	for (int i = 0; i < count; i++) {
		char *uri = read_uri(folder, entries[i]->d_name);

		say("  %s  %s", entries[i]->d_name, uri != NULL ? uri : "");
		free(uri);
	}
}

/* Drops the entries that are no accounts, and returns how many there are. */
static int
keep_accounts(const char *folder, struct dirent **entries, int count)
{
	int kept = 0;

	for (int i = 0; i < count; i++) {
		char *key = read_key(folder, entries[i]->d_name);

		if (key != NULL) {
			explicit_bzero(key, strlen(key));
			entries[kept++] = entries[i];
		} else {
			free(entries[i]);
		}
		free(key);
	}
	return kept;
}

/* The key of the account that the user wants; release with free(). */
static char *
choose(const char *folder)
{
	struct dirent **entries = NULL;
	char *chosen = NULL;
	int count = scandir(folder, &entries, may_be_account, alphasort);

	if (count < 0 && errno != ENOENT && errno != ENOTDIR)
		die("cannot read Certbot's accounts in \"%s\": %s; copy the directory to where you "
		    "can read it, and give that with --certbot-path",
		    folder, strerror(errno));
	count = keep_accounts(folder, entries, count);
	if (count == 0)
		die("Certbot has no account in \"%s\": give --server or --certbot-path", folder);
	if (count > 1)
		list_accounts(folder, entries, count);
	for (int i = 0; i < count && chosen == NULL; i++)
		if (confirm("Take over Certbot's account %s?", entries[i]->d_name))
			chosen = read_key(folder, entries[i]->d_name);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
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
