#include <string.h>
#include "acme/call.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { TIME_LIMIT = 60000, URL_MAX = 2048, DIRECTORY_RETRIES = 2 };

static bool
is_plain_http(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0;
}

/* An absolute URL with a host, printable. */
static bool
is_web_url(const char *url)
{
	size_t scheme = is_plain_http(url) ? 7 : 8;

	if (scheme == 8 && strncasecmp(url, "https://", 8) != 0)
		return false;
	if (strlen(url) > URL_MAX || strchr("/?#", url[scheme]) != NULL)
		return false;
	for (const char *at = url; *at != '\0'; at++) {
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f)
			return false;
	}
	return true;
}

bool
cw_acme_url_ok(const struct cw_acme *acme, const char *url)
{
	return url != NULL && is_web_url(url) &&
	       (!is_plain_http(url) || is_plain_http(acme->directory_url));
}

/* The members without which nothing can be done (RFC 8555 section 7.1.1). */
static int
check(const struct cw_acme *acme, struct json_object *body, struct cw_error *error)
{
	static const char *const needed[] = {"newNonce", "newAccount", "newOrder"};

	for (size_t i = 0; i < CW_COUNT(needed); i++) {
		const char *url = cw_json_string(body, needed[i]);

		if (cw_acme_url_ok(acme, url))
			continue;
		cw_fail(error, CW_E_PROTOCOL,
			"the directory at \"%s\" has no usable URL for \"%s\"", acme->directory_url,
			needed[i]);
		cw_hint(error,
			"check that --server is the directory URL of an ACME server (RFC 8555)");
		return CW_E_PROTOCOL;
	}
	return CW_OK;
}

int
cw_acme_directory_take(struct cw_acme *acme, struct json_object *body, const char *text,
		       struct cw_error *error)
{
	int status = check(acme, body, error);

	if (status != CW_OK) {
		json_object_put(body);
		return status;
	}
	acme->stale_directory = acme->directory;
	acme->directory = body;
	free(acme->directory_text);
	acme->directory_text = cw_strdup(text);
	return CW_OK;
}

struct cw_acme_request
cw_acme_directory_request(const struct cw_acme *acme)
{
	return (struct cw_acme_request){.what = "the request for the directory",
					.url = acme->directory_url,
					.plain = true,
					.retries = DIRECTORY_RETRIES};
}

static void
on_directory(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_operation *operation = context;
	struct cw_acme *acme = operation->acme;
	cw_auto_error struct cw_error unusable = {0};

	operation->call = NULL;
	if (error != NULL && (error->status == CW_E_PROTOCOL || error->status == CW_E_NOT_FOUND))
		cw_hint(error,
			"check that --server is the directory URL of an ACME server (RFC 8555)");
	/* Another operation may have fetched it meanwhile. */
	if (error == NULL && acme->directory == NULL &&
	    cw_acme_directory_take(acme, cw_take(&reply->body), cw_buf_text(&reply->content),
				   &unusable) < 0)
		error = &unusable;
	acme->directory_fetched |= error == NULL;
	cw_acme_operation_end(operation, error);
}

struct cw_acme_operation *
cw_acme_directory_start(struct cw_acme *acme, cw_acme_done done, void *context)
{
	struct cw_acme_operation *operation =
		cw_acme_operation_new(acme, sizeof(*operation), done, context);
	struct cw_acme_request request = cw_acme_directory_request(acme);

	if (acme->directory != NULL)
		cw_acme_operation_end(operation, NULL);
	else
		operation->call = cw_acme_call_start(acme, &request, on_directory, operation);
	return operation;
}

/* What an earlier run left. */
static void
take_given(struct cw_acme *acme, const struct cw_acme_options *options)
{
	struct json_object *body = NULL;

	cw_acme_nonce_keep(acme, options->nonce);
	if (options->directory == NULL)
		return;
	acme->directory_given =
		cw_json_parse(options->directory, strlen(options->directory), "the directory",
			      &body, NULL) == CW_OK &&
		cw_acme_directory_take(acme, body, options->directory, NULL) == CW_OK;
	if (!acme->directory_given)
		cw_log_info("cannot use the directory saved by an earlier run");
}

int
cw_acme_check_server(const char *url, struct cw_error *error)
{
	if (is_web_url(url))
		return CW_OK;
	cw_fail(error, CW_E_INVALID, "\"%s\" is not the URL of an ACME server", url);
	cw_hint(error, "give the https URL of the CA's directory");
	return CW_E_INVALID;
}

int
cw_acme_make(struct cw_loop *loop, struct cw_http *http, const struct cw_acme_options *options,
	     const struct cw_acme_signer *signer, struct cw_acme **acme, struct cw_error *error)
{
	int status = cw_acme_check_server(options->directory_url, error);

	*acme = NULL;
	if (status < 0)
		return status;
	*acme = cw_alloc(sizeof(**acme));
	(*acme)->loop = loop;
	(*acme)->http = http;
	if (signer != NULL)
		(*acme)->signer = *signer;
	(*acme)->directory_url = cw_strdup(options->directory_url);
	(*acme)->time_limit = options->time_limit > 0 ? options->time_limit : TIME_LIMIT;
	(*acme)->silent = options->silent;
	take_given(*acme, options);
	return CW_OK;
}

void
cw_acme_free(struct cw_acme *acme)
{
	if (acme == NULL)
		return;
	acme->closing = true;
	while (acme->operations != NULL)
		cw_acme_operation_cancel(acme->operations);
	while (acme->first_call != NULL)
		cw_acme_call_cancel(acme->first_call);
	cw_acme_nonce_cancel_all(acme);
	cw_loop_cancel(acme->loop, acme->limit.timer);
	cw_error_clear(&acme->limit.error);
	cw_strv_clear(&acme->nonces);
	cw_json_clear(&acme->directory);
	cw_json_clear(&acme->stale_directory);
	free(acme->directory_text);
	free(acme->directory_url);
	free(acme->account_url);
	free(acme);
}

const struct cw_acme_count *
cw_acme_count(const struct cw_acme *acme)
{
	return &acme->count;
}

const char *
cw_acme_directory_text(const struct cw_acme *acme, bool *fetched)
{
	*fetched = acme->directory_fetched;
	return acme->directory_text;
}

static struct json_object *
meta(const struct cw_acme *acme)
{
	return cw_json_object(acme->directory, "meta");
}

const char *
cw_acme_terms_of_service(const struct cw_acme *acme)
{
	const char *url = cw_json_string(meta(acme), "termsOfService");

	return url != NULL && strpbrk(url, "\r\n\033") == NULL ? url : NULL;
}

bool
cw_acme_external_account_required(const struct cw_acme *acme)
{
	return cw_json_bool(meta(acme), "externalAccountRequired", false);
}

struct json_object *
cw_acme_caa_identities(const struct cw_acme *acme)
{
	return cw_json_array(meta(acme), "caaIdentities");
}

struct json_object *
cw_acme_profiles(const struct cw_acme *acme)
{
	return cw_json_object(meta(acme), "profiles");
}

const char *
cw_acme_resource(const struct cw_acme *acme, const char *name)
{
	const char *url = cw_json_string(acme->directory, name);

	return cw_acme_url_ok(acme, url) ? url : NULL;
}

int
cw_acme_need_resource(const struct cw_acme *acme, const char *name, const char **url,
		      struct cw_error *error)
{
	*url = cw_acme_resource(acme, name);
	if (*url != NULL)
		return CW_OK;
	return cw_fail(error, CW_E_UNSUPPORTED, "the directory at \"%s\" has no \"%s\"",
		       acme->directory_url, name);
}

const struct cw_acme_signer *
cw_acme_signer(const struct cw_acme *acme)
{
	return acme->signer.sign == NULL ? NULL : &acme->signer;
}
