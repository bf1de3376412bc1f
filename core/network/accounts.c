/* Requests about the account (RFC 8555 section 7.3). */
#include <stdlib.h>
#include "base/mem.h"
#include "network/internal.h"

struct account_job {
	struct cw_serving job;
	struct cw_strv contacts;
	struct cw_acme_registration registration;
	const struct cw_acme_signer *signer;
	char *change; /* the inner JWS of a key change */
	bool gives_url;
	bool gives_account;
	char *url;
	bool created;
	struct json_object *body;
};

static void
clear(struct cw_serving *job)
{
	struct account_job *account = (struct account_job *)job;

	cw_strv_clear(&account->contacts);
	json_object_put(account->registration.binding);
	free(account->change);
	free(account->url);
	json_object_put(account->body);
}

static struct account_job *
new_job(struct cw_network_process *process, const struct cw_message *request)
{
	return cw_serving_new(process, request, sizeof(struct account_job), clear);
}

/* The account object as values: its status and contacts. */
static void
put_account(struct cw_message *answer, struct json_object *body)
{
	cw_auto_strv struct cw_strv contacts = {0};

	cw_json_add_to_strv(body, "contact", &contacts);
	cw_message_put_text(answer, cw_json_string(body, "status"));
	cw_message_put_list(answer, &contacts);
}

static void
done(void *context, struct cw_error *error)
{
	struct account_job *account = context;
	struct cw_message *answer = cw_serving_done(&account->job, error);

	if (answer == NULL)
		return;
	if (account->gives_url) {
		cw_message_put_text(answer, account->url);
		cw_message_put_bool(answer, account->created);
	}
	if (account->gives_account)
		put_account(answer, account->body);
	cw_serving_finish(&account->job, answer);
}

static void
begin_new(struct cw_serving *job)
{
	struct account_job *account = (struct account_job *)job;
	struct cw_acme *acme = cw_served_acme(job->ca);

	cw_acme_sign_with(acme, account->signer);
	job->operation =
		cw_acme_account_new_start(acme, &account->registration, &account->url,
					  &account->created, &account->body, done, account);
}

void
cw_serve_account_new(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	cw_autofree char *thumbprint = NULL;
	cw_autofree char *binding = NULL;
	struct account_job *account;
	uint32_t signer;

	if (ca == NULL)
		return;
	account = new_job(process, request);
	account->gives_url = account->gives_account = true;
	signer = cw_wire_get_number(request);
	thumbprint = cw_message_need_text(request, CW_MESSAGE_NAME);
	account->signer = cw_served_signer(ca, signer, thumbprint);
	cw_wire_get_names(request, &account->contacts);
	account->registration.contacts = &account->contacts;
	account->registration.terms_agreed = cw_message_get_bool(request);
	binding = cw_message_get_text(request, CW_MESSAGE_LINE);
	account->registration.only_existing = cw_message_get_bool(request);
	if (binding != NULL)
		account->registration.binding = json_tokener_parse(binding);
	cw_served_start(ca, &account->job, request, begin_new);
}

static void
begin_get(struct cw_serving *job)
{
	struct account_job *account = (struct account_job *)job;

	job->operation =
		cw_acme_account_get_start(cw_served_acme(job->ca), &account->body, done, account);
}

void
cw_serve_account_get(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct account_job *account;

	if (ca == NULL)
		return;
	account = new_job(process, request);
	account->gives_account = true;
	cw_served_start(ca, &account->job, request, begin_get);
}

static void
begin_update(struct cw_serving *job)
{
	struct account_job *account = (struct account_job *)job;

	job->operation = cw_acme_account_update_start(cw_served_acme(job->ca), &account->contacts,
						      &account->body, done, account);
}

void
cw_serve_account_update(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct account_job *account;

	if (ca == NULL)
		return;
	account = new_job(process, request);
	account->gives_account = true;
	cw_wire_get_names(request, &account->contacts);
	cw_served_start(ca, &account->job, request, begin_update);
}

static void
begin_deactivate(struct cw_serving *job)
{
	job->operation = cw_acme_account_deactivate_start(cw_served_acme(job->ca), done, job);
}

void
cw_serve_account_deactivate(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);

	if (ca != NULL)
		cw_served_start(ca, &new_job(process, request)->job, request, begin_deactivate);
}

static void
begin_change_key(struct cw_serving *job)
{
	struct account_job *account = (struct account_job *)job;

	job->operation = cw_acme_account_change_key_start(cw_served_acme(job->ca), account->signer,
							  account->change, done, account);
}

void
cw_serve_account_change_key(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	cw_autofree char *thumbprint = NULL;
	struct account_job *account;
	uint32_t signer;

	if (ca == NULL)
		return;
	account = new_job(process, request);
	signer = cw_wire_get_number(request);
	thumbprint = cw_message_need_text(request, CW_MESSAGE_NAME);
	account->signer = cw_served_signer(ca, signer, thumbprint);
	account->change = cw_message_need_text(request, CW_MESSAGE_LINE);
	cw_served_start(ca, &account->job, request, begin_change_key);
}
