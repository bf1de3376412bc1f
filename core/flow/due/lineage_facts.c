#include "flow/due/lineage_facts.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/setting_value.h"
#include "flow/due/lineage_settings.h"
#include "flow/install/hsts.h"

void
cw_lineage_facts_clear(struct cw_lineage_facts *facts)
{
	free(facts->fullchain);
	free(facts->server);
	free(facts->certificate_id);
	free(facts->certificate);
	free(facts->chain);
	*facts = (struct cw_lineage_facts){0};
}

bool
cw_lineage_is_renewed(const struct cw_context *context, const struct cw_lineage *lineage)
{
	const struct cw_settings *settings = context->settings;
	const char *saved = cw_configobj_get(lineage->config, "renewalparams", "autorenew");
	bool renewed;

	if (cw_settings_given(settings, "autorenew") || saved == NULL)
		return cw_settings_flag(settings, "autorenew");
	return !cw_value_flag(saved, &renewed) || renewed;
}

int
cw_lineage_facts_read(const struct cw_context *context, const struct cw_lineage *lineage,
		      bool asked_for, struct cw_lineage_facts *facts, struct cw_error *error)
{
	const char *server = cw_configobj_get(lineage->config, "renewalparams", "server");
	cw_auto_certificate_summary struct cw_certificate_summary certificate = {0};
	int status = CW_OK;

	*facts = (struct cw_lineage_facts){
		.is_renewed = asked_for || cw_lineage_is_renewed(context, lineage),
		.has_steps = cw_hsts_has_steps(lineage),
		.ask_again = cw_ask_again_read(lineage->config, cw_time()),
	};
	if (!asked_for)
		status = cw_lineage_check_settings(context, lineage, facts->is_renewed, error);
	if (status == CW_OK)
		status = cw_certificate_summary_read(lineage->live[CW_KIND_CERT],
						     facts->ask_again != 0 ? 0 : CW_SUMMARY_ARI_ID,
						     &certificate, error);
	if (status < 0)
		return status;
	cw_due_read(lineage, &certificate, &facts->due);
	facts->fullchain = cw_strdup(lineage->live[CW_KIND_FULLCHAIN]);
	if (certificate.ari_id != NULL && server != NULL && strcmp(server, "None") != 0) {
		facts->certificate_id = cw_take(&certificate.ari_id);
		facts->server = cw_strdup(server);
		cw_ask_again_find(lineage->config, &facts->place);
	}
	if (certificate.ocsp_url != NULL) {
		facts->certificate = cw_strdup(lineage->live[CW_KIND_CERT]);
		facts->chain = cw_strdup(lineage->live[CW_KIND_CHAIN]);
	}
	return CW_OK;
}
