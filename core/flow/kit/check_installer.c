/* The calls of an installer, on a copy of a server's configuration that the user's options name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "crypto/key.h"
#include "crypto/self_signed.h"
#include "flow/kit/check_internal.h"
#include "flow/kit/measure.h"
#include "store/checkpoint.h"

enum { DAYS = 90, DAY = 24 * 3600 };

/* A certificate below the trial's folder. */
struct scratch {
	struct cw_installation installation;
	struct cw_strv before; /* the roots, before all else */
	bool changing;         /* an installation that succeeds changes them */
};

static int
write_certificate(struct scratch *scratch, const char *folder, const char *name,
		  struct cw_error *error)
{
	static const struct cw_key_spec spec = {.type = CW_KEY_EC, .curve = "secp256r1"};
	static const struct cw_file_mode mode = {
		.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1, .unsynced = true};
	cw_auto_key struct cw_key *key = NULL;
	cw_autofree char *certificate = NULL;
	cw_auto_strv struct cw_strv names = {0};
	char *private_key = NULL;
	int status = cw_key_generate(&spec, &key, error);

	cw_strv_add(&names, name);
	if (status == CW_OK)
		status = cw_self_signed(key, &names, DAYS, &certificate, error);
	if (status == CW_OK)
		status = cw_folder_make(folder, 0700, error);
	if (status < 0)
		return status;
	private_key = cw_key_to_pem(key);
	for (int kind = 0; kind < CW_KIND_COUNT && status == CW_OK; kind++) {
		const char *text = kind == CW_KIND_PRIVKEY ? private_key : certificate;
		char *path = cw_format("%s/%s.pem", folder, cw_kind_name(kind));

		scratch->installation.paths[kind] = path;
		status = cw_file_write(path, text, strlen(text), &mode, error);
	}
	cw_free_secret(private_key);
	return status;
}

/* All files of the certificate get CONTENTS. NULL: they are removed. */
static int
replace_files(const struct scratch *scratch, const char *contents, struct cw_error *error)
{
	static const struct cw_file_mode mode = {
		.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1, .unsynced = true};
	int status = CW_OK;

	for (int kind = 0; kind < CW_KIND_COUNT && status == CW_OK; kind++) {
		const char *path = scratch->installation.paths[kind];

		if (contents != NULL)
			status = cw_file_write(path, contents, strlen(contents), &mode, error);
		else if (unlink(path) != 0)
			status = cw_fail_path(error, errno, "remove", path);
	}
	return status;
}

static int
make_scratch(struct cw_trial *trial, const char *name, struct scratch *scratch,
	     struct cw_error *error)
{
	cw_autofree char *folder =
		cw_format("%s/live/%s", trial->context.directories.config, CW_CHECK_NAME);
	int status = cw_snapshot(&trial->roots, &scratch->before, error);

	scratch->installation.lineage = cw_strdup(CW_CHECK_NAME);
	scratch->installation.deploy = true;
	scratch->installation.expiry = (int64_t)time(NULL) + (int64_t)DAYS * DAY;
	cw_strv_add(&scratch->installation.names, name);
	cw_strv_add(&scratch->installation.covered, name);
	return status == CW_OK ? write_certificate(scratch, folder, name, error) : status;
}

static void
clear_scratch(struct scratch *scratch)
{
	cw_installation_clear(&scratch->installation);
	cw_strv_clear(&scratch->before);
}

static int
list_names(struct cw_trial *trial, struct cw_strv *names, struct cw_error *error)
{
	cw_trial_call(trial);
	cw_plugin_process_names(trial->process, names, cw_trial_done, trial);
	return cw_trial_wait(trial, error);
}

/* The first name that the server has; ours if it has none. */
static int
ask_name(struct cw_trial *trial, char **name, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_trial_open(trial, trial->settings, false, error);

	if (status == CW_OK)
		status = list_names(trial, &names, error);
	*name = cw_strdup(names.count > 0 ? names.items[0] : CW_CHECK_NAME);
	return status;
}

static int
install(struct cw_trial *trial, const struct scratch *scratch, struct cw_error *error)
{
	struct cw_installation_outcome outcome = {0};

	cw_trial_call(trial);
	cw_plugin_process_install(trial->process, &scratch->installation, &outcome, cw_trial_done,
				  trial);
	return cw_trial_wait(trial, error);
}

/* Installs, and takes it back as after a reload that failed. */
static int
check_undo(struct cw_check *check, struct scratch *scratch, struct cw_error *error)
{
	static const char name[] = "install and roll back";
	struct cw_trial *trial = &check->trial;
	cw_auto_error struct cw_error failure = {0};
	struct cw_life life = {0};
	int status = install(trial, scratch, &failure);

	if (cw_check_died(check, name, &failure))
		return CW_OK;
	cw_trial_end(trial);
	if (status < 0) {
		cw_autofree char *line = cw_error_line(&failure);

		/* What a call that fails has changed is restored by the core. */
		if (cw_check_unchanged(check, name, &scratch->before, "an installation that failed",
				       error))
			cw_check_skip(check, name, line);
		return error->status;
	}
	cw_life_note_change(check, &life, &scratch->before);
	scratch->changing = life.changed;
	check->finished = true;
	if (cw_trial_recover(trial, error) == CW_OK &&
	    cw_check_unchanged(check, name, &scratch->before, "the change was rolled back", error))
		cw_check_ok(check, name);
	return error->status;
}

static int
check_deployment(struct cw_trial *trial, const struct scratch *scratch, struct cw_error *error)
{
	cw_trial_call(trial);
	cw_plugin_process_check(trial->process, &scratch->installation, cw_trial_done, trial);
	return cw_trial_wait(trial, error);
}

static int
update(struct cw_trial *trial, struct scratch *scratch, enum cw_reason reason,
       struct cw_error *error)
{
	struct cw_update one = {.installation = &scratch->installation};
	int status;

	scratch->installation.reason = reason;
	cw_trial_call(trial);
	cw_plugin_process_update(trial->process, &one, 1, cw_trial_done, trial);
	status = cw_trial_wait(trial, error);
	scratch->installation.reason = CW_REASON_INSTALL;
	if (status == CW_OK)
		return cw_error_move(error, &one.error);
	cw_error_clear(&one.error);
	return status;
}

/* With certificate files that are not there, or are none: it may only succeed if it changes
 * something, such as the files that a configuration names. */
static int
check_bad_files(struct cw_check *check, const char *name, const char *contents,
		struct scratch *scratch, struct cw_error *error)
{
	struct cw_trial *trial = &check->trial;
	cw_auto_error struct cw_error failure = {0};
	cw_auto_strv struct cw_strv before = {0};
	cw_autofree char *line = NULL;
	struct cw_life life = {0};
	int status = cw_snapshot(&trial->roots, &before, error);

	if (status == CW_OK)
		status = replace_files(scratch, contents, error);
	if (status == CW_OK)
		status = cw_trial_open(trial, trial->settings, false, error);
	if (status < 0)
		return status;
	check->finished = install(trial, scratch, &failure) == CW_OK;
	if (check->finished)
		cw_life_note_change(check, &life, &before);
	else
		line = cw_error_line(&failure);
	if (cw_check_died(check, name, &failure))
		return cw_trial_recover(trial, error);
	if (failure.status == CW_OK && scratch->changing && !life.changed)
		cw_check_wrong(check, name, "look whether the files can be read",
			       "an installation succeeds although it did nothing");
	else if (line != NULL && strstr(line, CW_CALL_IS_SILENT) != NULL)
		cw_check_wrong(check, name, "call cw_host_fail() before an error is returned",
			       "the installation fails and does not say why");
	else if (cw_trial_recover(trial, error) == CW_OK &&
		 cw_check_unchanged(check, name, &before, "the change was rolled back", error))
		cw_check_ok(check, name);
	return cw_trial_recover(trial, error);
}

enum step { NAMES, CHECK, INSTALL, RENEW, UNDEPLOY, CLOSE, END };

static void
do_step(struct cw_trial *trial, struct scratch *scratch, enum step step, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};

	switch (step) {
	case NAMES: list_names(trial, &names, error); break;
	case CHECK: check_deployment(trial, scratch, error); break;
	case INSTALL: install(trial, scratch, error); break;
	case RENEW: update(trial, scratch, CW_REASON_RENEW, error); break;
	case UNDEPLOY: update(trial, scratch, CW_REASON_UNDEPLOY, error); break;
	case CLOSE: cw_trial_close(trial, error); break;
	case END: break;
	}
}

/* cw_check_live with the certificate CONTEXT. */
static void
live(struct cw_check *check, void *context, struct cw_life *life)
{
	struct cw_trial *trial = &check->trial;
	struct scratch *scratch = context;
	cw_auto_strv struct cw_strv before = {0};
	cw_auto_error struct cw_error error = {0};
	bool goes_on = cw_snapshot(&trial->roots, &before, NULL) == CW_OK &&
		       cw_trial_open(trial, trial->settings, false, &error) == CW_OK;

	goes_on = cw_life_goes_on(check, life, &error) && goes_on;
	for (enum step step = NAMES; step < END && goes_on; step++) {
		do_step(trial, scratch, step, &error);
		if (error.status == CW_OK && step == INSTALL)
			cw_life_note_change(check, life, &before);
		if (error.status == CW_OK && step >= INSTALL && step <= UNDEPLOY)
			check->finished = true;
		goes_on = cw_life_goes_on(check, life, &error);
		/* What else it did could hide what is left. */
		if (trial->fault.happened && step < CLOSE)
			step = CLOSE - 1;
		cw_error_clear(&error);
	}
}

/* A rollback leaves keys, so the certificate is removed as before it is deleted. */
static int
remove_copy(struct cw_check *check, struct scratch *scratch, struct cw_error *error)
{
	struct cw_trial *trial = &check->trial;

	if (cw_trial_open(trial, trial->settings, false, NULL) == CW_OK)
		update(trial, scratch, CW_REASON_UNDEPLOY, NULL);
	return cw_trial_recover(trial, error);
}

int
cw_check_installer(struct cw_check *check, struct cw_error *error)
{
	static const char name[] = "names of the server";
	struct cw_trial *trial = &check->trial;
	struct scratch scratch = {0};
	cw_auto_error struct cw_error failure = {0};
	cw_autofree char *first = NULL;
	int status;

	if (trial->roots.count == 0) {
		cw_check_skip(check, "install and roll back", CW_CHECK_NEEDS_COPY);
		return CW_OK;
	}
	status = ask_name(trial, &first, &failure);
	if (cw_check_died(check, name, &failure))
		return CW_OK;
	if (status < 0) {
		cw_autofree char *line = cw_error_line(&failure);

		cw_trial_end(trial);
		cw_check_skip(check, name, line);
		return CW_OK;
	}
	cw_check_ok(check, name);
	status = make_scratch(trial, first, &scratch, error);
	if (status == CW_OK)
		status = check_undo(check, &scratch, error);
	if (status == CW_OK)
		status = cw_check_calls(check, live, &scratch, error);
	if (status == CW_OK)
		status =
			check_bad_files(check, "damaged certificate files",
					"nonsense\n-----BEGIN PRIVATE KEY-----\n", &scratch, error);
	if (status == CW_OK)
		status = check_bad_files(check, "missing certificate files", NULL, &scratch, error);
	if (status == CW_OK)
		status = remove_copy(check, &scratch, error);
	cw_trial_end(trial);
	clear_scratch(&scratch);
	return status;
}
