#include "flow/install/certificate.h"
#include <stdlib.h>
#include "base/mem.h"
#include "crypto/summary.h"

void
cw_installation_use(struct cw_installation *installation, const struct cw_lineage *lineage)
{
	free(installation->lineage);
	installation->lineage = cw_strdup(lineage->name);
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		if (installation->paths[i] == NULL)
			installation->paths[i] = cw_strdup(lineage->live[i]);
}

static char *
serial_of_version(const struct cw_lineage *lineage, unsigned version)
{
	cw_auto_certificate_summary struct cw_certificate_summary summary = {0};
	cw_autofree char *path = cw_lineage_file(lineage, CW_KIND_CERT, version);

	/* Old versions are removed one day. */
	if (cw_certificate_summary_read(path, 0, &summary, NULL) < 0)
		return NULL;
	return cw_take(&summary.serial);
}

int
cw_installation_describe_certificate(struct cw_installation *installation,
				     const struct cw_lineage *lineage, unsigned before,
				     struct cw_error *error)
{
	cw_auto_certificate_summary struct cw_certificate_summary summary = {0};
	int status = cw_certificate_summary_read(lineage->live[CW_KIND_CERT], CW_SUMMARY_NAMES,
						 &summary, error);

	if (status < 0)
		return status;
	cw_strv_copy(&installation->covered, &summary.dns);
	cw_strv_add_all(&installation->covered, &summary.ip);
	installation->expiry = summary.not_after;
	free(installation->previous_serial);
	installation->previous_serial = before != 0 ? serial_of_version(lineage, before) : NULL;
	return CW_OK;
}
