#include <stdlib.h>
#include "acme/call.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

char *
cw_acme_call_resource_url(const struct cw_acme_call *call)
{
	const char *url = cw_acme_resource(call->acme, call->resource);

	if (url == NULL || call->below == NULL)
		return cw_strdup(url);
	return cw_format("%s%s%s", url, cw_ends_with(url, "/") ? "" : "/", call->below);
}

/* Nobody there, or nothing: not the refusal of a server that knows the resource. */
static bool
found_nothing(int status)
{
	return status == 0 || status == 404 || status == 405 || status == 410 || status / 100 == 3;
}

/* The directory was fetched, or could not be: does the call go on? */
static void
decide(void *context)
{
	struct cw_acme_call *call = context;
	cw_autofree char *before = cw_take(&call->blamed_url);
	cw_auto_error struct cw_error error = {0};
	const char *now = cw_acme_resource(call->acme, call->blamed);
	bool own = cw_equal(call->blamed, call->resource);

	call->timer = NULL;
	cw_error_move(&error, &call->error);
	if (now == NULL || cw_equal(now, before) || (own && call->request.pinned)) {
		cw_acme_call_failed(call, &error);
		return;
	}
	cw_log_info("%s is now at %s", call->blamed, now);
	call->phase = CW_ACME_QUEUED;
	cw_acme_pump(call->acme);
}

static void
on_directory(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme *acme = context;
	cw_auto_error struct cw_error unusable = {0};

	acme->directory_call = NULL;
	if (error == NULL && cw_acme_directory_take(acme, cw_take(&reply->body),
						    cw_buf_text(&reply->content), &unusable) < 0)
		error = &unusable;
	if (error == NULL)
		acme->directory_fetched = true;
	else
		cw_log_info("the directory could not be fetched anew: %s", error->message);
	for (struct cw_acme_call *call = acme->first_call; call != NULL; call = call->next) {
		if (call->phase == CW_ACME_WAITS_FOR_DIRECTORY)
			cw_acme_call_soon(call, decide);
	}
}

bool
cw_acme_directory_blamed(struct cw_acme_call *call, const char *resource, struct cw_error *error)
{
	struct cw_acme *acme = call->acme;
	struct cw_acme_request request = cw_acme_directory_request(acme);

	if (resource == NULL || !found_nothing(call->reply.status))
		return false;
	if (!acme->directory_given && acme->directory_call == NULL)
		return false;
	if (call->phase == CW_ACME_SENT)
		call->reply.resent = true;
	call->phase = CW_ACME_WAITS_FOR_DIRECTORY;
	call->blamed = resource;
	call->blamed_url = cw_strdup(cw_acme_resource(acme, resource));
	cw_error_move(&call->error, error);
	if (acme->directory_call != NULL)
		return true;
	acme->directory_given = false;
	cw_log_info("the directory of an earlier run may be out of date; fetching it anew");
	acme->directory_call = cw_acme_call_start(acme, &request, on_directory, acme);
	return true;
}

void
cw_acme_call_lacks_url(struct cw_acme_call *call)
{
	cw_auto_error struct cw_error error = {0};
	const char *url;

	cw_acme_need_resource(call->acme, call->resource, &url, &error);
	if (cw_acme_directory_blamed(call, call->resource, &error))
		return;
	cw_error_move(&call->error, &error);
	cw_acme_call_fail_soon(call);
}
