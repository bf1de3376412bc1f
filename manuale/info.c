#include <string.h>
#include "account.h"
#include "ca.h"
#include "say.h"
#include "settings.h"

void
command_info(const struct settings *settings)
{
	struct account account = {0};
	struct json_object *found, *contact;
	const char *uri, *status;
	struct ca *ca;

	account_load(settings, &account);
	ca = ca_open(settings, &account);
	found = ca_ask(ca, "account_find", NULL, "account");
	uri = json_text(found, "uri");
	status = json_text(found, "status");
	contact = json_member(found, "contact", json_type_array);
	if (account.uri != NULL && uri != NULL && strcmp(account.uri, uri) != 0)
		warn("the account file \"%s\" names the account %s, but its key is that of another",
		     settings->account, account.uri);
	say("Account: %s", uri != NULL ? uri : "unknown");
	say("Status:  %s", status != NULL ? status : "unknown");
	for (size_t i = 0; contact != NULL && i < json_object_array_length(contact); i++)
		say("Contact: %s", json_object_get_string(json_object_array_get_idx(contact, i)));
	json_object_put(found);
	ca_close(ca);
	account_clear(&account);
}
