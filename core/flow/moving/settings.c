/* The renewal file of a certificate of another client. */
#include <string.h>
#include "base/file.h"
#include "base/plugin_name.h"
#include "base/text.h"
#include "crypto/x509.h"
#include "flow/moving/take_over.h"
#include "store/account.h"
#include "store/lineage.h"
#include "store/renewal.h"

static const char params[] = "renewalparams";

struct applying {
	struct cw_context *context;
	struct cw_moving *moving;
	const struct cw_moved_certificate *certificate;
	struct cw_settings *settings;
	const char *authenticator; /* NULL: not known */
	bool own;                  /* AUTHENTICATOR is the certificate's own */
};

static void
remark_error(const struct applying *applying, const char *internal, const char *value,
	     const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_moving_remark(applying->moving, applying->certificate->source, cw_error_hint(error),
			 "the setting %s of \"%s\" (\"%s\") is not taken over: %s", internal,
			 applying->certificate->name, value, line);
}

/* The module's own options are then known. NULL: it is not installed. */
static const char *
open_own_plugin(const struct applying *applying)
{
	const struct cw_moved_certificate *certificate = applying->certificate;
	cw_auto_error struct cw_error error = {0};
	struct cw_module *module = NULL;
	int status;

	if (certificate->authenticator == NULL)
		return NULL;
	status = cw_registry_open(applying->context->registry, certificate->authenticator, &module,
				  &error);
	if (status == CW_OK)
		status = cw_module_add_options(module, applying->context->options, &error);
	if (status == CW_OK)
		return certificate->authenticator;
	remark_error(applying, "authenticator", certificate->authenticator, &error);
	return NULL;
}

/* Whether INTERNAL is an option of a plugin that is not used. */
static bool
is_unused(const struct applying *applying, const char *internal)
{
	cw_autofree char *prefix = NULL;

	if (applying->certificate->authenticator == NULL || applying->own)
		return false;
	prefix = cw_format("%s_", applying->certificate->authenticator);
	cw_replace_char(prefix, '-', '_');
	return cw_starts_with(internal, prefix);
}

static void
apply(const struct applying *applying, const char *internal, const char *value)
{
	cw_auto_error struct cw_error error = {0};

	/* What the user gives for all certificates counts. */
	if (cw_settings_source(applying->settings, internal) >= CW_SOURCE_INI ||
	    is_unused(applying, internal))
		return;
	if (cw_settings_set(applying->settings, internal, CW_SOURCE_RUNTIME, value, &error) < 0)
		remark_error(applying, internal, value, &error);
}

/* The folder of NAME: its own, or that of the names without one. */
static const char *
webroot_of(const struct cw_strv *webroots, const char *name)
{
	const char *folder = NULL;

	for (size_t i = 0; i + 1 < webroots->count; i += 2) {
		if (strcmp(webroots->items[i], name) == 0)
			return webroots->items[i + 1];
		if (*webroots->items[i] == '\0')
			folder = webroots->items[i + 1];
	}
	return folder;
}

static void
apply_webroots(const struct applying *applying, const struct cw_strv *names)
{
	static const char map[] = "webroot_map", path[] = "webroot_path";
	const struct cw_strv *webroots = &applying->certificate->webroots;

	if (!applying->own || webroots->count == 0 ||
	    cw_settings_source(applying->settings, path) >= CW_SOURCE_INI)
		return;
	for (size_t i = 0; i < names->count; i++) {
		const char *folder = webroot_of(webroots, names->items[i]);
		cw_auto_error struct cw_error error = {0};

		if (folder != NULL &&
		    cw_settings_set_map(applying->settings, map, CW_SOURCE_RUNTIME, names->items[i],
					folder, &error) < 0)
			remark_error(applying, map, folder, &error);
	}
	apply(applying, path, webroots->items[webroots->count - 1]);
}

/* Facts about the certificate, whatever a configuration file says. */
static int
set_facts(const struct applying *applying, struct cw_error *error)
{
	const struct cw_moved_certificate *certificate = applying->certificate;
	struct cw_settings *settings = applying->settings;
	const char *server = certificate->server;
	bool rsa = cw_key_type(certificate->key) == CW_KEY_RSA;
	cw_autofree char *bits = cw_format("%u", cw_key_bits(certificate->key));
	int status = CW_OK;

	if (server == NULL && certificate->account != NULL)
		server = certificate->account->server;
	if (server != NULL)
		status = cw_settings_set(settings, "server", CW_SOURCE_COMMAND, server, error);
	if (status < 0 || cw_settings_source(settings, "key_type") == CW_SOURCE_COMMAND)
		return status;
	status = cw_settings_set(settings, "key_type", CW_SOURCE_COMMAND, rsa ? "rsa" : "ecdsa",
				 error);
	if (status < 0)
		return status;
	return rsa ? cw_settings_set(settings, "rsa_key_size", CW_SOURCE_COMMAND, bits, error)
		   : cw_settings_set(settings, "elliptic_curve", CW_SOURCE_COMMAND,
				     cw_key_curve(certificate->key), error);
}

static int
fill(const struct applying *applying, struct cw_error *error)
{
	const struct cw_moved_certificate *certificate = applying->certificate;
	cw_auto_certificate struct cw_certificate *x509 = NULL;
	cw_auto_strv struct cw_strv dns = {0};
	cw_auto_strv struct cw_strv ip = {0};
	int status = cw_certificate_from_pem(certificate->leaf, strlen(certificate->leaf),
					     certificate->source, &x509, error);

	if (status == CW_OK)
		status = set_facts(applying, error);
	if (status < 0)
		return status;
	for (size_t i = 0; i + 1 < certificate->settings.count; i += 2)
		apply(applying, certificate->settings.items[i], certificate->settings.items[i + 1]);
	cw_certificate_names(x509, &dns, &ip);
	cw_strv_add_all(&dns, &ip);
	apply_webroots(applying, &dns);
	return CW_OK;
}

static void
remark_no_authenticator(struct cw_moving *moving, const struct cw_moved_certificate *certificate)
{
	cw_autofree char *hint =
		cw_format("certwright reconfigure --cert-name %s -a PLUGIN", certificate->name);

	cw_moving_remark(moving, certificate->source, hint,
			 "\"%s\" cannot be renewed before you say how to prove that you control "
			 "its names",
			 certificate->name);
}

/* Renewals do not register an account. */
static void
remark_no_account(const struct cw_context *context, struct cw_moving *moving,
		  const struct cw_moved_certificate *certificate, const char *server)
{
	cw_auto_strv struct cw_strv ids = {0};
	cw_autofree char *hint = NULL;

	if (certificate->account != NULL || server == NULL ||
	    cw_moving_account_at(moving, server) != NULL ||
	    cw_account_list(context->directories.config, server, &ids, NULL) < 0 || ids.count > 0)
		return;
	hint = cw_format("certwright register --server %s", server);
	cw_moving_remark(moving, certificate->source, hint,
			 "\"%s\" cannot be renewed before you have an account at %s",
			 certificate->name, server);
}

/* The plugin webroot asks for its folder, but renewals ask nobody. */
static int
check_webroot(const struct applying *applying, struct cw_error *error)
{
	const struct cw_settings *settings = applying->settings;

	if (!cw_equal(applying->authenticator, "webroot") ||
	    cw_settings_source(settings, "webroot_path") > CW_SOURCE_DEFAULT ||
	    cw_settings_source(settings, "webroot_map") > CW_SOURCE_DEFAULT)
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "the folder that the web server serves is missing");
	cw_hint(error, "give it with -w");
	return CW_E_USAGE;
}

static bool
is_saved(const struct cw_settings *settings, const struct cw_option *option)
{
	const unsigned kept = CW_OPT_RENEWAL | CW_OPT_OWN | CW_OPT_PLUGIN;
	const unsigned skipped = CW_OPT_SECRET | CW_OPT_NEGATIVE | CW_OPT_INERT | CW_OPT_IGNORED;

	/* The type of key is in every renewal file, whether it was given or not. */
	return ((option->flags & kept) != 0 || strcmp(option->internal, "key_type") == 0) &&
	       (option->flags & skipped) == 0 && option->kind != CW_OPTION_MAP &&
	       option->names != NULL &&
	       cw_settings_source(settings, option->internal) == CW_SOURCE_COMMAND &&
	       strcmp(option->internal, "server") != 0 &&
	       strcmp(option->internal, "authenticator") != 0;
}

static void
add_word(struct cw_strv *words, const char *option, const char *value)
{
	cw_autofree char *word = value != NULL ? cw_shell_word(value) : NULL;

	cw_strv_addf(words, "--%s%s%s", option, word != NULL ? " " : "", word != NULL ? word : "");
}

/* The options for renewals that the command line has, with their values. */
static void
given_words(const struct cw_settings *settings, struct cw_strv *words)
{
	const struct cw_option_set *options = cw_settings_options(settings);

	if (cw_settings_source(settings, "authenticator") == CW_SOURCE_COMMAND)
		add_word(words, "authenticator", cw_settings_get(settings, "authenticator"));
	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);
		const struct cw_strv *values = NULL;

		if (!is_saved(settings, option))
			continue;
		if (option->kind == CW_OPTION_LIST || option->kind == CW_OPTION_PATH_LIST)
			values = cw_settings_list(settings, option->internal);
		for (size_t j = 0; values != NULL && j < values->count; j++)
			add_word(words, option->names[0], values->items[j]);
		if (values == NULL)
			add_word(words, option->names[0],
				 option->kind == CW_OPTION_FLAG
					 ? NULL
					 : cw_settings_get(settings, option->internal));
	}
}

/* The folders of certwright are given to this run, not for renewals. */
static bool
has_more_than_folders(const struct cw_strv *words)
{
	static const char *const folders[] = {"--config-dir ", "--work-dir ", "--logs-dir "};
	size_t count = 0;

	for (size_t i = 0; i < words->count; i++)
		for (size_t j = 0; j < CW_COUNT(folders); j++)
			count += cw_starts_with(words->items[i], folders[j]);
	return words->count > count;
}

/* Why the options of the run are not saved for the certificate: it "IS ...". */
static void
remark_options(const struct cw_context *context, struct cw_moving *moving,
	       const struct cw_moved_certificate *certificate, const char *is)
{
	cw_auto_strv struct cw_strv words = {0};
	cw_autofree char *options = NULL;
	cw_autofree char *hint = NULL;

	given_words(context->settings, &words);
	if (!has_more_than_folders(&words))
		return;
	options = cw_strv_join(&words, " ");
	hint = cw_format("certwright reconfigure --cert-name %s %s", certificate->name, options);
	cw_moving_remark(moving, certificate->source, hint,
			 "\"%s\" is %s, so the options for its renewals are not saved",
			 certificate->name, is);
}

void
cw_moved_remark_present(struct cw_context *context, struct cw_moving *moving,
			const struct cw_moved_certificate *certificate)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	const char *authenticator = NULL;

	if (cw_lineage_load(context->directories.config, certificate->name, &lineage, NULL) < 0)
		return;
	authenticator = cw_configobj_get(lineage->config, params, "authenticator");
	remark_options(context, moving, certificate, "here already");
	if (cw_settings_get(context->settings, "authenticator") == NULL &&
	    (authenticator == NULL || strcmp(authenticator, "None") == 0))
		remark_no_authenticator(moving, certificate);
	remark_no_account(context, moving, certificate,
			  cw_configobj_get(lineage->config, params, "server"));
}

/* A webroot, credentials or the program of a hook that this machine lacks: it may be another one.
 */
static void
remark_missing(struct cw_moving *moving, const struct cw_moved_certificate *certificate,
	       const char *key, const char *value, struct cw_strv *seen)
{
	static const char *const folders[] = {"config_dir", "work_dir", "logs_dir"};
	bool is_hook = cw_ends_with(key, "_hook");
	cw_autofree char *path = cw_memdup(value, is_hook ? strcspn(value, " \t") : strlen(value));

	for (size_t i = 0; i < CW_COUNT(folders); i++)
		if (strcmp(key, folders[i]) == 0)
			return;
	if (*path != '/' || cw_file_exists(path) || !cw_strv_add_unique(seen, path))
		return;
	cw_moving_remark(moving, certificate->source,
			 "copy it from the other machine or make it, or change the setting with "
			 "\"certwright reconfigure\"",
			 "\"%s\", which %s of \"%s\" names, is not on this machine", path, key,
			 certificate->name);
}

static void
remark_all_missing(struct cw_moving *moving, const struct cw_moved_certificate *certificate,
		   const struct cw_configobj *config)
{
	static const char *const sections[] = {params, "renewalparams/webroot_map"};
	cw_auto_strv struct cw_strv seen = {0};

	for (size_t i = 0; i < CW_COUNT(sections); i++) {
		struct cw_configobj_entry entry;

		for (size_t at = 0; cw_configobj_next(config, sections[i], &at, &entry);) {
			const char *key = i == 0 ? entry.key : "webroot_map";

			for (size_t j = 0; entry.list != NULL && j < entry.list->count; j++)
				remark_missing(moving, certificate, key, entry.list->items[j],
					       &seen);
			if (entry.list == NULL)
				remark_missing(moving, certificate, key, entry.text, &seen);
		}
	}
}

/* Certbot's renewal file is kept as it is. */
static void
take_config(struct cw_context *context, struct cw_moving *moving,
	    const struct cw_moved_certificate *certificate, struct cw_configobj *config)
{
	static const char *const keys[] = {"authenticator", "installer"};

	if (certificate->account == NULL)
		cw_configobj_remove(config, params, "account");
	for (size_t i = 0; i < CW_COUNT(keys); i++) {
		const char *plugin = cw_configobj_get(config, params, keys[i]);

		if (plugin != NULL && strcmp(plugin, "None") != 0 &&
		    !cw_registry_has(context->registry, plugin))
			cw_moving_remark(moving, certificate->source,
					 "install it, or name another one with \"certwright "
					 "reconfigure\"",
					 "the %s \"%s\" of \"%s\" is not installed here", keys[i],
					 cw_plugin_name(plugin), certificate->name);
	}
	remark_all_missing(moving, certificate, config);
}

int
cw_moved_config(struct cw_context *context, struct cw_moving *moving,
		struct cw_moved_certificate *certificate, const char *authenticator,
		struct cw_configobj **config, struct cw_error *error)
{
	struct applying applying = {
		.context = context,
		.moving = moving,
		.certificate = certificate,
		.authenticator = authenticator,
	};
	cw_autofree char *account = NULL;
	int status;

	if (certificate->config != NULL) {
		*config = cw_configobj_copy(certificate->config);
		take_config(context, moving, certificate, *config);
		remark_options(context, moving, certificate, "renewed as Certbot has it");
		remark_no_account(context, moving, certificate,
				  cw_configobj_get(*config, params, "server"));
		return CW_OK;
	}
	*config = cw_configobj_new();
	if (authenticator == NULL)
		applying.authenticator = open_own_plugin(&applying);
	applying.own = cw_equal(applying.authenticator, certificate->authenticator);
	if (applying.authenticator == NULL)
		remark_no_authenticator(moving, certificate);
	if (certificate->account != NULL)
		account = cw_key_account_id(certificate->account->key);
	applying.settings = cw_settings_copy(context->settings);
	status = fill(&applying, error);
	if (status == CW_OK)
		status = check_webroot(&applying, error);
	if (status == CW_OK) {
		cw_renewal_write(*config, applying.settings, account, applying.authenticator, NULL);
		remark_all_missing(moving, certificate, *config);
		remark_no_account(context, moving, certificate,
				  cw_settings_get(applying.settings, "server"));
	}
	cw_settings_free(applying.settings);
	return status;
}
