#include "flow/status/answer.h"
#include <string.h>
#include "base/buf.h"
#include "base/text.h"
#include "flow/report/health.h"
#include "flow/report/metrics.h"
#include "flow/report/page.h"
#include "flow/status/hosts.h"

#define PLAIN "text/plain; charset=utf-8"

/* Makes the body. */
typedef void (*renderer)(const struct cw_status_request *request, struct json_object *document,
			 struct cw_buf *body, struct cw_status_response *response);

static void
render_page(const struct cw_status_request *request, struct json_object *document,
	    struct cw_buf *body, struct cw_status_response *response)
{
	(void)request;
	cw_page_write(document, false, body);
	response->policy = cw_page_policy(true);
	response->type = "text/html; charset=utf-8";
}

static void
render_json(const struct cw_status_request *request, struct json_object *document,
	    struct cw_buf *body, struct cw_status_response *response)
{
	(void)request;
	cw_buf_add_text(body, cw_json_text(document));
	cw_buf_add_char(body, '\n');
	response->type = "application/json";
}

/* OpenMetrics, unless only the older format is wanted. */
static void
render_metrics(const struct cw_status_request *request, struct json_object *document,
	       struct cw_buf *body, struct cw_status_response *response)
{
	const char *accept = request->accept != NULL ? request->accept : "";
	bool older = strstr(accept, "application/openmetrics-text") == NULL &&
		     strstr(accept, "text/plain") != NULL;
	enum cw_metrics_format format = older ? CW_METRICS_TEXT : CW_METRICS_OPEN;

	cw_metrics_write(document, format, body);
	response->type = cw_metrics_type(format);
}

static void
render_health(const struct cw_status_request *request, struct json_object *document,
	      struct cw_buf *body, struct cw_status_response *response)
{
	cw_autofree char *text = cw_health_answer(document, &response->status);

	(void)request;
	cw_buf_add_text(body, text);
}

static const struct {
	const char *path;
	renderer render;
} resources[] = {
	{"/", render_page},
	{"/status.json", render_json},
	{"/metrics", render_metrics},
	{"/healthz", render_health},
};

static renderer
find(const char *path)
{
	for (size_t i = 0; i < CW_COUNT(resources); i++)
		if (strcmp(path, resources[i].path) == 0)
			return resources[i].render;
	return NULL;
}

/* The status of a request that is refused for what it is; 0: it is not. */
static unsigned
refuse(const struct cw_status_request *request, const struct cw_strv *own_names,
       const char **reason)
{
	if (!cw_status_host_is_allowed(request->host, own_names)) {
		*reason = "this server does not have that name: use its address, or localhost\n";
		return 421;
	}
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
		*reason = "this server can only be read\n";
		return 405;
	}
	if (find(request->path) == NULL) {
		*reason = "there is no such page: see /, /status.json, /metrics and /healthz\n";
		return 404;
	}
	return 0;
}

bool
cw_status_needs_document(const struct cw_status_request *request, const struct cw_strv *own_names)
{
	const char *reason;

	return refuse(request, own_names, &reason) == 0;
}

void
cw_status_answer(const struct cw_status_request *request, const struct cw_strv *own_names,
		 struct json_object *document, struct cw_status_response *response)
{
	const char *reason = "the state of the certificates is not known yet\n";
	cw_auto_buf struct cw_buf body = {0};
	unsigned refusal = refuse(request, own_names, &reason);

	*response = (struct cw_status_response){.status = 200, .type = PLAIN};
	if (refusal != 0 || document == NULL) {
		response->status = refusal != 0 ? refusal : 503;
		response->allow = refusal == 405 ? "GET, HEAD" : NULL;
		cw_buf_add_text(&body, reason);
	} else {
		find(request->path)(request, document, &body, response);
	}
	response->length = body.length;
	response->body = cw_buf_take(&body);
}
