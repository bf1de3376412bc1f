#include "flow/due/decide.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "base/plugin_name.h"
#include "base/text.h"
#include "crypto/key.h"
#include "crypto/summary.h"
#include "crypto/x509.h"
#include "flow/due/survey.h"
#include "flow/issue/server.h"

void
cw_selected_plugins(const struct cw_settings *settings, char **authenticator, char **installer)
{
	const char *both = cw_settings_get(settings, "configurator");
	const char *first = cw_settings_get(settings, "authenticator");
	const char *second = cw_settings_get(settings, "installer");
	const struct cw_strv *mapped = cw_settings_map_values(settings, "authenticator_map");

	if (first == NULL)
		first = both;
	if (first == NULL && mapped->count > 0)
		first = mapped->items[0];
	*authenticator = cw_strdup(cw_plugin_name(first));
	*installer = cw_strdup(cw_plugin_name(second != NULL ? second : both));
}

/* What the lineages there are have to do with the names asked for. */
struct search {
	struct cw_lineage *same;    /* exactly these names */
	struct cw_lineage *smaller; /* the one with the most of them and no others */
	size_t smaller_count;
};

/* Loads the lineage, in place of *FOUND. */
static int
take(const char *config_dir, const char *name, struct cw_lineage **found, struct cw_error *error)
{
	struct cw_lineage *lineage = NULL;
	int status = cw_lineage_load(config_dir, name, &lineage, error);

	if (status < 0)
		return status;
	cw_lineage_free(*found);
	*found = lineage;
	return CW_OK;
}

/* The names of the lineage's certificate. There may be a hundred thousand: the renewal file is read
 * only where the certificate is not in its usual place. */
static int
read_names(const char *config_dir, const char *name, struct cw_certificate_summary *certificate,
	   struct cw_error *error)
{
	cw_autofree char *usual = cw_format("%s/live/%s/cert.pem", config_dir, name);
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	int status = cw_certificate_summary_read(usual, CW_SUMMARY_NAMES, certificate, NULL);

	if (status == CW_OK)
		return CW_OK;
	status = cw_lineage_load(config_dir, name, &lineage, error);
	if (status == CW_OK)
		status = cw_certificate_summary_read(lineage->live[CW_KIND_CERT], CW_SUMMARY_NAMES,
						     certificate, error);
	return status;
}

static int
consider(const char *config_dir, const char *name, const struct cw_names *wanted,
	 struct search *search, struct cw_error *error)
{
	cw_auto_certificate_summary struct cw_certificate_summary certificate = {0};
	struct cw_names names;
	size_t count;
	int status = read_names(config_dir, name, &certificate, error);

	if (status < 0)
		return status;
	names = (struct cw_names){.dns = certificate.dns, .ip = certificate.ip};
	count = cw_names_count(&names);
	if (!cw_names_contain(wanted, &names))
		return CW_OK;
	if (count == cw_names_count(wanted))
		return take(config_dir, name, &search->same, error);
	if (count <= search->smaller_count)
		return CW_OK;
	status = take(config_dir, name, &search->smaller, error);
	if (status == CW_OK)
		search->smaller_count = count;
	return status;
}

/* Lineages that cannot be read have nothing to say here; renew and certificates name them. */
static int
search_lineages(const char *config_dir, const struct cw_names *wanted, struct search *search,
		struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_lineage_list(config_dir, &names, error);

	for (size_t i = 0; status == CW_OK && i < names.count && search->same == NULL; i++) {
		cw_auto_error struct cw_error broken = {0};

		if (consider(config_dir, names.items[i], wanted, search, &broken) < 0) {
			cw_autofree char *line = cw_error_line(&broken);

			cw_log_warning("skipping the certificate \"%s\": %s", names.items[i], line);
		}
	}
	return status;
}

/* The type of its key as --key-type names it. */
static int
key_type_of(const struct cw_lineage *lineage, const char **type, struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	int status = cw_certificate_load(lineage->live[CW_KIND_CERT], &certificate, error);

	if (status == CW_OK)
		*type = strcmp(cw_certificate_key_type(certificate), "RSA") == 0 ? "rsa" : "ecdsa";
	return status;
}

static bool
is_from_command_line(const struct cw_settings *settings, const char *internal)
{
	return cw_settings_source(settings, internal) > CW_SOURCE_RUNTIME;
}

/*
 * A change of the key's type has to be meant: with --key-type and --cert-name it is, else the user
 * is asked. Where the type asked for is merely the default, the lineage keeps its own.
 */
static int
settle_key_type(struct cw_context *context, const struct cw_lineage *lineage, bool *changes,
		struct cw_error *error)
{
	struct cw_settings *settings = context->settings;
	const char *wanted = cw_settings_get(settings, "key_type");
	bool given = is_from_command_line(settings, "key_type");
	const char *present = NULL;
	int status = key_type_of(lineage, &present, error);

	*changes = false;
	if (status < 0 || wanted == NULL || strcmp(wanted, present) == 0)
		return status;
	if (given && is_from_command_line(settings, "certname")) {
		*changes = true;
		return CW_OK;
	}
	if (context->asker->interactive) {
		cw_autofree char *question = cw_format("The key of the certificate \"%s\" is of "
						       "type %s. Do you want to change it to %s?",
						       lineage->name, present, wanted);

		status = context->asker->yes_no(context->asker->context, question, changes, error);
		if (status < 0 || *changes)
			return status;
	}
	if (!given)
		return cw_settings_set(settings, "key_type", CW_SOURCE_RUNTIME, present, error);
	cw_fail(error, CW_E_USAGE,
		"this would change the key type of the certificate \"%s\" from %s to %s",
		lineage->name, present, wanted);
	cw_hint(error, "to do this, give both --cert-name %s and --key-type %s", lineage->name,
		wanted);
	return CW_E_USAGE;
}

/* --reuse-key, and another key asked for. */
static int
check_key_reuse(const struct cw_settings *settings, const struct cw_lineage *lineage,
		struct cw_error *error)
{
	const char *saved = cw_configobj_get(lineage->config, "renewalparams", "reuse_key");
	const char *curve = cw_settings_get(settings, "elliptic_curve");
	const char *wanted = cw_settings_get(settings, "key_type");
	cw_auto_key struct cw_key *key = NULL;
	const char *option = NULL;
	bool rsa;
	int status;

	if ((is_from_command_line(settings, "reuse_key") &&
	     !cw_settings_flag(settings, "reuse_key")) ||
	    (!cw_settings_flag(settings, "reuse_key") && !cw_equal(saved, "True")) ||
	    cw_settings_flag(settings, "new_key"))
		return CW_OK;
	status = cw_key_load(lineage->live[CW_KIND_PRIVKEY], &key, error);
	if (status < 0)
		return status;
	rsa = cw_key_type(key) == CW_KEY_RSA;
	if (rsa != cw_equal(wanted, "rsa"))
		option = "--key-type";
	else if (rsa && is_from_command_line(settings, "rsa_key_size") &&
		 cw_settings_int(settings, "rsa_key_size", 2048) != (int64_t)cw_key_bits(key))
		option = "--rsa-key-size";
	else if (!rsa && is_from_command_line(settings, "elliptic_curve") &&
		 !cw_equal(curve, cw_key_curve(key)))
		option = "--elliptic-curve";
	if (option == NULL)
		return CW_OK;
	cw_fail(error, CW_E_USAGE,
		"%s cannot change the key of \"%s\", which is reused at each renewal", option,
		lineage->name);
	cw_hint(error, "give --new-key to change it once, or --no-reuse-key to generate a new key "
		       "at each renewal");
	return CW_E_USAGE;
}

/* A trusted certificate is not replaced by one of a test CA by mistake. */
static int
check_staging(const struct cw_settings *settings, const struct cw_lineage *lineage,
	      struct cw_error *error)
{
	const char *before = cw_configobj_get(lineage->config, "renewalparams", "server");

	if (!cw_is_test_server(cw_server_url(settings)) || cw_is_test_server(before) ||
	    cw_settings_flag(settings, "break_my_certs") || cw_settings_flag(settings, "dry_run"))
		return CW_OK;
	cw_fail(error, CW_E_USAGE,
		"this would replace the trusted certificate \"%s\" with one from a staging server",
		lineage->name);
	cw_hint(error, "to do this, give --break-my-certs; for a test, give --dry-run");
	return CW_E_USAGE;
}

/* With --cert-name nothing may cost more where there are more lineages. So an archive that has the
 * lineage's own name, as it is made, is not looked for in the others' renewal files; and nothing is
 * pruned there (cw_request_make()) that another one might use. */
static int
check_archive(const struct cw_settings *settings, const struct cw_lineage *lineage,
	      struct cw_error *error)
{
	cw_auto_strv struct cw_strv shared = {0};

	if (cw_settings_get(settings, "certname") != NULL &&
	    strcmp(cw_path_base(lineage->archive), lineage->name) == 0)
		return CW_OK;
	if (cw_lineage_archive_is_shared(lineage))
		cw_strv_add(&shared, lineage->archive);
	return cw_refuse_shared_archive(lineage, &shared, error);
}

int
cw_check_renewal(const struct cw_settings *settings, const struct cw_lineage *lineage,
		 struct cw_error *error)
{
	int status = check_staging(settings, lineage, error);

	return status < 0 ? status : check_key_reuse(settings, lineage, error);
}

/* A key asked for that the kept certificate does not have is not forgotten silently. */
static void
warn_of_kept_key(const struct cw_settings *settings, const struct cw_lineage *lineage)
{
	cw_auto_key struct cw_key *key = NULL;
	bool differs;

	if (cw_key_load(lineage->live[CW_KIND_PRIVKEY], &key, NULL) < 0)
		return;
	differs = cw_key_type(key) == CW_KEY_RSA
			  ? is_from_command_line(settings, "rsa_key_size") &&
				    cw_settings_int(settings, "rsa_key_size", 2048) !=
					    (int64_t)cw_key_bits(key)
			  : is_from_command_line(settings, "elliptic_curve") &&
				    !cw_equal(cw_settings_get(settings, "elliptic_curve"),
					      cw_key_curve(key));
	if (differs)
		cw_log_warning("the certificate \"%s\" keeps its key until it is renewed; "
			       "--force-renewal renews it now",
			       lineage->name);
}

/* The same names: renewed when forced or due, kept otherwise; the user is asked when there is one.
 */
static int
decide_same(struct cw_context *context, struct cw_lineage **lineage, enum cw_decision *decision,
	    struct cw_error *error)
{
	const struct cw_settings *settings = context->settings;
	bool due = false;
	bool new_key = false;
	int status = settle_key_type(context, *lineage, &new_key, error);

	*decision = CW_DECISION_RENEW;
	if (status < 0 || new_key || cw_settings_flag(settings, "renew_by_default") ||
	    cw_settings_flag(settings, "dry_run"))
		return status;
	status = cw_survey_one(context, lineage, &due, error);
	if (status < 0 || due)
		return status;
	*decision = CW_DECISION_KEEP;
	if (context->asker->interactive && !cw_settings_flag(settings, "reinstall")) {
		const char *const items[] = {context->verb->keep,
					     "Renew and replace the certificate"};
		size_t choice = 0;
		cw_autofree char *text =
			cw_format("There is a certificate \"%s\" for exactly these names, and it "
				  "is not yet due for renewal. What do you want to do?",
				  (*lineage)->name);

		status = context->asker->choice(context->asker->context, text, items,
						CW_COUNT(items), &choice, error);
		if (status < 0)
			return status;
		if (choice == 1)
			*decision = CW_DECISION_RENEW;
	}
	if (*decision == CW_DECISION_KEEP)
		warn_of_kept_key(settings, *lineage);
	return CW_OK;
}

/* The certificate's names: those it has and those it would have. */
static char *
list_names(const struct cw_names *present, const struct cw_names *wanted)
{
	cw_auto_strv struct cw_strv before = {0}, after = {0};
	cw_autofree char *old_names = NULL;
	cw_autofree char *new_names = NULL;

	cw_names_all(present, &before);
	cw_names_all(wanted, &after);
	old_names = cw_strv_join(&before, ", ");
	new_names = cw_strv_join(&after, ", ");
	return cw_format("  Names now:  %s\n  New names:  %s", old_names, new_names);
}

static int
confirm(struct cw_context *context, const char *flag, const char *option, const char *text,
	const struct cw_names *present, const struct cw_names *wanted, struct cw_error *error)
{
	cw_autofree char *names = list_names(present, wanted);
	bool answer = true;
	int status;

	if (cw_settings_flag(context->settings, flag))
		return CW_OK;
	if (!context->asker->interactive) {
		cw_fail(error, CW_E_USAGE, "%s", text);
		cw_hint(error, "to replace it, give %s", option);
		return CW_E_USAGE;
	}
	cw_autofree char *question = cw_format("%s.\n%s\nContinue?", text, names);
	status = context->asker->yes_no(context->asker->context, question, &answer, error);
	if (status < 0)
		return status;
	if (!answer) {
		cw_fail(error, CW_E_CANCELLED, "nothing was changed");
		cw_hint(error,
			"to keep both certificates, give --duplicate or another --cert-name");
		return CW_E_CANCELLED;
	}
	return CW_OK;
}

/* --cert-name: that lineage, or a new one of that name. */
static int
decide_named(struct cw_context *context, struct cw_names *names, const char *wanted,
	     enum cw_decision *decision, struct cw_lineage **lineage, char **name,
	     struct cw_error *error)
{
	const char *config_dir = context->directories.config;
	cw_auto_names struct cw_names present = {0};
	cw_autofree char *text = NULL;
	bool new_key = false;
	int status = cw_lineage_check_name(wanted, error);

	if (status < 0)
		return status;
	if (!cw_lineage_exists(config_dir, wanted)) {
		*decision = CW_DECISION_NEW;
		*name = cw_strdup(wanted);
		if (cw_names_count(names) > 0)
			return cw_lineage_check_free(config_dir, wanted, error);
		cw_fail(error, CW_E_NOT_FOUND, "there is no certificate \"%s\"", wanted);
		cw_hint(error, "give names for it with -d, or see: certwright certificates");
		return CW_E_NOT_FOUND;
	}
	status = cw_lineage_load(config_dir, wanted, lineage, error);
	if (status == CW_OK)
		status = cw_names_from_certificate((*lineage)->live[CW_KIND_CERT], &present, error);
	if (status < 0)
		return status;
	if (cw_names_count(names) == 0)
		cw_names_copy(names, &present);
	if (cw_names_equal(names, &present))
		return decide_same(context, lineage, decision, error);
	*decision = CW_DECISION_RENEW;
	status = settle_key_type(context, *lineage, &new_key, error);
	if (status < 0)
		return status;
	text = cw_format("this would change the names of the certificate \"%s\"", wanted);
	if (cw_settings_flag(context->settings, "renew_by_default") ||
	    (cw_settings_flag(context->settings, "expand") && cw_names_contain(names, &present)))
		return CW_OK;
	/* --cert-name says which certificate is meant: without a terminal that is answer enough. */
	if (!context->asker->interactive) {
		cw_autofree char *summary = cw_names_summary(names);

		cw_log_info("changing the names of the certificate \"%s\" to %s", wanted, summary);
		return CW_OK;
	}
	return confirm(context, "renew_with_new_domains", "--renew-with-new-domains", text,
		       &present, names, error);
}

static char *
default_name(const struct cw_names *names)
{
	const char *first = names->dns.count > 0 ? names->dns.items[0] : names->ip.items[0];

	return cw_strdup(cw_starts_with(first, "*.") ? first + 2 : first);
}

static int
decide(struct cw_context *context, struct cw_names *names, enum cw_decision *decision,
       struct cw_lineage **lineage, char **name, struct cw_error *error)
{
	const char *config_dir = context->directories.config;
	const char *wanted = cw_settings_get(context->settings, "certname");
	cw_auto_names struct cw_names present = {0};
	cw_autofree char *base = NULL;
	struct search search = {0};
	bool new_key = false;
	int status;

	if (wanted != NULL)
		return decide_named(context, names, wanted, decision, lineage, name, error);
	if (cw_names_count(names) == 0) {
		cw_fail(error, CW_E_USAGE, "no names were given");
		cw_hint(error, "give domain names with -d or addresses with --ip-address");
		return CW_E_USAGE;
	}
	*decision = CW_DECISION_NEW;
	if (!cw_settings_flag(context->settings, "duplicate")) {
		status = search_lineages(config_dir, names, &search, error);
		if (status < 0)
			return status;
	}
	if (search.same != NULL) {
		cw_lineage_free(search.smaller);
		*lineage = search.same;
		return decide_same(context, lineage, decision, error);
	}
	if (search.smaller != NULL) {
		cw_autofree char *text =
			cw_format("there is a certificate \"%s\" for some of these names",
				  search.smaller->name);

		*lineage = search.smaller;
		*decision = CW_DECISION_RENEW;
		status = settle_key_type(context, *lineage, &new_key, error);
		if (status < 0 || cw_settings_flag(context->settings, "renew_by_default"))
			return status;
		status = cw_names_from_certificate((*lineage)->live[CW_KIND_CERT], &present, error);
		return status < 0 ? status
				  : confirm(context, "expand", "--expand", text, &present, names,
					    error);
	}
	base = default_name(names);
	return cw_lineage_free_name(config_dir, base, name, error);
}

int
cw_decide(struct cw_context *context, struct cw_names *names, enum cw_decision *decision,
	  struct cw_lineage **lineage, char **name, struct cw_error *error)
{
	int status = decide(context, names, decision, lineage, name, error);

	if (status == CW_OK && *decision == CW_DECISION_RENEW)
		status = check_archive(context->settings, *lineage, error);
	if (status == CW_OK && *decision == CW_DECISION_RENEW)
		status = cw_check_renewal(context->settings, *lineage, error);
	return status;
}
