/*
 * An authenticator and installer for an appliance with a REST API:
 *
 *   PUT, DELETE  URL/challenges/TOKEN      the answer to an http-01 challenge
 *   PUT, DELETE  URL/certificates/ID       {"certificate": PEM, "key": PEM}
 *   PUT, DELETE  URL/sites/LINEAGE         {"certificate": ID}: which one the appliance uses
 *
 * A certificate gets an ID that no other has, and the site is switched to it when it is there. So a
 * change is undone by switching back. The files under live/ are read here, hence the rights of the
 * user. The API's token is in a credentials file.
 */
#include <certwright/plugin.h>
#include <errno.h>
#include <stdlib.h>

enum { FILE_MAX = 256 * 1024, URL_BYTES = 2048, ID_BYTES = 512 };

struct appliance {
	const struct cw_host *host;
	char *token; /* of the API */
};

static int
appliance_open(const struct cw_host *host, void **self)
{
	struct appliance *appliance = calloc(1, sizeof(*appliance));

	if (appliance == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	appliance->host = host;
	*self = appliance;
	return CW_OK;
}

static void
appliance_close(void *self)
{
	struct appliance *appliance = self;

	cw_host_release(appliance->host, appliance->token);
	free(appliance);
}

/* One request to the API. BODY NULL: none. MISSING_IS_FINE: there may be nothing to delete. */
static int
ask(struct appliance *appliance, const char *method, const char *path, const char *body,
    int missing_is_fine)
{
	const struct cw_host *host = appliance->host;
	struct cw_http_header header = {.size = sizeof(header), .name = "Authorization"};
	const struct cw_http_header *const headers[] = {&header, NULL};
	struct cw_http_request request = {.size = sizeof(request), .headers = headers};
	struct cw_http_response response = {.size = sizeof(response)};
	char url[URL_BYTES], bearer[ID_BYTES];
	int status = CW_OK;

	if (appliance->token == NULL)
		status = cw_host_credential(host, cw_host_option(host, "credentials"),
					    "appliance_token", &appliance->token);
	if (status != CW_OK)
		return status;
	snprintf(url, sizeof(url), "%s/%s", cw_host_option(host, "url"), path);
	snprintf(bearer, sizeof(bearer), "Bearer %s", appliance->token);
	header.value = bearer;
	request.method = method;
	request.url = url;
	request.body = body;
	request.body_length = body != NULL ? strlen(body) : 0;
	status = cw_host_http(host, &request, &response);
	if (status == CW_OK && response.http_status / 100 != 2 &&
	    !(missing_is_fine && response.http_status == 404))
		status = cw_host_fail(host, CW_E_PROTOCOL, "look into the appliance's log",
				      "the appliance answered %s \"%s\" with status %d", method,
				      url, response.http_status);
	cw_host_release_response(host, &response);
	return status;
}

static const char *const *
appliance_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const http[] = {"http-01", NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return http;
}

/* If the process dies, undo() removes it. */
static int
publish(struct appliance *appliance, struct cw_challenge *challenge)
{
	const struct cw_host *host = appliance->host;
	char path[URL_BYTES], data[URL_BYTES];
	unsigned *undo = calloc(1, sizeof(*undo));
	int status;

	if (undo == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	snprintf(path, sizeof(path), "challenges/%s", challenge->token);
	snprintf(data, sizeof(data), "challenge %s", challenge->token);
	status = cw_host_undo_plugin(host, data, undo);
	if (status != CW_OK) {
		free(undo);
		return status;
	}
	challenge->plugin_data = undo; /* for cleanup: it may have been made */
	return ask(appliance, "PUT", path, challenge->validation, 0);
}

static int
appliance_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct appliance *appliance = self;

	for (size_t i = 0; i < count; i++) {
		int status = publish(appliance, challenges[i]);

		if (status != CW_OK)
			cw_host_pass_challenge(appliance->host, challenges[i], status);
	}
	return CW_OK;
}

static int
appliance_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct appliance *appliance = self;
	int result = CW_OK;

	for (size_t i = 0; i < count; i++) {
		unsigned *undo = challenges[i]->plugin_data;
		char path[URL_BYTES];
		int status;

		if (undo == NULL)
			continue;
		snprintf(path, sizeof(path), "challenges/%s", challenges[i]->token);
		status = ask(appliance, "DELETE", path, NULL, 1);
		if (status == CW_OK)
			appliance->host->undo_done(appliance->host, *undo);
		else
			result = status; /* go on with the others */
		free(undo);
		challenges[i]->plugin_data = NULL;
	}
	return result;
}

/* The ID of the certificate that the appliance uses for LINEAGE; "": none. */
static int
read_id(const struct cw_host *host, const char *lineage, char id[ID_BYTES])
{
	char *value = NULL;
	size_t length = 0;
	int status = cw_host_state_get(host, lineage, "id", &value, &length);

	id[0] = '\0';
	if (status == CW_OK)
		snprintf(id, ID_BYTES, "%s", value);
	cw_host_release(host, value);
	return status == CW_E_NOT_FOUND ? CW_OK : status;
}

/* Has the appliance use the certificate ID for LINEAGE. "": none any more. */
static int
use(struct appliance *appliance, const char *lineage, const char *id)
{
	const struct cw_host *host = appliance->host;
	char path[URL_BYTES], body[URL_BYTES];
	int status;

	snprintf(path, sizeof(path), "sites/%s", lineage);
	snprintf(body, sizeof(body), "{\"certificate\": \"%s\"}", id);
	status = *id != '\0' ? ask(appliance, "PUT", path, body, 0)
			     : ask(appliance, "DELETE", path, NULL, 1);
	if (status == CW_OK)
		status =
			cw_host_state_put(host, lineage, "id", *id != '\0' ? id : NULL, strlen(id));
	return status;
}

/* The file PATH as a JSON string. Release it with release(). */
static int
read_quoted(const struct cw_host *host, const char *path, char **quoted)
{
	FILE *stream = path != NULL ? fopen(path, "r") : NULL;
	char *text = calloc(1, FILE_MAX);
	size_t length = 0;
	int complete = 0;

	if (stream != NULL && text != NULL) {
		length = fread(text, 1, FILE_MAX - 1, stream);
		complete = !ferror(stream) && length > 0 && length < FILE_MAX - 1;
	}
	*quoted = complete ? cw_host_json_quote(host, text) : NULL;
	if (stream != NULL)
		fclose(stream);
	if (text != NULL)
		memset(text, 0, length);
	free(text);
	if (*quoted != NULL)
		return CW_OK;
	return cw_host_fail(host, CW_E_IO, "check the file and its permissions",
			    "cannot read \"%s\"", path != NULL ? path : "the certificate");
}

/* No other certificate has the same ID. */
static int
make_id(const struct cw_host *host, const char *certificate, char id[ID_BYTES])
{
	unsigned char digest[32];
	char *text;
	int status = cw_host_sha256(host, certificate, strlen(certificate), digest);

	if (status != CW_OK)
		return status;
	text = cw_host_encode(host, CW_BASE16, digest, 16);
	snprintf(id, ID_BYTES, "%s", text != NULL ? text : "");
	cw_host_release(host, text);
	return CW_OK;
}

/* Sends CERTIFICATE, a JSON string, and its key as ID. */
static int
upload(struct appliance *appliance, const char *id, const char *certificate, const char *key_path)
{
	const struct cw_host *host = appliance->host;
	char path[URL_BYTES], *key = NULL, *body = NULL;
	size_t size = 0;
	int status = read_quoted(host, key_path, &key);

	if (status == CW_OK) {
		size = strlen(certificate) + strlen(key) + 64;
		body = malloc(size);
		if (body == NULL)
			status = cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	}
	if (status == CW_OK) {
		snprintf(body, size, "{\"certificate\": %s, \"key\": %s}", certificate, key);
		snprintf(path, sizeof(path), "certificates/%s", id);
		status = ask(appliance, "PUT", path, body, 0);
		memset(body, 0, size);
	}
	free(body);
	if (key != NULL)
		memset(key, 0, strlen(key));
	cw_host_release(host, key);
	return status;
}

static int
delete_certificate(struct appliance *appliance, const char *id)
{
	char path[URL_BYTES];

	snprintf(path, sizeof(path), "certificates/%s", id);
	return ask(appliance, "DELETE", path, NULL, 1);
}

/* deploy_lineage(): upload, then switch. The same certificate twice does no harm. */
static int
appliance_deploy(void *self, const struct cw_deployment *deployment)
{
	struct appliance *appliance = self;
	const struct cw_host *host = appliance->host;
	char before[ID_BYTES], id[ID_BYTES], data[URL_BYTES], *certificate = NULL;
	int status;

	if (deployment->lineage == NULL)
		return cw_host_fail(host, CW_E_UNSUPPORTED, "give --cert-name NAME",
				    "only certificates of certwright can be installed");
	status = read_quoted(host, deployment->fullchain_path, &certificate);
	if (status == CW_OK)
		status = make_id(host, certificate, id);
	if (status == CW_OK)
		status = read_id(host, deployment->lineage, before);
	if (status == CW_OK && strcmp(before, id) != 0) {
		snprintf(data, sizeof(data), "certificate %s %s %s", deployment->lineage, id,
			 before);
		status = cw_host_checkpoint_plugin(host, data);
	}
	if (status == CW_OK)
		status = upload(appliance, id, certificate, deployment->key_path);
	cw_host_release(host, certificate);
	return status == CW_OK ? use(appliance, deployment->lineage, id) : status;
}

/* The appliance keeps what the user has deployed there. */
static int
appliance_renewed(void *self, const struct cw_deployment *deployment)
{
	return deployment->hosts_count > 0 ? appliance_deploy(self, deployment) : CW_OK;
}

static int
appliance_undeploy(void *self, const struct cw_deployment *deployment)
{
	struct appliance *appliance = self;
	char id[ID_BYTES];
	int status = read_id(appliance->host, deployment->lineage, id);

	if (status != CW_OK || id[0] == '\0')
		return status;
	status = use(appliance, deployment->lineage, "");
	return status == CW_OK ? delete_certificate(appliance, id) : status;
}

/* Keeps what checkpoint_plugin() has registered, for "rollback". */
static int
appliance_save(void *self, const char *title)
{
	const struct appliance *appliance = self;

	return appliance->host->checkpoint_commit(appliance->host, title);
}

/* Undoes what a call has registered. What is undone already is not an error. */
static int
appliance_undo(void *self, const char *data)
{
	struct appliance *appliance = self;
	char first[ID_BYTES] = "", id[ID_BYTES] = "", before[ID_BYTES] = "", path[URL_BYTES];
	int status;

	if (sscanf(data, "challenge %511s", first) == 1) {
		snprintf(path, sizeof(path), "challenges/%s", first);
		return ask(appliance, "DELETE", path, NULL, 1);
	}
	if (sscanf(data, "certificate %511s %511s %511s", first, id, before) < 2)
		return cw_host_fail(appliance->host, CW_E_INVALID, NULL,
				    "it is not known what \"%s\" is", data);
	status = use(appliance, first, before);
	return status == CW_OK ? delete_certificate(appliance, id) : status;
}

static const struct cw_plugin_option url_option = {
	.size = sizeof(struct cw_plugin_option),
	.name = "url",
	.kind = CW_OPTION_STRING,
	.help = "The URL of the appliance's API.",
	.flags = CW_OPTION_REQUIRED,
};
static const struct cw_plugin_option credentials_option = {
	.size = sizeof(struct cw_plugin_option),
	.name = "credentials",
	.kind = CW_OPTION_PATH,
	.help = "A file with a line \"appliance_token = TOKEN\".",
	.flags = CW_OPTION_REQUIRED,
};
static const struct cw_plugin_option *const options[] = {&url_option, &credentials_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(struct cw_authenticator),
	.challenge_types = appliance_types,
	.perform = appliance_perform,
	.cleanup = appliance_cleanup,
};
static const struct cw_installer installer = {
	.size = sizeof(struct cw_installer),
	.deploy_lineage = appliance_deploy,
	.save = appliance_save,
	.renewed = appliance_renewed,
	.undeploy = appliance_undeploy,
};

static const struct cw_plugin plugin = {
	.size = sizeof(struct cw_plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "appliance",
	.version = "1.0",
	.description = "An appliance with a REST API",
	.options = options,
	.open = appliance_open,
	.close = appliance_close,
	.authenticator = &authenticator,
	.installer = &installer,
	.undo = appliance_undo,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
