#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/glance.h"
#include "flow/context.h"
#include "flow/due/revocation.h"
#include "flow/issue/names.h"
#include "flow/issue/request.h"
#include "flow/work/network.h"
#include "store/lineage.h"

#define DAY (24 * 3600)

/* Certificates that are described, and those among them whose CA can be asked about them. */
struct listing {
	struct cw_context *context;
	struct cw_names wanted;
	struct json_object *certificates;
	struct json_object *broken;
	struct cw_revocation *revocations; /* their paths are those of the descriptions */
	struct json_object **of;           /* the descriptions that these are about, borrowed */
	size_t count;
};

static int64_t
expiry_of(struct json_object *description)
{
	int64_t expiry = 0;

	cw_parse_rfc3339(cw_json_string(description, "expiry"), &expiry);
	return expiry;
}

static void
add_validity(struct json_object *description, const struct cw_lineage *lineage)
{
	const char *server = cw_configobj_get(lineage->config, "renewalparams", "server");
	struct json_object *reasons = cw_json_new_array();
	int64_t left = expiry_of(description) - cw_time();

	if (cw_is_test_server(server))
		cw_json_append(reasons, json_object_new_string("TEST_CERT"));
	if (left <= 0)
		cw_json_append(reasons, json_object_new_string("EXPIRED"));
	cw_json_set(description, "reasons", reasons);
	cw_json_set_int(description, "days_left",
			left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY));
}

/* Responders do not answer about what has expired. */
static void
ask_later(struct listing *listing, struct json_object *description)
{
	cw_auto_glance struct cw_glance certificate = {0};
	const char *path = cw_json_string(description, "cert_path");
	size_t last = listing->count;

	if (expiry_of(description) <= cw_time() || cw_glance(path, false, &certificate, NULL) < 0 ||
	    certificate.ocsp_url == NULL)
		return;
	listing->count++;
	listing->revocations =
		cw_realloc(listing->revocations, listing->count, sizeof(*listing->revocations));
	listing->of = cw_realloc(listing->of, listing->count, sizeof(struct json_object *));
	listing->of[last] = description;
	listing->revocations[last] = (struct cw_revocation){
		.certificate = path, .chain = cw_json_string(description, "chain_path")};
}

/* What cannot be learned is no revocation, and no failure. */
static int
ask_for_revocations(struct listing *listing, struct cw_error *error)
{
	cw_auto_network struct cw_network network = {0};
	cw_auto_strv struct cw_strv silent = {0};
	cw_auto_error struct cw_error failure = {0};
	int status;

	if (listing->count == 0)
		return CW_OK;
	if (cw_network_open(&network, NULL, listing->context->settings, &failure) < 0) {
		cw_autofree char *line = cw_error_line(&failure);

		cw_log_warning("cannot ask which certificates are revoked: %s", line);
		return CW_OK;
	}
	status = cw_revocations_ask(network.http, network.loop, listing->revocations,
				    listing->count, &silent, error);
	for (size_t i = 0; i < listing->count && status == CW_OK; i++)
		if (listing->revocations[i].revoked)
			cw_json_append(cw_json_array(listing->of[i], "reasons"),
				       json_object_new_string("REVOKED"));
	return status;
}

static void
add_status(struct listing *listing)
{
	for (size_t i = 0; i < json_object_array_length(listing->certificates); i++) {
		struct json_object *item = json_object_array_get_idx(listing->certificates, i);
		struct json_object *reasons = cw_json_array(item, "reasons");

		cw_json_set_string(item, "status",
				   json_object_array_length(reasons) == 0 ? "VALID" : "INVALID");
	}
}

/* --cert-name and --domains choose among the lineages. */
static bool
is_wanted(const struct listing *listing, const struct cw_lineage *lineage)
{
	const char *name = cw_settings_get(listing->context->settings, "certname");
	cw_auto_names struct cw_names names = {0};

	if (name != NULL && strcmp(name, lineage->name) != 0)
		return false;
	if (cw_names_count(&listing->wanted) == 0)
		return true;
	if (cw_names_from_certificate(lineage->live[CW_KIND_CERT], &names, NULL) < 0)
		return false;
	return cw_names_contain(&names, &listing->wanted);
}

static int
describe(struct listing *listing, const char *name, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	struct json_object *description = NULL;
	int status = cw_lineage_load(listing->context->directories.config, name, &lineage, error);

	if (status < 0)
		return status;
	if (!is_wanted(listing, lineage))
		return CW_OK;
	status = cw_describe_lineage(lineage, &description, error);
	if (status < 0)
		return status;
	add_validity(description, lineage);
	ask_later(listing, description);
	cw_json_append(listing->certificates, description);
	return CW_OK;
}

static void
add_broken(struct listing *listing, const char *name, const struct cw_error *failure)
{
	struct json_object *item = cw_json_new_object();

	cw_json_set_string(item, "name", name);
	cw_json_set(item, "error", cw_json_error(failure));
	cw_json_append(listing->broken, item);
}

static int
list(struct listing *listing, struct cw_error *error)
{
	const struct cw_context *context = listing->context;
	const char *only = cw_settings_get(context->settings, "certname");
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_names_from_settings(context->settings, &listing->wanted, error);

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

		if ((only == NULL || strcmp(only, names.items[i]) == 0) &&
		    describe(listing, names.items[i], &failure) < 0)
			add_broken(listing, names.items[i], &failure);
	}
	return ask_for_revocations(listing, error);
}

int
cw_flow_certificates(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct listing listing = {.context = context,
				  .certificates = cw_json_new_array(),
				  .broken = cw_json_new_array()};
	int status;

	cw_json_set(result, "certificates", listing.certificates);
	cw_json_set(result, "broken", listing.broken);
	status = list(&listing, error);
	add_status(&listing);
	free(listing.revocations);
	free(listing.of);
	cw_names_clear(&listing.wanted);
	return status;
}
