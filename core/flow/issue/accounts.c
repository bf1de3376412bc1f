#include "flow/issue/accounts.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/issue/server.h"
#include "flow/work/ca.h"
#include "store/lineage.h"

/* In a dry run, the user is not asked about the account at the staging server, as in Certbot. */
static bool
is_silent(const struct cw_context *context, const struct cw_settings *settings)
{
	const char *config = context->directories.config;
	cw_autofree char *folder = config != NULL ? cw_format("%s/accounts", config) : NULL;
	cw_auto_strv struct cw_strv servers = {0};

	return folder != NULL && cw_settings_flag(settings, "dry_run") &&
	       cw_folder_list(folder, false, &servers, NULL) == CW_OK && servers.count > 0;
}

static int
agree_to_terms(struct cw_context *context, const struct cw_settings *settings,
	       const struct cw_ca *ca, struct cw_error *error)
{
	const char *terms = cw_ca_directory(ca)->terms_of_service;
	cw_autofree char *question = NULL;
	bool agreed = false;
	int status;

	if (terms == NULL || cw_settings_flag(settings, "tos") || is_silent(context, settings))
		return CW_OK;
	if (!context->asker->interactive) {
		cw_fail(error, CW_E_USAGE, "you must agree to the CA's terms of service: %s",
			terms);
		cw_hint(error, "read them, then give --agree-tos");
		return CW_E_USAGE;
	}
	question = cw_format("Please read the terms of service at %s. You must agree to them to "
			     "register an account. Do you agree?",
			     terms);
	status = context->asker->yes_no(context->asker->context, question, &agreed, error);
	if (status < 0)
		return status;
	if (!agreed)
		return cw_fail(
			error, CW_E_CANCELLED,
			"cannot register an account: you did not agree to the terms of service");
	return CW_OK;
}

static int
check_email(const char *email, struct cw_error *error)
{
	const char *at = strchr(email, '@');

	if (at == NULL || at == email || strchr(at + 1, '@') != NULL ||
	    strchr(at + 1, '.') == NULL || strpbrk(email, " \t\r\n?,;<>\"") != NULL)
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not an e-mail address", email);
	return CW_OK;
}

/* --email takes several, joined by commas. */
static int
contacts_of(const char *emails, struct cw_strv *contacts, struct cw_error *error)
{
	cw_auto_strv struct cw_strv list = {0};

	cw_strv_split(&list, emails, ',');
	for (size_t i = 0; i < list.count; i++) {
		int status = check_email(list.items[i], error);

		if (status < 0)
			return status;
		cw_strv_addf(contacts, "mailto:%s", list.items[i]);
	}
	return CW_OK;
}

int
cw_account_check_email(const struct cw_settings *settings, struct cw_error *error)
{
	const char *emails = cw_settings_get(settings, "email");
	cw_auto_strv struct cw_strv contacts = {0};

	return emails != NULL ? contacts_of(emails, &contacts, error) : CW_OK;
}

/* Until the answer is an address, or several, or none. */
static int
ask_for_contacts(struct cw_context *context, struct cw_strv *contacts, struct cw_error *error)
{
	const struct cw_asker *asker = context->asker;

	for (;;) {
		cw_auto_error struct cw_error refusal = {0};
		cw_autofree char *answer = NULL;
		cw_autofree char *line = NULL;
		int status = asker->text(asker->context,
					 "E-mail address for urgent renewal and security notices "
					 "(Enter for none)",
					 false, &answer, error);

		if (status < 0)
			return status;
		cw_strv_clear(contacts);
		if (contacts_of(answer, contacts, &refusal) == CW_OK)
			return CW_OK;
		line = cw_error_line(&refusal);
		status = asker->notify(asker->context, line, false, error);
		if (status < 0)
			return status;
	}
}

int
cw_account_contacts(struct cw_context *context, const struct cw_settings *settings,
		    struct cw_strv *contacts, struct cw_error *error)
{
	const char *email = cw_settings_get(settings, "email");

	if (email != NULL && *email != '\0')
		return contacts_of(email, contacts, error);
	if (cw_settings_flag(settings, "register_unsafely_without_email") ||
	    is_silent(context, settings))
		return CW_OK;
	if (!context->asker->interactive) {
		cw_fail(error, CW_E_USAGE, "an account needs an e-mail address");
		cw_hint(error, "give --email ADDRESS, or --register-unsafely-without-email");
		return CW_E_USAGE;
	}
	return ask_for_contacts(context, contacts, error);
}

static void
account_from_answer(const struct cw_settings *settings, struct cw_key *key,
		    const struct cw_ca_account *answer, struct cw_account **account)
{
	char host[256] = "";

	*account = cw_alloc(sizeof(**account));
	(*account)->id = cw_key_account_id(key);
	(*account)->server = cw_strdup(cw_server_url(settings));
	(*account)->uri = cw_strdup(answer->uri);
	(*account)->body = cw_ca_account_body(answer);
	(*account)->key = key;
	(*account)->creation_date = cw_format_utc(cw_time());
	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	(*account)->creation_host = cw_strdup(host);
}

/* Asks the CA for an account with this key, once its terms are agreed to. */
static int
request_account(struct cw_context *context, const struct cw_settings *settings,
		const struct cw_key *key, const struct cw_strv *contacts,
		struct cw_ca_account *answer, struct cw_error *error)
{
	const char *server = cw_server_url(settings);
	const char *algorithm = cw_settings_get(settings, "eab_hmac_alg");
	struct cw_ca_registration registration = {
		.contacts = contacts,
		.eab_kid = cw_settings_get(settings, "eab_kid"),
		.eab_hmac_key = cw_settings_get(settings, "eab_hmac_key"),
		.eab_algorithm = algorithm != NULL ? algorithm : "HS256",
	};
	struct cw_ca *ca = cw_context_ca(context, server, NULL);
	struct cw_ca_wait wait = {0};
	int status;

	if (registration.eab_hmac_key != NULL)
		cw_log_secret(registration.eab_hmac_key);
	status = cw_ca_wait_for(ca, cw_ca_open(ca, cw_ca_waited, &wait), &wait, error);
	if (status == CW_OK)
		status = agree_to_terms(context, settings, ca, error);
	if (status == CW_OK && cw_ca_directory(ca)->external_account_required &&
	    registration.eab_kid == NULL) {
		status = cw_fail(error, CW_E_INVALID,
				 "the CA at %s requires external account binding", server);
		cw_hint(error,
			"give --eab-kid and --eab-hmac-key with the values from the CA's web site");
	}
	if (status < 0)
		return status;
	cw_ca_use_account(ca, key, NULL);
	return cw_ca_wait_for(ca, cw_ca_account_new(ca, &registration, answer, cw_ca_waited, &wait),
			      &wait, error);
}

int
cw_account_make_key(struct cw_key **key, struct cw_error *error)
{
	static const struct cw_key_spec spec = {.type = CW_KEY_EC, .curve = "secp256r1"};

	return cw_key_generate(&spec, key, error);
}

int
cw_account_request(struct cw_context *context, const struct cw_settings *settings,
		   struct cw_key *given, struct cw_account **account, bool *created,
		   struct cw_error *error)
{
	cw_auto_ca_account struct cw_ca_account answer = {0};
	cw_auto_strv struct cw_strv contacts = {0};
	cw_auto_key struct cw_key *key = given;
	const char *eab_kid = cw_settings_get(settings, "eab_kid");
	int status;

	if ((eab_kid == NULL) != (cw_settings_get(settings, "eab_hmac_key") == NULL))
		return cw_fail(error, CW_E_USAGE,
			       "--eab-kid and --eab-hmac-key belong together; give both");
	status = cw_account_contacts(context, settings, &contacts, error);
	if (status < 0)
		return status;
	status = request_account(context, settings, key, &contacts, &answer, error);
	if (status < 0)
		return eab_kid == NULL ? cw_context(error, "cannot register an account")
				       : cw_context(error, "cannot register an account with "
							   "--eab-kid and --eab-hmac-key");
	account_from_answer(settings, cw_take(&key), &answer, account);
	if (created != NULL)
		*created = answer.created;
	return CW_OK;
}

int
cw_account_find(struct cw_context *context, const struct cw_settings *settings,
		struct cw_key *given, struct cw_account **account, struct cw_error *error)
{
	cw_auto_ca_account struct cw_ca_account answer = {0};
	cw_auto_key struct cw_key *key = given;
	const struct cw_ca_registration registration = {.only_existing = true};
	struct cw_ca *ca = cw_context_ca(context, cw_server_url(settings), NULL);
	struct cw_ca_wait wait = {0};
	int status = cw_ca_wait_for(ca, cw_ca_open(ca, cw_ca_waited, &wait), &wait, error);

	if (status < 0)
		return status;
	cw_ca_use_account(ca, key, NULL);
	status = cw_ca_wait_for(ca,
				cw_ca_account_new(ca, &registration, &answer, cw_ca_waited, &wait),
				&wait, error);
	if (status < 0)
		return cw_context(error, "cannot find the account of the key");
	account_from_answer(settings, cw_take(&key), &answer, account);
	return CW_OK;
}

int
cw_account_register(struct cw_context *context, struct cw_settings *settings,
		    struct cw_account **account, struct cw_error *error)
{
	struct cw_key *key = NULL;
	int status = cw_account_make_key(&key, error);

	if (status == CW_OK)
		status = cw_account_request(context, settings, key, account, NULL, error);
	if (status < 0)
		return status;
	status = cw_account_save(context->directories.config, *account, error);
	if (status < 0) {
		cw_account_free(cw_take(account));
		return status;
	}
	cw_log_info("account registered");
	return CW_OK;
}

/* The index of the one id that GIVEN is a prefix of. */
static int
match_id(const struct cw_strv *ids, const char *given, const char *server, size_t *index,
	 struct cw_error *error)
{
	size_t found = 0;

	for (size_t i = 0; i < ids->count; i++) {
		if (!cw_starts_with(ids->items[i], given))
			continue;
		*index = i;
		found++;
	}
	if (found == 1 && *given != '\0')
		return CW_OK;
	cw_fail(error, found == 0 ? CW_E_NOT_FOUND : CW_E_INVALID,
		found == 0 ? "there is no account \"%s\" for %s"
			   : "several accounts begin with \"%s\" for %s",
		given, server);
	cw_hint(error, "give the whole name of the account's folder below accounts/");
	return found == 0 ? CW_E_NOT_FOUND : CW_E_INVALID;
}

static int
choose(struct cw_context *context, struct cw_settings *settings, const struct cw_strv *ids,
       size_t *index, struct cw_error *error)
{
	const char *given = cw_settings_get(settings, "account");
	cw_autofree char *list = NULL;

	*index = 0;
	if (given != NULL)
		return match_id(ids, given, cw_server_url(settings), index, error);
	if (ids->count == 1)
		return CW_OK;
	if (context->asker->interactive)
		return context->asker->choice(
			context->asker->context, "Which account do you want to use?",
			(const char *const *)ids->items, ids->count, index, error);
	list = cw_strv_join(ids, ", ");
	cw_fail(error, CW_E_USAGE, "there are %zu accounts for %s", ids->count,
		cw_server_url(settings));
	cw_hint(error, "give --account with one of: %s", list);
	return CW_E_USAGE;
}

/* Whether the CA takes the account's key for its URL; *SURE is false when it could not be asked. */
static bool
is_accepted(struct cw_context *context, const struct cw_account *account, bool *sure)
{
	cw_auto_ca_account struct cw_ca_account answer = {0};
	/* For this account's key alone: another one has the same URL. */
	struct cw_ca *ca = cw_context_new_ca(context, account->server);
	struct cw_ca_wait wait = {0};
	int status;

	cw_ca_use_account(ca, account->key, account->uri);
	status = cw_ca_wait_for(ca, cw_ca_account_get(ca, &answer, cw_ca_waited, &wait), &wait,
				NULL);
	cw_ca_close(ca);
	*sure = status == CW_OK || status == CW_E_ACME;
	return status == CW_OK;
}

int
cw_account_rename(struct cw_context *context, const char *old_id, const char *new_id,
		  struct cw_error *error)
{
	const char *config = context->directories.config;
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_lineage_list(config, &names, error);

	for (size_t i = 0; status == CW_OK && i < names.count; i++) {
		cw_auto_lineage struct cw_lineage *lineage = NULL;
		cw_auto_configobj struct cw_configobj *copy = NULL;
		const char *id;

		/* What cannot be read names no account either. */
		if (cw_lineage_load(config, names.items[i], &lineage, NULL) < 0)
			continue;
		id = cw_configobj_get(lineage->config, "renewalparams", "account");
		if (!cw_equal(id, old_id))
			continue;
		status = cw_configobj_load(lineage->renewal_path, &copy, error);
		if (status < 0)
			return status;
		cw_configobj_set(copy, "renewalparams", "account", new_id);
		status = cw_lineage_save_config(lineage, copy, error);
	}
	return status;
}

/* The one of two keys for one account that the CA takes stays; false when that cannot be told. */
static bool
settle_pair(struct cw_context *context, struct cw_settings *settings,
	    struct cw_account *const pair[2], size_t *removed)
{
	const char *given = cw_settings_get(settings, "account");

	for (size_t i = 0; i < 2; i++) {
		const struct cw_account *stale = pair[i];
		const struct cw_account *valid = pair[1 - i];
		bool sure = false;

		if (!is_accepted(context, valid, &sure) || is_accepted(context, stale, &sure) ||
		    !sure || cw_account_rename(context, stale->id, valid->id, NULL) < 0 ||
		    cw_account_delete(context->directories.config, stale, NULL) < 0)
			continue;
		cw_log_info("completed an interrupted change of the account's key");
		if (given != NULL && cw_starts_with(stale->id, given)) {
			enum cw_source source = cw_settings_source(settings, "account");

			cw_settings_reset(settings, "account");
			cw_settings_set(settings, "account", source, valid->id, NULL);
		}
		*removed = i;
		return true;
	}
	return false;
}

/*
 * Two accounts with one URL are what an interrupted change of the account's key leaves
 * (update_account --new-key). The CA knows which key is the right one; the other is removed.
 */
static void
settle_key_change(struct cw_context *context, struct cw_settings *settings, struct cw_strv *ids)
{
	const char *config = context->directories.config;
	const char *server = cw_server_url(settings);
	cw_auto_strv struct cw_strv all = {0};
	struct cw_account **accounts = cw_calloc(ids->count, sizeof(*accounts));

	cw_strv_copy(&all, ids);
	/* One that is damaged is named when it is the one to use. */
	for (size_t i = 0; i < all.count; i++)
		cw_account_load(config, server, all.items[i], &accounts[i], NULL);
	for (size_t i = 0; i < all.count; i++) {
		for (size_t j = i + 1; j < all.count; j++) {
			struct cw_account *pair[2] = {accounts[i], accounts[j]};
			size_t removed;

			if (pair[0] == NULL || pair[1] == NULL ||
			    strcmp(pair[0]->uri, pair[1]->uri) != 0 ||
			    !settle_pair(context, settings, pair, &removed))
				continue;
			for (size_t k = 0; k < ids->count; k++)
				if (strcmp(ids->items[k], pair[removed]->id) == 0)
					cw_strv_remove(ids, k--);
			cw_account_free(pair[removed]);
			accounts[removed == 0 ? i : j] = NULL;
		}
	}
	for (size_t i = 0; i < all.count; i++)
		cw_account_free(accounts[i]);
	free(accounts);
}

int
cw_account_acquire(struct cw_context *context, struct cw_settings *settings, bool may_register,
		   struct cw_account **account, bool *created, struct cw_error *error)
{
	const char *config = context->directories.config;
	const char *server = cw_server_url(settings);
	cw_auto_strv struct cw_strv ids = {0};
	size_t index;
	int status;

	*created = false;
	status = cw_account_list(config, server, &ids, error);
	if (status < 0)
		return status;
	if (ids.count == 0 && cw_settings_get(settings, "account") == NULL) {
		if (!may_register) {
			cw_fail(error, CW_E_NOT_FOUND, "there is no account for %s in %s", server,
				config);
			cw_hint(error, "register one with: certwright register%s%s",
				cw_is_standard_server(settings) ? "" : " --server ",
				cw_is_standard_server(settings) ? "" : server);
			return CW_E_NOT_FOUND;
		}
		status = cw_account_register(context, settings, account, error);
		*created = status == CW_OK;
		return status;
	}
	/* Without the locks it may be one that is under way. */
	if (ids.count > 1 && context->writes)
		settle_key_change(context, settings, &ids);
	status = choose(context, settings, &ids, &index, error);
	if (status < 0)
		return status;
	return cw_account_load(config, server, ids.items[index], account, error);
}

struct json_object *
cw_account_addresses(struct json_object *body)
{
	static const char scheme[] = "mailto:";
	struct json_object *contacts = cw_json_array(body, "contact");
	struct json_object *addresses = cw_json_new_array();

	for (size_t i = 0; contacts != NULL && i < json_object_array_length(contacts); i++) {
		const char *contact =
			json_object_get_string(json_object_array_get_idx(contacts, i));

		if (contact == NULL)
			continue;
		if (strncasecmp(contact, scheme, strlen(scheme)) == 0)
			contact += strlen(scheme);
		cw_json_append(addresses, json_object_new_string(contact));
	}
	return addresses;
}

struct json_object *
cw_account_describe(const struct cw_account *account)
{
	struct json_object *object = cw_json_new_object();
	cw_autofree char *thumbprint = cw_key_thumbprint(account->key);

	cw_json_set_string(object, "id", account->id);
	cw_json_set_string(object, "server", account->server);
	cw_json_set_string(object, "uri", account->uri);
	cw_json_set_string(object, "thumbprint", thumbprint);
	cw_json_set_string(object, "creation_date", account->creation_date);
	cw_json_set(object, "contact", cw_account_addresses(account->body));
	return object;
}
