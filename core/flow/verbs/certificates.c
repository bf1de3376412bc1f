#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "crypto/summary.h"
#include "flow/context.h"
#include "flow/due/due.h"
#include "flow/due/lineage_facts.h"
#include "flow/due/revocation.h"
#include "flow/due/schedule.h"
#include "flow/issue/names.h"
#include "flow/issue/request.h"
#include "flow/issue/server.h"
#include "store/lineage.h"
#include "store/memory.h"

#define DAY (24 * 3600)
#define GROUP 500 /* certificates whose CAs are asked about them together */

/* A certificate that is described, until it is known whether it is revoked. */
struct described {
	struct json_object *description;
	char *certificate; /* paths; NULL: there is nobody to ask */
	char *chain;
};

struct listing {
	struct cw_context *context;
	struct cw_names wanted;
	struct json_object *broken;
	struct cw_error failures; /* a part for each that could not be read */
	size_t shown;
	struct cw_strv silent; /* OCSP responders that did not answer */
	struct described group[GROUP];
	size_t count;
};

static void
add_validity(struct json_object *description, const struct cw_lineage *lineage,
	     const struct cw_certificate_summary *certificate)
{
	const char *server = cw_configobj_get(lineage->config, "renewalparams", "server");
	struct json_object *reasons = cw_json_new_array();
	int64_t left = certificate->not_after - cw_time();

	if (cw_is_test_server(server))
		cw_json_append(reasons, json_object_new_string("TEST_CERT"));
	if (left <= 0)
		cw_json_append(reasons, json_object_new_string("EXPIRED"));
	cw_json_set(description, "reasons", reasons);
	cw_json_set_int(description, "days_left",
			left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY));
}

/* How it is renewed, and how that went. */
static void
add_renewal(const struct cw_context *context, struct json_object *description,
	    const struct cw_lineage *lineage, const struct cw_certificate_summary *certificate,
	    struct json_object *memory)
{
	static const char *const keys[] = {"authenticator", "server"};
	struct json_object *failure = cw_json_object(memory, "last_failure");
	struct cw_due due = {0};
	cw_autofree char *when = NULL;

	cw_due_read(lineage, certificate, &due);
	/* An interval longer than its life has made it due from the beginning. */
	when = cw_format_utc(due.when > certificate->not_before ? due.when
								: certificate->not_before);
	cw_json_set_string(description, "due", when);
	for (size_t i = 0; i < CW_COUNT(keys); i++) {
		const char *value = cw_configobj_get(lineage->config, "renewalparams", keys[i]);
		bool none = value == NULL || strcmp(value, "None") == 0;

		cw_json_set_string(description, keys[i], none ? NULL : value);
	}
	cw_json_set_bool(description, "autorenew", cw_lineage_is_renewed(context, lineage));
	cw_json_set(description, "last_failure", json_object_get(failure));
}

/* What certwright revoked is known to be revoked; others are asked about the rest. */
static bool
is_known_as_revoked(struct json_object *memory, const struct cw_certificate_summary *certificate)
{
	return cw_equal(cw_json_string(cw_json_object(memory, "revoked"), "serial"),
			certificate->serial);
}

/* If it is unknown, this is neither a revocation nor a failure. */
static int
ask_for_revocations(struct listing *listing, struct cw_error *error)
{
	struct cw_revocation asked[GROUP];
	struct json_object *of[GROUP];
	size_t count = 0;
	int status;

	for (size_t i = 0; i < listing->count; i++) {
		const struct described *described = &listing->group[i];

		if (described->certificate == NULL)
			continue;
		asked[count] = (struct cw_revocation){.certificate = described->certificate,
						      .chain = described->chain};
		of[count++] = described->description;
	}
	if (count == 0)
		return CW_OK;
	status = cw_revocations_ask(listing->context, asked, count, &listing->silent, error);
	for (size_t i = 0; i < count && status == CW_OK; i++)
		if (asked[i].revoked)
			cw_json_append(cw_json_array(of[i], "reasons"),
				       json_object_new_string("REVOKED"));
	return status;
}

static void
add_status(struct json_object *description)
{
	struct json_object *reasons = cw_json_array(description, "reasons");

	cw_json_set_string(description, "status",
			   json_object_array_length(reasons) == 0 ? "VALID" : "INVALID");
}

static void
forget_group(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		struct described *described = &listing->group[i];

		json_object_put(described->description);
		free(described->certificate);
		free(described->chain);
	}
	listing->count = 0;
}

/* Prints the certificates of the group. */
static int
finish_group(struct listing *listing, struct cw_error *error)
{
	const struct cw_context *context = listing->context;
	int status = ask_for_revocations(listing, error);

	for (size_t i = 0; i < listing->count && status == CW_OK; i++) {
		struct json_object *description = listing->group[i].description;

		add_status(description);
		context->item(context->output, "certificates", description);
		listing->shown++;
	}
	forget_group(listing);
	return status;
}

static bool
has_wanted_names(const struct listing *listing, const struct cw_certificate_summary *certificate)
{
	const struct cw_names names = {.dns = certificate->dns, .ip = certificate->ip};

	return cw_names_contain(&names, &listing->wanted);
}

static int
describe(struct listing *listing, const char *name, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_certificate_summary struct cw_certificate_summary certificate = {0};
	cw_auto_json struct json_object *memory = NULL;
	const struct cw_context *context = listing->context;
	struct described *described = &listing->group[listing->count];
	int status = cw_lineage_load(context->directories.config, name, &lineage, error);

	if (status == CW_OK)
		status = cw_certificate_summary_read(lineage->live[CW_KIND_CERT], CW_SUMMARY_NAMES,
						     &certificate, error);
	if (status < 0)
		return status;
	if (!has_wanted_names(listing, &certificate))
		return CW_OK;
	*described = (struct described){
		.description = cw_describe_certificate(name, lineage->live, &certificate)};
	memory = cw_memory_read(context->directories.work, name);
	add_validity(described->description, lineage, &certificate);
	add_renewal(context, described->description, lineage, &certificate, memory);
	/* Responders do not answer about what has expired. */
	if (is_known_as_revoked(memory, &certificate)) {
		cw_json_append(cw_json_array(described->description, "reasons"),
			       json_object_new_string("REVOKED"));
	} else if (certificate.ocsp_url != NULL && certificate.not_after > cw_time()) {
		described->certificate = cw_strdup(lineage->live[CW_KIND_CERT]);
		described->chain = cw_strdup(lineage->live[CW_KIND_CHAIN]);
	}
	listing->count++;
	return CW_OK;
}

static void
add_broken(struct listing *listing, const char *name, struct cw_error *failure)
{
	struct json_object *item = cw_json_new_object();

	cw_json_set_string(item, "name", name);
	cw_json_set(item, "error", cw_json_error(failure));
	cw_json_append(listing->broken, item);
	cw_error_set_identifier(failure, name);
	cw_error_add_part(&listing->failures, failure);
}

/* What was not found is said by the one who knows whether there is any. */
static void
say_nothing_found(const struct cw_context *context, size_t count)
{
	if (count == 0)
		cw_log_info("No certificates were found in %s.", context->directories.config);
	else
		cw_log_info("None of the %zu certificates has these names.", count);
}

static int
fail_broken(struct listing *listing, size_t count, struct cw_error *error)
{
	size_t broken = listing->failures.part_count;

	cw_error_move(error, &listing->failures);
	error->status = CW_E_INVALID;
	cw_context(error, "%zu of %zu certificates could not be read", broken, count);
	error->told = true;
	return error->status;
}

static int
list(struct listing *listing, struct cw_error *error)
{
	const struct cw_context *context = listing->context;
	const char *only = cw_settings_get(context->settings, "certname");
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_names_from_settings(context->settings, &listing->wanted, error);

	if (status < 0)
		return status;
	if (only == NULL) {
		status = cw_lineage_list(context->directories.config, &names, error);
	} else if (cw_lineage_exists(context->directories.config, only)) {
		cw_strv_add(&names, only);
	} else {
		status = cw_fail(error, CW_E_NOT_FOUND, "there is no certificate \"%s\"", only);
		cw_hint(error, "see: certwright certificates");
	}
	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_auto_error struct cw_error failure = {0};

		if (describe(listing, names.items[i], &failure) < 0)
			add_broken(listing, names.items[i], &failure);
		if (cw_interrupted())
			status = cw_fail(error, CW_E_CANCELLED, "interrupted");
		else if (listing->count == GROUP || i + 1 == names.count)
			status = finish_group(listing, error);
	}
	if (status == CW_OK && listing->failures.part_count > 0)
		return fail_broken(listing, names.count, error);
	if (status == CW_OK && listing->shown == 0)
		say_nothing_found(context, names.count);
	return status;
}

int
cw_flow_certificates(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_autofree struct listing *listing = cw_alloc(sizeof(*listing));
	int status;

	listing->context = context;
	listing->broken = cw_json_new_array();
	cw_json_set(result, "certificates", cw_json_new_array());
	cw_json_set(result, "broken", listing->broken);
	status = list(listing, error);
	if (listing->shown > 0)
		cw_schedule_describe(context, result);
	cw_error_clear(&listing->failures);
	forget_group(listing);
	cw_names_clear(&listing->wanted);
	cw_strv_clear(&listing->silent);
	return status;
}
