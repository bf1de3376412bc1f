#include <stdlib.h>
#include "account.h"
#include "say.h"
#include "settings.h"

void
command_upgrade(const struct settings *settings)
{
	struct account account = {0};
	char *uri;

	account_load(settings, &account);
	uri = account_upgraded_uri(account.uri);
	if (uri == NULL) {
		say("The account in \"%s\" is not one of Let's Encrypt's ACME v1: there is nothing "
		    "to upgrade.",
		    settings->account);
	} else {
		account_save(settings, account.key, uri);
		say("The account in \"%s\" is now %s", settings->account, uri);
	}
	free(uri);
	account_clear(&account);
}
