/* Requests about what was issued or validated before: revocation, authorizations, renewal
 * information. */
#include <stdlib.h>
#include "base/mem.h"
#include "network/internal.h"

struct certificate_job {
	struct cw_serving job;
	char *subject; /* a certificate in base64url, or an authorization's URL */
	int reason;
	const struct cw_acme_signer *signer;
	struct cw_strv identifiers;
	struct cw_acme_renewal_info *infos;
	struct cw_acme_renewal_info **pointers;
};

static void
clear(struct cw_serving *job)
{
	struct certificate_job *certificate = (struct certificate_job *)job;

	for (size_t i = 0; certificate->infos != NULL && i < certificate->identifiers.count; i++) {
		free(certificate->infos[i].explanation_url);
		cw_error_clear(&certificate->infos[i].error);
	}
	free(certificate->infos);
	free(certificate->pointers);
	free(certificate->subject);
	cw_strv_clear(&certificate->identifiers);
}

static void
done(void *context, struct cw_error *error)
{
	struct certificate_job *certificate = context;
	struct cw_message *answer = cw_serving_done(&certificate->job, error);

	if (answer == NULL)
		return;
	for (size_t i = 0; certificate->infos != NULL && i < certificate->identifiers.count; i++)
		cw_wire_put_renewal_info(answer, &certificate->infos[i]);
	cw_serving_finish(&certificate->job, answer);
}

static void
begin_deactivate(struct cw_serving *job)
{
	struct certificate_job *certificate = (struct certificate_job *)job;

	job->operation = cw_acme_authorization_deactivate_start(
		cw_served_acme(job->ca), certificate->subject, done, certificate);
}

void
cw_serve_authorization_deactivate(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct certificate_job *certificate;

	if (ca == NULL)
		return;
	certificate = cw_serving_new(process, request, sizeof(*certificate), clear);
	certificate->subject = cw_message_need_text(request, CW_MESSAGE_LINE);
	cw_served_start(ca, &certificate->job, request, begin_deactivate);
}

static void
begin_revoke(struct cw_serving *job)
{
	struct certificate_job *certificate = (struct certificate_job *)job;

	job->operation =
		cw_acme_revoke_start(cw_served_acme(job->ca), certificate->subject,
				     certificate->reason, certificate->signer, done, certificate);
}

void
cw_serve_revoke(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct certificate_job *certificate;
	uint32_t signer;

	if (ca == NULL)
		return;
	certificate = cw_serving_new(process, request, sizeof(*certificate), clear);
	certificate->subject = cw_message_need_text(request, CW_MESSAGE_LINE);
	certificate->reason = (int)cw_message_get_int(request, -1, 10);
	signer = (uint32_t)cw_message_get_int(request, 0, UINT32_MAX);
	if (signer != 0)
		certificate->signer = cw_served_signer(ca, signer, NULL);
	cw_served_start(ca, &certificate->job, request, begin_revoke);
}

static void
begin_renewal_info(struct cw_serving *job)
{
	struct certificate_job *certificate = (struct certificate_job *)job;

	job->operation =
		cw_acme_renewal_info_start(cw_served_acme(job->ca), certificate->pointers,
					   certificate->identifiers.count, done, certificate);
}

void
cw_serve_renewal_info(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct certificate_job *certificate;
	size_t count;

	if (ca == NULL)
		return;
	certificate = cw_serving_new(process, request, sizeof(*certificate), clear);
	cw_wire_get_names(request, &certificate->identifiers);
	count = certificate->identifiers.count;
	certificate->infos = cw_calloc(count + 1, sizeof(*certificate->infos));
	certificate->pointers = cw_calloc(count + 1, sizeof(*certificate->pointers));
	for (size_t i = 0; i < count; i++) {
		certificate->infos[i].certificate_id = certificate->identifiers.items[i];
		certificate->pointers[i] = &certificate->infos[i];
	}
	cw_served_start(ca, &certificate->job, request, begin_renewal_info);
}
