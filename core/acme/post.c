#include <stdlib.h>
#include "acme/internal.h"
#include "base/mem.h"

struct posting {
	struct cw_acme_operation operation;
	struct cw_acme_post *post;
};

static void
on_answer(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct posting *posting = context;
	struct cw_acme *acme = posting->operation.acme;
	struct cw_acme_post *post = posting->post;

	posting->operation.call = NULL;
	if (error == NULL) {
		post->body = post->pem ? cw_strdup(cw_buf_text(&reply->content))
				       : cw_strdup(cw_json_text(reply->body));
		if (reply->location != NULL && cw_acme_url_ok(acme, reply->location))
			post->location = cw_take(&reply->location);
		for (size_t i = 0; i < reply->alternates.count; i++)
			if (cw_acme_url_ok(acme, reply->alternates.items[i]))
				cw_strv_add(&post->alternates, reply->alternates.items[i]);
		post->retry_after = reply->retry_after;
	}
	cw_acme_operation_end(&posting->operation, error);
}

struct cw_acme_operation *
cw_acme_post_start(struct cw_acme *acme, struct cw_acme_post *post, cw_acme_done done,
		   void *context)
{
	struct posting *posting = cw_acme_operation_new(acme, sizeof(*posting), done, context);
	struct cw_acme_request request = {
		.what = post->what,
		.url = post->url,
		.resource = post->resource,
		.payload = post->payload,
		.accept = post->pem ? "application/pem-certificate-chain" : NULL,
		.expect = post->pem ? CW_ACME_EXPECT_ANY : CW_ACME_EXPECT_OBJECT,
		.links = post->pem,
	};
	cw_auto_error struct cw_error error = {0};
	int status = cw_acme_need_account(acme, &error);

	posting->post = post;
	post->retry_after = -1;
	if (status == CW_OK && post->url != NULL && !cw_acme_url_ok(acme, post->url))
		status = cw_fail(&error, CW_E_INVALID, "\"%s\" is not a URL of the CA", post->url);
	if (status != CW_OK)
		cw_acme_operation_end(&posting->operation, &error);
	else
		posting->operation.call = cw_acme_call_start(acme, &request, on_answer, posting);
	return &posting->operation;
}

void
cw_acme_post_clear(struct cw_acme_post *post)
{
	free(cw_take(&post->body));
	free(cw_take(&post->location));
	cw_strv_clear(&post->alternates);
}
