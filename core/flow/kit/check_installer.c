/* The calls of an installer, on a copy of a server's configuration that the user's options name. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
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
	char *private_key = NULL;
	int status = cw_key_generate(&spec, &key, error);

	if (status == CW_OK)
		status = cw_self_signed(key, name, DAYS, &certificate, error);
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

/* The first name that the server has; ours if it has none. */
static int
ask_name(struct cw_trial *trial, char **name, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_trial_open(trial, trial->settings, false, error);

	if (status == CW_OK) {
		cw_trial_call(trial);
		cw_plugin_process_names(trial->process, &names, cw_trial_done, trial);
		status = cw_trial_wait(trial, error);
	}
	*name = cw_strdup(names.count > 0 ? names.items[0] : CW_CHECK_NAME);
	return status;
}

static void
begin_installation(struct cw_trial *trial, const struct scratch *scratch,
		   struct cw_installation_outcome *outcome)
{
	cw_trial_call(trial);
	cw_plugin_process_install(trial->process, &scratch->installation, outcome, cw_trial_done,
				  trial);
}

/* Installs, and takes it back as after a reload that failed. */
static int
check_undo(struct cw_check *check, const struct scratch *scratch, struct cw_error *error)
{
	static const char name[] = "install and roll back";
	struct cw_trial *trial = &check->trial;
	const struct cw_directories *directories = &trial->context.directories;
	struct cw_installation_outcome outcome = {0};
	cw_auto_error struct cw_error failure = {0};
	cw_auto_strv struct cw_strv makers = {0};
	int status;

	begin_installation(trial, scratch, &outcome);
	status = cw_trial_wait(trial, &failure);
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
	status = cw_checkpoints_makers(directories->work, 1, &makers, error);
	if (status == CW_OK && makers.count > 0)
		status = cw_checkpoints_undo(directories->work, directories->config, 1, error);
	if (status < 0)
		return status;
	if (cw_check_unchanged(check, name, &scratch->before, "the change was rolled back", error))
		cw_check_ok(check, name);
	return error->status;
}

static int
check_kill(struct cw_check *check, const struct scratch *scratch, struct cw_error *error)
{
	static const char name[] = "kill -9 in an installation";
	static const int64_t delays[] = {0, 1, 2, 5, 20};
	struct cw_trial *trial = &check->trial;
	const struct cw_directories *directories = &trial->context.directories;
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(delays) && status == CW_OK; i++) {
		struct cw_installation_outcome outcome = {0};
		cw_auto_strv struct cw_strv makers = {0};

		status = cw_trial_open(trial, trial->settings, false, error);
		if (status < 0)
			break;
		begin_installation(trial, scratch, &outcome);
		status = cw_trial_kill(trial, delays[i], error);
		/* It may have come to its end before. */
		if (status == CW_OK)
			status = cw_checkpoints_makers(directories->work, 1, &makers, error);
		if (status == CW_OK && makers.count > 0)
			status = cw_checkpoints_undo(directories->work, directories->config, 1,
						     error);
		if (status == CW_OK && !cw_check_unchanged(check, name, &scratch->before,
							   "kill -9 and recovery", error))
			return error->status;
	}
	if (status == CW_OK)
		cw_check_ok(check, name);
	return status;
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
		status = check_kill(check, &scratch, error);
	cw_trial_end(trial);
	clear_scratch(&scratch);
	return status;
}
