#include "flow/issue/request.h"
#include <stdlib.h>
#include "base/clock.h"
#include "base/text.h"
#include "crypto/summary.h"
#include "flow/issue/server.h"

struct cw_request *
cw_request_new(const char *name, const struct cw_settings *settings)
{
	struct cw_request *request = cw_alloc(sizeof(*request));

	request->name = cw_strdup(name);
	request->settings = cw_settings_copy(settings);
	request->prune = true;
	return request;
}

void
cw_request_free(struct cw_request *request)
{
	if (request == NULL)
		return;
	free(request->name);
	cw_names_clear(&request->names);
	cw_settings_free(request->settings);
	cw_lineage_free(request->lineage);
	free(request->authenticator);
	free(request->installer);
	free(request->replaces);
	if (request->csr != NULL)
		cw_csr_clear(request->csr);
	free(request->csr);
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		free(request->files[i]);
	cw_key_free(request->key);
	cw_json_wipe(&request->certificate);
	json_object_put(request->left_out);
	json_object_put(request->result);
	cw_error_clear(&request->error);
	free(request);
}

bool
cw_request_is_for_issuer(const struct cw_request *request)
{
	const char *saved = cw_configobj_get(request->lineage->config, "renewalparams", "server");

	return cw_equal(saved, cw_server_url(request->settings));
}

int
cw_request_name_replaced(struct cw_request *request, struct cw_error *error)
{
	cw_auto_certificate_summary struct cw_certificate_summary certificate = {0};
	struct cw_names names;
	int status;

	if (request->dry_run || !cw_request_is_for_issuer(request))
		return CW_OK;
	status = cw_certificate_summary_read(request->lineage->live[CW_KIND_CERT],
					     CW_SUMMARY_ARI_ID | CW_SUMMARY_NAMES, &certificate,
					     error);
	if (status < 0)
		return status;
	names = (struct cw_names){.dns = certificate.dns, .ip = certificate.ip};
	if (cw_names_overlap(&names, &request->names))
		request->replaces = cw_take(&certificate.ari_id);
	return CW_OK;
}

static void
add_names(struct json_object *description, const struct cw_strv *dns, const struct cw_strv *ip)
{
	cw_auto_strv struct cw_strv all = {0};

	cw_strv_add_all(&all, dns);
	cw_strv_add_all(&all, ip);
	cw_json_set(description, "domains", cw_json_from_strv(&all));
}

struct json_object *
cw_describe_certificate(const char *name, char *const *files,
			const struct cw_certificate_summary *certificate)
{
	struct json_object *description = cw_json_new_object();

	cw_json_set_string(description, "name", name);
	add_names(description, &certificate->dns, &certificate->ip);
	cw_json_set_string(description, "serial", certificate->serial);
	cw_json_set_time(description, "expiry", certificate->not_after);
	cw_json_set_string(description, "key_type", certificate->key_type);
	cw_json_set_string(description, "cert_path", files[CW_KIND_CERT]);
	cw_json_set_string(description, "key_path", files[CW_KIND_PRIVKEY]);
	cw_json_set_string(description, "chain_path", files[CW_KIND_CHAIN]);
	cw_json_set_string(description, "fullchain_path", files[CW_KIND_FULLCHAIN]);
	return description;
}

struct json_object *
cw_describe_request(const struct cw_request *request, const char *action,
		    const struct cw_error *error)
{
	static const char *const members[] = {"serial",        "expiry",   "key_type",
					      "cert_path",     "key_path", "chain_path",
					      "fullchain_path"};
	char *const *files = request->lineage != NULL ? request->lineage->live : request->files;
	const char *name = request->csr != NULL ? NULL : request->name;
	cw_auto_certificate_summary struct cw_certificate_summary certificate = {0};
	struct json_object *description;

	if (files[CW_KIND_CERT] != NULL &&
	    cw_certificate_summary_read(files[CW_KIND_CERT], CW_SUMMARY_NAMES, &certificate,
					NULL) == CW_OK) {
		description = cw_describe_certificate(name, files, &certificate);
	} else {
		description = cw_json_new_object();
		cw_json_set_string(description, "name", name);
		add_names(description, &request->names.dns, &request->names.ip);
		for (size_t i = 0; i < CW_COUNT(members); i++)
			cw_json_set_string(description, members[i], NULL);
	}
	cw_json_set_string(description, "action", action);
	cw_json_set(description, "error", error != NULL ? cw_json_error(error) : NULL);
	cw_json_set(description, "left_out",
		    request->left_out != NULL ? json_object_get(request->left_out)
					      : cw_json_new_array());
	return description;
}
