#include <stdlib.h>
#include "account.h"
#include "ca.h"
#include "files.h"
#include "key.h"
#include "say.h"
#include "settings.h"

/* ManuaLE and its successor sign with RSA keys alone. */
enum { ACCOUNT_KEY_SIZE = 2048 };

static char *
make_key(const struct settings *settings)
{
	char *key, *what;

	if (settings->key_file == NULL)
		return key_new_rsa(ACCOUNT_KEY_SIZE);
	key = read_file(settings->key_file, "the key");
	if (key == NULL)
		die("there is no key file \"%s\"", settings->key_file);
	what = format("\"%s\"", settings->key_file);
	key_check(key, what);
	free(what);
	return key;
}

static void
ask_for_terms(struct ca *ca, struct json_object *members)
{
	struct json_object *directory = ca_ask(ca, "directory", NULL, "directory");
	const char *terms = json_text(directory, "terms_of_service");

	if (json_object_get_boolean(
		    json_member(directory, "external_account_required", json_type_boolean)))
		die("the CA requires external account binding, which this program cannot do: run "
		    "\"certwright register\" with --eab-kid and --eab-hmac-key, then \"manuale "
		    "migrate\"");
	if (terms != NULL && !confirm("The CA's terms of service are at %s\nDo you agree?", terms))
		die("no account was registered: the CA wants you to agree to its terms of service");
	json_set(members, "terms_agreed", json_object_new_boolean(1));
	json_object_put(directory);
}

void
command_register(const struct settings *settings)
{
	const char *email = settings->words[0];
	struct json_object *members = json_new();
	struct json_object *contact = json_object_new_array();
	struct json_object *given = json_new();
	struct json_object *account;
	struct ca *ca;
	char *key;

	account_may_replace(settings);
	key = make_key(settings);
	if (!confirm("Register an account for %s at %s?", email, settings->server))
		die("no account was registered");
	ca = ca_open(settings, NULL);
	ask_for_terms(ca, members);
	json_object_array_add(contact, json_object_new_string(email));
	json_set(members, "contact", contact);
	json_set_text(given, "key", key);
	json_set(members, "account", given);
	account = ca_ask(ca, "account_new", members, "account");
	account_save(settings, key, json_text(account, "uri"));
	say("The account %s is registered.", json_text(account, "uri"));
	say("Keep \"%s\" safe: it has your private key.", settings->account);
	json_object_put(account);
	ca_close(ca);
	free(key);
}
