#include "flow/due/sighting.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/setting_value.h"
#include "flow/due/lineage_settings.h"
#include "flow/work/hooks.h"

void
cw_sighting_clear(struct cw_sighting *sighting)
{
	free(sighting->fullchain);
	free(sighting->server);
	free(sighting->certificate_id);
	free(sighting->certificate);
	free(sighting->chain);
	*sighting = (struct cw_sighting){0};
}

static bool
is_renewed_at_all(const struct cw_context *context, const struct cw_lineage *lineage)
{
	const struct cw_settings *settings = context->settings;
	const char *saved = cw_configobj_get(lineage->config, "renewalparams", "autorenew");
	bool renewed;

	if (cw_settings_given(settings, "autorenew") || saved == NULL)
		return cw_settings_flag(settings, "autorenew");
	return !cw_value_flag(saved, &renewed) || renewed;
}

int
cw_sighting_read(const struct cw_context *context, const struct cw_lineage *lineage, bool asked_for,
		 struct cw_sighting *sighting, struct cw_error *error)
{
	const char *server = cw_configobj_get(lineage->config, "renewalparams", "server");
	cw_auto_glance struct cw_glance certificate = {0};
	int status = CW_OK;

	*sighting = (struct cw_sighting){
		.is_renewed = asked_for || is_renewed_at_all(context, lineage),
		.waits = cw_ask_again_read(lineage->config, cw_time()) != 0,
	};
	if (!asked_for)
		status = cw_lineage_check_settings(context, lineage, sighting->is_renewed, error);
	if (status == CW_OK)
		status = cw_glance(lineage->live[CW_KIND_CERT], !sighting->waits, &certificate,
				   error);
	if (status < 0)
		return status;
	cw_due_read(lineage, &certificate, &sighting->due);
	sighting->fullchain = cw_strdup(lineage->live[CW_KIND_FULLCHAIN]);
	if (certificate.ari_id != NULL && server != NULL && strcmp(server, "None") != 0) {
		sighting->certificate_id = cw_take(&certificate.ari_id);
		sighting->server = cw_strdup(server);
		cw_ask_again_find(lineage->config, &sighting->place);
	}
	if (certificate.ocsp_url != NULL) {
		sighting->certificate = cw_strdup(lineage->live[CW_KIND_CERT]);
		sighting->chain = cw_strdup(lineage->live[CW_KIND_CHAIN]);
	}
	return CW_OK;
}

bool
cw_sighting_plain(const struct cw_context *context, const char *name, struct cw_sighting *sighting)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;

	*sighting = (struct cw_sighting){0};
	return cw_lineage_load(context->directories.config, name, &lineage, NULL) == CW_OK &&
	       !lineage->unsettled && lineage->newest == lineage->version &&
	       strcmp(cw_path_base(lineage->archive), name) == 0 &&
	       cw_sighting_read(context, lineage, false, sighting, NULL) == CW_OK &&
	       !sighting->due.is_unclear &&
	       cw_flow_check_saved_hooks(context->settings, lineage, NULL, NULL) == CW_OK;
}
