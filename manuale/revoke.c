#include <stdlib.h>
#include "account.h"
#include "ca.h"
#include "files.h"
#include "key.h"
#include "say.h"
#include "settings.h"

void
command_revoke(const struct settings *settings)
{
	const char *path = settings->words[0];
	char *pem = read_file(path, "the certificate");
	struct json_object *members = json_new();
	struct account account = {0};
	struct json_object *revoked;
	struct ca *ca;

	if (pem == NULL)
		die("there is no certificate \"%s\"", path);
	certificate_check(pem, path);
	account_load(settings, &account);
	ca = ca_open(settings, &account);
	json_set_text(members, "certificate", pem);
	revoked = ca_ask(ca, "revoke", members, "revoked");
	if (json_object_get_boolean(json_member(revoked, "already", json_type_boolean)))
		say("The certificate in \"%s\" had been revoked before.", path);
	else
		say("The certificate in \"%s\" is revoked.", path);
	json_object_put(revoked);
	ca_close(ca);
	account_clear(&account);
	free(pem);
}
