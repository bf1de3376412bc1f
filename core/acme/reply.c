#include "acme/reply.h"

#include <string.h>
#include "acme/internal.h"
#include "acme/problem.h"
#include "base/clock.h"
#include "base/hole.h"
#include "base/mem.h"
#include "base/text.h"

enum { ALTERNATES_MAX = 16, SNIPPET_MAX = 120 };

void
cw_acme_reply_clear(struct cw_acme_reply *reply)
{
	cw_json_clear(&reply->body);
	cw_buf_clear(&reply->content);
	free(reply->location);
	cw_strv_clear(&reply->alternates);
	memset(reply, 0, sizeof(*reply));
	reply->retry_after = -1;
}

void
cw_acme_reply_reset(struct cw_acme_reply *reply)
{
	bool resent = reply->resent;

	cw_acme_reply_clear(reply);
	reply->resent = resent;
}

void
cw_acme_reply_read(struct cw_http_answer *answer, const char *url,
		   const struct cw_acme_request *request, struct cw_acme_reply *reply)
{
	const char *retry_after = cw_http_header(answer, "retry-after");
	bool failed = answer->status / 100 != 2;

	reply->status = answer->status;
	reply->location = cw_strdup(cw_http_header(answer, "location"));
	reply->retry_after = -1;
	if (retry_after != NULL && !cw_parse_retry_after(retry_after, &reply->retry_after))
		reply->retry_after = -1;
	if (request->links) {
		cw_http_links(answer, url, "alternate", &reply->alternates);
		while (reply->alternates.count > ALTERNATES_MAX)
			cw_strv_remove(&reply->alternates, reply->alternates.count - 1);
	}
	cw_test_hole("json", answer->body.data, answer->body.length);
	/* What is not JSON is seen by the one who expected it. */
	if (failed || request->expect == CW_ACME_EXPECT_OBJECT)
		cw_json_parse(cw_buf_text(&answer->body), answer->body.length, "the answer",
			      &reply->body, NULL);
	reply->content = answer->body;
	memset(&answer->body, 0, sizeof(answer->body));
}

void
cw_acme_reply_hint(const struct cw_acme_reply *reply, struct cw_error *error)
{
	if (reply->retry_after > 0) {
		cw_autofree char *when =
			cw_format_utc(cw_time() + (reply->retry_after + 999) / 1000);

		cw_hint(error, "try again after %s, as the CA asks", when);
	} else if (reply->status / 100 == 5) {
		cw_hint(error, "this is a problem of the CA; try again later");
	} else if (reply->body == NULL) {
		cw_hint(error, "check that --server is the directory URL of an ACME server, and "
			       "that no proxy or captive portal answers instead");
	}
}

/* How the body begins, for a person to see what it is. */
static char *
snippet(const struct cw_acme_reply *reply)
{
	cw_autofree char *shown = cw_acme_printable(cw_buf_text(&reply->content), SNIPPET_MAX);

	return *shown == '\0' ? cw_strdup("nothing") : cw_format("'%s'", shown);
}

static int
refusal(const struct cw_acme_reply *reply, const struct cw_acme_request *request,
	struct cw_error *error)
{
	if (!cw_acme_problem_is(reply->body)) {
		bool gone = reply->status == 404 || reply->status == 410;
		int status = gone ? CW_E_NOT_FOUND : CW_E_PROTOCOL;

		cw_fail(error, status, "%s failed: HTTP %d at \"%s\"", request->what, reply->status,
			request->url);
		cw_acme_reply_hint(reply, error);
		return status;
	}
	cw_acme_problem(error, reply->body, "the CA %s %s",
			reply->status / 100 == 5 ? "failed at" : "refused", request->what);
	if (reply->retry_after > 0 && error != NULL) {
		free(cw_take(&error->hint));
		cw_acme_reply_hint(reply, error);
	}
	return CW_E_ACME;
}

int
cw_acme_reply_judge(const struct cw_acme_reply *reply, const struct cw_acme_request *request,
		    struct cw_error *error)
{
	cw_autofree char *shown = NULL;

	if (reply->status >= 400)
		return refusal(reply, request, error);
	if (reply->status / 100 != 2) {
		cw_fail(error, CW_E_PROTOCOL,
			"%s failed: \"%s\" answered with HTTP %d, but RFC 8555 has no "
			"redirects",
			request->what, request->url, reply->status);
		cw_acme_reply_hint(reply, error);
		return CW_E_PROTOCOL;
	}
	if (request->expect == CW_ACME_EXPECT_ANY ||
	    json_object_is_type(reply->body, json_type_object))
		return CW_OK;
	shown = snippet(reply);
	cw_fail(error, CW_E_PROTOCOL,
		"%s failed: \"%s\" did not answer with a JSON object but with %s", request->what,
		request->url, shown);
	cw_hint(error, "check that --server is the directory URL of an ACME server, and that no "
		       "proxy or captive portal answers instead");
	return CW_E_PROTOCOL;
}

void
cw_acme_hint_nonsense(struct cw_error *error)
{
	if (error != NULL && error->status == CW_E_PROTOCOL)
		cw_hint(error, "the CA does not follow RFC 8555 here; try again later, or ask its "
			       "operators");
}

bool
cw_acme_reply_retryable(const struct cw_acme_reply *reply)
{
	/* 501 and 505 say what will not change. */
	if (reply->status == 501 || reply->status == 505)
		return false;
	return reply->status / 100 == 5 || reply->status == 429;
}

bool
cw_acme_problem_is_bad_nonce(const struct cw_acme_reply *reply)
{
	return reply->status / 100 == 4 &&
	       cw_equal(cw_acme_problem_name(cw_json_string(reply->body, "type")), "badNonce");
}

bool
cw_acme_base64url_ok(const char *text, size_t max)
{
	size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789-_");

	return length > 0 && length <= max && text[length] == '\0';
}
