#include "flow/due/survey.h"
#include "store/lineage.h"

struct finding {
	bool due;
	struct cw_error error;
};

static void
found_kept(void *user, const struct cw_surveyed *lineage)
{
	(void)user;
	(void)lineage;
}

static void
found_due(void *user, const char *name)
{
	struct finding *finding = user;

	(void)name;
	finding->due = true;
}

static void
found_broken(void *user, const char *name, const struct cw_error *error)
{
	struct finding *finding = user;

	(void)name;
	cw_error_copy(&finding->error, error);
}

int
cw_survey_one(struct cw_context *context, struct cw_lineage **lineage, bool *due,
	      struct cw_error *error)
{
	struct finding finding = {0};
	const struct cw_survey_calls calls = {.kept = found_kept,
					      .due = found_due,
					      .failed = found_broken,
					      .user = &finding,
					      .asked_for = true};
	struct cw_loop *loop = cw_loop_new();
	struct cw_hooks *hooks = cw_flow_hooks(context, loop);
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_strv struct cw_strv shared = {0};
	int status;

	cw_strv_add(&names, (*lineage)->name);
	status = cw_survey(context, loop, hooks, &names, &calls, &shared, error);
	cw_hooks_free(hooks);
	cw_loop_free(loop);
	if (finding.error.status < 0)
		return cw_error_move(error, &finding.error);
	*due = finding.due;
	if (status < 0)
		return status;
	cw_lineage_free(cw_take(lineage));
	return cw_lineage_load(context->directories.config, names.items[0], lineage, error);
}
