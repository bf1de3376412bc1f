#include <string.h>
#include "acme/internal.h"
#include "base/clock.h"
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
check(const struct cw_acme *acme, struct cw_error *error)
{
	static const char *const needed[] = {"newNonce", "newAccount", "newOrder"};

	for (size_t i = 0; i < CW_COUNT(needed); i++) {
		const char *url = cw_json_string(acme->directory, needed[i]);

		if (cw_acme_url_ok(acme, url))
			continue;
		cw_fail(error, CW_E_PROTOCOL,
			"the directory at \"%s\" has no usable URL for \"%s\"", acme->directory_url,
			needed[i]);
		cw_hint(error, "check that --server is the URL of an ACME version 2 directory");
		return CW_E_PROTOCOL;
	}
	return CW_OK;
}

static void
on_directory(void *context, struct cw_acme_reply *reply, struct cw_error *failure)
{
	struct cw_acme *acme = context;
	cw_auto_error struct cw_error error = {0};

	if (failure != NULL) {
		cw_error_move(&error, failure);
		if (error.status == CW_E_PROTOCOL)
			cw_hint(&error,
				"check that --server is the URL of an ACME version 2 directory");
	} else {
		acme->directory = cw_take(&reply->body);
		check(acme, &error);
	}
	acme->connected(acme->connected_context, error.status < 0 ? &error : NULL);
}

int
cw_acme_connect(struct cw_loop *loop, struct cw_http *http, const struct cw_acme_options *options,
		const struct cw_signer *signer, cw_acme_connected connected, void *context,
		struct cw_acme **acme, struct cw_error *error)
{
	struct cw_acme_request request = {.what = "the query of the directory",
					  .url = options->directory_url,
					  .plain = true,
					  .retries = DIRECTORY_RETRIES};
	struct cw_acme *made;

	*acme = NULL;
	if (!is_web_url(options->directory_url)) {
		cw_fail(error, CW_E_INVALID, "\"%s\" is not the URL of an ACME server",
			options->directory_url);
		cw_hint(error, "give the https URL of the CA's directory");
		return CW_E_INVALID;
	}
	made = cw_alloc(sizeof(*made));
	made->loop = loop;
	made->http = http;
	made->signer = signer;
	made->directory_url = cw_strdup(options->directory_url);
	made->silent = options->silent;
	made->time_limit = options->time_limit > 0 ? options->time_limit : TIME_LIMIT;
	made->connected = connected;
	made->connected_context = context;
	cw_acme_call_start(made, &request, on_directory, made);
	*acme = made;
	return CW_OK;
}

/* What cw_acme_new() waits for. */
struct connecting {
	bool done;
	struct cw_error error;
};

static void
on_connected(void *context, struct cw_error *error)
{
	struct connecting *connecting = context;

	if (error != NULL)
		cw_error_move(&connecting->error, error);
	connecting->done = true;
}

int
cw_acme_new(struct cw_loop *loop, struct cw_http *http, const struct cw_acme_options *options,
	    const struct cw_signer *signer, struct cw_acme **acme, struct cw_error *error)
{
	struct connecting connecting = {0};
	int status = cw_acme_connect(loop, http, options, signer, on_connected, &connecting, acme,
				     error);

	if (status < 0)
		return status;
	status = cw_loop_until(loop, &connecting.done, error);
	if (status == CW_OK && connecting.error.status < 0)
		status = cw_error_move(error, &connecting.error);
	cw_error_clear(&connecting.error);
	if (status < 0)
		cw_acme_free(cw_take(acme));
	return status;
}

void
cw_acme_free(struct cw_acme *acme)
{
	if (acme == NULL)
		return;
	while (acme->first_call != NULL)
		cw_acme_call_cancel(acme->first_call);
	cw_strv_clear(&acme->nonces);
	cw_json_clear(&acme->directory);
	free(acme->directory_url);
	free(acme->account_url);
	free(acme);
}

const char *
cw_acme_directory_url(const struct cw_acme *acme)
{
	return acme->directory_url;
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

const struct cw_signer *
cw_acme_signer(const struct cw_acme *acme)
{
	return acme->signer;
}
