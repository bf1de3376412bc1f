#include "flow/issue/save.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/x509.h"
#include "flow/install/owed.h"
#include "flow/issue/csr.h"
#include "flow/work/deploy_hooks.h"
#include "store/renewal.h"

static int
key_spec(const struct cw_settings *settings, struct cw_key_spec *spec, struct cw_error *error)
{
	const char *type = cw_settings_get(settings, "key_type");
	int64_t bits = cw_settings_int(settings, "rsa_key_size", 2048);

	*spec = (struct cw_key_spec){.type = CW_KEY_EC};
	if (type == NULL || strcmp(type, "ecdsa") == 0) {
		spec->curve = cw_settings_get(settings, "elliptic_curve");
		return CW_OK;
	}
	spec->type = CW_KEY_RSA;
	if (bits < 2048 || bits > 8192) {
		cw_fail(error, CW_E_INVALID, "cannot use an RSA key of %lld bits", (long long)bits);
		cw_hint(error, "give a number from 2048 to 8192 with --rsa-key-size");
		return CW_E_INVALID;
	}
	spec->rsa_bits = (unsigned)bits;
	return CW_OK;
}

int
cw_request_key_plan(const struct cw_request *request, char **plan, struct cw_key **key,
		    struct cw_error *error)
{
	const struct cw_settings *settings = request->settings;
	struct cw_key_spec spec;
	int status;

	*key = NULL;
	if (request->csr != NULL) {
		cw_autofree char *digest =
			cw_sha256_hex(request->csr->der.data, request->csr->der.length);

		*plan = cw_format("csr:%s", digest);
		return CW_OK;
	}
	if (request->key != NULL) {
		*key = cw_key_share(request->key);
		*plan = cw_strdup("given");
		return CW_OK;
	}
	if (request->lineage != NULL && cw_settings_flag(settings, "reuse_key") &&
	    !cw_settings_flag(settings, "new_key")) {
		cw_autofree char *thumbprint = NULL;

		status = cw_key_load(request->lineage->live[CW_KIND_PRIVKEY], key, error);
		if (status < 0)
			return status;
		thumbprint = cw_key_thumbprint(*key);
		*plan = cw_format("same:%s", thumbprint);
		return CW_OK;
	}
	status = key_spec(settings, &spec, error);
	if (status < 0)
		return status;
	*plan = spec.type == CW_KEY_RSA ? cw_format("rsa:%u", spec.rsa_bits)
					: cw_format("ecdsa:%s", spec.curve);
	return CW_OK;
}

int
cw_request_key_make(const struct cw_request *request, struct cw_key **key, struct cw_error *error)
{
	struct cw_key_spec spec;
	int status = key_spec(request->settings, &spec, error);

	return status < 0 ? status : cw_key_generate(&spec, key, error);
}

static const char *
prefer_chain(const struct cw_request *request, const struct cw_strv *chains)
{
	const char *preferred = cw_settings_get(request->settings, "preferred_chain");

	if (preferred == NULL || *preferred == '\0')
		return chains->items[0];
	for (size_t i = 0; i < chains->count; i++) {
		cw_autofree char *issuer =
			cw_chain_topmost_issuer(chains->items[i], strlen(chains->items[i]));

		if (issuer != NULL && strcmp(issuer, preferred) == 0)
			return chains->items[i];
	}
	cw_log_warning("the CA offers no chain that ends with the issuer \"%s\"; using the default "
		       "chain for %s",
		       preferred, request->name);
	return chains->items[0];
}

static int
check_lifetime(const struct cw_certificate *certificate, struct cw_error *error)
{
	enum { CLOCK_TOLERANCE = 3600 };
	int64_t now = cw_time();
	int64_t begin = cw_certificate_not_before(certificate);
	int64_t end = cw_certificate_not_after(certificate);
	cw_autofree char *shown_now = cw_format_utc(now);
	cw_autofree char *shown = cw_format_utc(end <= now ? end : begin);

	if (end > now && begin <= now + CLOCK_TOLERANCE)
		return CW_OK;
	cw_fail(error, CW_E_PROTOCOL,
		end <= now ? "the CA sent a certificate that expired at %s"
			   : "the CA sent a certificate that is not valid before %s",
		shown);
	cw_hint(error, "check this machine's clock, which says %s; if it is right, tell the CA",
		shown_now);
	return CW_E_PROTOCOL;
}

/* All names asked for have to be there. Some CAs add others, which is worth a word. */
static int
check_names(const struct cw_request *request, const struct cw_certificate *certificate,
	    struct cw_error *error)
{
	cw_auto_names struct cw_names names = {0};
	cw_auto_strv struct cw_strv present = {0};
	cw_auto_strv struct cw_strv wanted = {0};
	cw_auto_strv struct cw_strv missing = {0};
	cw_auto_strv struct cw_strv added = {0};
	cw_autofree char *list = NULL;

	cw_certificate_names(certificate, &names.dns, &names.ip);
	cw_names_all(&names, &present);
	cw_names_all(&request->names, &wanted);
	for (size_t i = 0; i < wanted.count; i++)
		if (!cw_strv_contains(&present, wanted.items[i]))
			cw_strv_add(&missing, wanted.items[i]);
	for (size_t i = 0; i < present.count; i++)
		if (!cw_strv_contains(&wanted, present.items[i]))
			cw_strv_add(&added, present.items[i]);
	list = cw_strv_join(missing.count > 0 ? &missing : &added, ", ");
	if (missing.count > 0)
		return cw_fail(error, CW_E_PROTOCOL,
			       "the CA sent a certificate without these requested names: %s", list);
	if (added.count > 0)
		cw_log_warning(
			"the certificate for \"%s\" also has names that were not requested: %s",
			request->name, list);
	return CW_OK;
}

/* What the CA sent, before it takes the place of anything. */
static int
check_chain(const struct cw_request *request, const struct cw_key *key,
	    const struct cw_certificate *certificate, const char *chain, struct cw_error *error)
{
	int status;

	if (*chain == '\0') {
		cw_fail(error, CW_E_PROTOCOL,
			"the CA sent a certificate without its issuer's certificate");
		cw_hint(error, "clients cannot verify it; tell the CA");
		return CW_E_PROTOCOL;
	}
	if (!cw_certificate_has_key(certificate, key))
		return cw_fail(error, CW_E_PROTOCOL, "the CA sent a certificate for another key");
	status = check_lifetime(certificate, error);
	return status < 0 ? status : check_names(request, certificate, error);
}

void
cw_forget_other_key(struct cw_settings *settings)
{
	bool rsa = cw_equal(cw_settings_get(settings, "key_type"), "rsa");
	const char *other = rsa ? "elliptic_curve" : "rsa_key_size";

	if (cw_settings_source(settings, other) == CW_SOURCE_RENEWAL)
		cw_settings_reset(settings, other);
}

/* The lineage's renewal file as it is now, or a new one, with the request's settings in it. */
static int
renewal_config(const struct cw_context *context, const struct cw_request *request,
	       struct cw_configobj **config, struct cw_error *error)
{
	if (request->lineage != NULL) {
		int status = cw_configobj_load(request->lineage->renewal_path, config, error);

		if (status < 0)
			return status;
	} else {
		*config = cw_configobj_new();
	}
	cw_configobj_set(*config, "", "version", context->certbot_version);
	cw_renewal_write(*config, request->settings,
			 request->account != NULL ? request->account->id : NULL,
			 request->authenticator, request->installer);
	return CW_OK;
}

/* Where the new version and the links go. */
static int
check_folders(const struct cw_context *context, const struct cw_request *request,
	      struct cw_error *error)
{
	static const char *const parts[] = {"renewal", "archive", "live"};
	const struct cw_lineage *lineage = request->lineage;
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(parts) && status == CW_OK; i++) {
		cw_autofree char *folder =
			cw_format("%s/%s", context->directories.config, parts[i]);

		status = cw_folder_check_writable(folder, error);
	}
	if (status < 0 || lineage == NULL)
		return status;
	cw_autofree char *live = cw_path_folder(lineage->live[CW_KIND_CERT]);
	status = cw_folder_check_writable(lineage->archive, error);
	return status < 0 ? status : cw_folder_check_writable(live, error);
}

int
cw_request_check_savable(const struct cw_context *context, const struct cw_request *request,
			 struct cw_error *error)
{
	cw_auto_configobj struct cw_configobj *config = NULL;
	int status = renewal_config(context, request, &config, error);

	if (status == CW_OK)
		status = cw_configobj_check(config, error);
	return status < 0 ? status : check_folders(context, request, error);
}

static int
save_files(const struct cw_context *context, struct cw_request *request,
	   const struct cw_version_files *files, struct cw_error *error)
{
	cw_auto_configobj struct cw_configobj *config = NULL;
	int status;

	cw_forget_other_key(request->settings);
	status = renewal_config(context, request, &config, error);
	if (status == CW_OK)
		status = cw_deploy_owe(context, request, error);
	if (status == CW_OK)
		status = cw_owe_installation(context, request, error);
	if (status < 0)
		return status;
	if (request->lineage != NULL)
		return cw_lineage_update(request->lineage, files, config, request->prune, error);
	return cw_lineage_create(context->directories.config, request->name, files, config,
				 &request->lineage, error);
}

void
cw_certificate_describe(const struct cw_certificate *certificate, struct json_object *object)
{
	cw_auto_names struct cw_names names = {0};
	cw_auto_strv struct cw_strv all = {0};
	cw_autofree char *serial = cw_certificate_serial(certificate);
	cw_autofree char *expiry = cw_format_utc(cw_certificate_not_after(certificate));

	cw_certificate_names(certificate, &names.dns, &names.ip);
	cw_names_all(&names, &all);
	cw_json_set(object, "domains", cw_json_from_strv(&all));
	cw_json_set_string(object, "serial", serial);
	cw_json_set_string(object, "expiry", expiry);
}

struct chain_texts {
	const char *leaf, *chain, *fullchain;
};

static struct json_object *
describe_in_memory(const struct cw_certificate *certificate, const struct chain_texts *texts,
		   const struct cw_key *key, const char *url)
{
	struct json_object *object = cw_json_new_object();
	cw_autosecret char *pem = key != NULL ? cw_key_to_pem(key) : NULL;

	cw_certificate_describe(certificate, object);
	cw_json_set_string(object, "key_type", cw_certificate_key_type(certificate));
	cw_json_set_string(object, "url", url);
	cw_json_set_string(object, "key", pem);
	cw_json_set_string(object, "certificate", texts->leaf);
	cw_json_set_string(object, "chain", texts->chain);
	cw_json_set_string(object, "fullchain", texts->fullchain);
	return object;
}

int
cw_request_save(const struct cw_context *context, struct cw_request *request,
		const struct cw_key *key, const char *url, const struct cw_strv *chains,
		struct cw_error *error)
{
	const char *preferred = prefer_chain(request, chains);
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_autofree char *leaf = NULL;
	cw_autofree char *chain = NULL;
	cw_autofree char *fullchain = NULL;
	cw_autosecret char *private_key = NULL;
	struct cw_version_files files;
	int status;

	status = cw_chain_split(preferred, strlen(preferred), &leaf, &chain, &certificate, error);
	if (status == CW_OK)
		status = check_chain(request, request->csr != NULL ? request->csr->public_key : key,
				     certificate, chain, error);
	if (status < 0 || request->dry_run)
		return status;
	fullchain = cw_format("%s%s", leaf, chain);
	if (request->in_memory) {
		const struct chain_texts texts = {leaf, chain, fullchain};

		request->certificate = describe_in_memory(certificate, &texts, key, url);
		return CW_OK;
	}
	if (request->csr != NULL)
		return cw_csr_save_files(request, leaf, chain, fullchain, error);
	private_key = cw_key_to_pem(key);
	files = (struct cw_version_files){
		.cert = leaf,
		.privkey = private_key,
		.chain = chain,
		.fullchain = fullchain,
		.same_key = request->lineage != NULL &&
			    cw_settings_flag(request->settings, "reuse_key") &&
			    !cw_settings_flag(request->settings, "new_key"),
	};
	status = save_files(context, request, &files, error);
	if (status < 0)
		return cw_context(error,
				  "the certificate for \"%s\" was issued but cannot be saved",
				  request->name);
	request->saved = true;
	return CW_OK;
}
