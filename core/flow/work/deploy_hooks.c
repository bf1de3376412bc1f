#include "flow/work/deploy_hooks.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "store/renewal.h"

#define FOLDER "deploy"
#define RECORD_MAX 64 /* bytes: a number and a line end */

static char *
record_path(const struct cw_context *context, const char *name)
{
	return cw_format("%s/certwright/" FOLDER "/%s", context->directories.work, name);
}

int
cw_deploy_owe(const struct cw_context *context, const struct cw_request *request,
	      struct cw_error *error)
{
	struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	cw_autofree char *text =
		cw_format("%u\n", request->lineage != NULL ? request->lineage->version : 0);
	int status = cw_private_folder(context->directories.work, FOLDER, true, &folder, error);

	if (status < 0)
		return status;
	path = cw_format("%s/%s", folder, request->name);
	return cw_file_write(path, text, strlen(text), &mode, error);
}

/* The version that was in use before; false when there is no record. */
static bool
read_record(const char *path, unsigned *version)
{
	cw_auto_buf struct cw_buf text = {0};
	uint64_t number = 0;

	if (cw_file_read(path, RECORD_MAX, &text, NULL) < 0)
		return false;
	/* One that is damaged: rather run the hooks once too often. */
	if (!cw_parse_uint(cw_trim(text.data), UINT32_MAX, &number))
		number = 0;
	*version = (unsigned)number;
	return true;
}

int
cw_deploy_lineage(const struct cw_context *context, struct cw_hooks *hooks,
		  struct cw_request *request, struct cw_error *error)
{
	const struct cw_lineage *lineage = request->lineage;
	int status = cw_renewal_read(lineage->config, lineage->renewal_path, request->settings,
				     NULL, error);

	if (status == CW_OK)
		status = cw_names_from_certificate(lineage->live[CW_KIND_CERT], &request->names,
						   error);
	if (status == CW_OK)
		cw_flow_deploy_hooks(context, hooks, request);
	return status;
}

/* Runs the hooks that are due by the record. COMPLETE: deploys what is complete, first. */
static int
settle(const struct cw_context *context, struct cw_hooks *hooks, const char *name, bool complete,
       struct cw_error *error)
{
	cw_autofree char *path = record_path(context, name);
	struct cw_request *request;
	unsigned before;
	int status;

	if (!read_record(path, &before))
		return CW_OK;
	request = cw_request_new(name, context->settings);
	status = cw_lineage_load(context->directories.config, name, &request->lineage, error);
	if (status == CW_OK && complete)
		status = cw_lineage_recover(request->lineage, NULL, error);
	if (status == CW_OK && complete && request->lineage->newest > request->lineage->version)
		status = cw_lineage_switch(request->lineage, request->lineage->newest, error);
	if (status == CW_OK && request->lineage->version > before) {
		cw_log_warning("running the deploy hooks for \"%s\", whose renewal was cut short",
			       name);
		status = cw_deploy_lineage(context, hooks, request, error);
	}
	/* A lineage that was never completed, or was deleted since, is owed nothing. */
	if (status == CW_OK || status == CW_E_NOT_FOUND)
		unlink(path);
	cw_request_free(request);
	return status == CW_E_NOT_FOUND ? CW_OK : status;
}

static void
settle_or_say(const struct cw_context *context, struct cw_hooks *hooks, const char *name,
	      bool complete)
{
	cw_auto_error struct cw_error error = {0};

	if (settle(context, hooks, name, complete, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_warning("the deploy hooks for \"%s\" could not be run: %s", name, line);
	}
}

void
cw_deploy_done(const struct cw_context *context, struct cw_hooks *hooks,
	       const struct cw_request *request)
{
	bool saved = request->saved && request->csr == NULL;
	bool rehearsed = request->dry_run && request->error.status == CW_OK &&
			 request->lineage != NULL && request->csr == NULL &&
			 cw_settings_flag(request->settings, "run_deploy_hooks");

	if (saved || rehearsed) {
		cw_flow_deploy_hooks(context, hooks, request);
	} else if (!request->dry_run && request->csr == NULL) {
		/* The worker may have died between the switch and its report. */
		cw_autofree char *path = record_path(context, request->name);

		if (cw_file_exists(path))
			settle_or_say(context, hooks, request->name, true);
	}
	if (saved) {
		cw_autofree char *path = record_path(context, request->name);

		unlink(path);
	}
}

void
cw_deploy_recover(struct cw_context *context)
{
	cw_autofree char *folder = NULL;
	cw_auto_strv struct cw_strv names = {0};
	struct cw_hooks *hooks;
	struct cw_loop *loop;

	if (cw_settings_flag(context->settings, "dry_run") ||
	    cw_private_folder(context->directories.work, FOLDER, false, &folder, NULL) < 0 ||
	    cw_folder_list(folder, true, &names, NULL) < 0 || names.count == 0)
		return;
	loop = cw_loop_new();
	hooks = cw_flow_hooks(context, loop);
	for (size_t i = 0; i < names.count; i++) {
		if (cw_lineage_check_name(names.items[i], NULL) == CW_OK)
			settle_or_say(context, hooks, names.items[i], true);
	}
	cw_hooks_free(hooks);
	cw_loop_free(loop);
}
