/*
 * dehydrated: a file "config", below BASEDIR accounts/<base64url of the CA's URL>/ and
 * certs/NAME/ with a file "config" for this certificate alone, or else DOMAINS_D/NAME.
 */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "flow/moving/conf.h"
#include "flow/moving/source.h"

struct reading {
	const struct cw_moving_source *source;
	struct cw_moving *moving;
	const struct cw_conf *conf;
	char *config; /* the file */
};

/* More files *.sh, which CONFIG_D names. */
static int
read_further(struct cw_conf *conf, struct cw_error *error)
{
	const char *folder = cw_conf_get(conf, "CONFIG_D");
	cw_auto_strv struct cw_strv names = {0};
	int status = folder != NULL ? cw_folder_list(folder, true, &names, error) : CW_OK;

	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names.items[i]);

		if (cw_ends_with(path, ".sh"))
			status = cw_conf_read(conf, path, error);
	}
	return status;
}

static int
read_config(struct reading *reading, struct cw_conf *conf, struct cw_error *error)
{
	const char *path = reading->source->path;
	int status = CW_OK;

	reading->config = cw_format("%s/config", path);
	cw_conf_set(conf, "SCRIPTDIR", path);
	cw_conf_set(conf, "BASEDIR", path);
	if (cw_file_exists(reading->config))
		status = cw_conf_read(conf, reading->config, error);
	if (status == CW_OK)
		status = read_further(conf, error);
	reading->conf = conf;
	return status;
}

/* Folder KEY of CONF, or NAME below BASEDIR; release with free(). */
static char *
folder_of(const struct cw_conf *conf, const char *key, const char *name)
{
	const char *given = cw_conf_get(conf, key);
	const char *base = cw_conf_get(conf, "BASEDIR");

	return given != NULL ? cw_strdup(given)
			     : cw_format("%s/%s", base != NULL ? base : "", name);
}

/* The CA's URL, which the name of an account's folder is; release with free(). */
static char *
server_of_folder(const char *name)
{
	size_t length;
	cw_autofree char *url = (char *)cw_base64url_decode(name, &length);

	return url != NULL ? cw_strdup(cw_trim(url)) : NULL;
}

static void
read_account(struct reading *reading, const char *folder, const char *name)
{
	cw_autofree char *server = server_of_folder(name);
	cw_autofree char *key = cw_format("%s/%s/account_key.pem", folder, name);
	cw_autofree char *id = cw_format("%s/%s/account_id.json", folder, name);
	cw_autofree char *registration = cw_format("%s/%s/registration_info.json", folder, name);
	cw_auto_json struct json_object *where = NULL;
	cw_auto_json struct json_object *body = NULL;
	struct cw_moved_account *account;

	if (server == NULL || strstr(server, "://") == NULL)
		return;
	account = cw_moving_add_account(reading->moving, key, server);
	/* Older versions did not write these. */
	if (cw_file_exists(id) && cw_moved_json(id, &where, &account->error) == CW_OK)
		account->uri = cw_strdup(cw_json_string(where, "url"));
	if (cw_file_exists(registration) &&
	    cw_moved_json(registration, &body, &account->error) == CW_OK)
		cw_moved_account_describe(account, body);
}

static int
read_accounts(struct reading *reading, struct cw_error *error)
{
	cw_autofree char *folder = folder_of(reading->conf, "ACCOUNTDIR", "accounts");
	cw_auto_strv struct cw_strv names = {0};
	int status;

	if (!cw_is_folder(folder)) {
		cw_autofree char *what = cw_format("folder \"%s\"", folder);

		return cw_moving_source_lacks(reading->source, what, error);
	}
	status = cw_folder_list(folder, false, &names, error);
	for (size_t i = 0; i < names.count && status == CW_OK; i++)
		read_account(reading, folder, names.items[i]);
	return status;
}

/* What CERTIFICATE's own file says, else the common one. */
static const char *
setting(const struct reading *reading, const struct cw_conf *own, const char *key)
{
	const char *value = cw_conf_get(own, key);

	return value != NULL ? value : cw_conf_get(reading->conf, key);
}

static void
take_webroot(const struct reading *reading, struct cw_moved_certificate *certificate,
	     const char *folder)
{
	cw_autofree char *webroot = NULL;

	if (folder == NULL)
		folder = "/var/www/dehydrated";
	webroot = cw_moved_webroot_of(folder);
	if (webroot != NULL) {
		certificate->authenticator = cw_strdup("webroot");
		cw_moved_set_webroot(certificate, NULL, webroot);
		return;
	}
	if (reading->source->gives_method)
		return;
	cw_moving_remark(reading->moving, reading->config,
			 "have the server serve /.well-known/acme-challenge/ from a folder "
			 "FOLDER/.well-known/acme-challenge, then give -a webroot -w FOLDER",
			 "the tokens of \"%s\" are in \"%s\", which is not below a webroot",
			 certificate->name, folder);
}

/* dns-exec calls the hook as dehydrated does. */
static void
take_dns_hook(struct cw_moved_certificate *certificate, const char *hook, const char *chain)
{
	if (hook == NULL)
		return;
	certificate->authenticator = cw_strdup("dns-exec");
	cw_moved_set(certificate, "dns_exec_program", hook);
	cw_moved_set(certificate, "dns_exec_style", "dehydrated");
	if (chain != NULL && strcmp(chain, "yes") == 0)
		cw_moved_set(certificate, "dns_exec_hook_chain", "1");
}

static void
take_deploy_hook(struct cw_moved_certificate *certificate, const char *hook)
{
	cw_autofree char *program = cw_shell_word(hook);
	cw_autofree char *name = cw_shell_word(certificate->name);
	cw_autofree char *command = cw_format(
		"%s deploy_cert %s \"$RENEWED_LINEAGE/privkey.pem\" \"$RENEWED_LINEAGE/cert.pem\" "
		"\"$RENEWED_LINEAGE/fullchain.pem\" \"$RENEWED_LINEAGE/chain.pem\" \"$(date "
		"+%%s)\"",
		program, name);

	cw_moved_set(certificate, "deploy_hook", command);
}

static void
take_challenge(const struct reading *reading, const struct cw_conf *own,
	       struct cw_moved_certificate *certificate)
{
	const char *type = setting(reading, own, "CHALLENGETYPE");
	const char *hook = setting(reading, own, "HOOK");
	bool safe = cw_conf_is_safe(reading->conf) && cw_conf_is_safe(own);

	if (hook != NULL && !safe)
		cw_moving_remark(reading->moving, reading->config,
				 "have only root be able to change the file, or give the hook on "
				 "the command line",
				 "other users can change the file, so its hook \"%s\" is not used "
				 "for \"%s\"",
				 hook, certificate->name);
	else if (hook != NULL && *hook != '/')
		cw_moving_remark(
			reading->moving, reading->config,
			"give it with its whole path: --deploy-hook, or -a dns-exec with "
			"--dns-exec-program and --dns-exec-style dehydrated",
			"the hook \"%s\" of \"%s\" has no absolute path, so it is not used", hook,
			certificate->name);
	if (!safe || (hook != NULL && *hook != '/'))
		hook = NULL;
	if (!cw_file_exists(reading->config))
		return;
	if (type == NULL || strcmp(type, "http-01") == 0)
		take_webroot(reading, certificate, setting(reading, own, "WELLKNOWN"));
	else if (strcmp(type, "dns-01") == 0)
		take_dns_hook(certificate, hook, setting(reading, own, "HOOK_CHAIN"));
	if (hook != NULL)
		take_deploy_hook(certificate, hook);
}

static void
take_settings(const struct reading *reading, const struct cw_conf *own,
	      struct cw_moved_certificate *certificate)
{
	static const char *const answers[] = {"no", "0"};
	const char *renews = setting(reading, own, "PRIVATE_KEY_RENEW");
	const char *staple = setting(reading, own, "OCSP_MUST_STAPLE");

	if (cw_equal(renews, "no"))
		cw_moved_set(certificate, "reuse_key", "1");
	if (staple != NULL && !cw_equal(staple, answers[0]) && !cw_equal(staple, answers[1]))
		cw_moved_set(certificate, "must_staple", "1");
	cw_moved_set(certificate, "preferred_chain", setting(reading, own, "PREFERRED_CHAIN"));
}

/* The CA of a certificate, which CA names by its URL or a short name. */
static const struct cw_moved_account *
find_account(const struct reading *reading)
{
	const char *ca = cw_conf_get(reading->conf, "CA");
	const char *url = cw_directory_of_preset(ca != NULL ? ca : "letsencrypt");
	const struct cw_moving *moving = reading->moving;
	const struct cw_moved_account *account =
		cw_moving_account_at(moving, url != NULL ? url : ca);

	/* Without its file "config" there may still be only one. */
	return account == NULL && moving->account_count == 1 ? moving->accounts[0] : account;
}

/* The file with settings for the certificate NAME alone; release with free(). */
static char *
own_config(const struct reading *reading, const char *place, const char *name)
{
	const char *domains = cw_conf_get(reading->conf, "DOMAINS_D");

	return domains != NULL ? cw_format("%s/%s", domains, name) : cw_format("%s/config", place);
}

static void
read_own_config(const struct reading *reading, struct cw_conf *own, const char *config,
		const char *name)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *line = NULL;

	if (!cw_file_exists(config) || cw_conf_read(own, config, &error) == CW_OK)
		return;
	line = cw_error_line(&error);
	cw_moving_remark(reading->moving, config,
			 "give its settings as options of this import, or make it readable and "
			 "import again",
			 "the settings of \"%s\" alone are not taken over: %s", name, line);
}

static void
read_certificate(const struct reading *reading, const char *folder, const char *name)
{
	cw_autofree char *place = cw_format("%s/%s", folder, name);
	cw_autofree char *key = cw_format("%s/privkey.pem", place);
	cw_autofree char *leaf = cw_format("%s/cert.pem", place);
	cw_autofree char *issuers = cw_format("%s/chain.pem", place);
	cw_autofree char *config = own_config(reading, place, name);
	cw_auto_conf struct cw_conf *own = cw_conf_new();
	struct cw_moved_certificate *certificate;

	if (!cw_file_exists(leaf) && !cw_file_exists(key))
		return;
	read_own_config(reading, own, config, name);
	certificate = cw_moving_add_certificate(reading->moving, name, "wildcard", place);
	certificate->account = find_account(reading);
	cw_moved_load(certificate, key, (const char *const[]){leaf, issuers, NULL});
	take_challenge(reading, own, certificate);
	take_settings(reading, own, certificate);
	cw_moving_remark_days(reading->moving, own, "RENEW_DAYS", config);
	cw_moving_remark_unclear(reading->moving, own, config);
}

static int
read_all(struct reading *reading, struct cw_conf *conf, struct cw_error *error)
{
	cw_autofree char *folder = NULL;
	cw_auto_strv struct cw_strv names = {0};
	int status = read_config(reading, conf, error);

	if (status == CW_OK)
		status = read_accounts(reading, error);
	if (status < 0)
		return status;
	folder = folder_of(conf, "CERTDIR", "certs");
	status = cw_folder_list(folder, true, &names, error);
	for (size_t i = 0; i < names.count && status == CW_OK; i++)
		read_certificate(reading, folder, names.items[i]);
	cw_moving_remark_days(reading->moving, reading->conf, "RENEW_DAYS", reading->config);
	cw_moving_remark_unclear(reading->moving, reading->conf, reading->config);
	return status;
}

int
cw_read_dehydrated(const struct cw_moving_source *source, struct cw_moving *moving,
		   struct cw_error *error)
{
	struct reading reading = {.source = source, .moving = moving};
	cw_auto_conf struct cw_conf *conf = cw_conf_new();
	int status = read_all(&reading, conf, error);

	free(reading.config);
	return status;
}
