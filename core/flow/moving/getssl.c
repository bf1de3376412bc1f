/*
 * getssl: getssl.cfg, account.key, and DOMAIN/ with getssl.cfg, DOMAIN.key, DOMAIN.crt and
 * chain.crt. It does not keep the account's URL.
 */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "flow/moving/conf.h"
#include "flow/moving/source.h"

/* getssl's default. */
#define STAGING "https://acme-staging-v02.api.letsencrypt.org"

struct reading {
	const struct cw_moving_source *source;
	struct cw_moving *moving;
	struct cw_moved_certificate *certificate;
	struct cw_conf *conf;
	const char *config; /* the file */
};

/* CA is a directory URL, or begins one. Release with free(). */
static char *
server_of(const struct reading *reading)
{
	const char *ca = cw_conf_get(reading->conf, "CA");
	cw_autofree char *host = cw_host_of(ca != NULL ? ca : STAGING);
	const char *known = cw_directory_at(reading->source, host);

	return cw_strdup(known != NULL ? known : ca);
}

static struct cw_moved_account *
read_account(const struct reading *reading, const char *server)
{
	const char *key = cw_conf_get(reading->conf, "ACCOUNT_KEY");
	const char *email = cw_conf_get(reading->conf, "ACCOUNT_EMAIL");
	struct cw_moved_account *account;

	for (size_t i = 0; i < reading->moving->account_count; i++) {
		account = reading->moving->accounts[i];
		if (cw_equal(account->server, server) && cw_equal(account->source, key))
			return account;
	}
	if (key == NULL || !cw_file_exists(key))
		return NULL;
	account = cw_moving_add_account(reading->moving, key, server);
	if (email != NULL)
		cw_strv_addf(&account->contacts, "mailto:%s", email);
	return account;
}

/* Places, separated by ';', as messages may show them: one on another machine may have a password
 * in it. Release with free(). */
static char *
shown_place(const char *places)
{
	cw_auto_strv struct cw_strv parts = {0};
	bool whole = true;

	cw_strv_split(&parts, places, ';');
	for (size_t i = 0; i < parts.count; i++)
		whole = whole && (strchr(parts.items[i], ':') == NULL ||
				  cw_starts_with(parts.items[i], "ssh:"));
	return whole ? cw_strdup(places) : cw_format("%.*s:...", (int)strcspn(places, ":"), places);
}

static void
remark_acl(const struct reading *reading, const char *place)
{
	cw_autofree char *shown = shown_place(place);

	if (reading->source->gives_method)
		return;
	cw_moving_remark(reading->moving, reading->config,
			 "give an authenticator with -a, for example webroot with -w FOLDER",
			 "the tokens of \"%s\" go to \"%s\", which is not a local folder "
			 "FOLDER/.well-known/acme-challenge",
			 reading->certificate->name, shown);
}

/* ACL has a place for each name, the domain first; the last one is for the rest. */
static void
take_places(const struct reading *reading, const struct cw_strv *names,
	    const struct cw_strv *places)
{
	bool single = cw_conf_is_yes(reading->conf, "USE_SINGLE_ACL");
	size_t count = single ? 1 : places->count;

	for (size_t i = 0; i < count; i++) {
		const char *place = places->items[i];
		cw_autofree char *webroot = *place == '/' ? cw_moved_webroot_of(place) : NULL;

		if (webroot == NULL) {
			cw_strv_clear(&reading->certificate->webroots);
			remark_acl(reading, place);
			return;
		}
		cw_moved_set_webroot(reading->certificate,
				     i + 1 < count && i < names->count ? names->items[i] : NULL,
				     webroot);
	}
	reading->certificate->authenticator = cw_strdup("webroot");
}

static void
take_challenge(const struct reading *reading, const char *domain)
{
	const struct cw_strv *places = cw_conf_list(reading->conf, "ACL");
	const char *sans = cw_conf_get(reading->conf, "SANS");
	cw_auto_strv struct cw_strv names = {0};

	if (cw_conf_is_yes(reading->conf, "VALIDATE_VIA_DNS")) {
		const char *program = cw_conf_get(reading->conf, "DNS_ADD_COMMAND");

		cw_moving_remark(
			reading->moving, reading->config,
			"give a DNS authenticator with -a: \"certwright plugins\" lists "
			"them, and certwright-dns-exec(8) runs a program of yours",
			"\"%s\" is proved with getssl's program \"%s\", which is called in "
			"a way that certwright does not have",
			reading->certificate->name, program != NULL ? program : "none");
		return;
	}
	cw_strv_add(&names, domain);
	if (sans != NULL)
		cw_strv_split(&names, sans, ',');
	if (places != NULL)
		take_places(reading, &names, places);
}

/* getssl copies these files after each renewal. */
static void
take_hooks(const struct reading *reading)
{
	static const char *const copies[] = {"DOMAIN_CERT_LOCATION", "DOMAIN_KEY_LOCATION",
					     "CA_CERT_LOCATION", "DOMAIN_CHAIN_LOCATION",
					     "DOMAIN_PEM_LOCATION"};
	const struct cw_strv *reload = cw_conf_list(reading->conf, "RELOAD_CMD");
	cw_autofree char *command = reload != NULL ? cw_strv_join(reload, " && ") : NULL;

	if (command != NULL && cw_conf_is_safe(reading->conf))
		cw_moved_set(reading->certificate, "deploy_hook", command);
	else if (command != NULL)
		cw_moving_remark(reading->moving, reading->config, "give it with --deploy-hook",
				 "other users can change the file, so its RELOAD_CMD is not taken "
				 "over");
	for (size_t i = 0; i < CW_COUNT(copies); i++) {
		const char *place = cw_conf_get(reading->conf, copies[i]);
		cw_autofree char *shown = place != NULL ? shown_place(place) : NULL;

		if (place != NULL)
			cw_moving_remark(reading->moving, reading->config,
					 "have the server read the files below live/, or copy them "
					 "with a --deploy-hook",
					 "%s: the file is not copied to \"%s\" after renewals",
					 copies[i], shown);
	}
}

/* DOMAIN.ec.crt, or DOMAIN.crt beside it, has another type of key. */
static void
remark_second(const struct reading *reading)
{
	const char *name = reading->certificate->name;
	cw_autofree char *hint = NULL;

	if (!cw_conf_is_yes(reading->conf, "DUAL_RSA_ECDSA"))
		return;
	hint = cw_format("obtain another one with certonly, --cert-name %s-ecdsa and --key-type "
			 "ecdsa",
			 name);
	cw_moving_remark(reading->moving, reading->config, hint,
			 "the second certificate of \"%s\", which DUAL_RSA_ECDSA is for, is not "
			 "taken over",
			 name);
}

static void
read_certificate(struct reading *reading, const char *folder, const char *domain)
{
	cw_autofree char *key = cw_format("%s/%s.key", folder, domain);
	cw_autofree char *leaf = cw_format("%s/%s.crt", folder, domain);
	cw_autofree char *issuers = cw_format("%s/chain.crt", folder);
	cw_autofree char *server = server_of(reading);
	const char *reuses = cw_conf_get(reading->conf, "REUSE_PRIVATE_KEY");

	if (!cw_file_exists(leaf))
		return;
	reading->certificate = cw_moving_add_certificate(reading->moving, domain, "wildcard", leaf);
	reading->certificate->server = cw_strdup(server);
	reading->certificate->account = read_account(reading, server);
	cw_moved_load(reading->certificate, key, (const char *const[]){leaf, issuers, NULL});
	take_challenge(reading, domain);
	take_hooks(reading);
	if (reuses == NULL || strcmp(reuses, "true") == 0)
		cw_moved_set(reading->certificate, "reuse_key", "1");
	cw_moved_set(reading->certificate, "preferred_chain",
		     cw_conf_get(reading->conf, "PREFERRED_CHAIN"));
	remark_second(reading);
	cw_moving_remark_days(reading->moving, reading->conf, "RENEW_ALLOW", reading->config);
	cw_moving_remark_unclear(reading->moving, reading->conf, reading->config);
}

/* The common file, then that of DOMAIN, as getssl reads them. */
static int
read_config(struct reading *reading, const char *common, const char *folder, const char *domain,
	    struct cw_error *error)
{
	cw_autofree char *key = cw_format("%s/account.key", reading->source->path);
	int status = CW_OK;

	cw_conf_set(reading->conf, "WORKING_DIR", reading->source->path);
	cw_conf_set(reading->conf, "DOMAIN", domain);
	cw_conf_set(reading->conf, "DOMAIN_DIR", folder);
	cw_conf_set(reading->conf, "ACCOUNT_KEY", key);
	cw_conf_set(reading->conf, "CA", STAGING);
	if (cw_file_exists(common))
		status = cw_conf_read(reading->conf, common, error);
	return status < 0 ? status : cw_conf_read(reading->conf, reading->config, error);
}

static void
read_domain(struct reading *reading, const char *common, const char *domain, bool *found)
{
	cw_autofree char *folder = cw_format("%s/%s", reading->source->path, domain);
	cw_autofree char *config = cw_format("%s/getssl.cfg", folder);
	cw_auto_conf struct cw_conf *conf = cw_conf_new();
	cw_auto_error struct cw_error problem = {0};

	if (!cw_file_exists(config))
		return;
	*found = true;
	reading->config = config;
	reading->conf = conf;
	if (read_config(reading, common, folder, domain, &problem) == CW_OK)
		read_certificate(reading, folder, domain);
	else
		cw_error_move(
			&cw_moving_add_certificate(reading->moving, domain, "wildcard", config)
				 ->error,
			&problem);
}

int
cw_read_getssl(const struct cw_moving_source *source, struct cw_moving *moving,
	       struct cw_error *error)
{
	struct reading reading = {.source = source, .moving = moving};
	cw_autofree char *common = cw_format("%s/getssl.cfg", source->path);
	cw_auto_strv struct cw_strv names = {0};
	bool found = cw_file_exists(common);
	int status = cw_folder_list(source->path, false, &names, error);

	for (size_t i = 0; i < names.count && status == CW_OK; i++)
		read_domain(&reading, common, names.items[i], &found);
	if (status == CW_OK && !found)
		return cw_moving_source_lacks(source, "file \"getssl.cfg\"", error);
	return status;
}
