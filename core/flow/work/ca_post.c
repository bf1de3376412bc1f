/* Single requests of ca.h. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "flow/work/ca_internal.h"

/* The object is as the network process wrote it; it is read within the limits of base/json.h. */
static void
take_post(struct cw_ca_call *call, struct cw_message *answer)
{
	struct cw_ca_post *post = call->post;
	cw_autofree char *body = cw_message_need_text(answer, CW_MESSAGE_BODY);

	post->location = cw_message_get_text(answer, CW_MESSAGE_LINE);
	cw_message_get_list(answer, CW_WIRE_CHAINS, CW_MESSAGE_LINE, &post->alternates);
	post->retry_after = cw_message_get_int(answer, -1, INT64_MAX);
	if (answer->broken)
		return;
	if (call->pem)
		post->pem = cw_take(&body);
	else if (cw_json_parse(body, strlen(body), post->what, &post->object, NULL) != CW_OK ||
		 !json_object_is_type(post->object, json_type_object))
		answer->broken = true;
}

struct cw_ca_call *
cw_ca_send_post(struct cw_ca *ca, struct cw_ca_post *post, bool pem, cw_ca_done done, void *context)
{
	struct cw_message *message = cw_ca_request(ca, CW_NETWORK_POST);
	struct cw_ca_call *call;

	cw_message_put_text(message, post->what);
	cw_message_put_text(message, post->resource);
	cw_message_put_text(message, post->url);
	cw_message_put_text(message, post->payload);
	cw_message_put_bool(message, pem);
	call = cw_ca_ask(ca, message, take_post, done, context);
	call->post = post;
	call->pem = pem;
	return call;
}

void
cw_ca_post_clear(struct cw_ca_post *post)
{
	cw_json_clear(&post->object);
	free(cw_take(&post->pem));
	free(cw_take(&post->location));
	cw_strv_clear(&post->alternates);
}
