#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/ask/choose_lineage.h"
#include "flow/ask/still_used.h"
#include "flow/context.h"
#include "flow/install/undeploy.h"
#include "flow/issue/names.h"
#include "store/lineage.h"
#include "store/memory.h"
#include "store/state.h"

struct deletion {
	struct cw_context *context;
	struct cw_lineage **lineages;
	size_t count;
};

/* Lists the files that will be removed for a lineage whose renewal file is damaged. */
static void
tell_files(const struct cw_lineage *lineage)
{
	cw_auto_strv struct cw_strv files = {0};

	cw_lineage_files(lineage, &files);
	cw_log_warning("the renewal file of \"%s\" is damaged; these files seem to belong to it:",
		       lineage->name);
	for (size_t i = 0; i < files.count; i++)
		cw_log_warning("  %s", files.items[i]);
}

static int
open_one(struct deletion *deletion, const char *name, struct cw_error *error)
{
	const char *config = deletion->context->directories.config;
	cw_auto_error struct cw_error damage = {0};
	struct cw_lineage *lineage = NULL;
	int status = cw_lineage_open(config, name, &lineage, &damage);

	if (status == CW_E_INVALID) {
		status = cw_lineage_open_damaged(config, name, &lineage, error);
		if (status == CW_OK)
			tell_files(lineage);
	} else if (status < 0) {
		cw_error_move(error, &damage);
	}
	if (status < 0)
		return status;
	deletion->lineages[deletion->count++] = lineage;
	cw_warn_still_used(deletion->context, lineage);
	return CW_OK;
}

/* The names of the certificate, as far as they can be read. */
static char *
names_of(const struct cw_lineage *lineage)
{
	cw_auto_names struct cw_names names = {0};
	cw_auto_strv struct cw_strv all = {0};

	if (cw_names_from_certificate(lineage->live[CW_KIND_CERT], &names, NULL) < 0)
		return cw_strdup("names unknown");
	cw_names_all(&names, &all);
	return cw_strv_join(&all, ", ");
}

static int
confirm(const struct deletion *deletion, struct cw_error *error)
{
	cw_auto_strv struct cw_strv parts = {0};
	cw_autofree char *list = NULL;
	cw_autofree char *question = NULL;

	for (size_t i = 0; i < deletion->count; i++) {
		cw_autofree char *names = names_of(deletion->lineages[i]);

		cw_strv_addf(&parts, "\"%s\" (%s)", deletion->lineages[i]->name, names);
	}
	list = cw_strv_join(&parts, ", ");
	question = cw_format("Delete the certificate%s %s with all keys, old versions and renewal "
			     "settings? This cannot be undone. A web server that still uses the "
			     "files will not start again.",
			     deletion->count == 1 ? "" : "s", list);
	return cw_confirm(deletion->context, question, "nothing was deleted", error);
}

static int
delete_all(struct deletion *deletion, struct json_object *deleted, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < deletion->count && status == CW_OK; i++) {
		struct cw_lineage *lineage = deletion->lineages[i];

		status = cw_lineage_delete(lineage, error);
		if (status < 0)
			break;
		cw_memory_forget(deletion->context->directories.work, lineage->name);
		cw_state_forget(deletion->context->directories.work, lineage->name);
		cw_log_info("deleted all files of the certificate \"%s\"", lineage->name);
		cw_json_append(deleted, json_object_new_string(lineage->name));
	}
	return status;
}

int
cw_flow_delete(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct deletion deletion = {.context = context};
	cw_auto_strv struct cw_strv names = {0};
	struct json_object *deleted = cw_json_new_array();
	int status = cw_choose_lineages(context, &names, error);

	cw_json_set(result, "deleted", deleted);
	deletion.lineages = cw_calloc(names.count + 1, sizeof(struct cw_lineage *));
	for (size_t i = 0; i < names.count && status == CW_OK; i++)
		status = open_one(&deletion, names.items[i], error);
	if (status == CW_OK)
		status = confirm(&deletion, error);
	if (status == CW_OK)
		status = cw_undeploy(context, deletion.lineages, deletion.count, result, error);
	if (status == CW_OK)
		status = delete_all(&deletion, deleted, error);
	for (size_t i = 0; i < deletion.count; i++)
		cw_lineage_free(deletion.lineages[i]);
	free(deletion.lineages);
	return status;
}
