#include "flow/orders/step.h"
#include "flow/issue/accounts.h"
#include "flow/issue/given_account.h"
#include "flow/issue/server.h"

int
cw_step_begin(struct cw_context *context, struct cw_step *step, struct cw_error *error)
{
	bool created;
	int status = cw_given_account(context, &step->account, error);

	step->context = context;
	step->request = context->request;
	if (status == CW_OK && step->account == NULL)
		status = cw_account_acquire(context, context->settings, false, &step->account,
					    &created, error);
	if (status == CW_OK)
		step->ca = cw_context_ca(context, step->account->server, step->account);
	return status;
}

void
cw_step_begin_alone(struct cw_context *context, struct cw_step *step)
{
	step->context = context;
	step->request = context->request;
	step->ca = cw_context_ca(context, cw_server_url(context->settings), NULL);
}

void
cw_step_end(struct cw_step *step)
{
	cw_account_free(step->account);
}

int
cw_step_need(const struct cw_step *step, const char *name, const char **value,
	     struct cw_error *error)
{
	*value = cw_json_string(step->request, name);
	if (*value != NULL && **value != '\0')
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "this request needs the member \"%s\"", name);
	cw_hint(error, "see certwright(3)");
	return CW_E_USAGE;
}

int
cw_step_names(const struct cw_step *step, struct cw_names *names, struct cw_error *error)
{
	struct json_object *list = cw_json_array(step->request, "identifiers");
	size_t count = list != NULL ? json_object_array_length(list) : 0;
	int status = CW_OK;

	for (size_t i = 0; i < count && status == CW_OK; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *name = json_object_get_string(item);

		if (!json_object_is_type(item, json_type_string))
			status = cw_fail(error, CW_E_USAGE, "an identifier is not a string");
		else if (cw_is_address(name))
			status = cw_names_add_ip_address(names, name, error);
		else
			status = cw_names_add_dns_name(names, name, error);
	}
	if (status == CW_OK && cw_names_count(names) == 0)
		status =
			cw_fail(error, CW_E_USAGE, "this request needs the member \"identifiers\"");
	return status;
}

int
cw_step_post(struct cw_step *step, struct cw_ca_post *post, bool pem, struct cw_error *error)
{
	return cw_ca_wait_for(step->ca,
			      cw_ca_send_post(step->ca, post, pem, cw_ca_waited, &step->wait),
			      &step->wait, error);
}

void
cw_step_add_retry(const struct cw_ca_post *post, struct json_object *result)
{
	if (post->retry_after < 0)
		cw_json_set(result, "retry_after", NULL);
	else
		cw_json_set_int(result, "retry_after", (post->retry_after + 999) / 1000);
}
