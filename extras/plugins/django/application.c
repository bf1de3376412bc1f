#include "application.h"
#include <stdlib.h>
#include "token.h"

enum { URL_SIZE = 1024 };

const char *
application_port(const struct cw_host *host)
{
	const char *port = cw_host_setting(host, "http-01-port");

	return port != NULL ? port : "80";
}

/* TOKEN NULL: the address of all challenges. */
static void
make_url(const char *name, const char *port, const char *token, char *url, size_t size)
{
	int other_port = strcmp(port, "80") != 0, brackets = strchr(name, ':') != NULL;

	snprintf(url, size, "http://%s%s%s%s%s/.well-known/challenges/%s%s", brackets ? "[" : "",
		 name, brackets ? "]" : "", other_port ? ":" : "", other_port ? port : "",
		 token != NULL ? token : "", token != NULL ? "/" : "");
}

static const char *
hint_for(int http_status, const struct key *key, char *hint, size_t size)
{
	if (http_status == 401 || http_status == 403) {
		snprintf(hint, size,
			 "give the user of --django-username the public key \"%s\", and the right "
			 "to add and delete challenges; the clocks of both machines must agree",
			 key->public_path);
		return hint;
	}
	if (http_status / 100 == 3)
		return "have the application answer at this address without a redirection";
	if (http_status == 404)
		return "have the application answer at this address";
	return "look into the log of the application";
}

static int
fail_answer(const struct cw_host *host, const struct key *key,
	    const struct cw_http_request *request, const struct cw_http_response *response)
{
	char hint[URL_SIZE], *detail = NULL;
	int refused = response->http_status == 401 || response->http_status == 403;
	int status;

	/* Where Django's REST framework says why. */
	if (cw_host_json_get(host, response->body, response->body_length, "/detail", &detail) !=
	    CW_OK)
		detail = NULL;
	status = cw_host_fail(host, refused ? CW_E_PERMISSION : CW_E_PROTOCOL,
			      hint_for(response->http_status, key, hint, sizeof(hint)),
			      "the application answered %s \"%s\" with status %d%s%s",
			      request->method, request->url, response->http_status,
			      detail != NULL ? ": " : "", detail != NULL ? detail : "");
	cw_host_release(host, detail);
	return status;
}

/* Sends REQUEST, signed. GONE: whether it may also be answered with "not found". */
static int
send_request(const struct cw_host *host, const struct key *key, struct cw_http_request *request,
	     int gone)
{
	static const struct cw_http_header json = {
		.size = sizeof(json), .name = "Content-Type", .value = "application/json"};
	struct cw_http_header authorization = {.size = sizeof(authorization),
					       .name = "Authorization"};
	const struct cw_http_header *const headers[] = {&authorization, &json, NULL};
	struct cw_http_response response = {.size = sizeof(response)};
	char *token = NULL, *value = NULL;
	int status = token_make(host, key->pair, cw_host_option(host, "username"), &token);

	if (status == CW_OK) {
		size_t size = sizeof("JWT ") + strlen(token);

		value = malloc(size);
		if (value == NULL)
			status = cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
		else
			snprintf(value, size, "JWT %s", token);
	}
	authorization.value = value;
	request->headers = headers;
	if (status == CW_OK)
		status = cw_host_http(host, request, &response);
	if (status == CW_OK && response.http_status / 100 != 2 &&
	    !(gone && response.http_status == 404))
		status = fail_answer(host, key, request, &response);
	cw_host_release_response(host, &response);
	free(value);
	free(token);
	return status;
}

int
application_publish(const struct cw_host *host, const struct key *key,
		    const struct cw_challenge *challenge)
{
	static const char form[] = "{\"challenge\": %s, \"response\": %s}";
	char *token = cw_host_json_quote(host, challenge->token);
	char *response = cw_host_json_quote(host, challenge->key_authorization);
	size_t size = token != NULL && response != NULL
			      ? sizeof(form) + strlen(token) + strlen(response)
			      : 0;
	char url[URL_SIZE], *body = size > 0 ? malloc(size) : NULL;
	struct cw_http_request request = {
		.size = sizeof(request), .method = "POST", .url = url, .body = body};
	int status = CW_OK;

	make_url(challenge->identifier, application_port(host), NULL, url, sizeof(url));
	if (body == NULL) {
		status = cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	} else {
		snprintf(body, size, form, token, response);
		request.body_length = strlen(body);
		status = send_request(host, key, &request, 0);
	}
	free(body);
	cw_host_release(host, token);
	cw_host_release(host, response);
	return status;
}

int
application_remove(const struct cw_host *host, const struct key *key, const char *name,
		   const char *port, const char *token)
{
	char url[URL_SIZE];
	struct cw_http_request request = {.size = sizeof(request), .method = "DELETE", .url = url};

	make_url(name, port, token, url, sizeof(url));
	return send_request(host, key, &request, 1);
}
