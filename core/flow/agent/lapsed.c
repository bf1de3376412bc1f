#include "flow/agent/lapsed.h"
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "crypto/key.h"
#include "crypto/self_signed.h"
#include "crypto/x509.h"
#include "flow/agent/stand_in.h"
#include "store/stand_in.h"

static int
add_self_signed(struct cw_context *context, const struct cw_managed *managed,
		struct cw_lineage *lineage, struct cw_error *error)
{
	cw_auto_key struct cw_key *key = NULL;
	cw_autofree char *certificate = NULL;
	struct cw_version_files files = {.same_key = true};
	int status = cw_key_load(lineage->live[CW_KIND_PRIVKEY], &key, error);

	if (status == CW_OK)
		status = cw_stand_in_make(managed, key, &certificate, NULL, error);
	/* First, so that it never passes for a CA's. */
	if (status == CW_OK)
		status = cw_live_mark(context->directories.config, managed->name,
				      CW_ORIGIN_SELF_SIGNED, false, error);
	if (status < 0)
		return status;
	files.cert = files.chain = files.fullchain = certificate;
	status = cw_lineage_update(lineage, &files, NULL, false, error);
	if (status == CW_OK)
		cw_log_warning("the certificate \"%s\" has expired; a self-signed one takes its "
			       "place until a CA has issued another",
			       managed->name);
	return status;
}

int
cw_settle_lineage(struct cw_context *context, const struct cw_managed *managed,
		  struct cw_settled *settled, struct cw_error *error)
{
	const char *config = context->directories.config;
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	struct cw_live_folder folder;
	int64_t expiry, now = cw_time();
	bool stands_in;

	/* What is wrong with a lineage is said with the status of it. */
	if (cw_lineage_load(config, managed->name, &lineage, NULL) < 0 ||
	    cw_certificate_load(lineage->live[CW_KIND_CERT], &certificate, NULL) < 0)
		return CW_OK;
	expiry = cw_certificate_not_after(certificate);
	stands_in = cw_certificate_signed_by(certificate, certificate);
	settled->obtains = stands_in || now >= expiry;
	settled->check = stands_in ? expiry - CW_STAND_IN_RENEWED : expiry;
	if (now >= settled->check) {
		int status = add_self_signed(context, managed, lineage, error);

		settled->check = cw_stand_in_check(now);
		settled->changes = true;
		settled->deploys = status == CW_OK;
		return status;
	}
	cw_live_look(config, managed->name, &folder);
	if (stands_in || folder.said == CW_ORIGIN_ACME)
		return CW_OK;
	return cw_live_mark(config, managed->name, CW_ORIGIN_ACME, false, error);
}
