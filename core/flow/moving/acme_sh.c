/*
 * acme.sh: DOMAIN/ or DOMAIN_ecc/ with DOMAIN.conf, DOMAIN.key and fullchain.cer, below its folder
 * or CERT_HOME; ca/HOST/PATH/{account.key,account.json,ca.conf}, HOST without the port.
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
	struct cw_moved_certificate *certificate;
	const struct cw_conf *conf;
	const char *config; /* the file */
};

/* A value, which may be encoded; NULL: none. Release with free(). */
static char *
value_of(const struct cw_conf *conf, const char *key)
{
	static const char begin[] = "__ACME_BASE64__START_", end[] = "__ACME_BASE64__END_";
	const char *value = cw_conf_get(conf, key);
	cw_autofree char *encoded = NULL;
	size_t length;

	if (value == NULL || strcmp(value, "no") == 0)
		return NULL;
	if (!cw_starts_with(value, begin) || !cw_ends_with(value + strlen(begin), end))
		return cw_strdup(value);
	value += strlen(begin);
	encoded = cw_memdup(value, strlen(value) - strlen(end));
	return (char *)cw_base64_decode(encoded, &length);
}

/* The folder of SERVER's account; release with free(). */
static char *
account_folder(const struct reading *reading, const char *server)
{
	cw_autofree char *host = cw_host_of(server);
	const char *path = strstr(server, "://");

	path = path != NULL ? strchr(path + 3, '/') : NULL;
	host[strcspn(host, ":")] = '\0';
	return cw_format("%s/ca/%s%s", reading->source->path, host, path != NULL ? path : "");
}

static struct cw_moved_account *
read_account(const struct reading *reading, const char *server)
{
	cw_autofree char *folder = account_folder(reading, server);
	cw_autofree char *key = cw_format("%s/account.key", folder);
	cw_autofree char *json = cw_format("%s/account.json", folder);
	cw_autofree char *config = cw_format("%s/ca.conf", folder);
	cw_auto_json struct json_object *body = NULL;
	cw_auto_conf struct cw_conf *conf = cw_conf_new();
	struct cw_moved_account *account = cw_moving_account_at(reading->moving, server);

	if (account != NULL)
		return account;
	if (!cw_file_exists(key))
		return NULL;
	account = cw_moving_add_account(reading->moving, key, server);
	if (cw_file_exists(json) && cw_moved_json(json, &body, &account->error) == CW_OK)
		cw_moved_account_describe(account, body);
	if (cw_file_exists(config) && cw_conf_read(conf, config, &account->error) == CW_OK)
		account->uri = value_of(conf, "ACCOUNT_URL");
	return account;
}

/* The DNS script METHOD, where acme.sh looks for it and dns-exec can use it; NULL: there is none.
 * Release with free(). */
static char *
dns_script(const struct reading *reading, const char *method)
{
	static const char *const folders[] = {"", "dnsapi/"};
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	const char *home = reading->source->path;
	cw_autofree char *program = cw_format("%s/acme.sh", home);

	if (!cw_starts_with(method, "dns_") || method[strspn(method, letters)] != '\0' ||
	    !cw_file_exists(program))
		return NULL;
	for (size_t i = 0; i < CW_COUNT(folders); i++) {
		cw_autofree char *script = cw_format("%s/%s%s.sh", home, folders[i], method);

		if (cw_file_exists(script))
			return cw_take(&script);
	}
	return NULL;
}

/* How one name is proved. Returns the plugin; NULL: there is none like it. */
static const char *
plugin_of(const struct reading *reading, const char *method)
{
	cw_autofree char *script = dns_script(reading, method);

	if (script != NULL)
		return "dns-exec";
	if (*method == '/')
		return "webroot";
	if (strcmp(method, "no") == 0 || strcmp(method, "alpn") == 0)
		return "standalone";
	if (cw_starts_with(method, "nginx"))
		return "nginx";
	return strcmp(method, "apache") == 0 ? "apache" : NULL;
}

static void
remark_method(const struct reading *reading, const char *method)
{
	bool dns = cw_starts_with(method, "dns");

	if (reading->source->gives_method)
		return;
	cw_moving_remark(
		reading->moving, reading->config,
		dns ? "give a DNS authenticator with -a: \"certwright plugins\" lists them, and "
		      "certwright-dns-exec(8) says how to use the DNS scripts of acme.sh"
		    : "give an authenticator with -a",
		"\"%s\" is proved with \"%s\" of acme.sh, which certwright does not have",
		reading->certificate->name, method);
}

/* Whether both methods are the same DNS script, or neither is one. */
static bool
same_script(const char *plugin, const char *method, const char *other)
{
	return strcmp(plugin, "dns-exec") != 0 || strcmp(method, other) == 0;
}

static void
take_dns_script(const struct reading *reading, const char *method)
{
	cw_autofree char *script = dns_script(reading, method);

	if (script == NULL)
		return;
	cw_moved_set(reading->certificate, "dns_exec_style", "acme.sh");
	cw_moved_set(reading->certificate, "dns_exec_program", script);
}

/* Le_Webroot has a method for each name, or one for the rest. */
static void
take_methods(const struct reading *reading, const struct cw_strv *names,
	     const struct cw_strv *methods)
{
	struct cw_moved_certificate *certificate = reading->certificate;
	const char *plugin = plugin_of(reading, methods->items[0]);

	for (size_t i = 0; i < methods->count; i++) {
		const char *other = plugin_of(reading, methods->items[i]);

		if (other == NULL || strcmp(other, plugin) != 0 ||
		    !same_script(plugin, methods->items[0], methods->items[i])) {
			remark_method(reading, methods->items[i]);
			return;
		}
		if (*methods->items[i] == '/')
			cw_moved_set_webroot(
				certificate,
				i + 1 < methods->count && i < names->count ? names->items[i] : NULL,
				methods->items[i]);
	}
	certificate->authenticator = cw_strdup(plugin);
	take_dns_script(reading, methods->items[0]);
	if (strcmp(methods->items[0], "alpn") == 0)
		cw_moved_set(certificate, "pref_challs", "tls-alpn-01");
}

/* The record that ALIAS is for: "=NAME" is that of --domain-alias, NAME that of --challenge-alias,
 * for _acme-challenge.NAME. */
static char *
alias_target(const char *alias)
{
	return *alias == '=' ? cw_strdup(alias + 1) : cw_format("_acme-challenge.%s", alias);
}

/* Le_ChallengeAlias has an alias for each name ("no": none), or one for the rest. */
static void
take_aliases(const struct reading *reading, const struct cw_strv *names)
{
	const char *value = cw_conf_get(reading->conf, "Le_ChallengeAlias");
	const char *alias = NULL;
	cw_auto_strv struct cw_strv aliases = {0};
	cw_auto_strv struct cw_strv targets = {0};
	cw_autofree char *all = NULL;

	if (value == NULL)
		return;
	cw_strv_split(&aliases, value, ',');
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		cw_autofree char *target = NULL;
		cw_autofree char *pair = NULL;

		if (i < aliases.count)
			alias = aliases.items[i];
		if (alias == NULL || *alias == '\0' || strcmp(alias, "no") == 0)
			continue;
		target = alias_target(alias);
		pair = cw_format("%s=%s", cw_starts_with(name, "*.") ? name + 2 : name, target);
		cw_strv_add_unique(&targets, pair);
	}
	all = cw_strv_join(&targets, ",");
	cw_moved_set(reading->certificate, "dns_alias", all);
}

static void
take_method(const struct reading *reading)
{
	const char *webroot = cw_conf_get(reading->conf, "Le_Webroot");
	const char *alt = cw_conf_get(reading->conf, "Le_Alt");
	cw_auto_strv struct cw_strv methods = {0};
	cw_auto_strv struct cw_strv names = {0};

	if (webroot == NULL)
		return;
	cw_strv_split(&methods, webroot, ',');
	cw_strv_add(&names, cw_conf_get(reading->conf, "Le_Domain"));
	if (alt != NULL && strcmp(alt, "no") != 0)
		cw_strv_split(&names, alt, ',');
	if (methods.count > 0)
		take_methods(reading, &names, &methods);
	if (cw_starts_with(webroot, "dns"))
		take_aliases(reading, &names);
	cw_moved_set(reading->certificate, "http01_port",
		     cw_conf_get(reading->conf, "Le_HTTPPort"));
	cw_moved_set(reading->certificate, "tls_alpn01_port",
		     cw_conf_get(reading->conf, "Le_TLSPort"));
}

/* acme.sh copies the files of --install-cert after each renewal, then runs the reload command. A
 * new file is only for its owner; one that is there keeps its mode. */
static void
add_copies(const struct reading *reading, struct cw_strv *commands)
{
	static const char *const copies[][2] = {
		{"Le_RealCertPath", "cert"},
		{"Le_RealKeyPath", "privkey"},
		{"Le_RealCACertPath", "chain"},
		{"Le_RealFullChainPath", "fullchain"},
	};

	for (size_t i = 0; i < CW_COUNT(copies); i++) {
		cw_autofree char *path = value_of(reading->conf, copies[i][0]);
		cw_autofree char *word = path != NULL ? cw_shell_word(path) : NULL;

		if (path != NULL)
			cw_strv_addf(commands,
				     "(umask 077 && cat \"$RENEWED_LINEAGE/%s.pem\" > %s)",
				     copies[i][1], word);
	}
}

/* Hooks find the certificate with variables, which acme.sh sets. */
static const char *const variables[][2] = {
	{"CERT_PATH", "\"$RENEWED_LINEAGE/cert.pem\""},
	{"CERT_KEY_PATH", "\"$RENEWED_LINEAGE/privkey.pem\""},
	{"CA_CERT_PATH", "\"$RENEWED_LINEAGE/chain.pem\""},
	{"CERT_FULLCHAIN_PATH", "\"$RENEWED_LINEAGE/fullchain.pem\""},
};

static void
add_variables(const struct reading *reading, struct cw_strv *commands)
{
	const char *domain = cw_conf_get(reading->conf, "Le_Domain");
	cw_autofree char *word = cw_shell_word(domain != NULL ? domain : "");
	cw_auto_strv struct cw_strv sets = {0};
	cw_autofree char *all = NULL;

	for (size_t i = 0; i < CW_COUNT(variables); i++)
		cw_strv_addf(&sets, "%s=%s", variables[i][0], variables[i][1]);
	cw_strv_addf(&sets, "Le_Domain=%s", word);
	all = cw_strv_join(&sets, " ");
	cw_strv_addf(commands, "export %s", all);
}

/* certwright runs it once for all certificates, without a lineage. */
static void
remark_variables(const struct reading *reading, const char *option, const char *hook)
{
	for (size_t i = 0; hook != NULL && i < CW_COUNT(variables); i++) {
		if (strstr(hook, variables[i][0]) == NULL)
			continue;
		cw_moving_remark(reading->moving, reading->config,
				 "use --deploy-hook, which has the certificate's folder in "
				 "RENEWED_LINEAGE",
				 "the hook of %s uses %s, which certwright does not set for it",
				 option, variables[i][0]);
		return;
	}
}

static void
take_hooks(const struct reading *reading)
{
	cw_autofree char *pre = value_of(reading->conf, "Le_PreHook");
	cw_autofree char *post = value_of(reading->conf, "Le_PostHook");
	cw_autofree char *renew = value_of(reading->conf, "Le_RenewHook");
	cw_autofree char *reload = value_of(reading->conf, "Le_ReloadCmd");
	cw_auto_strv struct cw_strv deploy = {0};
	cw_autofree char *command = NULL;

	add_copies(reading, &deploy);
	if (renew != NULL || reload != NULL)
		add_variables(reading, &deploy);
	if (renew != NULL)
		cw_strv_add(&deploy, renew);
	if (reload != NULL)
		cw_strv_add(&deploy, reload);
	if (pre == NULL && post == NULL && deploy.count == 0)
		return;
	if (!cw_conf_is_safe(reading->conf)) {
		cw_moving_remark(reading->moving, reading->config,
				 "give hooks with --pre-hook, --post-hook and --deploy-hook",
				 "other users can change the file, so its hooks and installed "
				 "copies are not taken over");
		return;
	}
	remark_variables(reading, "--pre-hook", pre);
	remark_variables(reading, "--post-hook", post);
	command = cw_strv_join(&deploy, " && ");
	cw_moved_set(reading->certificate, "pre_hook", pre);
	cw_moved_set(reading->certificate, "post_hook", post);
	cw_moved_set(reading->certificate, "deploy_hook", command);
}

static void
take_settings(const struct reading *reading)
{
	cw_autofree char *chain = value_of(reading->conf, "Le_Preferred_Chain");
	cw_autofree char *deploy = value_of(reading->conf, "Le_DeployHook");

	take_method(reading);
	take_hooks(reading);
	/* acme.sh makes a new key only if it is told to. */
	if (!cw_conf_is_yes(reading->conf, "Le_ForceNewDomainKey"))
		cw_moved_set(reading->certificate, "reuse_key", "1");
	cw_moved_set(reading->certificate, "preferred_chain", chain);
	if (cw_conf_is_yes(reading->conf, "Le_OCSP_Staple"))
		cw_moved_set(reading->certificate, "must_staple", "1");
	if (deploy != NULL)
		cw_moving_remark(reading->moving, reading->config,
				 "have a --deploy-hook do what it does, or use an installer (-i)",
				 "the deploy hook \"%s\" is a script of acme.sh", deploy);
}

static void
read_certificate(struct reading *reading, const char *folder, const char *stem)
{
	cw_autofree char *key = cw_format("%s/%s.key", folder, stem);
	cw_autofree char *chain = cw_format("%s/fullchain.cer", folder);
	cw_autofree char *server = value_of(reading->conf, "Le_API");
	const char *domain = cw_conf_get(reading->conf, "Le_Domain");

	/* The folder is made before the first certificate is there. */
	if (!cw_file_exists(chain))
		return;
	reading->certificate =
		cw_moving_add_certificate(reading->moving, domain != NULL ? domain : stem,
					  cw_ends_with(folder, "_ecc") ? "ecc" : "rsa", folder);
	reading->certificate->server = cw_strdup(server != NULL ? server : CW_LETS_ENCRYPT);
	reading->certificate->account = read_account(reading, reading->certificate->server);
	cw_moved_load(reading->certificate, key, (const char *const[]){chain, NULL});
	take_settings(reading);
	cw_moving_remark_days(reading->moving, reading->conf, "Le_RenewalDays", reading->config);
	cw_moving_remark_unclear(reading->moving, reading->conf, reading->config);
}

static void
read_folder(struct reading *reading, const char *top, const char *name, bool *found)
{
	cw_autofree char *folder = cw_format("%s/%s", top, name);
	size_t length = strlen(name) - (cw_ends_with(name, "_ecc") ? strlen("_ecc") : 0);
	cw_autofree char *stem = cw_memdup(name, length);
	cw_autofree char *config = cw_format("%s/%s.conf", folder, stem);
	cw_auto_conf struct cw_conf *conf = cw_conf_new();
	cw_auto_error struct cw_error problem = {0};

	if (!cw_file_exists(config))
		return;
	*found = true;
	reading->config = config;
	reading->conf = conf;
	if (cw_conf_read(conf, config, &problem) == CW_OK)
		read_certificate(reading, folder, stem);
	else
		cw_error_move(
			&cw_moving_add_certificate(reading->moving, stem, "rsa", config)->error,
			&problem);
}

int
cw_read_acme_sh(const struct cw_moving_source *source, struct cw_moving *moving,
		struct cw_error *error)
{
	struct reading reading = {.source = source, .moving = moving};
	cw_autofree char *config = cw_format("%s/account.conf", source->path);
	cw_auto_conf struct cw_conf *conf = cw_conf_new();
	cw_auto_strv struct cw_strv names = {0};
	bool found = cw_file_exists(config);
	const char *top;
	int status = CW_OK;

	cw_conf_set(conf, "LE_WORKING_DIR", source->path);
	if (found)
		status = cw_conf_read(conf, config, error);
	if (status < 0)
		return status;
	top = cw_conf_get(conf, "CERT_HOME");
	if (top == NULL)
		top = source->path;
	status = cw_folder_list(top, false, &names, error);
	for (size_t i = 0; i < names.count && status == CW_OK; i++)
		read_folder(&reading, top, names.items[i], &found);
	if (status == CW_OK && !found)
		return cw_moving_source_lacks(source, "file \"account.conf\"", error);
	return status;
}
