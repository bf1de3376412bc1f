#include <stdlib.h>
#include <string.h>
#include "acme/internal.h"
#include "acme/problem.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum {
	MINUTE = 60 * 1000,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	RETRY_AFTER_ERROR = 6 * HOUR, /* RFC 9773 section 4.3.3 */
	RETRIES = 2,
	/* So many certificates that cannot be asked for, and none that could: the server is down.
	 */
	FAILURES_MAX = 3,
	MANY = 10, /* questions from which on the log has a line for all of them */
	ID_MAX = 512,
	URL_SHOWN_MAX = 2048
};

struct question {
	struct inquiry *inquiry;
	struct cw_acme_renewal_info *info;
	struct cw_acme_call *call;
};

struct inquiry {
	struct cw_acme_operation operation;
	struct question *questions;
	size_t count;
	size_t unreachable;
	bool reached;
	bool quiet;
};

/* base64url "." base64url (RFC 9773 section 4.1). */
static bool
is_certificate_id(const char *id)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";
	size_t issuer = id == NULL ? 0 : strspn(id, alphabet);
	size_t serial;

	if (issuer == 0 || id[issuer] != '.')
		return false;
	serial = strspn(id + issuer + 1, alphabet);
	return serial > 0 && id[issuer + 1 + serial] == '\0' && issuer + serial < ID_MAX;
}

static int
parse(struct json_object *body, const char *url, struct cw_acme_renewal_info *info,
      struct cw_error *error)
{
	struct json_object *window = cw_json_object(body, "suggestedWindow");
	const char *start = cw_json_string(window, "start");
	const char *end = cw_json_string(window, "end");
	const char *explanation = cw_json_string(body, "explanationURL");
	int64_t first, last;

	if (start == NULL || end == NULL || !cw_parse_rfc3339(start, &first) ||
	    !cw_parse_rfc3339(end, &last))
		return cw_fail(error, CW_E_PROTOCOL,
			       "the renewal information \"%s\" has no readable window", url);
	if (last <= first)
		return cw_fail(error, CW_E_PROTOCOL,
			       "the renewal information \"%s\" has a window that ends before it "
			       "begins",
			       url);
	info->window_start = first;
	info->window_end = last;
	if (explanation != NULL &&
	    (cw_starts_with(explanation, "https://") || cw_starts_with(explanation, "http://")))
		info->explanation_url = cw_acme_printable(explanation, URL_SHOWN_MAX);
	return CW_OK;
}

static int64_t
bounded(int64_t retry_after)
{
	if (retry_after < 0)
		return RETRY_AFTER_ERROR;
	if (retry_after < MINUTE)
		return MINUTE;
	return retry_after > DAY ? DAY : retry_after;
}

/* Spares the certificates that are not asked for yet the wait for a server that is down. */
static void
give_up(struct inquiry *inquiry, const struct cw_error *error)
{
	for (size_t i = 0; i < inquiry->count; i++) {
		struct question *question = &inquiry->questions[i];

		if (question->call == NULL)
			continue;
		cw_acme_call_cancel(cw_take(&question->call));
		cw_error_copy(&question->info->error, error);
		cw_acme_operation_one_done(&inquiry->operation);
	}
}

static void
on_info(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct question *question = context;
	struct inquiry *inquiry = question->inquiry;
	struct cw_acme_renewal_info *info = question->info;
	cw_autofree char *url = NULL;

	question->call = NULL;
	info->retry_after = bounded(reply->retry_after);
	inquiry->reached |= reply->status != 0;
	if (error != NULL) {
		cw_error_move(&info->error, error);
	} else {
		url = cw_format("%s/%s", cw_acme_resource(inquiry->operation.acme, "renewalInfo"),
				info->certificate_id);
		parse(reply->body, url, info, &info->error);
	}
	cw_acme_operation_one_done(&inquiry->operation);
	if (reply->status == 0 && !inquiry->reached && ++inquiry->unreachable >= FAILURES_MAX)
		give_up(inquiry, &info->error);
}

static void
ask(struct inquiry *inquiry, struct cw_acme_renewal_info *info)
{
	struct question *question = &inquiry->questions[inquiry->count];
	struct cw_acme_request request = {
		.what = "the query of renewal information",
		.resource = "renewalInfo",
		.below = info->certificate_id,
		.plain = true,
		.quiet = inquiry->quiet,
		.retries = RETRIES,
	};

	cw_error_clear(&info->error);
	info->window_start = info->window_end = 0;
	info->explanation_url = NULL;
	info->retry_after = RETRY_AFTER_ERROR;
	if (!is_certificate_id(info->certificate_id)) {
		cw_fail(&info->error, CW_E_INVALID,
			"the certificate has no identifier for renewal information");
		return;
	}
	question->inquiry = inquiry;
	question->info = info;
	inquiry->count++;
	inquiry->operation.left++;
	question->call = cw_acme_call_start(inquiry->operation.acme, &request, on_info, question);
}

static void
release(struct cw_acme_operation *operation)
{
	struct inquiry *inquiry = (struct inquiry *)operation;

	for (size_t i = 0; i < inquiry->count; i++)
		cw_acme_call_cancel(inquiry->questions[i].call);
	free(inquiry->questions);
}

struct cw_acme_operation *
cw_acme_renewal_info_start(struct cw_acme *acme, struct cw_acme_renewal_info *const *infos,
			   size_t count, cw_acme_done done, void *context)
{
	struct inquiry *inquiry = cw_acme_operation_new(acme, sizeof(*inquiry), done, context);
	cw_auto_error struct cw_error error = {0};
	const char *resource;

	inquiry->operation.release = release;
	if (cw_acme_need_resource(acme, "renewalInfo", &resource, &error) != CW_OK) {
		cw_acme_operation_end(&inquiry->operation, &error);
		return &inquiry->operation;
	}
	inquiry->quiet = count >= MANY;
	if (inquiry->quiet)
		cw_log_debug("asking %s about %zu certificates", resource, count);
	inquiry->questions = cw_calloc(count + 1, sizeof(struct question));
	for (size_t i = 0; i < count; i++)
		ask(inquiry, infos[i]);
	cw_acme_operation_one_done(&inquiry->operation);
	return &inquiry->operation;
}
