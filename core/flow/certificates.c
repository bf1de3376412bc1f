#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "flow/context.h"
#include "flow/names.h"
#include "flow/request.h"
#include "store/lineage.h"

#define DAY (24 * 3600)

/* As Certbot tells test certificates: by the server that the renewal file names. */
static bool
is_test_server(const char *server)
{
	return server != NULL && strstr(server, "staging") != NULL;
}

static void
add_validity(struct json_object *description, const struct cw_lineage *lineage)
{
	const char *server = cw_configobj_get(lineage->config, "renewalparams", "server");
	struct json_object *reasons = cw_json_new_array();
	int64_t expiry = 0;
	int64_t left;

	cw_parse_rfc3339(cw_json_string(description, "expiry"), &expiry);
	left = expiry - cw_time();
	if (left <= 0)
		cw_json_append(reasons, json_object_new_string("EXPIRED"));
	if (is_test_server(server))
		cw_json_append(reasons, json_object_new_string("TEST_CERT"));
	cw_json_set_string(description, "status",
			   json_object_array_length(reasons) == 0 ? "VALID" : "INVALID");
	cw_json_set(description, "reasons", reasons);
	cw_json_set_int(description, "days_left",
			left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY));
}

/* --cert-name and --domains choose among the lineages. */
static bool
is_wanted(const struct cw_context *context, const struct cw_names *wanted,
	  const struct cw_lineage *lineage)
{
	const char *name = cw_settings_get(context->settings, "certname");
	cw_auto_names struct cw_names names = {0};

	if (name != NULL && strcmp(name, lineage->name) != 0)
		return false;
	if (cw_names_count(wanted) == 0)
		return true;
	if (cw_names_from_certificate(lineage->live[CW_KIND_CERT], &names, NULL) < 0)
		return false;
	return cw_names_contain(&names, wanted);
}

static int
describe(const struct cw_context *context, const struct cw_names *wanted, const char *name,
	 struct json_object *certificates, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	struct json_object *description = NULL;
	int status = cw_lineage_load(context->directories.config, name, &lineage, error);

	if (status < 0)
		return status;
	if (!is_wanted(context, wanted, lineage))
		return CW_OK;
	status = cw_describe_lineage(lineage, &description, error);
	if (status < 0)
		return status;
	add_validity(description, lineage);
	cw_json_append(certificates, description);
	return CW_OK;
}

int
cw_flow_certificates(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct json_object *certificates = cw_json_new_array();
	struct json_object *broken = cw_json_new_array();
	const char *only = cw_settings_get(context->settings, "certname");
	cw_auto_names struct cw_names wanted = {0};
	cw_auto_strv struct cw_strv names = {0};
	int status;

	cw_json_set(result, "certificates", certificates);
	cw_json_set(result, "broken", broken);
	status = cw_names_from_settings(context->settings, &wanted, error);
	if (status == CW_OK)
		status = cw_lineage_list(context->directories.config, &names, error);
	if (status < 0)
		return status;
	if (only != NULL && !cw_strv_contains(&names, only)) {
		cw_fail(error, CW_E_NOT_FOUND, "there is no certificate \"%s\"", only);
		cw_hint(error, "see: certwright certificates");
		return CW_E_NOT_FOUND;
	}
	for (size_t i = 0; i < names.count; i++) {
		cw_auto_error struct cw_error failure = {0};
		struct json_object *item;

		if ((only != NULL && strcmp(only, names.items[i]) != 0) ||
		    describe(context, &wanted, names.items[i], certificates, &failure) == CW_OK)
			continue;
		item = cw_json_new_object();
		cw_json_set_string(item, "name", names.items[i]);
		cw_json_set(item, "error", cw_json_error(&failure));
		cw_json_append(broken, item);
	}
	return CW_OK;
}
