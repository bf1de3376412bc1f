/*
 * lego: accounts/HOST_PORT/EMAIL/{account.json,keys/EMAIL.key}, certificates/NAME.{json,key,crt}.
 * It keeps neither the CA's directory URL nor how names are proved.
 */
#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "flow/moving/source.h"

static void
fail_unknown_server(const struct cw_moving_source *source, struct cw_moved_account *account,
		    const char *host)
{
	if (source->server == NULL) {
		cw_fail(&account->error, CW_E_INVALID,
			"lego does not keep the directory URL of the CA at \"%s\"", host);
		cw_hint(&account->error, "give it with --server");
		return;
	}
	cw_fail(&account->error, CW_E_INVALID,
		"--server \"%s\" does not match the account, which is at \"%s\"", source->server,
		host);
	cw_hint(&account->error, "give the directory URL of the CA at this host with --server");
}

static void
read_account(const struct cw_moving_source *source, struct cw_moving *moving, const char *host,
	     const char *folder, const char *email)
{
	cw_autofree char *key = cw_format("%s/%s/keys/%s.key", folder, email, email);
	cw_autofree char *path = cw_format("%s/%s/account.json", folder, email);
	const char *server = cw_directory_at(source, host);
	struct cw_moved_account *account;
	cw_auto_json struct json_object *object = NULL;
	struct json_object *registration;

	/* Other clients have a folder "accounts", too. */
	if (!cw_file_exists(key) && !cw_file_exists(path))
		return;
	account = cw_moving_add_account(moving, key, server);
	if (account->error.status == CW_OK &&
	    cw_moved_json(path, &object, &account->error) == CW_OK) {
		registration = cw_json_object(object, "registration");
		account->uri = cw_strdup(cw_json_string(registration, "uri"));
		cw_moved_account_describe(account, cw_json_object(registration, "body"));
		if (server == NULL)
			fail_unknown_server(source, account, host);
	}
}

static int
read_accounts(const struct cw_moving_source *source, struct cw_moving *moving,
	      struct cw_error *error)
{
	cw_autofree char *top = cw_format("%s/accounts", source->path);
	cw_auto_strv struct cw_strv hosts = {0};
	int status = cw_folder_list(top, false, &hosts, error);

	for (size_t i = 0; i < hosts.count && status == CW_OK; i++) {
		cw_autofree char *folder = cw_format("%s/%s", top, hosts.items[i]);
		cw_auto_strv struct cw_strv emails = {0};

		if (!cw_is_folder(folder))
			continue;
		status = cw_folder_list(folder, false, &emails, error);
		for (size_t j = 0; j < emails.count && status == CW_OK; j++)
			read_account(source, moving, hosts.items[i], folder, emails.items[j]);
	}
	return status;
}

/* Whether ACCOUNT is one of the CA that gave the certificate at URL. */
static bool
is_at_host(const struct cw_moved_account *account, const char *url)
{
	cw_autofree char *host = cw_host_of(url);
	cw_autofree char *folder = cw_replace_char(cw_strdup(host), ':', '_');
	cw_autofree char *part = cw_format("/accounts/%s/", folder);

	return strstr(account->source, part) != NULL;
}

/* lego does not keep which account a certificate belongs to, only the CA. */
static void
find_account(struct cw_moving *moving, struct cw_moved_certificate *certificate, const char *url)
{
	size_t found = 0;

	for (size_t i = 0; i < moving->account_count; i++) {
		if (url != NULL && moving->account_count > 1 &&
		    !is_at_host(moving->accounts[i], url))
			continue;
		if (certificate->account == NULL)
			certificate->account = moving->accounts[i];
		found++;
	}
	if (found > 1)
		cw_moving_remark(
			moving, certificate->source,
			"if it has to be another one, import with a folder that has only "
			"that account",
			"lego does not keep which of %zu accounts obtained \"%s\"; renewals "
			"use that of \"%s\"",
			found, certificate->name, certificate->account->source);
}

static void
read_certificate(struct cw_moving *moving, const char *folder, const char *stem)
{
	cw_autofree char *json = cw_format("%s/%s.json", folder, stem);
	cw_autofree char *key = cw_format("%s/%s.key", folder, stem);
	cw_autofree char *chain = cw_format("%s/%s.crt", folder, stem);
	cw_autofree char *issuer = cw_format("%s/%s.issuer.crt", folder, stem);
	cw_auto_error struct cw_error problem = {0};
	cw_auto_json struct json_object *object = NULL;
	const char *domain;
	struct cw_moved_certificate *certificate;

	cw_moved_json(json, &object, &problem);
	domain = cw_json_string(object, "domain");
	certificate = cw_moving_add_certificate(moving, domain != NULL ? domain : stem, "wildcard",
						chain);
	if (problem.status < 0) {
		cw_error_move(&certificate->error, &problem);
		return;
	}
	/* A run with --no-bundle leaves the issuer to the second file only. */
	cw_moved_load(certificate, key, (const char *const[]){chain, NULL});
	cw_moved_add_issuer(certificate, issuer);
	find_account(moving, certificate, cw_json_string(object, "certUrl"));
}

int
cw_read_lego(const struct cw_moving_source *source, struct cw_moving *moving,
	     struct cw_error *error)
{
	static const char end[] = ".json";
	cw_autofree char *accounts = cw_format("%s/accounts", source->path);
	cw_autofree char *folder = cw_format("%s/certificates", source->path);
	cw_auto_strv struct cw_strv names = {0};
	int status;

	if (!cw_is_folder(accounts))
		return cw_moving_source_lacks(source, "folder \"accounts\"", error);
	status = read_accounts(source, moving, error);
	if (status == CW_OK)
		status = cw_folder_list(folder, true, &names, error);
	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		if (!cw_ends_with(names.items[i], end))
			continue;
		cw_autofree char *stem =
			cw_memdup(names.items[i], strlen(names.items[i]) - strlen(end));

		read_certificate(moving, folder, stem);
	}
	return status;
}
