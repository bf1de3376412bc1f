/* The calls of an authenticator: with one, many, equal and unknown challenges. */
#include <string.h>
#include "base/text.h"
#include "crypto/digest.h"
#include "flow/kit/check_internal.h"
#include "flow/kit/measure.h"

enum { FEW = 3, MANY = 20 };

/* Challenges for names of ours. */
struct batch {
	struct cw_challenge_slot slots[MANY];
	struct cw_challenge_slot *pointers[MANY];
	const char *names[MANY];
	struct cw_strv texts; /* those that the challenges point to */
	size_t count;
};

static const char *
keep(struct batch *batch, char *text)
{
	cw_strv_take(&batch->texts, text);
	return text;
}

static void
fill(struct batch *batch, struct cw_challenge *challenge, const char *type, size_t number)
{
	unsigned char digest[CW_SHA256_LENGTH];

	challenge->size = sizeof(*challenge);
	challenge->lineage = CW_CHECK_NAME;
	challenge->type = type;
	challenge->identifier_type = "dns";
	challenge->identifier =
		number == 0 ? CW_CHECK_NAME : keep(batch, cw_format("n%zu." CW_CHECK_NAME, number));
	challenge->token = keep(batch, cw_format("certwright-check-token-%zu", number));
	challenge->key_authorization =
		keep(batch, cw_format("%s.thumbprint-of-the-check", challenge->token));
	cw_sha256(challenge->key_authorization, strlen(challenge->key_authorization), digest);
	challenge->validation = challenge->key_authorization;
	challenge->location = challenge->identifier;
	if (strcmp(type, "http-01") == 0) {
		challenge->location =
			keep(batch, cw_format("/.well-known/acme-challenge/%s", challenge->token));
	} else if (cw_starts_with(type, "dns-")) {
		challenge->validation = keep(batch, cw_base64url(digest, sizeof(digest)));
		challenge->location =
			keep(batch, cw_format("_acme-challenge.%s", challenge->identifier));
	} else {
		challenge->validation = keep(batch, cw_hex(digest, sizeof(digest)));
	}
}

/* EQUAL: all are the same challenge. */
static void
make_batch(struct batch *batch, const char *type, size_t count, bool equal)
{
	*batch = (struct batch){.count = count};
	for (size_t i = 0; i < count; i++) {
		struct cw_challenge *challenge = &batch->slots[i].challenge;

		fill(batch, challenge, type, equal ? 0 : i);
		challenge->all_identifiers = batch->names;
		challenge->all_identifiers_count = count;
		batch->names[i] = challenge->identifier;
		batch->pointers[i] = &batch->slots[i];
	}
}

static void
clear_batch(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		cw_error_clear(&batch->slots[i].error);
	cw_strv_clear(&batch->texts);
}

/* The first challenge that failed; NULL: all are ready. */
static const struct cw_error *
failure_of(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->slots[i].error.status != CW_OK)
			return &batch->slots[i].error;
	return NULL;
}

/* open, perform, cleanup, close. *READY: perform succeeded. False: there is a finding. */
static bool
go_through(struct cw_check *check, const char *name, struct batch *batch, struct cw_error *failure,
	   bool *ready)
{
	struct cw_trial *trial = &check->trial;
	cw_auto_error struct cw_error error = {0}, cleaning = {0};
	int status = cw_trial_open(trial, trial->settings, false, &error);

	*ready = false;
	if (status < 0) {
		cw_error_copy(failure, &error);
		return !cw_check_died(check, name, &error);
	}
	if (cw_trial_perform(trial, batch->pointers, batch->count, &error) < 0)
		cw_error_copy(failure, &error);
	else if (failure_of(batch) != NULL)
		cw_error_copy(failure, failure_of(batch));
	else
		*ready = true;
	if (!cw_trial_is_alive(trial))
		return !cw_check_died(check, name, &error);
	status = cw_trial_cleanup(trial, &cleaning);
	if (!cw_trial_is_alive(trial))
		return !cw_check_died(check, name, &cleaning);
	if (status < 0 && *ready) {
		cw_autofree char *line = cw_error_line(&cleaning);

		cw_check_wrong(check, name, "undo what perform() did, and nothing else",
			       "cleanup fails after a perform that succeeded: %s", line);
		return false;
	}
	cw_trial_close(trial, &error);
	return !cw_check_died(check, name, &error);
}

/* *READY as in go_through(); UNKNOWN: the plugin may refuse the challenges, and should. */
static int
check_batch(struct cw_check *check, const char *name, struct batch *batch, bool unknown,
	    bool *ready, struct cw_error *error)
{
	cw_auto_strv struct cw_strv before = {0};
	cw_auto_error struct cw_error failure = {0};
	int status = cw_snapshot(&check->trial.roots, &before, error);
	bool good;

	if (status < 0)
		return status;
	good = go_through(check, name, batch, &failure, ready);
	if (good && check->trial.process != NULL) {
		cw_autofree char *child = cw_measure_child(check->trial.pid);

		if (child != NULL) {
			good = false;
			cw_check_wrong(check, name, "end what perform() started in cleanup()",
				       "the process %s is left after cleanup and close", child);
		}
	}
	cw_trial_end(&check->trial);
	if (good)
		good = cw_check_unchanged(check, name, &before, "cleanup", error);
	if (good && !*ready && !unknown) {
		cw_autofree char *line = cw_error_line(&failure);

		cw_check_skip(check, name, line);
	} else if (good) {
		cw_check_ok(check, name);
	}
	return error->status;
}

/* Adds the types that the open instance offers for a name and for an address. */
static int
ask_types(struct cw_trial *trial, struct cw_strv types[2], struct cw_error *error)
{
	cw_auto_strv struct cw_strv kinds = {0}, identifiers = {0};

	cw_strv_add(&kinds, "dns");
	cw_strv_add(&identifiers, CW_CHECK_NAME);
	cw_strv_add(&kinds, "ip");
	cw_strv_add(&identifiers, "192.0.2.1");
	cw_trial_call(trial);
	cw_plugin_process_types(trial->process, &kinds, &identifiers, types, cw_trial_done, trial);
	return cw_trial_wait(trial, error);
}

/* cw_check_live for challenges of the type CONTEXT. */
static void
live(struct cw_check *check, void *context, struct cw_life *life)
{
	struct cw_trial *trial = &check->trial;
	cw_auto_strv struct cw_strv before = {0};
	cw_auto_error struct cw_error error = {0};
	struct cw_strv types[2] = {{0}, {0}};
	struct batch batch;
	bool goes_on;

	cw_snapshot(&trial->roots, &before, NULL);
	make_batch(&batch, context, FEW, false);
	goes_on = cw_trial_open(trial, trial->settings, false, &error) == CW_OK;
	goes_on = cw_life_goes_on(check, life, &error) && goes_on;
	if (goes_on) {
		ask_types(trial, types, &error);
		goes_on = cw_life_goes_on(check, life, &error);
	}
	if (goes_on) {
		if (cw_trial_perform(trial, batch.pointers, batch.count, &error) == CW_OK) {
			if (failure_of(&batch) != NULL)
				cw_error_copy(&error, failure_of(&batch));
			else
				cw_life_note_change(check, life, &before);
		}
		goes_on = cw_life_goes_on(check, life, &error);
		cw_error_clear(&error);
	}
	if (goes_on) {
		cw_trial_cleanup(trial, &error);
		goes_on = cw_life_goes_on(check, life, &error);
		cw_error_clear(&error);
	}
	if (goes_on) {
		cw_trial_close(trial, &error);
		cw_life_goes_on(check, life, &error);
	}
	cw_strv_clear(&types[0]);
	cw_strv_clear(&types[1]);
	clear_batch(&batch);
}

static bool
is_known(const char *type)
{
	static const char *const known[] = {"http-01", "dns-01", "tls-alpn-01", "dns-account-01",
					    "dns-persist-01"};
	size_t i = 0;

	while (i < CW_COUNT(known) && strcmp(type, known[i]) != 0)
		i++;
	return i < CW_COUNT(known);
}

static bool
check_types(struct cw_check *check, struct cw_strv types[2])
{
	static const char name[] = "challenge types";
	cw_auto_error struct cw_error error = {0};
	int status = cw_trial_open(&check->trial, check->trial.settings, false, &error);

	if (status == CW_OK)
		status = ask_types(&check->trial, types, &error);
	if (cw_check_died(check, name, &error))
		return false;
	cw_trial_end(&check->trial);
	if (status < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_check_skip(check, name, line);
		return false;
	}
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < types[i].count; j++) {
			const char *type = types[i].items[j];

			if (!is_known(type)) {
				cw_check_wrong(check, name, "offer http-01, dns-01 or tls-alpn-01",
					       "no CA has the challenge type \"%s\"", type);
				return false;
			}
			if (i == 1 && cw_starts_with(type, "dns-")) {
				cw_check_wrong(check, name, "look at identifier_type",
					       "%s is offered for an IP address, which has no zone "
					       "(RFC 8738)",
					       type);
				return false;
			}
		}
	}
	if (types[0].count == 0) {
		cw_check_skip(check, name, "it offers no challenge type for a DNS name");
		return false;
	}
	cw_check_ok(check, name);
	return true;
}

static int
check_batches(struct cw_check *check, const char *type, struct cw_error *error)
{
	static const struct {
		const char *name;
		const char *type; /* NULL: the plugin's first */
		size_t count;
		bool equal;
	} batches[] = {
		{"one challenge", NULL, 1, false},
		{"many challenges", NULL, MANY, false},
		{"equal challenges", NULL, 2, true},
		{"an unknown challenge", "unknown-01", 1, false},
	};
	bool ready = false;
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(batches) && status == CW_OK; i++) {
		const char *used = batches[i].type != NULL ? batches[i].type : type;
		struct batch batch;

		make_batch(&batch, used, batches[i].count, batches[i].equal);
		status = check_batch(check, batches[i].name, &batch, batches[i].type != NULL,
				     &ready, error);
		clear_batch(&batch);
	}
	return status;
}

int
cw_check_authenticator(struct cw_check *check, struct cw_error *error)
{
	struct cw_strv types[2] = {{0}, {0}};
	int status = CW_OK;

	/* It edits a server's configuration, and without options that of the server in use. */
	if (check->trial.module->about->exclusive && check->trial.roots.count == 0) {
		cw_check_skip(check, "perform and cleanup", CW_CHECK_NEEDS_COPY);
	} else if (check_types(check, types)) {
		status = check_batches(check, types[0].items[0], error);
		if (status == CW_OK)
			status = cw_check_calls(check, live, types[0].items[0], error);
	}
	cw_strv_clear(&types[0]);
	cw_strv_clear(&types[1]);
	return status;
}
