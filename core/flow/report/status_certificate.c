/* status.h: one certificate. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/summary.h"
#include "crypto/x509.h"
#include "flow/due/due.h"
#include "flow/due/lineage_facts.h"
#include "flow/due/lineage_settings.h"
#include "flow/due/renewal_info.h"
#include "flow/issue/server.h"
#include "flow/report/failure.h"
#include "flow/report/provided.h"
#include "flow/report/state.h"
#include "flow/report/status.h"
#include "store/lineage.h"
#include "store/memory.h"
#include "store/stand_in.h"

struct reading {
	struct cw_context *context;
	const char *name;
	char *folder;               /* live/NAME */
	const char *origin;         /* as in the document */
	struct cw_lineage *lineage; /* NULL: it has no renewal file that can be read */
	char *path;                 /* of the certificate in use; NULL: there is none */
	bool damaged;               /* it would not be renewed */
	bool unusable;              /* it is provided, and no server can use it */
	bool is_read;               /* the summary is there */
	struct cw_certificate_summary summary;
	struct json_object *memory;
	struct json_object *description;
	struct json_object *problems;
};

static void
clear_reading(struct reading *reading)
{
	free(reading->folder);
	cw_lineage_free(reading->lineage);
	free(reading->path);
	cw_certificate_summary_clear(&reading->summary);
	json_object_put(reading->memory);
}

/* A user may have put files over a self-signed certificate that nobody has marked anew yet. */
static bool
signs_itself(const char *path)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;

	return path != NULL && cw_certificate_load(path, &certificate, NULL) == CW_OK &&
	       cw_certificate_signed_by(certificate, certificate);
}

/* Its renewal file also counts where the files are not certwright's: it says what renews it when
 * they are gone. */
static void
find_files(struct reading *reading)
{
	cw_auto_error struct cw_error error = {0};
	const char *config = reading->context->directories.config;
	struct cw_live_folder live;
	int status = CW_OK;

	cw_live_look(config, reading->name, &live);
	if (cw_lineage_exists(config, reading->name)) {
		reading->origin = "acme";
		status = cw_lineage_load(config, reading->name, &reading->lineage, &error);
	}
	if (status < 0)
		cw_lineage_open(config, reading->name, &reading->lineage, NULL);
	reading->path = cw_provided_certificate(reading->folder);
	if (live.said == CW_ORIGIN_SELF_SIGNED && signs_itself(reading->path)) {
		reading->origin = "self-signed";
	} else if (cw_provided_is(reading->folder)) {
		reading->origin = "provided";
	} else if (status < 0) {
		reading->damaged = true;
		cw_problem_add_error(reading->problems, "lineage", &error);
	} else if (reading->lineage != NULL) {
		free(reading->path);
		reading->path = cw_strdup(reading->lineage->live[CW_KIND_CERT]);
	}
	if (reading->path == NULL && strcmp(reading->origin, "provided") != 0)
		reading->origin = "none";
}

static void
read_certificate(struct reading *reading)
{
	cw_auto_error struct cw_error error = {0};

	if (reading->path == NULL)
		return;
	reading->is_read =
		cw_certificate_summary_read(reading->path, CW_SUMMARY_NAMES | CW_SUMMARY_ISSUER,
					    &reading->summary, &error) == CW_OK;
	/* What is wrong with a provided one is said with the rest of it. */
	if (!reading->is_read && !reading->damaged && strcmp(reading->origin, "provided") != 0)
		cw_problem_add_error(reading->problems, "lineage", &error);
}

static void
describe_certificate(struct reading *reading)
{
	struct json_object *description = reading->description;
	const struct cw_certificate_summary *summary = &reading->summary;
	struct json_object *domains = cw_json_from_strv(&summary->dns);

	for (size_t i = 0; i < summary->ip.count; i++)
		cw_json_append(domains, json_object_new_string(summary->ip.items[i]));
	cw_json_set(description, "domains", domains);
	cw_json_set_string(description, "origin", reading->origin);
	cw_json_set_string(description, "state", NULL); /* set last; this is its place */
	cw_json_set_string(description, "issuer", summary->issuer);
	cw_json_set_string(description, "serial", summary->serial);
	cw_json_set_string(description, "key_type", summary->key_type);
	cw_json_set(description, "not_before", NULL);
	cw_json_set(description, "expiry", NULL);
	if (!reading->is_read)
		return;
	cw_json_set_time(description, "not_before", summary->not_before);
	cw_json_set_time(description, "expiry", summary->not_after);
}

static const char *
parameter(const struct reading *reading, const char *key)
{
	const char *value = reading->lineage != NULL ? cw_configobj_get(reading->lineage->config,
									"renewalparams", key)
						     : NULL;

	return value == NULL || strcmp(value, "None") == 0 ? NULL : value;
}

static bool
is_renewed(const struct reading *reading)
{
	return reading->lineage != NULL &&
	       cw_lineage_is_renewed(reading->context, reading->lineage);
}

/* The window, and what happens next: the CA is asked when it allows that, else the lifetime
 * decides.
 */
static void
describe_plan(struct reading *reading)
{
	struct json_object *description = reading->description;
	struct json_object *window = cw_json_new_object();
	struct json_object *next;
	const struct cw_certificate_summary *summary = &reading->summary;
	struct cw_due due = {0};
	int64_t ask, start;

	cw_due_read(reading->lineage, summary, &due);
	ask = cw_ask_again_read(reading->lineage->config, cw_time());
	/* An interval longer than its life has made it due from the beginning. */
	start = due.when > summary->not_before ? due.when : summary->not_before;
	cw_json_set_time(window, "start", start);
	cw_json_set_time(window, "end", summary->not_after);
	cw_json_set(description, "window", window);
	if (due.is_unclear)
		cw_problem_add(reading->problems, "lineage",
			       "renew_before_expiry in the renewal file is not an interval",
			       "write for example: renew_before_expiry = 30 days");
	if (!is_renewed(reading))
		return;
	next = cw_json_new_object();
	cw_json_set_string(next, "action", ask != 0 && ask < start ? "ask" : "renew");
	cw_json_set_time(next, "time", ask != 0 && ask < start ? ask : start);
	cw_json_set(description, "next", next);
}

static void
describe_renewal(struct reading *reading)
{
	static const char *const keys[] = {"server", "authenticator", "installer"};
	struct json_object *description = reading->description;

	for (size_t i = 0; i < CW_COUNT(keys); i++)
		cw_json_set_string(description, keys[i], parameter(reading, keys[i]));
	cw_json_set_bool(description, "autorenew", is_renewed(reading));
	cw_json_set(description, "window", NULL);
	cw_json_set(description, "next", NULL);
	if (reading->is_read && reading->lineage != NULL && strcmp(reading->origin, "acme") == 0)
		describe_plan(reading);
}

static void
describe_past(struct reading *reading)
{
	struct json_object *description = reading->description;
	struct json_object *failure =
		cw_failure_describe(cw_json_object(reading->memory, "last_failure"));
	struct stat status;

	cw_json_set(description, "last_success", NULL);
	if (strcmp(reading->origin, "acme") == 0 && reading->path != NULL &&
	    stat(reading->path, &status) == 0)
		cw_json_set_time(description, "last_success", status.st_mtime);
	/* How many there were is not kept between runs. */
	cw_json_set_int(description, "attempts", failure != NULL ? 1 : 0);
	cw_json_set(description, "last_failure", failure);
}

static void
check_renewal(struct reading *reading)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *hint = NULL;

	if (is_renewed(reading)) {
		if (cw_lineage_check_settings(reading->context, reading->lineage, true, &error) < 0)
			cw_problem_add_error(reading->problems, "renewal", &error);
	} else {
		hint = cw_format("to switch it on, remove the line \"autorenew = False\" from "
				 "renewal/%s.conf",
				 reading->name);
		cw_problem_add(reading->problems, "autorenew", "automatic renewal is switched off",
			       hint);
	}
	if (cw_is_test_server(parameter(reading, "server")))
		cw_problem_add(reading->problems, "test",
			       "browsers do not trust this certificate: it comes from a staging "
			       "server",
			       "obtain it from another --server");
}

static void
add_problems(struct reading *reading)
{
	if (strcmp(reading->origin, "provided") == 0)
		reading->unusable = !cw_provided_check(reading->folder, reading->problems);
	else if (strcmp(reading->origin, "acme") == 0 && !reading->damaged)
		check_renewal(reading);
	else if (strcmp(reading->origin, "none") == 0 &&
		 json_object_array_length(reading->problems) == 0)
		cw_problem_add(reading->problems, "missing", "there is no certificate", NULL);
}

/* For those that the rest of the document does not tell. */
static const char *
firm_state(const struct reading *reading)
{
	const char *revoked = cw_json_string(cw_json_object(reading->memory, "revoked"), "serial");

	if (reading->path == NULL)
		return "missing";
	if (reading->damaged || reading->unusable || !reading->is_read)
		return "broken";
	return cw_equal(revoked, reading->summary.serial) ? "revoked" : NULL;
}

struct json_object *
cw_status_certificate(struct cw_context *context, const char *name)
{
	cw_auto(clear_reading) struct reading reading = {
		.context = context,
		.name = name,
		.folder = cw_format("%s/live/%s", context->directories.config, name),
		.origin = "none",
		.memory = cw_memory_read(context->directories.work, name),
		.description = cw_json_new_object(),
		.problems = cw_json_new_array(),
	};
	struct json_object *description = reading.description;

	cw_json_set_string(description, "name", name);
	find_files(&reading);
	read_certificate(&reading);
	describe_certificate(&reading);
	describe_renewal(&reading);
	describe_past(&reading);
	add_problems(&reading);
	cw_json_set(description, "problems", reading.problems);
	cw_json_set_string(description, "state", firm_state(&reading));
	cw_state_judge(description, cw_time());
	return description;
}
