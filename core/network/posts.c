/* Single requests to a CA. Its objects are read here and written anew for the coordinator. */
#include <stdlib.h>
#include "base/mem.h"
#include "network/internal.h"

struct post_job {
	struct cw_serving job;
	struct cw_acme_post post;
	char *what, *resource, *url, *payload;
};

static void
clear(struct cw_serving *job)
{
	struct post_job *post = (struct post_job *)job;

	cw_acme_post_clear(&post->post);
	free(post->what);
	free(post->resource);
	free(post->url);
	free(post->payload);
}

static void
done(void *context, struct cw_error *error)
{
	struct post_job *post = context;
	struct cw_message *answer = cw_serving_done(&post->job, error);

	if (answer == NULL)
		return;
	cw_message_put_text(answer, post->post.body);
	cw_message_put_text(answer, post->post.location);
	cw_message_put_list(answer, &post->post.alternates);
	cw_message_put_int(answer, post->post.retry_after);
	cw_serving_finish(&post->job, answer);
}

static void
begin(struct cw_serving *job)
{
	struct post_job *post = (struct post_job *)job;

	job->operation = cw_acme_post_start(cw_served_acme(job->ca), &post->post, done, post);
}

void
cw_serve_post(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct post_job *post;

	if (ca == NULL)
		return;
	post = cw_serving_new(process, request, sizeof(*post), clear);
	post->post.what = post->what = cw_message_need_text(request, CW_MESSAGE_NAME);
	post->post.resource = post->resource = cw_message_get_text(request, CW_MESSAGE_NAME);
	post->post.url = post->url = cw_message_get_text(request, CW_MESSAGE_LINE);
	post->post.payload = post->payload = cw_message_get_text(request, CW_MESSAGE_BODY);
	post->post.pem = cw_message_get_bool(request);
	cw_served_start(ca, &post->job, request, begin);
}
